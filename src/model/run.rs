//! One execution of a command: what is to run, and how it ended.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::PlanStep;
use crate::base::{BootId, ItemId, JobId, RunId};

/// PATH where nothing sets another: for a program looked up without an environment, and for a
/// write, whose approval would not cover its caller's.
pub const STANDARD_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Why a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A person starts a watched job.
    Start,
    /// A tick starts a stopped job again.
    Resume,
    /// A person stops a watched job.
    Stop,
    /// A tick stops a hung job in order to start it again.
    RestartStop,
    /// A one_shot_read runs to its end.
    Check,
    /// A one_shot_read verifies a write, as that write's plan says.
    Verify,
    /// A one_shot_write runs to its end.
    Write,
}

impl Purpose {
    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::RestartStop => "restart_stop",
            Self::Check => "check",
            Self::Verify => "verify",
            Self::Write => "write",
        }
    }

    /// Does it leave a process of the job behind, which `stop` may later have to find?
    #[must_use]
    pub const fn starts_the_job(self) -> bool {
        matches!(self, Self::Start | Self::Resume)
    }
}

/// A run as decided: the executor runs exactly this and looks at no config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Its id, also in the child's environment.
    pub run: RunId,
    /// Whose command it is.
    pub job: JobId,
    /// Why it runs.
    pub purpose: Purpose,
    /// The queue item that it serves.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub item: Option<ItemId>,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Working folder.
    pub cwd: PathBuf,
    /// Added environment.
    pub env: BTreeMap<String, String>,
    /// Time limit in milliseconds; `None`: no limit.
    pub limit_ms: Option<u64>,
    /// Is it kept from writing anywhere but in a scratch folder?
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub sandboxed: bool,
    /// The write that it verifies.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verifies: Option<Box<Verifies>>,
}

/// What a verification is about. Its environment is `RunSpec::env` and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifies {
    /// The write.
    pub write: JobId,
    /// The run of it.
    pub run: RunId,
    /// Which verification of its plan.
    pub index: usize,
    /// What the plan says of it: its files are hashed again before it runs.
    pub step: PlanStep,
}

/// A process, named so that a reused pid is never taken for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// The pid.
    pub pid: u32,
    /// Start time in clock ticks since boot (`/proc/PID/stat`, field 22); 0 where unknown.
    pub start_ticks: u64,
    /// The boot it belongs to.
    pub boot: BootId,
}

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum End {
    /// By itself.
    Exited {
        /// Exit code.
        code: i32,
    },
    /// By a signal that opsfsm did not send.
    Signaled {
        /// Signal number.
        signal: i32,
    },
    /// At its time limit; its group was sent TERM, then KILL.
    TimedOut {
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// opsfsm was told to end (Ctrl-C, or a tick's own limit) and ended it.
    Cancelled,
    /// At its limit, but it did not go even on SIGKILL (uninterruptible sleep).
    Unkillable {
        /// The pid left behind.
        pid: u32,
    },
    /// Never started.
    NotStarted {
        /// Why.
        fault: SpawnFault,
        /// A sentence naming the program or folder and the way out.
        detail: String,
    },
    /// Its executor vanished without a result.
    Lost,
}

impl End {
    /// Did the command exit 0?
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }
}

/// Why a program could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpawnFault {
    /// No such program.
    NotFound,
    /// The file is not executable, or may not be reached.
    NotExecutable,
    /// The file is no program this system can run (no `#!` line, or another architecture).
    BadFormat,
    /// The working folder is missing or can't be entered.
    BadCwd,
    /// Arguments and environment are too long.
    TooLong,
    /// Out of file descriptors, processes or memory, even after waiting.
    Resources,
    /// Something else.
    Other,
}

/// The kept end of an output stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamTail {
    /// Its last bytes as text; invalid UTF-8 is replaced.
    pub text: String,
    /// How many bytes it had in all.
    pub bytes: u64,
    /// Is `text` only its end?
    pub cut: bool,
}

/// What a run brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// End of its standard output.
    pub stdout: StreamTail,
    /// End of its standard error.
    pub stderr: StreamTail,
    /// Did `ACTION REQUIRED` or `ALERT` stand anywhere in its standard output or error?
    pub attention: bool,
    /// A descendant kept its output open after it had exited; of a write also: was still there.
    pub leaked: bool,
    /// What became of its sandbox; `None`: it was to have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sandbox: Option<SandboxFate>,
}

/// What became of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SandboxFate {
    /// The command ran in it.
    Applied,
    /// This system has none; the command ran without.
    Unavailable,
}

impl Outcome {
    /// The outcome of a run that has none.
    #[must_use]
    pub fn without_output(end: End) -> Self {
        Self {
            end,
            took_ms: 0,
            stdout: StreamTail::default(),
            stderr: StreamTail::default(),
            attention: false,
            leaked: false,
            sandbox: None,
        }
    }
}
