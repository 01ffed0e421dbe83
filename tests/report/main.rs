//! Reports on their way: a Bot API and a webhook on a real loopback socket, and a program that
//! stands in for `openclaw`.
//!
//! In: scripted answers. Out: what arrived, what opsfsm made of it, and where a secret stands.
//! Invariant: no test here waits for a time to pass; a limit that has to run out is a short one of
//! the adapter's own, and nothing is said of how long that takes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

mod canary;
mod choices;
mod codes;
mod direct;
#[path = "../cli/jobs.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod jobs;
mod listener;
mod program;
mod stories;
#[path = "../cli/support.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the command line")]
mod support;
mod surroundings;
mod webhook;
#[path = "../cli/words.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod words;
