//! The arguments of `check`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

// `opsfsm check`.
#[derive(Debug, Default, ClapArgs)]
pub(in crate::cli) struct CheckArgs {
    /// Configs to check, each by itself: files, or folders of files [default: where a tick would
    /// look]
    #[arg(value_name = "PATH")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// How to answer (see docs/json.md and docs/ci.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: CheckFormat,
    /// Exit 1 if there is a finding as bad as this, or worse
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub(in crate::cli) fail_on: FailOn,
    /// Explain a code: why it is, a bad example, a good one
    #[arg(long, value_name = "CODE", exclusive = true)]
    pub(in crate::cli) explain: Option<String>,
    /// Do not tell findings of this code; of several levels for a code the most severe counts
    #[arg(short = 'A', long, value_name = "CODE", help_heading = "Severity")]
    pub(in crate::cli) allow: Vec<String>,
    /// Findings of this code are warnings
    #[arg(short = 'W', long, value_name = "CODE", help_heading = "Severity")]
    pub(in crate::cli) warn: Vec<String>,
    /// Findings of this code are errors
    #[arg(short = 'D', long, value_name = "CODE", help_heading = "Severity")]
    pub(in crate::cli) deny: Vec<String>,
    /// A key that nothing reads is an error
    #[arg(long, help_heading = "Severity")]
    pub(in crate::cli) strict: bool,
    /// Look at the text alone, so that every machine gives the same answer: no programs, modes,
    /// time zones, and no store
    #[arg(long)]
    pub(in crate::cli) portable: bool,
    /// How often a tick comes [default: as the store has seen it]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(in crate::cli) period: Option<u64>,
}

/// How `check` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CheckFormat {
    #[default]
    #[value(alias = "text")]
    Human,
    Short,
    Json,
    Github,
    Sarif,
}

/// Which findings make `check` exit 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
    #[default]
    Error,
    Warning,
    Info,
    Never,
}
