//! The arguments of `opsfsm config`.

use clap::{Args as ClapArgs, Subcommand};

use super::Format;

/// `opsfsm config`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(in crate::cli) enum ConfigCommand {
    /// What is found where, and which way reports go from here; secrets are masked
    #[command(after_help = "Examples:\n  opsfsm config explain\n  \
        opsfsm config explain --format json | jq -r .report.route")]
    Explain(ExplainArgs),
}

// `opsfsm config explain`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ExplainArgs {
    /// As of a tick with this --target
    #[arg(long, value_name = "CHAT")]
    pub(in crate::cli) target: Option<String>,
    /// How to answer: for people, or for programs (see docs/json.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: Format,
}
