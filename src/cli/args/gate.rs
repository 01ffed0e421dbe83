//! The arguments of what is said at the gate.

use clap::Args as ClapArgs;

use super::Format;

// `opsfsm request`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct RequestArgs {
    /// The write
    #[arg(value_name = "JOB")]
    pub(in crate::cli) job: String,
    /// Why it is needed, for whoever approves
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: Option<String>,
}

// `opsfsm approve`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ApproveArgs {
    /// The write
    #[arg(value_name = "JOB", required_unless_present = "reclassify")]
    pub(in crate::cli) job: Option<String>,
    /// Approve only if the plan has this digest: 12 of its digits or more
    #[arg(long, value_name = "DIGEST")]
    pub(in crate::cli) digest: Option<String>,
    /// The one-time code that was sent to the person's chat when the plan was requested
    #[arg(long, value_name = "CODE")]
    pub(in crate::cli) code: Option<String>,
    /// For how long it may be used, at most 24h [default: 30m]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) expires: Option<String>,
    /// Who approves, for the record
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
    /// Instead: say that the job of this id is no write any more
    #[arg(long, value_name = "ID", conflicts_with_all = ["job", "digest", "code", "expires"])]
    pub(in crate::cli) reclassify: Option<String>,
}

// `opsfsm deny`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct DenyArgs {
    /// The write
    #[arg(value_name = "JOB")]
    pub(in crate::cli) job: String,
    /// Why not
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: Option<String>,
    /// Who says so, for the record
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
}

// `opsfsm revoke`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct RevokeArgs {
    /// The write
    #[arg(value_name = "JOB")]
    pub(in crate::cli) job: String,
}

// `opsfsm approvals`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ApprovalsArgs {
    /// How to answer: for people, or for programs (see docs/json.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(in crate::cli) format: Format,
}

// `opsfsm verify`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct VerifyArgs {
    /// The write
    #[arg(value_name = "JOB")]
    pub(in crate::cli) job: String,
    /// Run it now, and wait for how it comes out
    #[arg(long)]
    pub(in crate::cli) wait: bool,
}

// `opsfsm acknowledge`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct AcknowledgeArgs {
    /// The write
    #[arg(value_name = "JOB")]
    pub(in crate::cli) job: String,
    /// What was found
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) note: Option<String>,
    /// Who says so, for the record
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
}
