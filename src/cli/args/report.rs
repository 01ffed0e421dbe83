//! The arguments of `report`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

// `opsfsm report`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ReportArgs {
    /// Write the page to this file, whole or not at all, for nobody else to read; `-`: to stdout
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) html: PathBuf,
    /// Draw states since: a time as in 2026-11-21T08:00:00Z, or so long ago as in 2h [default: 168h]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) since: Option<String>,
}
