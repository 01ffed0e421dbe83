//! Any bytes as a database file: `cargo +nightly fuzz run store`.
#![no_main]
#![expect(dead_code, reason = "the other targets use the rest")]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/inputs/feed.rs"]
mod feed;

fuzz_target!(|bytes: &[u8]| {
    let folder = std::env::temp_dir().join(format!("opsfsm-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let _ = feed::feed_store(bytes, &folder);
});
