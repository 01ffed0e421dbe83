//! Any bytes as a status: `cargo +nightly fuzz run status`.
#![no_main]
#![expect(dead_code, reason = "the other targets use the rest")]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/inputs/feed.rs"]
mod feed;

fuzz_target!(|bytes: &[u8]| {
    feed::feed_status(bytes);
});
