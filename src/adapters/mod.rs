//! The rim: the ports kept with the real system.
//!
//! In: calls of the engine. Out: what the kernel, the disk and the terminal did.
//! Invariant: nothing here decides what a job's state is.

pub mod answer;
pub mod clock;
pub mod config_files;
pub mod entropy;
pub mod evidence;
pub mod executors;
pub mod exposure;
pub mod file_facts;
pub mod file_name;
pub mod file_system;
pub mod flight_lock;
pub mod host_facts;
mod http;
pub mod inherited;
pub mod kept_log;
pub mod locate;
pub mod openclaw;
pub mod os_world;
pub mod process;
pub mod processes;
pub mod runner;
pub mod sandbox;
pub mod signals;
pub mod split_user;
pub mod sqlite;
pub mod status;
pub mod telegram;
pub mod tick_lock;
pub mod timers;
pub mod token;
pub mod umask;
pub mod webhook;
pub mod whole_file;
pub mod write_runner;
mod zone_file;
