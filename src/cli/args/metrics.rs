//! The arguments of `opsfsm metrics`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

// `opsfsm metrics`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct MetricsArgs {
    /// Replace this file instead of printing, in the older text format that the textfile collector
    /// of node_exporter reads; its name has to end in .prom there
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) textfile: Option<PathBuf>,
}
