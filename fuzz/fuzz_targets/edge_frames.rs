#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::edge_frames::run(data));
