//! The arguments of `opsfsm completions` and `opsfsm man`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

// `opsfsm completions`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(in crate::cli) shell: ShellName,
}

/// The shells that there are completions for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ShellName {
    // Without a doc comment each, or clap makes the short and the long help two texts.
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

// `opsfsm man`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ManArgs {
    /// Write the page of every command to this folder instead of printing the first one
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,
}
