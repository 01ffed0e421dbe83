//! The store as people meet it: whatever lies where it should be, whoever else is at work, and
//! however it is named, the real program keeps it whole or refuses it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "tests start the program and look at its children")]

mod bound;
mod bounded;
mod found;
mod made;
mod million;
mod overlap;
mod pruned;
mod refused;
mod support;
mod versions;
