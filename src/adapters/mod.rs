//! The only rooms that touch the world: files, processes, clocks, networks, the store.
//!
//! In: what the ports ask for. Out: plain data, or an error that names the thing and a way out.
//! Invariant: this module never decides anything about a job.

pub mod config_files;
pub mod locate;
pub mod os_world;
