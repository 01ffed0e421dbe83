//! The reference model: what may have happened, by the design and by what was done in a life. It has a
//! table of its own, keeps its own accounts, and never asks the engine what may be; from the store it
//! takes what is on record, to hold that against them.

use std::collections::{BTreeMap, BTreeSet};

use opsfsm::base::Stamp;
use opsfsm::journal::{Event, EventKind, ItemEnd, Origin, Snapshot, apply};
use opsfsm::model::{End, Purpose};
use opsfsm::sim::SimJob;

use crate::gate_book::GateBook;
use crate::met::Met;
use crate::play::{Deed, Stage};
use crate::step::Order;
use crate::table::leads_to;
use crate::told::ToldBook;
use crate::trail_book::TrailBook;
use crate::watch_book::WatchBook;
use crate::world::{CHECKS, DOCK, EVERY, WATCHES, index};

pub(crate) type Verdict = Result<(), String>;

pub(crate) fn wrong(why: impl Into<String>) -> Verdict {
    Err(why.into())
}

/// Time for delays: awake time within a boot, else the wall clock, and at least this boot's time.
pub(crate) fn delay(now: &Stamp, then: &Stamp) -> i64 {
    if now.boot == then.boot {
        (now.awake_ms - then.awake_ms).max(0)
    } else {
        (now.wall_ms - then.wall_ms).max(now.awake_ms).max(0)
    }
}

/// A run, from its claim on.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) job: usize,
    pub(crate) purpose: Purpose,
    pub(crate) argv: Vec<String>,
    /// How its command behaved when it ran; `None`: it did not.
    pub(crate) ran: Option<SimJob>,
    pub(crate) over: bool,
    pub(crate) dropped: bool,
    times: u32,
}

/// A queue item.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) job: usize,
    pub(crate) at: Stamp,
    pub(crate) delay: i64,
    pub(crate) origin: Origin,
    /// Pending, running, or over.
    pub(crate) state: u8,
}

/// The model.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) states: BTreeMap<usize, &'static str>,
    pub(crate) runs: BTreeMap<String, Run>,
    pub(crate) items: BTreeMap<String, Item>,
    origins: BTreeSet<(usize, String)>,
    pub(crate) watches: BTreeMap<usize, WatchBook>,
    pub(crate) gate: GateBook,
    pub(crate) told: ToldBook,
    trails: TrailBook,
    /// How the last run of each job ended, and when.
    pub(crate) last_end: BTreeMap<usize, (Purpose, End, Stamp)>,
    pub(crate) last_check: BTreeMap<usize, Stamp>,
    folded: Snapshot,
    events: usize,
    steps: u64,
}

/// How often the whole state is held against its replay.
const WHOLE_EVERY: u64 = 8;

impl Book {
    /// The store is made.
    pub(crate) fn begin(&mut self, stage: &Stage) -> Verdict {
        for event in stage.host.store.take_begun().iter().flat_map(|made| &made.events) {
            apply(&mut self.folded, event).map_err(|f| f.to_string())?;
            self.events += 1;
        }
        Ok(())
    }

    /// Judges a step.
    pub(crate) fn judge(&mut self, stage: &mut Stage, deed: &Deed, met: &mut Met) -> Verdict {
        if deed.acts.is_empty() && deed.events.is_empty() {
            // Nobody has called the engine.
            return Ok(());
        }
        self.steps += 1;
        self.events += deed.events.len();
        if deed.failed_first
            && !(deed.ran.is_empty() && deed.wrote.is_empty())
            && deed.acts.len() == 1
            // Each of several executors is a process of its own.
            && deed.acts[0].order != Order::ExecutorsArrive
        {
            return wrong("something was started after a commit that failed");
        }
        let before = self.states.clone();
        self.look(deed);
        self.gate.note_verified(stage, deed);
        // What ran is looked at with the events: a run is claimed before, and ends after.
        dated_truly(deed)?;
        for event in &deed.events {
            self.event(stage, deed, event, met)?;
            apply(&mut self.folded, event)
                .map_err(|f| format!("the journal does not replay: {f}"))?;
        }
        self.ran(deed, &before)?;
        self.forget();
        self.gate.started(deed, met)?;
        for job in WATCHES {
            if let (Some(state), Some(book)) = (self.states.get(&job), self.watches.get_mut(&job)) {
                book.after(job, deed, (before.get(&job).copied(), state), met)?;
            }
        }
        self.trails.judge(stage, deed, met)?;
        meet_moments(deed, met);
        self.one_live_run_a_job()?;
        self.told.judge(deed, &self.states, met)?;
        if deed.good_tick {
            self.served(deed)?;
        }
        self.stored(stage)
    }

    /// The watched jobs are looked at by ticks, and by whoever starts or stops one.
    fn look(&mut self, deed: &Deed) {
        for job in WATCHES {
            let looked = |order: &Order| match order {
                Order::Tick => deed.decls.enabled(job),
                Order::Start(n) | Order::Stop(n) => *n == job,
                _ => false,
            };
            if deed.gave(looked) {
                self.watches.entry(job).or_default().look(job, deed);
            }
        }
    }

    fn event(&mut self, stage: &Stage, deed: &Deed, event: &Event, met: &mut Met) -> Verdict {
        let Some(job) = event.job.as_ref().and_then(|id| index(id.as_str())) else {
            return self.gate.event_of_store(stage, event);
        };
        match &event.kind {
            EventKind::Declared { state } => {
                self.states.insert(job, state.as_str());
                met.state(job, state.as_str());
                Ok(())
            }
            EventKind::Moved { input, to, .. } => {
                let from = *self.states.get(&job).ok_or("a job without a state moved")?;
                let input = input.as_str();
                let Some(led) = leads_to(job, from, input) else {
                    return wrong(format!("{event:?}: no such edge from {from}"));
                };
                if led != to.as_str() {
                    return wrong(format!("{from} --{input}--> {led}, not {to}"));
                }
                met.edge(job, from, input);
                met.state(job, led);
                self.moved(stage, deed, job, ((from, input), &event.at))?;
                self.states.insert(job, led);
                Ok(())
            }
            EventKind::RunClaimed { .. }
            | EventKind::RunEnded { .. }
            | EventKind::RunDropped { .. } => self.run_event(stage, deed, job, event, met),
            EventKind::AttemptsReset => {
                self.watches.entry(job).or_default().attempts_reset(job, deed)
            }
            EventKind::Enqueued { .. }
            | EventKind::ItemStarted { .. }
            | EventKind::ItemReturned { .. }
            | EventKind::ItemSettled { .. } => self.item_event(deed, job, event),
            _ => self.gate.event(stage, deed, (job, event), &self.states, met),
        }
    }

    fn moved(
        &mut self,
        stage: &Stage,
        deed: &Deed,
        job: usize,
        (edge, at): ((&str, &str), &Stamp),
    ) -> Verdict {
        if WATCHES.contains(&job) {
            let end = self.last_end.get(&job);
            let book = self.watches.entry(job).or_default();
            return book.moved(job, deed, edge, end);
        }
        if CHECKS.contains(&job) {
            return self.check_moved(job, edge.1);
        }
        self.gate.moved(deed, job, edge, (self.last_end.get(&job), at, stage.losses))
    }

    fn check_moved(&self, job: usize, input: &str) -> Verdict {
        let end = self.last_end.get(&job).filter(|(purpose, ..)| *purpose == Purpose::Check);
        let waits = self.items.values().any(|item| {
            item.job == job
                && item.state == 0
                && !matches!(item.origin, Origin::Verification { .. })
        });
        let live = self.runs.values().any(|run| {
            run.job == job && run.purpose == Purpose::Check && !run.over && !run.dropped
        });
        let lawful = match input {
            "enqueue" => waits,
            "drop" => !waits,
            "begin" => live,
            "exited_ok" => end.is_some_and(|(_, end, _)| end.is_success()),
            "exited_err" => end.is_some_and(|(_, end, _)| !end.is_success() && *end != End::Lost),
            "lost" => end.is_some_and(|(_, end, _)| *end == End::Lost),
            _ => false,
        };
        if lawful { Ok(()) } else { wrong(format!("job {job}: {input}, with {end:?}")) }
    }

    fn run_event(
        &mut self,
        stage: &Stage,
        deed: &Deed,
        job: usize,
        event: &Event,
        met: &mut Met,
    ) -> Verdict {
        match &event.kind {
            EventKind::RunClaimed { run, purpose } => {
                met.thing("a run is claimed");
                let verb = match purpose {
                    Purpose::Start | Purpose::Resume => "start",
                    Purpose::Stop | Purpose::RestartStop => "stop",
                    Purpose::Check | Purpose::Verify | Purpose::Write => "run",
                };
                if WATCHES.contains(&job) {
                    let state = self.states.get(&job).copied().unwrap_or_default();
                    let book = self.watches.entry(job).or_default();
                    book.claimed(job, deed, (*purpose, state), &event.at)?;
                }
                let argv = deed.decls.argv(job, verb);
                let fresh = Run {
                    job,
                    purpose: *purpose,
                    argv,
                    ran: None,
                    over: false,
                    dropped: false,
                    times: 0,
                };
                if self.runs.insert(run.to_string(), fresh).is_some() {
                    return wrong(format!("run {run} is claimed twice"));
                }
                Ok(())
            }
            EventKind::RunDropped { run, purpose } => {
                met.thing("a claim is dropped");
                let known = self.runs.get_mut(run.as_str()).ok_or("a run is dropped unclaimed")?;
                if known.ran.is_some() || known.over || known.dropped {
                    return wrong(format!("a run is dropped that ran, or twice: {known:?}"));
                }
                known.dropped = true;
                self.gate.over(run);
                if WATCHES.contains(&job) {
                    self.watches.entry(job).or_default().dropped(*purpose);
                }
                Ok(())
            }
            EventKind::RunEnded { run, purpose, end, attention } => {
                self.note_ran(deed);
                let known = self.runs.get_mut(run.as_str()).ok_or("a run ends unclaimed")?;
                if known.over || known.dropped {
                    return wrong(format!("a run ends twice: {known:?}"));
                }
                known.over = true;
                if *purpose != Purpose::Write {
                    ended_as_it_did(known, (end, *attention), stage.losses)?;
                }
                if *end == End::Lost {
                    met.thing("a run is lost");
                }
                self.gate.over(run);
                self.last_end.insert(job, (*purpose, end.clone(), event.at.clone()));
                if *purpose == Purpose::Check {
                    self.last_check.insert(job, event.at.clone());
                }
                if WATCHES.contains(&job) {
                    self.watches.entry(job).or_default().run_over(*purpose, end, &event.at);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What ran in this step belongs to its claim.
    fn note_ran(&mut self, deed: &Deed) {
        for spec in &deed.ran {
            if let Some(run) = self.runs.get_mut(spec.run.as_str()) {
                run.ran.get_or_insert_with(|| deed.after[run.job].clone());
            }
        }
    }

    /// Whatever ran was claimed for that, as the config then said, and ran once.
    fn ran(&mut self, deed: &Deed, before: &BTreeMap<usize, &'static str>) -> Verdict {
        self.note_ran(deed);
        for spec in &deed.ran {
            let Some(run) = self.runs.get_mut(spec.run.as_str()) else {
                return wrong(format!("it ran, and nobody has claimed it: {spec:?}"));
            };
            run.times += 1;
            if run.times > 1 || run.dropped {
                return wrong(format!("it ran twice, or was dropped: {spec:?}"));
            }
            if run.purpose != spec.purpose
                || (spec.purpose != Purpose::Verify && run.argv != spec.argv)
            {
                return wrong(format!("not what was claimed: {spec:?}, {run:?}"));
            }
            let paused = |states: &BTreeMap<usize, &str>| states.get(&run.job) == Some(&"paused");
            if spec.purpose == Purpose::Resume && paused(before) && paused(&self.states) {
                return wrong("what a person stopped was started by a tick");
            }
            if spec.purpose == Purpose::Write {
                return wrong(format!("a write ran past its gate: {spec:?}"));
            }
        }
        self.gate.verified(deed, &self.runs)
    }

    /// What is long over need not be known any more.
    fn forget(&mut self) {
        if self.runs.len() > 400 {
            self.runs.retain(|_, run| !run.over && !run.dropped);
        }
        if self.items.len() > 600 {
            self.items.retain(|_, item| item.state != 2);
        }
    }

    fn item_event(&mut self, deed: &Deed, job: usize, event: &Event) -> Verdict {
        match &event.kind {
            EventKind::Enqueued { item } => {
                self.may_enqueue(deed, job, &item.origin, &event.at)?;
                let named = (job, format!("{:?}", item.origin));
                let once = !matches!(item.origin, Origin::Schedule | Origin::Person);
                if once && !self.origins.insert(named) {
                    return wrong(format!("queued twice: {event:?}"));
                }
                let delay = i64::try_from(item.delay_ms).map_err(|e| e.to_string())?;
                let (at, origin) = (event.at.clone(), item.origin.clone());
                let fresh = Item { job, at, delay, origin, state: 0 };
                self.items.insert(item.id.to_string(), fresh);
                Ok(())
            }
            EventKind::ItemStarted { item, .. } => self.item_moves(item.as_str(), 0, 1, event),
            EventKind::ItemReturned { item } => self.item_moves(item.as_str(), 1, 0, event),
            EventKind::ItemSettled { item, how } => {
                let from = u8::from(matches!(how, ItemEnd::Done | ItemEnd::Failed));
                self.item_moves(item.as_str(), from, 2, event)
            }
            _ => Ok(()),
        }
    }

    fn item_moves(&mut self, item: &str, from: u8, to: u8, event: &Event) -> Verdict {
        let item = self.items.get_mut(item).ok_or("an item that nobody queued")?;
        if item.state != from {
            return wrong(format!("an item is served twice, or over: {event:?}, {item:?}"));
        }
        if to == 1 && delay(&event.at, &item.at) < item.delay {
            return wrong(format!("an item is served before its time: {event:?}, {item:?}"));
        }
        item.state = to;
        Ok(())
    }

    fn may_enqueue(&self, deed: &Deed, job: usize, origin: &Origin, at: &Stamp) -> Verdict {
        let lawful = match origin {
            Origin::Schedule => {
                let last = self.last_check.get(&job);
                job == DOCK && deed.decls.enabled(job) && last.is_none_or(|l| delay(at, l) >= EVERY)
            }
            Origin::Chain { job: from, .. } => {
                let from = index(from.as_str()).ok_or("a chain from nowhere")?;
                let state = self.states.get(&from).copied().unwrap_or_default();
                let success = matches!(state, "completed" | "verified");
                let links = deed.decls.links(from);
                links.iter().any(|(to, when, _)| *to == job && *when == success)
                    && matches!(state, "completed" | "failed" | "verified")
            }
            Origin::Verification { .. } => true,
            Origin::Person | Origin::Account { .. } | Origin::Config | Origin::Import { .. } => {
                false
            }
        };
        if lawful { Ok(()) } else { wrong(format!("job {job} is queued by {origin:?}")) }
    }

    fn one_live_run_a_job(&self) -> Verdict {
        let mut live: BTreeMap<usize, &Run> = BTreeMap::new();
        for run in self.runs.values().filter(|run| !run.over && !run.dropped) {
            if let Some(other) = live.insert(run.job, run) {
                return wrong(format!("two runs of one job: {other:?}, {run:?}"));
            }
        }
        Ok(())
    }

    /// A good tick serves what is due and may run.
    fn served(&self, deed: &Deed) -> Verdict {
        if !clock_is_well(deed) {
            let claims = |e: &&Event| matches!(e.kind, EventKind::RunClaimed { .. });
            return match deed.events.iter().find(claims) {
                Some(event) => wrong(format!("started by a clock in doubt: {event:?}")),
                None => Ok(()),
            };
        }
        let busy = |job| self.runs.values().any(|r| r.job == job && !r.over && !r.dropped);
        let claimed = |job| {
            let own = |e: &Event| e.job.as_ref().and_then(|id| index(id.as_str())) == Some(job);
            deed.events.iter().any(|e| own(e) && matches!(e.kind, EventKind::RunClaimed { .. }))
        };
        for item in self.items.values().filter(|item| item.state == 0) {
            let older = item.at.boot != deed.decided.boot || item.at.up_ms < deed.decided.up_ms;
            let due = older && delay(&deed.decided, &item.at) >= item.delay;
            let runs = deed.decls.runs(item.job) && CHECKS.contains(&item.job);
            let own = !matches!(item.origin, Origin::Verification { .. });
            if due && own && runs && !busy(item.job) && !claimed(item.job) {
                return wrong(format!("a tick has left what is due: {item:?}"));
            }
        }
        let last = self.last_check.get(&DOCK);
        let due = last.is_none_or(|last| delay(&deed.decided, last) >= EVERY);
        // One moment schedules one run.
        let now = |item: &Item| item.origin == Origin::Schedule && item.at == deed.decided;
        let due = due && !self.items.values().any(now);
        if due && deed.decls.enabled(DOCK) && deed.decls.runs(DOCK) && !busy(DOCK) && !claimed(DOCK)
        {
            return wrong("a schedule is not kept");
        }
        Ok(())
    }

    /// What is stored is what its journal says, and the chain is whole.
    fn stored(&self, stage: &Stage) -> Verdict {
        let steps = self.steps;
        stage.host.store.look(|store| {
            let world = store.world();
            for (id, record) in &world.snapshot.jobs {
                let known = index(id.as_str()).and_then(|job| self.states.get(&job));
                if known != Some(&record.state.as_str()) {
                    return wrong(format!("{id} is {}, and should be {known:?}", record.state));
                }
            }
            if steps.is_multiple_of(WHOLE_EVERY) {
                if !store.rows_are_complete() {
                    return wrong("a decision changed what it did not name");
                }
                if self.folded != world.snapshot {
                    return wrong("the replay is not what is stored");
                }
            }
            Ok(())
        })
    }

    /// At the end of a life. `read`: the journal is read back as it is stored, from its checkpoint on.
    /// Its chain is whole, as a link that ever broke is broken still, and it gives what this model has
    /// made of its events.
    pub(crate) fn recorded(&self, stage: &Stage, read: bool) -> Verdict {
        stage.host.store.look(|store| {
            let seq = usize::try_from(store.written()).map_err(|e| e.to_string())?;
            if seq != self.events || !store.rows_are_complete() {
                return wrong(format!("{seq} events are stored, and {} were told", self.events));
            }
            if read && !store.chain_is_whole() {
                return wrong("the journal's chain is broken");
            }
            if read && store.replay().as_ref() != Ok(&self.folded) {
                return wrong("the stored journal does not replay to what it was made of");
            }
            Ok(())
        })
    }
}

/// Does the wall clock agree with the boot clock since the last tick, and was it ever set?
pub(crate) fn clock_is_well(deed: &Deed) -> bool {
    let now = &deed.decided;
    let set = now.wall_ms >= 1_577_836_800_000;
    let drift = deed
        .last_tick
        .as_ref()
        .filter(|last| last.boot == now.boot)
        .map_or(0, |last| ((now.wall_ms - last.wall_ms) - (now.up_ms - last.up_ms)).abs());
    set && drift <= 60_000
}

/// An event bears a moment of its own transaction: nobody decides by a clock that he read before others
/// recorded what they did. Only that a store was put back is no decision.
fn dated_truly(deed: &Deed) -> Verdict {
    let mut events = deed.events.iter();
    for (at, recorded) in &deed.begun {
        for event in events.by_ref().take(*recorded) {
            let put_back = matches!(event.kind, EventKind::StoreRestored { .. });
            if event.at != *at && !put_back {
                return wrong(format!("it was recorded at {at:?}, and says otherwise: {event:?}"));
            }
        }
    }
    Ok(())
}

/// What became of the clocks while somebody looked.
fn meet_moments(deed: &Deed, met: &mut Met) {
    let (looked, decided) = (&deed.looked, &deed.decided);
    if deed.good_tick {
        let (awake, up) = (decided.awake_ms - looked.awake_ms, decided.up_ms - looked.up_ms);
        for (what, so) in [
            ("time passes between a look and its decision", awake > 0),
            ("suspend between a look and its decision", up > awake),
            (
                "the wall clock is set between a look and its decision",
                decided.wall_ms - looked.wall_ms != up,
            ),
        ] {
            if so {
                met.thing(what);
            }
        }
    }
    let approved = |event: &Event| {
        matches!(event.kind, EventKind::Approved { .. }) && event.at.up_ms > looked.up_ms
    };
    let amid = deed.acts.len() == 2 && deed.acts[1].order == Order::Tick;
    if amid && deed.events.iter().any(approved) {
        met.thing("an approval is given while a tick looks");
    }
}

/// A run's end is on record as it was.
fn ended_as_it_did(run: &Run, (end, attention): (&End, bool), losses: bool) -> Verdict {
    let lawful = match (end, &run.ran) {
        (End::Exited { code }, Some(job)) => {
            let checks = matches!(run.purpose, Purpose::Check | Purpose::Verify);
            *code == job.exit && !job.called_off && attention == (checks && job.attention)
        }
        (End::Cancelled, Some(job)) => job.called_off,
        (End::Lost, _) => losses,
        (End::NotStarted { .. }, None) => run.purpose == Purpose::Verify,
        _ => false,
    };
    if lawful { Ok(()) } else { wrong(format!("on record as {end:?} {attention}: {run:?}")) }
}
