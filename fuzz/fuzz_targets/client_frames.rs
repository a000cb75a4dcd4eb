#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::client_frames::run(data));
