//! opsfsm: a declarative state-machine engine for long jobs on one host.
//!
//! A config declares jobs; each compiles into an explicit finite state machine; `opsfsm tick`,
//! called from cron or a timer, observes, decides, records, acts and reports. The modules below
//! stand in layer order: each looks only at those above it (kept by `tests/tidy.rs`), and
//! `docs/architecture.md` says what each is for.

// L0
pub mod base;
// L1
pub mod approval;
pub mod diag;
pub mod machine;
// L2
pub mod model;
// L3
pub mod compile;
pub mod config;
pub mod journal;
// L4
pub mod decide;
pub mod ports;
// L4, above the ports: what is asked of this machine goes through them
pub mod lint;
// L5
pub mod adapters;
pub mod render;
pub mod tick;
pub mod writes;
// L6
pub mod sim;
// L7
mod cli;

pub use cli::{read_words, run};
