//! The arguments of `opsfsm logs`.

use clap::Args as ClapArgs;

// `opsfsm logs`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct LogsArgs {
    /// The job
    #[arg(value_name = "JOB")]
    pub(in crate::cli) job: String,
    /// At most so many lines of the log, and of each stream of a run; the last ones
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    pub(in crate::cli) lines: u32,
    /// At most so many runs, the last ones
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=40))]
    pub(in crate::cli) runs: u32,
}
