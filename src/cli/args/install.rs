//! The arguments of `opsfsm install` and `opsfsm uninstall`.

use clap::{Args as ClapArgs, ValueEnum};

/// What calls a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum With {
    Systemd,
    Cron,
    Launchd,
}

// `opsfsm install`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct InstallArgs {
    /// How often: seconds that divide a minute, or minutes that divide an hour
    #[arg(long, value_name = "SPAN", default_value = "1m")]
    pub(in crate::cli) every: String,
    #[command(flatten)]
    pub(in crate::cli) timer: TimerArgs,
}

// `opsfsm uninstall`, and what both take.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct TimerArgs {
    /// By what [default: systemd where it runs, else cron; launchd on macOS; uninstall: all]
    #[arg(long, value_enum, value_name = "TIMER")]
    pub(in crate::cli) with: Option<With>,
    /// As root too: root's own units, and not the system's
    #[arg(long)]
    pub(in crate::cli) user: bool,
    /// With an account of its own, which others ask through sudo; shows the whole of it
    #[arg(long, conflicts_with_all = ["with", "user"])]
    pub(in crate::cli) system: bool,
    /// Do it; without this it is only shown
    #[arg(long)]
    pub(in crate::cli) write: bool,
}
