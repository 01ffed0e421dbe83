//! Child processes: many at once, each with a bounded output, a limit and exactly one result.
//!
//! In: what to run, by when, and what interrupts it. Out: how each child ended and what it said.
//! Invariant: this module never loses a child, never waits without a bound for one that has a
//! limit, and never signals a process that is not its own unreaped child (or proved by `proc`).

mod capture;
mod clock;
mod detached;
mod evidence;
mod flight;
mod loadable;
mod log;
#[cfg(not(target_os = "linux"))]
mod noproc;
mod pool;
pub mod proc;
#[cfg(target_os = "linux")]
mod procfs;
mod resolve;
mod sole;
mod spawn;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use crate::adapters::signals::Interrupt;
use crate::base::limits;
use crate::model::End;

pub use capture::ATTENTION_WORDS;
pub use clock::Deadline;
pub use detached::{Detached, leave_terminal, spawn_detached, wait_detached};
pub use loadable::loadable;
pub use resolve::{Refusal, folder_refusal, resolve_program};
pub use sole::{Prepared, Sole};
pub use spawn::{
    SECRET_VARIABLE, become_program, inherited_path, keep_back_variable, search_path,
    secrets_beside, secrets_of,
};

/// A command to run as a child.
#[derive(Clone, Debug)]
pub struct ChildSpec {
    /// Program and arguments. A bare program name is looked up along PATH.
    pub argv: Vec<String>,
    /// Working folder.
    pub cwd: PathBuf,
    /// Added to the inherited environment.
    pub env: Vec<(String, String)>,
    /// Is nothing inherited, so that `env` is its whole environment?
    pub clear_env: bool,
    /// Wall limit, from its start; `None`: as long as it likes.
    pub limit: Option<Duration>,
    /// What is kept of its output.
    pub capture: Capture,
}

/// What is kept of a child's output. Attention words are found in all of it, kept or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capture {
    /// The first bytes of stdout, and the last `limits::TAIL_BYTES` of stderr.
    Head(usize),
    /// The last `limits::TAIL_BYTES` of both.
    Tail,
    /// Both are appended to this file, and no pipe is used: a background job that keeps its
    /// output open never gets SIGPIPE. The end of what was added becomes the result's stdout;
    /// leaks can't be seen.
    Log {
        /// The file, made with mode 0600 if it is missing.
        path: PathBuf,
    },
}

/// The kept part of an output stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// The bytes as they were written, valid UTF-8 or not.
    pub bytes: Vec<u8>,
    /// How many there were in all.
    pub total: u64,
    /// Were there more than are kept?
    pub cut: bool,
}

/// What a child brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildResult {
    /// How it ended.
    pub end: End,
    /// From its start to its exit.
    pub took: Duration,
    /// Standard output.
    pub stdout: Stream,
    /// Standard error; empty with [`Capture::Log`].
    pub stderr: Stream,
    /// Did an attention word stand anywhere in either?
    pub attention: bool,
    /// A descendant held its output open after it had exited.
    pub leaked: bool,
}

impl ChildResult {
    pub(crate) fn without_output(end: End) -> Self {
        Self {
            end,
            took: Duration::ZERO,
            stdout: Stream::default(),
            stderr: Stream::default(),
            attention: false,
            leaked: false,
        }
    }
}

/// How long each stage of ending a child may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graces {
    /// From SIGTERM to SIGKILL.
    pub kill: Duration,
    /// From SIGKILL to giving it up.
    pub reap: Duration,
    /// From its exit to closing a pipe that a descendant holds.
    pub leak: Duration,
}

impl Default for Graces {
    fn default() -> Self {
        Self { kill: limits::KILL_GRACE, reap: limits::REAP_GRACE, leak: limits::LEAK_GRACE }
    }
}

/// What ends children from outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Control<'a> {
    /// From here on nothing is started and what runs is ended, as [`End::Cancelled`].
    pub deadline: Option<Deadline>,
    /// Does the same when it comes.
    pub cancel: Option<&'a Interrupt>,
    /// How patiently children are ended.
    pub graces: Graces,
}

impl Control<'_> {
    /// Is it time to stop?
    pub(crate) fn stops(&self) -> bool {
        self.cancel.is_some_and(|interrupt| interrupt.received().is_some())
            || self.deadline.is_some_and(Deadline::passed)
    }
}

/// Runs all children, many at a time, and waits for them.
///
/// There is exactly one result for each spec, in the order of the specs. When it returns, every
/// child is reaped but for those reported as [`End::Unkillable`].
#[must_use]
pub fn run_children(specs: &[ChildSpec], control: &Control<'_>) -> Vec<ChildResult> {
    run_children_with(specs, control, |_, result| result)
}

/// The same, but each result goes through `take` (with its spec's place) as soon as it is there,
/// on the thread that collected it. What is held at once is then the output of children in
/// flight, not of all: ten thousand jobs that each fill their bound would take gigabytes.
/// `take` has to be quick, since it holds up that thread's other children, and must not panic.
#[must_use]
pub fn run_children_with<T: Send>(
    specs: &[ChildSpec],
    control: &Control<'_>,
    take: impl Fn(usize, ChildResult) -> T + Sync,
) -> Vec<T> {
    crate::adapters::signals::keep_children();
    pool::run(specs, control, &take)
}
