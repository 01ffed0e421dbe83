//! The arguments of `opsfsm outbox`.

use clap::{Args as ClapArgs, Subcommand};

use super::Format;

// `opsfsm outbox`.
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct OutboxArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<OutboxCommand>,
    /// Also what arrived or was dropped, as long as it is kept
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// How to answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: Format,
}

// What is done about a report.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(in crate::cli) enum OutboxCommand {
    /// Send it again at the next tick, whatever became of it, by whatever route there is
    Retry(OutboxPick),
    /// Never send it
    Drop(OutboxPick),
}

// Which report.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct OutboxPick {
    /// Its id, or the first letters of it; without one: each that was given up
    #[arg(value_name = "ID")]
    pub(in crate::cli) id: Option<String>,
}
