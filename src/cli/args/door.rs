//! What can be typed at the doors of the split-user set-up, by `sudo -u opsfsm opsfsm door …`.
//!
//! A parser of its own: nothing here names a place, another person, or a command that is not listed.

use clap::{Args as ClapArgs, Parser, Subcommand};

use super::gate::{
    AcknowledgeArgs, ApprovalsArgs, ApproveArgs, DenyArgs, RequestArgs, RevokeArgs, VerifyArgs,
};
use super::{
    Command, ExplainJobArgs, Format, HistoryArgs, PlanArgs, RunArgs, StatusArgs, StopArgs,
};

/// Which door: sudo asks other things of whoever opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Door {
    /// For everybody: to look, and to ask.
    Everybody,
    /// For those who may approve.
    Approvers,
}

impl Door {
    /// The word that it is called by.
    pub(in crate::cli) const fn word(self) -> &'static str {
        match self {
            Self::Everybody => "door",
            Self::Approvers => "door-approve",
        }
    }

    /// The door that these words begin with.
    pub(in crate::cli) fn of(words: &[std::ffi::OsString]) -> Option<Self> {
        let word = words.get(1)?;
        [Self::Everybody, Self::Approvers].into_iter().find(|door| word == door.word())
    }

    /// How it is called.
    pub(in crate::cli) fn call(self, program: &str) -> String {
        let account = crate::adapters::split_user::ACCOUNT;
        format!("sudo -u {account} {program} {}", self.word())
    }

    /// What is asked at this door.
    pub(in crate::cli) fn parse(
        self,
        words: &[std::ffi::OsString],
    ) -> clap::error::Result<Command> {
        // Behind the program and the door's own word.
        let words = words.get(1..).unwrap_or_default();
        Ok(match self {
            Self::Everybody => DoorArgs::try_parse_from(words)?.command.into(),
            Self::Approvers => match ApproversArgs::try_parse_from(words)?.command {
                ApproversCommand::Common(command) => command.into(),
                ApproversCommand::Own(command) => command.into(),
            },
        })
    }
}

/// Look at jobs, and ask for writes, of the account opsfsm: what everybody on this host may do
#[derive(Debug, Parser)]
#[command(name = "opsfsm door", bin_name = "sudo -u opsfsm opsfsm door")]
#[command(disable_help_subcommand = true, max_term_width = 100)]
struct DoorArgs {
    #[command(subcommand)]
    command: DoorCommand,
}

/// The same, and all that only the members of opsfsm-approvers may do
#[derive(Debug, Parser)]
#[command(name = "opsfsm door-approve", bin_name = "sudo -u opsfsm opsfsm door-approve")]
#[command(disable_help_subcommand = true, max_term_width = 100)]
struct ApproversArgs {
    #[command(subcommand)]
    command: ApproversCommand,
}

#[derive(Debug, Subcommand)]
enum DoorCommand {
    /// How every job is now; records nothing
    Status(StatusArgs),
    /// Why a job is in its state, what comes next, and what holds it back; asks no job
    Explain(ExplainJobArgs),
    /// Exactly what a one_shot_write would run, with the digest that stands for it
    Plan(PlanArgs),
    /// Ask for a one_shot_write: what an agent may do
    Request(RequestArgs),
    /// Requests and approvals: pending, live, used, expired, void, denied
    Approvals(ApprovalsArgs),
    /// What happened: the journal, newest last
    History(HistoryArgs),
}

#[derive(Debug, Subcommand)]
enum ApproversCommand {
    #[command(flatten)]
    Common(DoorCommand),
    #[command(flatten)]
    Own(OwnCommand),
}

#[derive(Debug, Subcommand)]
enum OwnCommand {
    /// Approve exactly one plan of a one_shot_write, for one start
    Approve(PersonalApproveArgs),
    /// Say no to a request
    Deny(PersonalDenyArgs),
    /// Take an approval back that was not used yet
    Revoke(RevokeArgs),
    /// Take note of a write that is unverified or unknown; it is blocked again then
    Acknowledge(PersonalAcknowledgeArgs),
    /// Verify a write once more whose outcome is not proved
    Verify(VerifyArgs),
    /// Run an approved one_shot_write
    Run(PersonalRunArgs),
    /// End a running write; stop a long_running_read
    Stop(PersonalStopArgs),
}

/// `approve`, by nobody but the caller.
#[derive(Debug, ClapArgs)]
struct PersonalApproveArgs {
    /// The write
    #[arg(value_name = "JOB")]
    job: String,
    /// Approve only if the plan has this digest: 12 of its digits or more
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// The one-time code that was sent to the person's chat when the plan was requested
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// For how long it may be used, at most 24h [default: 30m]
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
}

/// `deny`, by nobody but the caller.
#[derive(Debug, ClapArgs)]
struct PersonalDenyArgs {
    /// The write
    #[arg(value_name = "JOB")]
    job: String,
    /// Why not
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// `acknowledge`, by nobody but the caller.
#[derive(Debug, ClapArgs)]
struct PersonalAcknowledgeArgs {
    /// The write
    #[arg(value_name = "JOB")]
    job: String,
    /// What was found
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// `run`, with the job's own limits.
#[derive(Debug, ClapArgs)]
struct PersonalRunArgs {
    /// The job
    #[arg(value_name = "JOB")]
    job: String,
    /// Of a write: wait for its verification too, and run that when it is due
    #[arg(long)]
    wait: bool,
    /// How to answer: for people, or for programs (see docs/json.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// `stop`, with the job's own limits.
#[derive(Debug, ClapArgs)]
struct PersonalStopArgs {
    /// The job
    #[arg(value_name = "JOB")]
    job: String,
}

impl From<DoorCommand> for Command {
    fn from(command: DoorCommand) -> Self {
        match command {
            DoorCommand::Status(options) => Self::Status(options),
            DoorCommand::Explain(options) => Self::Explain(options),
            DoorCommand::Plan(options) => Self::Plan(options),
            DoorCommand::Request(options) => Self::Request(options),
            DoorCommand::Approvals(options) => Self::Approvals(options),
            DoorCommand::History(options) => Self::History(options),
        }
    }
}

impl From<OwnCommand> for Command {
    fn from(command: OwnCommand) -> Self {
        match command {
            OwnCommand::Approve(PersonalApproveArgs { job, digest, code, expires }) => {
                let (job, by, reclassify) = (Some(job), None, None);
                Self::Approve(ApproveArgs { job, digest, code, expires, by, reclassify })
            }
            OwnCommand::Deny(PersonalDenyArgs { job, reason }) => {
                Self::Deny(DenyArgs { job, reason, by: None })
            }
            OwnCommand::Revoke(options) => Self::Revoke(options),
            OwnCommand::Acknowledge(PersonalAcknowledgeArgs { job, note }) => {
                Self::Acknowledge(AcknowledgeArgs { job, note, by: None })
            }
            OwnCommand::Verify(options) => Self::Verify(options),
            OwnCommand::Run(PersonalRunArgs { job, wait, format }) => Self::Run(RunArgs {
                job,
                timeout_seconds: None,
                dry_run: false,
                wait,
                report: false,
                format,
            }),
            OwnCommand::Stop(PersonalStopArgs { job }) => {
                Self::Stop(StopArgs { job, timeout_seconds: None })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::CommandFactory as _;

    use super::*;

    fn asked(line: &str) -> Option<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let command = Door::of(&words)?.parse(&words).ok()?;
        let shown = format!("{command:?}");
        Some(shown.split(['(', ' ']).next().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_door_knows_its_own_commands_and_no_other() {
        for line in
            ["status", "explain j", "plan j", "request j --reason r", "approvals", "history j"]
        {
            assert!(asked(&format!("opsfsm door {line}")).is_some(), "{line}");
            assert!(asked(&format!("opsfsm door-approve {line}")).is_some(), "{line}");
        }
        for line in
            ["approve j", "deny j", "revoke j", "acknowledge j", "verify j", "run j", "stop j"]
        {
            assert_eq!(asked(&format!("opsfsm door {line}")), None, "{line}");
            assert!(asked(&format!("opsfsm door-approve {line}")).is_some(), "{line}");
        }
        for line in [
            "tick",
            "check /etc/shadow",
            "backup /tmp/x",
            "restore /tmp/x",
            "adopt",
            "start j",
            "__exec 1",
            "__sandbox / /bin/sh sh",
            "init /tmp/x",
            "install",
            "graph",
            "outbox drop",
            "door status",
            "door-approve approve j",
            "status --config-file /tmp/x",
            "--state-file /tmp/x status",
            "request j --config-file=/tmp/x",
            "request j --by root",
            "approve j --by root",
            "approve --reclassify j",
            "deny j --by root",
            "acknowledge j --by root",
            "run j --timeout-seconds 1",
            "run j --report",
            "help",
        ] {
            assert_eq!(asked(&format!("opsfsm door {line}")), None, "{line}");
            assert_eq!(asked(&format!("opsfsm door-approve {line}")), None, "{line}");
        }
    }

    #[test]
    fn no_word_is_taken_for_a_door_that_sudo_would_not_take_for_it() {
        for line in ["opsfsm", "opsfsm --x door status", "opsfsm doors status", "opsfsm door- x"] {
            assert_eq!(asked(line), None, "{line}");
        }
        // One argument with a blank in it is to sudo what two are.
        let words = ["opsfsm", "door status"].map(OsString::from);
        assert_eq!(Door::of(&words), None);
        assert_eq!(asked("opsfsm door status"), Some("Status".to_owned()));
    }

    #[test]
    fn no_flag_reads_the_environment() {
        let with_env = |command: clap::Command| {
            let of = |c: &clap::Command| c.get_arguments().any(|arg| arg.get_env().is_some());
            of(&command) || command.get_subcommands().any(of)
        };
        assert!(!with_env(DoorArgs::command()) && !with_env(ApproversArgs::command()));
    }
}
