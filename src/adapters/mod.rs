//! The rooms that touch the world: each implements a port with the operating system.
//!
//! In: plain requests. Out: plain facts.
//! Invariant: this module never decides what ought to happen to a job.

pub mod process;
pub mod signals;
