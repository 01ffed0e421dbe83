//! The arguments of `opsfsm simulate`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Format;

// `opsfsm simulate`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct SimulateArgs {
    /// Only these jobs, and what follows them
    #[arg(value_name = "JOB")]
    pub(in crate::cli) jobs: Vec<String>,
    /// For so many days [default: 7; with --history all that is recorded]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3652))]
    pub(in crate::cli) days: Option<u32>,
    /// How often a tick comes
    #[arg(long, value_name = "SPAN", default_value = "1m")]
    pub(in crate::cli) every: String,
    /// From this time on, as in 2026-11-21 or 2026-11-21T22:00 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) from: Option<String>,
    /// What happens to the jobs: a file, see docs/simulate.md
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    pub(in crate::cli) assume: Option<PathBuf>,
    /// What has happened to the jobs, as the store's journal says
    #[arg(long)]
    pub(in crate::cli) history: bool,
    /// With --history: what stallSeconds was then, as in 1h [default: what it is now]
    #[arg(long, value_name = "SPAN", requires = "history")]
    pub(in crate::cli) recorded_stall: Option<String>,
    /// Only how much there is, without the messages
    #[arg(long)]
    pub(in crate::cli) summary: bool,
    /// How to answer: for people, or for programs (see docs/json.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: Format,
}
