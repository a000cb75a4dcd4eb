//! Every file that a fuzzer has kept, and every one that once broke a rule.

use std::fs;
use std::path::Path;

/// Fails with the panic of the target; the file's name is printed before.
#[test]
fn what_the_fuzzers_have_kept_breaks_no_rule() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    for (name, run) in fuzzed::TARGETS {
        let mut files = 0;
        for folder in ["corpus", "regressions"] {
            for entry in fs::read_dir(fuzz.join(folder).join(name)).into_iter().flatten() {
                let path = entry.expect("a readable folder").path();
                println!("{}", path.display());
                run(&fs::read(&path).expect("a readable file"));
                files += 1;
            }
        }
        assert!(files > 0, "no corpus of {name}");
    }
}
