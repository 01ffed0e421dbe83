//! What a tick costs, as counts: they are the same on every machine, however busy it is.
//!
//! Times are measured by `cargo bench --bench tick`; these keep what the times come from.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "tests start the program under strace")]

#[path = "../store/support.rs"]
#[allow(dead_code, clippy::wildcard_enum_match_arm, reason = "shared with the store's tests")]
mod support;
mod syscalls;
mod together;
mod trace;
