//! SIGKILL at every system call, every error that a system call may bring, one at a time, and power that
//! fails at any of them.
//!
//! strace counts the calls of each name in a clean run; then the same run is repeated once for
//! each (name, count), struck there. By default a spread of the points; `OPSFSM_SWEEP=all` strikes
//! every one, and then the number of kills has to be that of the clean trace.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "tests start the program under strace")]

mod disk;
mod errors;
mod kills;
#[path = "../report/listener.rs"]
#[allow(dead_code, reason = "shared with the tests of reports")]
mod listener;
mod orders;
mod power;
mod reader;
mod sends;
mod strace;
#[path = "../store/support.rs"]
#[allow(dead_code, reason = "shared with the store's tests")]
mod support;
mod trace;
mod writes;
