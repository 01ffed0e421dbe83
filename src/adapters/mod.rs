//! The rim: the ports kept with the real system.
//!
//! In: calls of the engine. Out: what the kernel, the disk and the terminal did.
//! Invariant: nothing here decides what a job's state is.

pub mod config_files;
pub mod locate;
pub mod os_world;
pub mod sqlite;
