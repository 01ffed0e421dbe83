//! What a simulated job does, and what is seen of its writes.

use crate::base::{JobId, RunId, Stamp};
use crate::model::{BrokenCause, UndeliveredKind};

/// An executor's pid is its parent's, far above every other.
pub(super) const EXECUTOR_PIDS: u32 = 1_000_000;

/// One simulated job.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing a job can do")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimJob {
    /// It runs.
    pub running: bool,
    /// It is done.
    pub completed: bool,
    /// How far it is.
    pub progress: u64,
    /// Its status source is broken.
    pub broken: bool,
    /// How; `None`: it hangs.
    pub broken_by: Option<BrokenCause>,
    /// It says nothing of its progress.
    pub keyless: bool,
    /// It says how far it is in a number, for people, too.
    pub counted: bool,
    /// Of so many, where it says that as well.
    pub whole: Option<u64>,
    /// It says how many per cent of them.
    pub percent: bool,
    /// It calls for help.
    pub alert: bool,
    /// It feels unwell.
    pub warn: bool,
    /// What it has to say.
    pub message: Option<String>,
    /// Why it does not run, in its own words.
    pub stop_reason: Option<String>,
    /// Its commands exit with this.
    pub exit: i32,
    /// Its commands print this.
    pub output: String,
    /// Its commands are called off.
    pub called_off: bool,
    /// Its checks print attention words.
    pub attention: bool,
    /// Its write is killed.
    pub killed: bool,
    /// Its write leaves a process behind that still writes.
    pub leaves_running: bool,
    /// What it leaves behind has closed the lock: only its pid says that it lives.
    pub sheds_lock: bool,
    /// Its write can't be started, though everything was prepared.
    pub not_started: bool,
    /// Its start command does not make it run.
    pub start_is_idle: bool,
}

impl SimJob {
    /// What it says of its progress for people.
    pub(super) fn count(&self) -> serde_json::Map<String, serde_json::Value> {
        let done = self.progress;
        let fields = match self.whole {
            None => vec![("done", done.into())],
            Some(whole) if self.percent => {
                let share = done * 1000 / whole.max(1);
                vec![("percent", format!("{}.{}", share / 10, share % 10).into())]
            }
            Some(whole) => vec![("done", done.into()), ("total", whole.into())],
        };
        let own = |(name, value): (&str, _)| (name.to_owned(), value);
        fields.into_iter().filter(|_| self.counted).map(own).collect()
    }
}

/// A write that was really started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrote {
    /// The write.
    pub job: JobId,
    /// Its run.
    pub run: RunId,
    /// What ran.
    pub argv: Vec<String>,
    /// When.
    pub at: Stamp,
}

/// What becomes of the next delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It arrives, and that is known.
    Arrives,
    /// It arrives, and nobody knows.
    ArrivesUnknown,
    /// It fails like this.
    Fails(UndeliveredKind),
}

/// Where the executor of a write dies, after its flip. A dead process records nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Death {
    /// Before it starts the command.
    BeforeStart,
    /// After that, before it records what the command became.
    AfterStart,
    /// Before it records the end.
    BeforeEnd,
}
