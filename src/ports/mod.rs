//! What the engine needs of the world outside, as traits.
//!
//! In: nothing. Out: the contracts that `adapters` keep with the real system and `sim` with a
//! simulated one. Whatever is generic over these traits can be driven through every fault.
//! Invariant: one trait here starts a write, and it takes a [`Permit`] for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::approval::{Permit, Spent};
use crate::base::{JobId, Now, RunId, Stamp};
use crate::journal::{Change, EventKind, Head, Parcel, Report, World};
use crate::model::{
    Account, Job, Observation, Outcome, ProcessId, Route, RunSpec, SealedFile, StatusSource,
    Undelivered, Work,
};

/// Tells the time.
pub trait Clock {
    /// The present, on all clocks.
    fn now(&self) -> Now;
    /// The same without the local time, which takes a look into the time zone.
    fn at(&self) -> Stamp {
        self.now().at
    }
    /// Lets this much time pass.
    fn pause(&self, span: Duration);
}

/// Gives bits that nobody can guess.
pub trait Entropy {
    /// A seed for the ids of one decision.
    ///
    /// # Errors
    /// A sentence, where the system has none.
    fn seed(&self) -> Result<[u8; 32], String>;
}

/// One job to be asked how it is.
#[derive(Clone, Debug)]
pub struct StatusAsk<'a> {
    /// Which job.
    pub job: &'a JobId,
    /// How.
    pub source: &'a StatusSource,
    /// Its folder.
    pub cwd: &'a Path,
    /// Its added environment.
    pub env: &'a BTreeMap<String, String>,
}

impl<'a> StatusAsk<'a> {
    /// How to ask a long_running_read; nothing else is asked.
    #[must_use]
    pub fn of(job: &'a Job) -> Option<Self> {
        match &job.work {
            Work::Watch { status, .. } => {
                Some(Self { job: &job.id, source: status, cwd: &job.cwd, env: &job.env })
            }
            Work::Check { .. } | Work::Write { .. } => None,
        }
    }
}

/// Asks jobs how they are, all at once.
pub trait StatusRunner {
    /// One observation for each ask, sorted by job id; none later than `within`.
    fn observe(&mut self, asks: &[StatusAsk<'_>], within: Duration) -> Vec<Observation>;

    /// Was the asking cut short by a signal to opsfsm? Then its answers say nothing of the jobs.
    fn was_interrupted(&self) -> bool {
        false
    }
}

/// Whether a process is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It is.
    Alive,
    /// It is not: gone, a zombie, its pid reused, or of another boot.
    Dead,
    /// It can't be told on this system.
    Unknown,
}

/// Knows this machine's processes.
pub trait Processes {
    /// The calling process.
    fn own_id(&self) -> ProcessId;
    /// Is that one still there?
    fn liveness(&self, process: &ProcessId) -> Liveness;
    /// Does anybody, an executor or what it started, hold the lock that shows this write in flight?
    /// What can't be told counts as held.
    fn is_in_flight(&self, write: &JobId) -> bool;
}

/// Starts executors: processes that flip a claimed run to executing, run it and record its end.
pub trait Launcher {
    /// Starts one executor a run and waits for them, at most this long. Those that are not done
    /// by then are left to themselves. Returns what could not be started at all.
    fn launch(&mut self, runs: &[RunId], within: Duration) -> Vec<LaunchFault>;
}

/// Runs one claimed command to its end. Only the order that has begun the run calls it.
pub trait CommandRunner {
    /// Runs it, within its limit, and says how it ended.
    fn run(&mut self, spec: &RunSpec) -> Outcome;
}

/// Runs one write to its end, for a permit.
pub trait WriteRunner {
    /// Takes the lock that shows the write in flight, and opens whatever its start will need. What
    /// is short strikes here, before an approval is spent. Nothing is started. Called once more, it gives
    /// back what it held.
    ///
    /// # Errors
    /// [`Unready`]; nothing is held then.
    fn prepare(&mut self, job: &JobId, program: &Path) -> Result<(), Unready>;

    /// Starts the prepared command, says which process it became, and waits for its end. Only the
    /// order that has redeemed the permit calls it.
    fn run_write(&mut self, permit: Permit, began: &mut dyn FnMut(ProcessId)) -> Outcome;
}

/// Why a write can't be started now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unready {
    /// A process of an earlier run still holds its lock.
    #[error("a process that an earlier run of it started still runs; wait for its end, or end it")]
    InFlight,
    /// Something is missing or short.
    #[error("{0}")]
    Short(String),
}

/// An executor that could not be started: its run is still only claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchFault {
    /// Whose.
    pub run: RunId,
    /// Why.
    pub detail: String,
}

/// What was found at a path. Each `path` in it is where that led: absolute, links resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileLook {
    /// A regular file, hashed.
    File(SealedFile),
    /// A regular file beyond the bound.
    TooLarge {
        /// Which.
        path: String,
    },
    /// A folder.
    Folder {
        /// Which.
        path: String,
    },
    /// A device, a pipe or a socket.
    Special {
        /// Which.
        path: String,
    },
    /// Nothing.
    Missing {
        /// Where something of this name would come to be; `None`: nowhere yet.
        path: Option<String>,
    },
}

/// What the kernel would make of a program's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loadable {
    /// It runs it.
    Binary,
    /// It hands it to the interpreter that its first line names.
    Script {
        /// The interpreter; a relative one starts at the folder in which the script is started.
        interpreter: String,
        /// What it is told before the script's own path.
        words: Vec<String>,
    },
}

/// Looks at files and accounts, for plans.
pub trait FileFacts {
    /// The file that a program's name means, in this folder and along this PATH.
    ///
    /// # Errors
    /// A sentence naming the program, the folder and the way out.
    fn resolve(&self, program: &str, cwd: &Path, path: &str) -> Result<PathBuf, String>;

    /// What is at this path, hashed if it is a file of at most `most` bytes.
    ///
    /// # Errors
    /// A sentence, where it is there but can't be read.
    fn look(&self, path: &Path, most: Option<u64>) -> Result<FileLook, String>;

    /// The folder that this path leads to, links resolved.
    ///
    /// # Errors
    /// A sentence, where it is none that can be entered.
    fn folder(&self, path: &Path) -> Result<String, String>;

    /// What the kernel would make of this file, if it were started.
    ///
    /// # Errors
    /// A sentence, where it can't be read or no start of it can succeed.
    fn loadable(&self, path: &Path) -> Result<Loadable, String>;

    /// The account that this process runs as.
    ///
    /// # Errors
    /// A sentence, where there is none.
    fn account(&self) -> Result<Account, String>;
}

/// What stands behind a program's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramLook {
    /// A file that can be started.
    Fit(PathBuf),
    /// Nothing. The sentence names the program and the way out.
    Missing(String),
    /// Something that can't be started. The sentence says why.
    Unfit(String),
}

/// A path that others than this account and root may change, itself or a folder above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// What they may change.
    pub path: String,
    /// Why, as in "anybody may write to it".
    pub how: String,
}

/// Looks at this machine for the advice of `check`. Nothing is started.
pub trait HostFacts {
    /// What a program's name means in this folder, along this PATH or the inherited one.
    fn program(&self, program: &str, cwd: &Path, path: Option<&str>) -> ProgramLook;
    /// How others may change what is at this path, if they may.
    fn exposed(&self, path: &Path) -> Option<Exposed>;
    /// What a status file says, if it can be read.
    fn status_file(&self, path: &Path) -> Option<Vec<u8>>;
}

/// Takes reports to people.
pub trait Notifier {
    /// The way that they go.
    fn route(&self) -> Route;

    /// Delivers one.
    ///
    /// # Errors
    /// [`Undelivered`]; it stays in the outbox.
    fn deliver(&mut self, report: &Report) -> Result<(), Undelivered>;

    /// How long one delivery may take.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// What a person at this machine should hear, though it was no reason to fail.
    fn take_notes(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Are reports only handed to the caller? Then they have not arrived before the caller says so.
    fn hands_over(&self) -> bool {
        false
    }
}

/// What a store makes durable in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// What a decision changed.
    pub change: Change,
    /// Reports for the outbox.
    pub reports: Vec<Report>,
}

/// Why an order ends early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not to be trusted: corrupt, foreign, newer, or not a store at all.
    #[error("{0}")]
    Refused(String),
    /// Another process held it for too long.
    #[error("{0}")]
    Busy(String),
    /// The disk, or the decision, failed; nothing was changed, or it can't be known.
    #[error("{0}")]
    Failed(String),
    /// A signal told opsfsm to end before anything was recorded.
    #[error("interrupted by a signal; nothing was recorded, started or sent")]
    Interrupted,
}

/// A decision that runs inside a store's transaction.
pub type Decide<'a> = dyn FnMut(World) -> Result<Commit, StoreError> + 'a;

/// The approval that a change spends; `None`: none. Every store asks this of what it commits.
///
/// # Errors
/// [`StoreError::Failed`] where it spends one and may not, more than one, or one without its record.
pub fn spent_by(change: &Change, may_spend: bool) -> Result<Option<Spent>, StoreError> {
    let mut found = None;
    for event in &change.events {
        let EventKind::GrantSpent { grant, run } = &event.kind else { continue };
        let record = change.world.snapshot.grants.get(grant);
        let (true, None, Some(record)) = (may_spend, &found, record) else {
            let why =
                "an approval is spent only by the executor that begins its write, one at a time";
            return Err(StoreError::Failed(why.to_owned()));
        };
        let digest = record.grant.digest.clone();
        found = Some(Spent { grant: grant.clone(), run: run.clone(), digest });
    }
    Ok(found)
}

/// Which part of the outbox is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parcels {
    /// What waits.
    Waiting,
    /// What waits and what was given up.
    Unsettled,
    /// All that is still kept.
    All,
}

/// Keeps the journal, the snapshot and the outbox.
pub trait Store {
    /// What it holds now.
    ///
    /// # Errors
    /// [`StoreError`] naming the file and the way out.
    fn read(&mut self) -> Result<World, StoreError>;

    /// Fails if the store must be refused, before anything runs on its word.
    ///
    /// # Errors
    /// As above.
    fn check(&mut self) -> Result<(), StoreError> {
        self.read().map(drop)
    }

    /// Loads, decides and commits, with nobody in between. After an error nothing may be started.
    ///
    /// # Errors
    /// [`StoreError`]; the decision is then void.
    fn transact(&mut self, decide: &mut Decide<'_>) -> Result<Head, StoreError>;

    /// The outbox, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    fn parcels(&mut self, wanted: Parcels) -> Result<Vec<Parcel>, StoreError>;

    /// Notes how far a report is; one that has come to an end stays as it is, unless it is `Dead`.
    ///
    /// # Errors
    /// [`StoreError`]; a report that arrived may then be delivered again, under the same id.
    fn save_parcel(&mut self, parcel: &Parcel) -> Result<(), StoreError>;
}
