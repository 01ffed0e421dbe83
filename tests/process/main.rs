//! Hostile children against the real process adapter.
//!
//! In: shell one-liners that hang, flood, leak, escape or die. Out: exactly one result for each.
//! Invariant: no test here is decided by how fast the machine is; where something has to be
//! awaited, the children themselves say when it has come.
#![cfg(target_os = "linux")]

mod endings;
mod many;
mod outputs;
mod proofs;
mod signals;
mod starts;
mod support;
mod writes;
