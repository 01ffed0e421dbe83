//! The arguments of `opsfsm explain`.

use clap::Args as ClapArgs;

use super::Format;

// `opsfsm explain`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ExplainJobArgs {
    /// The job, or a code of `check` as in OF012
    #[arg(value_name = "JOB")]
    pub(in crate::cli) job: String,
    /// How to answer: for people, or for programs (see docs/json.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: Format,
}
