//! The arguments of `opsfsm doctor`.

use clap::Args as ClapArgs;

use super::Format;

// `opsfsm doctor`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct DoctorArgs {
    /// How to answer: for people, or for programs (see docs/json.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: Format,
}
