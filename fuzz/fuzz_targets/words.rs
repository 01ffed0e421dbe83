//! Any bytes as a command line: `cargo +nightly fuzz run words`.
#![no_main]
#![expect(dead_code, reason = "the other targets use the rest")]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/inputs/feed.rs"]
mod feed;

fuzz_target!(|bytes: &[u8]| {
    let _ = feed::feed_words(bytes);
});
