//! Any bytes as what `openclaw` prints: `cargo +nightly fuzz run openclaw`.
#![no_main]
#![expect(dead_code, reason = "the other targets use the rest")]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/inputs/answers.rs"]
mod answers;

static OPENCLAW: LazyLock<answers::Openclaw> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("opsfsm-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    answers::Openclaw::new(&folder)
});

fuzz_target!(|bytes: &[u8]| {
    let _ = OPENCLAW.feed(bytes);
});
