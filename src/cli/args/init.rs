//! The arguments of `opsfsm init`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

// `opsfsm init`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct InitArgs {
    /// Where to write it [default: where a tick would look]
    #[arg(value_name = "PATH")]
    pub(in crate::cli) path: Option<PathBuf>,
    /// Write JSON, which has no comments [default: by the ending of PATH, else TOML]
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Write what this config says, as of ops-monitor v1, with all its jobs
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) from: Option<PathBuf>,
    /// Print it, and write nothing
    #[arg(long, conflicts_with = "path")]
    pub(in crate::cli) print: bool,
}
