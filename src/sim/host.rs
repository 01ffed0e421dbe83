//! A host whose jobs do what a test says: they run, move, stop, complete, lie and break.
//!
//! One [`SimHost`] keeps clock, entropy, processes, status, launcher, runner and notifier. Its
//! state sits behind cells, so that it can stand in several ports of one call.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::files::SimFiles;
use super::job::{Death, Delivery, EXECUTOR_PIDS, SimJob, Wrote};
use super::orders::style;
use super::store::SharedStore;
use crate::base::{BootId, JobId, LocalTime, Now, RunId, Stamp, ZoneFault};
use crate::journal::Report;
use crate::model::{
    BrokenCause, BrokenStatus, End, Level, Observation, Observed, Outcome, Purpose, Route, RunSpec,
    Status, StreamTail, Undelivered, UndeliveredKind,
};
use crate::ports::{
    Clock, CommandRunner, Entropy, LaunchFault, Launcher, Notifier, StatusAsk, StatusRunner,
    StoreError,
};
use crate::render::Style;
use crate::tick::{RunPorts, execute_run};

/// The host.
#[derive(Clone)]
pub struct SimHost {
    /// Its jobs.
    pub jobs: Rc<RefCell<BTreeMap<JobId, SimJob>>>,
    /// Every command that was run, in order.
    pub ran: Rc<RefCell<Vec<RunSpec>>>,
    /// Every report that arrived.
    pub told: Rc<RefCell<Vec<Report>>>,
    /// Executors die right after they began.
    pub executors_die: Rc<Cell<bool>>,
    /// Executors can't be started.
    pub launches_fail: Rc<Cell<bool>>,
    /// Executors are still on their way when the tick stops waiting for them.
    pub executors_late: Rc<Cell<bool>>,
    /// Runs whose executors are on their way.
    pub on_their_way: Rc<RefCell<Vec<RunId>>>,
    /// Reports do not arrive.
    pub unreachable: Rc<Cell<bool>>,
    /// What becomes of the next deliveries, one after another; then they arrive.
    pub deliveries: Rc<RefCell<VecDeque<Delivery>>>,
    /// The way that reports go.
    pub route: Rc<Cell<Route>>,
    /// How long each delivery takes, and may take.
    pub delivery_takes: Rc<Cell<Duration>>,
    /// The next executor of a write dies there.
    pub dies: Rc<Cell<Option<Death>>>,
    /// Every write that was started, in order.
    pub wrote: Rc<RefCell<Vec<Wrote>>>,
    /// Nothing can be opened: the file table is full.
    pub nothing_opens: Rc<Cell<bool>>,
    /// Writes whose lock is held by what they left behind.
    pub in_flight: Rc<RefCell<BTreeSet<JobId>>>,
    /// Its files.
    pub files: SimFiles,
    /// The store that executors work on.
    pub store: SharedStore,
    /// The zone of its local clock.
    pub zone: Rc<RefCell<TimeZone>>,
    /// Why that is not the one that was meant.
    pub zone_fault: Rc<Cell<Option<ZoneFault>>>,
    /// How its reports are written.
    pub style: Rc<RefCell<Style>>,
    pub(super) now: Rc<RefCell<Stamp>>,
    pub(super) drawn: Rc<Cell<u64>>,
    pub(super) own_pid: Rc<Cell<u32>>,
    /// What tells two processes of one pid apart: which of all this one is.
    pub(super) own_birth: Rc<Cell<u64>>,
    pub(super) births: Rc<Cell<u64>>,
    pub(super) meanwhile: Meanwhile,
    /// When somebody last began to look at jobs.
    pub looked: Rc<RefCell<Option<Stamp>>>,
    /// By their start times, which nobody shares.
    pub(super) alive: Rc<RefCell<BTreeSet<u64>>>,
}

/// What happens between an observation and the decision made from it, or while a write runs.
pub(super) type Meanwhile = Rc<RefCell<Option<Box<dyn FnOnce(&SimHost)>>>>;

impl SimHost {
    /// A host at a fixed moment, with an empty store.
    #[must_use]
    pub fn new() -> Self {
        let at = Stamp {
            wall_ms: 1_790_000_000_000,
            awake_ms: 1_000_000,
            up_ms: 1_000_000,
            boot: BootId::new("boot-1"),
        };
        let now = Rc::new(RefCell::new(at));
        Self {
            jobs: Rc::default(),
            ran: Rc::default(),
            told: Rc::default(),
            executors_die: Rc::default(),
            launches_fail: Rc::default(),
            executors_late: Rc::default(),
            on_their_way: Rc::default(),
            meanwhile: Rc::default(),
            alive: Rc::default(),
            in_flight: Rc::default(),
            dies: Rc::default(),
            wrote: Rc::default(),
            nothing_opens: Rc::default(),
            files: SimFiles::default(),
            unreachable: Rc::default(),
            deliveries: Rc::default(),
            route: Rc::new(Cell::new(Route::Telegram)),
            delivery_takes: Rc::default(),
            store: SharedStore::default().with_clock(&now),
            zone: Rc::new(RefCell::new(TimeZone::UTC)),
            zone_fault: Rc::default(),
            style: Rc::new(RefCell::new(style())),
            now,
            drawn: Rc::default(),
            own_pid: Rc::new(Cell::new(100)),
            own_birth: Rc::default(),
            births: Rc::default(),
            looked: Rc::default(),
        }
    }

    /// Time passes, on all clocks.
    pub fn pass(&self, span: Duration) {
        let ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4);
        let mut now = self.now.borrow_mut();
        now.wall_ms += ms;
        now.awake_ms += ms;
        now.up_ms += ms;
    }

    /// The machine sleeps.
    pub fn suspend(&self, span: Duration) {
        let ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4);
        let mut now = self.now.borrow_mut();
        now.wall_ms += ms;
        now.up_ms += ms;
    }

    /// Somebody sets the wall clock.
    pub fn set_wall(&self, wall_ms: i64) {
        self.now.borrow_mut().wall_ms = wall_ms;
    }

    /// The system does not say any more which boot it is in.
    pub fn forget_boot(&self) {
        self.now.borrow_mut().boot = BootId::unknown();
    }

    /// The machine boots anew; everything that ran is gone.
    pub fn reboot(&self) {
        let mut now = self.now.borrow_mut();
        let next = now.boot.as_str().len() + 1;
        now.boot = BootId::new(format!("boot-{}", "x".repeat(next)));
        now.awake_ms = 1_000;
        now.up_ms = 1_000;
        now.wall_ms += 30_000;
        for job in self.jobs.borrow_mut().values_mut() {
            job.running = false;
        }
        self.next_process();
    }

    /// This happens once, right after the next statuses were read, or while the next write runs.
    pub fn meanwhile(&self, what: impl FnOnce(&Self) + 'static) {
        *self.meanwhile.borrow_mut() = Some(Box::new(what));
    }

    /// What was to happen then, and has not, does not.
    pub fn calm(&self) {
        self.meanwhile.borrow_mut().take();
    }

    /// The executors that were on their way arrive, and do their work now.
    pub fn executors_arrive(&self) {
        let runs: Vec<RunId> = self.on_their_way.borrow_mut().drain(..).collect();
        for run in &runs {
            let _ = self.execute(run);
        }
    }

    /// An executor of this run begins, runs and records it, if it may. `None`: it may not.
    #[must_use]
    pub fn execute(&self, run: &RunId) -> Option<Outcome> {
        // An executor is a process of its own; as soon as it ends, it is dead.
        let parent = self.become_pid(EXECUTOR_PIDS);
        let (mut runner, mut store) = (self.clone(), self.store.clone());
        let life = store.borders().hand_over();
        if self.executors_die.get() {
            // What is refused is not tried again: the executor is gone.
            store.fail_after_begin(StoreError::Refused("killed".to_owned()));
        }
        let mut ports = RunPorts {
            clock: self,
            entropy: self,
            processes: self,
            files: &self.files,
            runner: &mut runner,
            store: &mut store,
            style: &self.style.borrow(),
        };
        // What an executor can't record, the next tick finds out by itself.
        let executed = execute_run(run, &mut ports);
        self.return_to_pid(parent);
        self.store.borders().take_back(life);
        executed.ok()?.ok()
    }

    /// Changes a job.
    pub fn set(&self, id: &JobId, change: impl FnOnce(&mut SimJob)) {
        change(self.jobs.borrow_mut().entry(id.clone()).or_default());
    }

    fn status_of(&self, id: &JobId) -> Observed {
        let job = self.jobs.borrow().get(id).cloned().unwrap_or_default();
        if job.broken {
            return Observed::Broken(BrokenStatus {
                cause: job.broken_by.unwrap_or(BrokenCause::TimedOut),
                detail: "simulated".to_owned(),
            });
        }
        Observed::Status(Status {
            running: job.running,
            completed: job.completed,
            pid: None,
            progress: job.count(),
            stop_reason: job.stop_reason,
            progress_key: (!job.keyless).then(|| format!("n={}", job.progress)),
            level: match (job.alert, job.warn) {
                (true, _) => Level::Alert,
                (false, true) => Level::Warn,
                (false, false) => Level::Ok,
            },
            message: job.message,
        })
    }
}

impl Default for SimHost {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SimHost {
    fn now(&self) -> Now {
        let at = self.now.borrow().clone();
        let local = LocalTime {
            fault: self.zone_fault.get(),
            ..LocalTime::in_zone(&self.zone.borrow(), at.wall_ms)
        };
        Now { at, local }
    }

    fn at(&self) -> Stamp {
        self.now.borrow().clone()
    }

    fn pause(&self, span: Duration) {
        self.pass(span);
    }
}

impl Entropy for SimHost {
    fn seed(&self) -> Result<[u8; 32], String> {
        self.drawn.set(self.drawn.get() + 1);
        Ok(Sha256::digest(self.drawn.get().to_be_bytes()).into())
    }
}

impl StatusRunner for SimHost {
    fn observe(&mut self, asks: &[StatusAsk<'_>], _within: Duration) -> Vec<Observation> {
        // As the real one has it: what is seen is no older than when the asking began.
        let at = self.now.borrow().clone();
        *self.looked.borrow_mut() = Some(at.clone());
        let observed = |ask: &StatusAsk<'_>| {
            self.store.borders().come_between();
            let observed = self.status_of(ask.job);
            Observation { job: ask.job.clone(), at: at.clone(), observed }
        };
        let all = asks.iter().map(observed).collect();
        let meanwhile = self.meanwhile.borrow_mut().take();
        if let Some(what) = meanwhile {
            what(self);
        }
        all
    }
}

impl CommandRunner for SimHost {
    fn run(&mut self, spec: &RunSpec) -> Outcome {
        if self.store.borders().is_dead() {
            return Outcome::without_output(End::Lost);
        }
        self.ran.borrow_mut().push(spec.clone());
        let mut jobs = self.jobs.borrow_mut();
        let job = jobs.entry(spec.job.clone()).or_default();
        let ok = job.exit == 0;
        match spec.purpose {
            Purpose::Start | Purpose::Resume if ok && !job.start_is_idle => job.running = true,
            Purpose::Stop | Purpose::RestartStop if ok => job.running = false,
            Purpose::Start
            | Purpose::Resume
            | Purpose::Stop
            | Purpose::RestartStop
            | Purpose::Check
            | Purpose::Verify
            | Purpose::Write => {}
        }
        let attention = job.attention && matches!(spec.purpose, Purpose::Check | Purpose::Verify);
        let end = if job.called_off { End::Cancelled } else { End::Exited { code: job.exit } };
        let said = job.output.clone();
        let stdout = StreamTail { bytes: said.len() as u64, text: said, cut: false };
        Outcome { stdout, attention, ..Outcome::without_output(end) }
    }
}

impl Launcher for SimHost {
    fn launch(&mut self, runs: &[RunId], _within: Duration) -> Vec<LaunchFault> {
        if self.store.borders().is_dead() {
            return Vec::new();
        }
        let fault = |run: &RunId| LaunchFault { run: run.clone(), detail: "simulated".to_owned() };
        if self.launches_fail.get() {
            return runs.iter().map(fault).collect();
        }
        if self.executors_late.get() {
            self.on_their_way.borrow_mut().extend(runs.iter().cloned());
            return Vec::new();
        }
        for run in runs {
            let _ = self.execute(run);
        }
        Vec::new()
    }
}

impl Notifier for SimHost {
    fn route(&self) -> Route {
        self.route.get()
    }

    fn patience(&self) -> Duration {
        self.delivery_takes.get()
    }

    fn deliver(&mut self, report: &Report) -> Result<(), Undelivered> {
        if self.store.borders().is_dead() {
            let detail = "killed".to_owned();
            return Err(Undelivered { kind: UndeliveredKind::Ambiguous, detail });
        }
        self.pass(self.delivery_takes.get());
        let passing = Delivery::Fails(UndeliveredKind::Passing { after: None });
        let next = self.deliveries.borrow_mut().pop_front().unwrap_or(Delivery::Arrives);
        let fails = |kind| Err(Undelivered { kind, detail: "simulated".to_owned() });
        let arrive = || self.told.borrow_mut().push(report.clone());
        match if self.unreachable.get() { passing } else { next } {
            Delivery::Fails(kind) => fails(kind),
            Delivery::ArrivesUnknown => {
                arrive();
                fails(UndeliveredKind::Ambiguous)
            }
            Delivery::Arrives => {
                arrive();
                Ok(())
            }
        }
    }
}
