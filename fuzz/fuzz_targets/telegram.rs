//! Any bytes as an answer of the Bot API: `cargo +nightly fuzz run telegram`.
#![no_main]
#![expect(dead_code, reason = "the other targets use the rest")]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/inputs/answers.rs"]
mod answers;

static API: LazyLock<answers::Api> = LazyLock::new(answers::Api::new);

fuzz_target!(|bytes: &[u8]| {
    let _ = API.feed(bytes);
});
