//! What can be typed. Flags and names of ops-monitor v1 keep working.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

mod check;
mod completions;
mod config;
mod doctor;
mod door;
mod explain;
mod gate;
mod graph;
mod init;
mod install;
mod logs;
mod metrics;
mod outbox;
mod report;
mod simulate;
mod watch;

pub(super) use check::{CheckArgs, CheckFormat, FailOn};
pub(super) use completions::{CompletionsArgs, ManArgs, ShellName};
pub(super) use config::ConfigCommand;
pub(super) use doctor::DoctorArgs;
pub(super) use door::Door;
pub(super) use explain::ExplainJobArgs;
pub(super) use gate::{
    AcknowledgeArgs, ApprovalsArgs, ApproveArgs, DenyArgs, RequestArgs, RevokeArgs, VerifyArgs,
};
pub(super) use graph::{DrawingFormat, GraphArgs};
pub(super) use init::InitArgs;
pub(super) use install::{InstallArgs, TimerArgs, With};
pub(super) use logs::LogsArgs;
pub(super) use metrics::MetricsArgs;
pub(super) use outbox::{OutboxArgs, OutboxCommand, OutboxPick};
pub(super) use report::ReportArgs;
pub(super) use simulate::SimulateArgs;
pub(super) use watch::WatchArgs;

const AFTER_HELP: &str = "\
Examples:
  opsfsm check                          is the config sound?
  opsfsm tick --print-only              one cycle, its report on stdout
  * * * * * opsfsm tick                 the same from cron, every minute
  opsfsm start inventory                start a job; ticks watch it from then on
  opsfsm graph | dot -Tsvg > jobs.svg   a picture of all chains

Exit codes:
  0 done (anomalies of jobs included)      4 an approval is needed
  1 the job's command failed, or findings  5 busy: another process is at work
  2 config or usage error, or refused      6 the store is refused
  3 a report could not be delivered now, or was given up";

/// The version, and the commit where the build could tell it (build.rs).
const VERSION: &str = match option_env!("OPSFSM_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// A declarative state-machine engine for long jobs: started, watched, found stalled, resumed from
/// their checkpoints and reported on, without a daemon.
#[derive(Debug, Parser)]
#[command(name = "opsfsm", version, long_version = VERSION, after_help = AFTER_HELP, disable_help_subcommand = true)]
#[command(max_term_width = 100)]
pub(super) struct Args {
    /// The config: a TOML or JSON file, or a folder of them
    #[arg(long, global = true, value_name = "PATH", help_heading = "Files")]
    pub(super) config_file: Option<PathBuf>,
    /// The store (a state file of ops-monitor is imported and left alone)
    #[arg(long, global = true, value_name = "PATH", help_heading = "Files")]
    pub(super) state_file: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The commands. Each builds its flags when it is the one asked for, or every start would pay for all.
// What a command takes has no doc comment: built late, it would stand in place of the description here.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Write a config to begin with, or an old one in today's shape
    #[command(
        after_help = "Examples:\n  opsfsm init                      where a tick will look for it\n  \
        opsfsm init --print              look at it first\n  \
        opsfsm init --from ~/.openclaw/net/config/ops-jobs.json jobs.toml"
    )]
    Init(InitArgs),
    /// Have a timer call a tick: systemd, cron or launchd; shows what it would do
    #[command(
        after_help = "Examples:\n  opsfsm install                   what would be written where?\n  \
        opsfsm install --write           do it\n  opsfsm install --every 5m --with cron --write\n  \
        opsfsm install --system          an account of its own, which others ask through sudo"
    )]
    Install(InstallArgs),
    /// Take back what `install` has put on this host; shows what that is
    #[command(after_help = "Example:\n  opsfsm uninstall --write")]
    Uninstall(TimerArgs),
    /// One cycle: observe, decide, record, report, resume
    #[command(
        after_help = "Examples:\n  opsfsm tick --dry-run            what would a tick do?\n  \
        opsfsm tick --format json        the same tick for a program to read"
    )]
    Tick(TickArgs),
    /// How every job is now; records nothing
    #[command(after_help = "Example:\n  opsfsm status --format json | jq '.jobs[] | {id, state}'")]
    Status(StatusArgs),
    /// Why a job is in its state, what comes next, and what holds it back; asks no job
    #[command(after_help = "Examples:\n  opsfsm explain inventory\n  \
        opsfsm explain prune --format json | jq .holds\n  \
        opsfsm explain OF023             what a code of `check` means")]
    Explain(ExplainJobArgs),
    /// The same, live on the terminal, with each job's details; records nothing by itself
    #[command(after_help = "Examples:\n  opsfsm watch\n  opsfsm watch --every 10s")]
    Watch(WatchArgs),
    /// Start a long_running_read
    #[command(after_help = "Example:\n  opsfsm start inventory")]
    Start(StartArgs),
    /// Stop a long_running_read, which stays stopped until a person starts it; end a running write
    #[command(after_help = "Example:\n  opsfsm stop inventory")]
    Stop(StopArgs),
    /// Run a one_shot_read, or an approved one_shot_write, once
    #[command(after_help = "Examples:\n  opsfsm run disk-space\n  \
        opsfsm run prune --wait          an approved write, and then its verification\n  \
        0 * * * * opsfsm run disk-space --report   from cron: silent unless there is something to say")]
    Run(RunArgs),
    /// Exactly what a one_shot_write would run, with the digest that stands for it
    #[command(after_help = "Example:\n  opsfsm plan prune --format json | jq -r .digest")]
    Plan(PlanArgs),
    /// Ask for a one_shot_write: what an agent may do
    #[command(after_help = "Example:\n  opsfsm request prune --reason \"the disk is 93 % full\"")]
    Request(RequestArgs),
    /// Approve exactly one plan of a one_shot_write, for one start
    #[command(
        after_help = "Examples:\n  opsfsm approve prune                        read its plan, type its digest\n  \
        opsfsm approve prune --digest 8a477b509bbc  what was reviewed elsewhere"
    )]
    Approve(ApproveArgs),
    /// Say no to a request
    #[command(after_help = "Example:\n  opsfsm deny prune --reason \"not before the backup\"")]
    Deny(DenyArgs),
    /// Take an approval back that was not used yet
    #[command(after_help = "Example:\n  opsfsm revoke prune")]
    Revoke(RevokeArgs),
    /// Requests and approvals: pending, live, used, expired, void, denied
    #[command(after_help = "Example:\n  opsfsm approvals --format json")]
    Approvals(ApprovalsArgs),
    /// Verify a write once more whose outcome is not proved
    #[command(after_help = "Example:\n  opsfsm verify prune --wait")]
    Verify(VerifyArgs),
    /// Take note of a write that is unverified or unknown; it is blocked again then
    #[command(
        after_help = "Example:\n  opsfsm acknowledge prune --note \"looked at it, all is gone\""
    )]
    Acknowledge(AcknowledgeArgs),
    /// Is the config sound? For people and for CI
    #[command(alias = "validate-config")]
    #[command(after_help = "Examples:\n  opsfsm check\n  opsfsm check jobs/opsfsm.toml\n  \
        opsfsm check --format github --fail-on warning jobs   in a CI job")]
    Check(CheckArgs),
    /// The JSON Schema of a config, for editors
    #[command(after_help = "Example:\n  opsfsm schema > opsfsm.schema.json\n  \
        Then `#:schema ./opsfsm.schema.json` as the first line of a TOML file (Taplo, Even Better TOML)")]
    Schema,
    /// What opsfsm found where, for this config
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Is everything there that opsfsm needs, and does it work together? Records and sends nothing
    #[command(after_help = "Examples:\n  opsfsm doctor\n  \
        opsfsm doctor --format json | jq '.checks[] | select(.health != \"ok\")'")]
    Doctor(DoctorArgs),
    /// A picture of the chains, or of one job's machine
    #[command(
        after_help = "Examples:\n  opsfsm graph --format text             a tree in the terminal\n  \
        opsfsm graph --format svg > jobs.svg   a picture by itself\n  \
        opsfsm graph | dot -Tsvg > jobs.svg    the same by Graphviz\n  \
        opsfsm graph inventory --live          one job's machine, and where it is"
    )]
    Graph(GraphArgs),
    /// What would be told in the days to come, or of the past, by this config? Starts nothing
    #[command(
        after_help = "Examples:\n  opsfsm simulate                        a week in which all goes well\n  \
        opsfsm simulate --days 2 --assume bad-night.toml inventory\n  \
        opsfsm simulate --history --summary    what today's config would have told\n\n\
        docs/simulate.md says what a file of assumptions may say."
    )]
    Simulate(SimulateArgs),
    /// What happened: the journal, newest last
    #[command(
        after_help = "Examples:\n  opsfsm history inventory --limit 20\n  opsfsm history --event approved --since 24h\n  \
        opsfsm history --verify          is the journal whole, and does it give today's state?"
    )]
    History(HistoryArgs),
    /// What a job printed, as far as it is kept: its start log, and the ends of its last runs
    #[command(
        after_help = "Examples:\n  opsfsm logs inventory --lines 200\n  opsfsm logs disk-space --runs 1"
    )]
    Logs(LogsArgs),
    /// How jobs and opsfsm stand, as numbers in OpenMetrics text; asks no job
    #[command(after_help = "Examples:\n  opsfsm metrics | grep stalled\n  \
        * * * * * opsfsm metrics --textfile /var/lib/node_exporter/textfile/opsfsm.prom")]
    Metrics(MetricsArgs),
    /// A page of HTML that tells how everything stands: to keep, send or print
    #[command(
        after_help = "Examples:\n  opsfsm report --html ~/jobs.html\n  opsfsm report --html - --since 24h > jobs.html"
    )]
    Report(ReportArgs),
    /// Reports on their way: what waits, and what was given up
    #[command(
        after_help = "Examples:\n  opsfsm outbox\n  opsfsm outbox retry              send again whatever was given up\n  \
        opsfsm outbox drop 3f2a9c01"
    )]
    Outbox(OutboxArgs),
    /// Give the store to another config, after it was moved or renamed
    #[command(after_help = "Example:\n  opsfsm adopt --config-file jobs/opsfsm.toml")]
    Adopt,
    /// Copy the store to a file
    #[command(after_help = "Example:\n  opsfsm backup ~/opsfsm-monday.db")]
    Backup(BackupArgs),
    /// Replace the store by a backup; whatever was approved is void then
    #[command(after_help = "Example:\n  opsfsm restore ~/opsfsm-monday.db")]
    Restore(BackupArgs),
    /// Try the engine itself, offline; touches no config, store or job
    #[command(after_help = "Example:\n  opsfsm selftest && echo fine")]
    Selftest,
    /// A completion script for a shell
    #[command(
        after_help = "Example:\n  opsfsm completions bash > ~/.local/share/bash-completion/completions/opsfsm"
    )]
    Completions(CompletionsArgs),
    /// The manual page
    #[command(after_help = "Examples:\n  opsfsm man | man -l -\n  \
        opsfsm man --dir ~/.local/share/man/man1   one page for each command")]
    Man(ManArgs),
    /// Executes a claimed run (opsfsm calls this itself)
    #[command(name = "__exec", hide = true)]
    Exec(ExecArgs),
    /// Restricts itself and becomes a program (opsfsm calls this itself)
    #[command(name = "__sandbox", hide = true)]
    Sandbox(SandboxArgs),
}

/// How a command answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    // Without a doc comment each, or clap makes the short and the long help two texts.
    #[default]
    Text,
    Json,
}

// `opsfsm tick`.
#[derive(Debug, ClapArgs)]
pub(super) struct TickArgs {
    /// Send to this Telegram chat, whatever the config says: an id, @name, or CHAT:topic:ID
    #[arg(long, value_name = "CHAT")]
    pub(super) target: Option<String>,
    /// Print the report instead of sending it; it counts as told
    #[arg(long)]
    pub(super) print_only: bool,
    /// The same for a chat gateway that posts what is printed: with nothing to say, exactly NO_REPLY
    #[arg(long, conflicts_with_all = ["dry_run", "format"])]
    pub(super) no_reply: bool,
    /// Observe, but record, start and send nothing; print what a tick would do
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Decide as of this time (RFC 3339), with --dry-run
    #[arg(long, value_name = "TIME", requires = "dry_run")]
    pub(super) now: Option<jiff::Timestamp>,
    /// How to answer: for people, or for programs (see docs/json.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,
}

// `opsfsm status`.
#[derive(Debug, ClapArgs)]
pub(super) struct StatusArgs {
    /// How to answer: for people, or for programs (see docs/json.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,
}

// `opsfsm start`.
#[derive(Debug, ClapArgs)]
pub(super) struct StartArgs {
    /// The job
    #[arg(value_name = "JOB")]
    pub(super) job: String,
    /// Limit of the start command [default: timeoutSeconds of the job, else 60]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(super) timeout_seconds: Option<u64>,
    /// No longer exists: declare the job one_shot_write
    #[arg(long, hide = true)]
    pub(super) allow_risk: bool,
}

// `opsfsm stop`.
#[derive(Debug, ClapArgs)]
pub(super) struct StopArgs {
    /// The job
    #[arg(value_name = "JOB")]
    pub(super) job: String,
    /// Limit of the stop command [default: timeoutSeconds of the job, else 60]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(super) timeout_seconds: Option<u64>,
}

// `opsfsm run`.
#[derive(Debug, ClapArgs)]
pub(super) struct RunArgs {
    /// The job
    #[arg(value_name = "JOB")]
    pub(super) job: String,
    /// Limit of the command [default: timeoutSeconds of the job, else 300]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(super) timeout_seconds: Option<u64>,
    /// Show what would run, and run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Of a write: wait for its verification too, and run that when it is due
    #[arg(long)]
    pub(super) wait: bool,
    /// Of a check: report it as a tick would, when it needs attention, failed or recovered; else
    /// print nothing
    #[arg(long, conflicts_with_all = ["format", "wait"])]
    pub(super) report: bool,
    /// How to answer: for people, or for programs (see docs/json.md)
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,
}

// `opsfsm plan`.
#[derive(Debug, ClapArgs)]
pub(super) struct PlanArgs {
    /// The write
    #[arg(value_name = "JOB")]
    pub(super) job: String,
    /// How to answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,
}

// `opsfsm history`.
#[derive(Debug, ClapArgs)]
pub(super) struct HistoryArgs {
    /// Only what happened to this job
    #[arg(value_name = "JOB", conflicts_with = "verify")]
    pub(super) job: Option<String>,
    /// Only events of this kind, by its name in the journal: requested, approved, moved …
    #[arg(long, value_name = "NAME", conflicts_with = "verify")]
    pub(super) event: Option<String>,
    /// Only what happened since: a time as in 2026-11-21T08:00:00Z, or so long ago as in 2h
    #[arg(long, value_name = "TIME", conflicts_with = "verify")]
    pub(super) since: Option<String>,
    /// At most so many events, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(super) limit: u32,
    /// Check the whole journal instead: its hash chain, and that it gives the stored state
    #[arg(long)]
    pub(super) verify: bool,
    /// How to answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,
}

// `opsfsm backup` and `opsfsm restore`.
#[derive(Debug, ClapArgs)]
pub(super) struct BackupArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
}

// `opsfsm __exec`.
#[derive(Debug, ClapArgs)]
pub(super) struct ExecArgs {
    /// The claimed run
    pub(super) run: String,
}

// `opsfsm __sandbox`.
#[derive(Debug, ClapArgs)]
pub(super) struct SandboxArgs {
    /// The only folder that stays writable
    pub(super) scratch: PathBuf,
    /// The program
    pub(super) program: PathBuf,
    /// Its arguments, its own name first
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) argv: Vec<String>,
}
