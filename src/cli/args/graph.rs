//! The arguments of `opsfsm graph`.

use clap::{Args as ClapArgs, ValueEnum};

// `opsfsm graph`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct GraphArgs {
    /// One job's compiled machine instead of the chains
    #[arg(value_name = "JOB", conflicts_with = "named")]
    pub(in crate::cli) job: Option<String>,
    /// The same, as a flag
    #[arg(long = "job", value_name = "JOB")]
    pub(in crate::cli) named: Option<String>,
    /// Show where each job stands, since when, and what is due of it
    #[arg(long)]
    pub(in crate::cli) live: bool,
    /// The form of the picture: for Graphviz, for Mermaid, as it is, for programs, for a terminal
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: DrawingFormat,
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DrawingFormat {
    // Without a doc comment each, or clap makes the short and the long help two texts.
    #[default]
    Dot,
    Mermaid,
    Svg,
    Json,
    Text,
}
