//! Any bytes as a state file of ops-monitor v1: `cargo +nightly fuzz run state`.
#![no_main]
#![allow(dead_code)]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/inputs/feed.rs"]
mod feed;

fuzz_target!(|bytes: &[u8]| {
    let _ = feed::feed_state(bytes, &feed::compiled());
});
