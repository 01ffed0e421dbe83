//! Any bytes as a status: `cargo +nightly fuzz run status`.
#![no_main]
#![allow(dead_code)]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/inputs/feed.rs"]
mod feed;

fuzz_target!(|bytes: &[u8]| {
    feed::feed_status(bytes);
});
