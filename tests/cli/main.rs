//! The real binary, seen from outside: what ops-monitor v1 promised, and what it did wrong.
//!
//! In: configs and scripted jobs in a sandbox of their own. Out: exit codes, texts, and what the
//! jobs' own logs say was really run.
//! Invariant: no test here touches the home folder, waits for time to pass, or is decided by how
//! fast the machine is; where something has to be awaited, its own trace says when it has come.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on shall panic")]

mod backup;
mod chains;
mod check_floods;
mod check_formats;
mod check_secrets;
mod ci_files;
mod codes;
mod completions;
mod config_keys;
mod decisions;
mod doctor;
mod explain;
mod exposed;
mod fault_list;
mod faults;
mod findings;
mod gallery;
mod gate;
mod gate_edits;
mod gate_faults;
mod gate_places;
mod gate_recorded;
mod gate_starts;
mod gate_verify;
mod gate_waits;
mod graph;
mod help;
mod hostile;
mod import;
mod inherited;
mod init;
mod install;
mod jobs;
#[path = "../support/json_schema.rs"]
mod json_schema;
mod json_schemas;
mod json_shapes;
mod logs;
mod messages;
mod metrics;
mod neighbours;
mod no_reply;
mod outbox;
mod overlap;
mod page;
mod places;
mod plan;
mod reporting;
mod run_report;
mod secrets;
mod simulate;
mod status_files;
mod stopping;
mod support;
mod ticking;
mod v1_commands;
mod watch;
mod words;
mod writing;
mod zones;
