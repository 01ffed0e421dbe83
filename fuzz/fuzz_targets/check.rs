//! Any bytes as a TOML and as a JSON config, told in every format: `cargo +nightly fuzz run check`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/check/tell.rs"]
mod tell;

fuzz_target!(|bytes: &[u8]| {
    tell::tell_everything(bytes);
});
