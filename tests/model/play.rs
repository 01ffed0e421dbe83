//! A life as it is lived: the real tick, orders and writes on a simulated host. What was done, by whom
//! and what was answered is kept for the reference model to judge.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use opsfsm::base::{JobId, LocalTime, RunId, Stamp};
use opsfsm::compile::Compiled;
use opsfsm::decide::GateRefused;
use opsfsm::journal::Event;
use opsfsm::model::{BrokenCause, Route, RunSpec, UndeliveredKind};
use opsfsm::ports::{Clock as _, StoreError};
use opsfsm::sim::{Begun, Delivery, SimHost, SimJob, Wrote};

use crate::step::{Lapse, Order, Step, Turn};
use crate::world::{Decls, ECHO, NAMES, UNIVERSES, VARIANTS, compiled, id};

/// What an order was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Done,
    Refused(String),
    /// Nothing of it stands.
    Failed,
    /// Its commit was called failed, and stands all the same.
    Perhaps,
}

/// An order that was given.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) order: Order,
    pub(crate) answer: Answer,
}

/// All that a step brought.
pub(crate) struct Deed {
    pub(crate) acts: Vec<Act>,
    pub(crate) before: Rc<Vec<SimJob>>,
    pub(crate) after: Rc<Vec<SimJob>>,
    pub(crate) from: Stamp,
    pub(crate) to: Stamp,
    /// When somebody last began to look at jobs, and when the first transaction began.
    pub(crate) looked: Stamp,
    pub(crate) decided: Stamp,
    /// What the clocks showed on the way.
    pub(crate) moments: Vec<Stamp>,
    /// When each transaction began, and how many events it recorded.
    pub(crate) begun: Vec<(Stamp, usize)>,
    pub(crate) decls: Decls,
    /// One tick, that nothing came between and that succeeded.
    pub(crate) good_tick: bool,
    /// The first commit of it failed.
    pub(crate) failed_first: bool,
    pub(crate) last_tick: Option<Stamp>,
    /// For those with quiet hours; `None`: it changed on the way.
    pub(crate) quiet: Option<bool>,
    /// Writes of which something ran before.
    pub(crate) flying: BTreeSet<JobId>,
    /// A job has left the config, or come back.
    pub(crate) orphan: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) ran: Vec<RunSpec>,
    pub(crate) wrote: Vec<Wrote>,
    /// Lines of the summaries of new reports.
    pub(crate) lines: Vec<String>,
}

impl Deed {
    pub(crate) fn gave(&self, wanted: impl Fn(&Order) -> bool) -> bool {
        self.acts.iter().any(|act| wanted(&act.order))
    }

    /// When the jobs were seen: of what was disturbed, nobody knows it better than to its end.
    pub(crate) fn seen_at(&self) -> &Stamp {
        if self.good_tick { &self.looked } else { &self.to }
    }
}

type Acts = Rc<RefCell<Vec<Act>>>;

/// A host and what is true of it.
pub(crate) struct Stage {
    pub(crate) host: SimHost,
    pub(crate) universe: usize,
    pub(crate) variant: usize,
    pub(crate) versions: BTreeMap<usize, u64>,
    pub(crate) gone: BTreeMap<usize, bool>,
    pub(crate) claims: Vec<RunId>,
    variant_before: usize,
    wall_off: Rc<Cell<i64>>,
    moments: Rc<RefCell<Vec<Stamp>>>,
    acts: Acts,
    truths: Rc<Vec<SimJob>>,
    mail: usize,
    pub(crate) ticks: u64,
    pub(crate) trace: bool,
    /// Something may have died, or failed to be recorded.
    pub(crate) losses: bool,
    /// A delivery may be made twice.
    pub(crate) doubles: bool,
}

/// Who gives an order, and under which config.
struct Giver {
    compiled: Rc<Compiled>,
    acts: Acts,
    claims: Vec<RunId>,
}

fn millis(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A failed commit says in its text whether it stands: only the model reads it.
fn fault(kind: u8, recorded: bool) -> StoreError {
    let what = match kind {
        0 => "disk full",
        1 => "input/output error",
        2 => "read-only file system",
        _ => "locked",
    };
    let text = format!("{what}, {}", if recorded { "durable" } else { "nothing" });
    match kind {
        2 => StoreError::Refused(text),
        3 => StoreError::Busy(text),
        _ => StoreError::Failed(text),
    }
}

fn failed(error: &StoreError) -> Answer {
    if error.to_string().contains("durable") { Answer::Perhaps } else { Answer::Failed }
}

fn plain<T>(answer: Result<T, StoreError>) -> Answer {
    match answer {
        Ok(_) => Answer::Done,
        Err(error) => failed(&error),
    }
}

fn gate<T>(answer: Result<Result<T, GateRefused>, StoreError>) -> Answer {
    match answer {
        Ok(Ok(_)) => Answer::Done,
        Ok(Err(refused)) => Answer::Refused(format!("{refused:?}")),
        Err(error) => failed(&error),
    }
}

impl Giver {
    /// Gives an order to the real engine, and notes what came of it.
    fn give(&self, host: &SimHost, order: Order) {
        let compiled = &self.compiled;
        let answer = match order {
            Order::Tick => plain(host.tick(compiled)),
            Order::Start(job) => plain(host.start(compiled, &id(job))),
            Order::Stop(job) => plain(host.stop(compiled, &id(job))),
            Order::Run(job) => plain(host.run(compiled, &id(job))),
            Order::Request(write) => gate(host.request(compiled, &id(write))),
            Order::Approve(write, life, level) => {
                gate(host.approve_as(compiled, &id(write), millis(life), level))
            }
            Order::Deny(write) => gate(host.deny(compiled, &id(write))),
            Order::Revoke(write) => gate(host.revoke(compiled, &id(write))),
            Order::Claim(write) => gate(host.claim(compiled, &id(write))),
            Order::Acknowledge(write) => gate(host.acknowledge(compiled, &id(write))),
            Order::Verify(write) => gate(host.reverify(compiled, &id(write))),
            Order::ExecutorsArrive => {
                host.executors_arrive();
                Answer::Done
            }
            Order::Execute(n, death) => {
                let Some(at) = self.claims.len().checked_sub(1 + n) else { return };
                let run = &self.claims[at];
                host.dies.set(death);
                let answer = host.execute_write(compiled, run);
                host.dies.set(None);
                match answer {
                    Ok(Ok(_)) => Answer::Done,
                    Ok(Err(why)) => Answer::Refused(why),
                    Err(error) => failed(&error),
                }
            }
        };
        if matches!(answer, Answer::Failed | Answer::Perhaps) {
            // Whoever fails ends.
            host.next_process();
        }
        self.acts.borrow_mut().push(Act { order, answer });
    }
}

impl Stage {
    pub(crate) fn new(universe: usize) -> Self {
        let host = SimHost::new();
        host.begin_store();
        Self {
            host,
            universe,
            variant: 0,
            versions: BTreeMap::new(),
            gone: BTreeMap::new(),
            claims: Vec::new(),
            variant_before: 0,
            wall_off: Rc::default(),
            moments: Rc::default(),
            acts: Rc::default(),
            truths: Rc::new(vec![SimJob::default(); NAMES.len()]),
            mail: 0,
            ticks: 0,
            trace: false,
            losses: false,
            doubles: false,
        }
    }

    pub(crate) fn decls(&self) -> Decls {
        Decls { universe: self.universe, variant: VARIANTS[self.variant] }
    }

    fn giver(&self) -> Giver {
        Giver {
            compiled: compiled(self.universe, self.variant),
            acts: Rc::clone(&self.acts),
            claims: self.claims.clone(),
        }
    }

    fn truths(&self) -> Vec<SimJob> {
        let jobs = self.host.jobs.borrow();
        NAMES.iter().map(|name| jobs.get(*name).cloned().unwrap_or_default()).collect()
    }

    /// Every job is well, whatever it was.
    pub(crate) fn all_well(&mut self) {
        self.host.jobs.borrow_mut().clear();
        self.truths = Rc::new(self.truths());
    }

    /// Does nothing happen to the jobs but what is known to?
    pub(crate) fn knows_the_truth(&self) -> bool {
        *self.truths == self.truths()
    }

    /// Takes a step, and says what it brought.
    pub(crate) fn play(&mut self, step: &Step) -> Deed {
        let (before, from) = (Rc::clone(&self.truths), self.host.at());
        let fails_after = self.host.store.look(opsfsm::sim::MemStore::fails_after);
        let last_tick = self.host.store.look(|store| store.world().meta.last_tick.clone());
        let flying = self.host.in_flight.borrow().clone();
        if !self.turn(step) {
            self.order(step);
        }
        let acts: Vec<Act> = self.acts.borrow_mut().drain(..).collect();
        self.ticks += acts.iter().filter(|act| act.order == Order::Tick).count() as u64;
        self.losses |= acts.iter().any(|a| matches!(a.answer, Answer::Failed | Answer::Perhaps));
        let tick = matches!(step, Step::Do(Order::Tick) | Step::Slow(Order::Tick, _));
        let alone = tick && fails_after.is_none();
        let good_tick = alone && acts.iter().all(|act| act.answer == Answer::Done);
        let (begun, events) = self.events();
        let (to, lines) = (self.host.at(), self.lines());
        let looked = self.host.looked.take().unwrap_or_else(|| from.clone());
        let decided = begun.first().map_or_else(|| to.clone(), |(at, _)| at.clone());
        let mut moments = vec![from.clone()];
        moments.append(&mut self.moments.borrow_mut());
        moments.push(to.clone());
        let ran: Vec<RunSpec> = self.host.ran.borrow_mut().drain(..).collect();
        if !ran.is_empty() || matches!(step, Step::Job(..) | Step::Reboot) {
            self.truths = Rc::new(self.truths());
        }
        let was = std::mem::replace(&mut self.variant_before, self.variant);
        if self.trace {
            show(step, &acts, &events, &lines);
        }
        Deed {
            good_tick,
            // An executor that is to die has a failure of its own in its place.
            failed_first: fails_after == Some(0)
                && !acts.is_empty()
                && !self.host.executors_die.get(),
            acts,
            before,
            after: Rc::clone(&self.truths),
            quiet: self.quiet(&moments),
            from,
            to,
            looked,
            decided,
            moments,
            begun,
            decls: self.decls(),
            last_tick,
            flying,
            orphan: was != self.variant,
            events,
            lines,
            ran,
            wrote: self.host.wrote.borrow_mut().drain(..).collect(),
        }
    }

    /// Only one job has quiet hours.
    fn quiet(&self, moments: &[Stamp]) -> Option<bool> {
        if !UNIVERSES[self.universe].contains(&ECHO) {
            return None;
        }
        let is_quiet = |at: &Stamp| {
            let local = LocalTime::in_zone(&self.host.zone.borrow(), at.wall_ms);
            !(8 * 3600..22 * 3600).contains(&local.furthest_second_of_day(at.wall_ms))
        };
        let first = is_quiet(&moments[0]);
        moments.iter().all(|at| is_quiet(at) == first).then_some(first)
    }

    /// New transactions, and their events.
    fn events(&mut self) -> (Vec<(Stamp, usize)>, Vec<Event>) {
        let (mut begun, mut events) = (Vec::new(), Vec::new());
        for Begun { at, events: mut recorded } in self.host.store.take_begun() {
            begun.push((at, recorded.len()));
            events.append(&mut recorded);
        }
        for event in &events {
            if let opsfsm::journal::EventKind::RunClaimed {
                run,
                purpose: opsfsm::model::Purpose::Write,
            } = &event.kind
            {
                self.claims.push(run.clone());
            }
        }
        (begun, events)
    }

    /// The lines of new reports.
    fn lines(&mut self) -> Vec<String> {
        self.host.store.look(|store| {
            let new = &store.outbox()[self.mail..];
            self.mail = store.outbox().len();
            new.iter().flat_map(|p| p.report.summary.lines().map(str::to_owned)).collect()
        })
    }

    fn order(&mut self, step: &Step) {
        let giver = self.giver();
        let host = self.host.clone();
        match *step {
            Step::Do(order) => giver.give(&host, order),
            Step::Amid(order, after, pass, other) => {
                // Who delivers holds the outbox's lock, which is not simulated.
                self.doubles |= order == Order::Tick && other == Order::Tick;
                let (inner, beside) = (self.giver(), host.clone());
                let moments = Rc::clone(&self.moments);
                host.store.borders().visit_after(after, move || {
                    beside.pass(Duration::from_millis(pass));
                    moments.borrow_mut().push(beside.at());
                    beside.as_another(|host| inner.give(host, other));
                });
                giver.give(&host, order);
                host.store.borders().calm();
            }
            Step::Slow(order, lapses) => {
                for (after, lapse) in lapses {
                    let (beside, off) = (host.clone(), Rc::clone(&self.wall_off));
                    let moments = Rc::clone(&self.moments);
                    host.store.borders().visit_after(after, move || {
                        pass(&beside, lapse, &off);
                        moments.borrow_mut().push(beside.at());
                    });
                }
                giver.give(&host, order);
                host.store.borders().calm();
            }
            Step::WhileWriting(other) => {
                let inner = self.giver();
                host.meanwhile(move |host| {
                    host.pass(Duration::from_secs(1));
                    inner.give(host, other);
                });
                giver.give(&host, Order::Execute(0, None));
                host.calm();
            }
            Step::Killed(order, after) => {
                self.losses = true;
                self.doubles = true;
                host.store.borders().kill_after(after);
                giver.give(&host, order);
                let _ = host.store.borders().hand_over();
                host.next_process();
            }
            _ => unreachable!("{step:?} is no order"),
        }
    }

    /// Something of the world outside changes. `false`: this step is an order to the engine.
    fn turn(&mut self, step: &Step) -> bool {
        let host = self.host.clone();
        match *step {
            Step::Pass(seconds) => host.pass(millis(seconds)),
            Step::Suspend(seconds) => host.suspend(millis(seconds)),
            Step::Wall(off) => pass(&host, Lapse::Jumps(off), &self.wall_off),
            Step::Zone(zone) => *host.zone.borrow_mut() = zone_of(zone),
            Step::Reboot => {
                host.writes_end();
                host.on_their_way.borrow_mut().clear();
                host.reboot();
                self.losses = true;
            }
            Step::NextProcess | Step::ReusePid => {
                self.losses = true;
                if *step == Step::ReusePid { host.reuse_pid() } else { host.next_process() }
            }
            Step::Beside => host.beside(),
            Step::Job(job, turn) => host.set(&id(job), |j| turn_job(j, turn)),
            Step::WritesEnd => host.writes_end(),
            Step::Config(variant) => self.variant = variant,
            Step::File(job, version) => {
                host.files.edit(&file(job), version);
                self.versions.insert(job, version);
            }
            Step::FileGone(job, gone) => {
                host.files.remove(&file(job), gone);
                self.gone.insert(job, gone);
            }
            _ => return self.break_something(step),
        }
        true
    }

    fn break_something(&mut self, step: &Step) -> bool {
        let host = &self.host;
        match *step {
            Step::CommitFails { after, recorded, kind } => {
                self.losses = true;
                host.store.fail_at(after, fault(kind, recorded), recorded);
            }
            Step::Unreachable(b) => host.unreachable.set(b),
            Step::Delivery(kind) => {
                self.doubles |= kind == 3;
                host.deliveries.borrow_mut().push_back(delivery(kind));
            }
            Step::DeliveryTakes(seconds) => host.delivery_takes.set(millis(seconds)),
            Step::NoteFails(after) => {
                self.doubles = true;
                host.store.fail_save(after);
            }
            Step::Route(route) => {
                let all = [Route::Telegram, Route::Telegram, Route::Webhook, Route::Stdout];
                self.doubles |= all[usize::from(route)] == Route::Stdout;
                host.route.set(all[usize::from(route)]);
            }
            Step::ExecutorsDie(b) => {
                self.losses |= b;
                host.executors_die.set(b);
            }
            Step::LaunchesFail(b) => host.launches_fail.set(b),
            Step::ExecutorsLate(b) => host.executors_late.set(b),
            Step::NothingOpens(b) => host.nothing_opens.set(b),
            _ => return false,
        }
        true
    }
}

/// The clocks of a host go on; `off` is how far its wall clock is from what is right.
fn pass(host: &SimHost, lapse: Lapse, off: &Cell<i64>) {
    match lapse {
        Lapse::Passes(seconds) => host.pass(millis(seconds)),
        Lapse::Sleeps(seconds) => host.suspend(millis(seconds)),
        Lapse::Jumps(seconds) => {
            let right = host.at().wall_ms - off.replace(seconds * 1000);
            host.set_wall(right + seconds * 1000);
        }
    }
}

#[expect(clippy::disallowed_macros, reason = "for whoever looks for the reason of a failure")]
fn show(step: &Step, acts: &[Act], events: &[Event], lines: &[String]) {
    let acts: Vec<_> = acts.iter().map(|act| (&act.order, &act.answer)).collect();
    eprintln!("{step:?}: {acts:?}");
    for event in events {
        eprintln!("      {:?} {:?}", event.job, event.kind);
    }
    for line in lines {
        eprintln!("      > {line}");
    }
}

pub(crate) fn file(job: usize) -> String {
    format!("/bin/{}-run", NAMES[job])
}

fn delivery(kind: u8) -> Delivery {
    match kind {
        0 => Delivery::Fails(UndeliveredKind::Passing { after: None }),
        1 => Delivery::Fails(UndeliveredKind::Passing { after: Some(Duration::from_mins(15)) }),
        2 => Delivery::Fails(UndeliveredKind::Refused),
        3 => Delivery::ArrivesUnknown,
        4 => Delivery::Fails(UndeliveredKind::Impossible),
        _ => Delivery::Fails(UndeliveredKind::NoRoute),
    }
}

fn zone_of(zone: u8) -> TimeZone {
    match zone {
        0 => TimeZone::UTC,
        1 => TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone"),
        // Its summer time changed a moment ago.
        _ => TimeZone::posix("AAA5BBB,M9.3.1/18,M11.1.0/2").expect("a zone"),
    }
}

fn turn_job(job: &mut SimJob, turn: Turn) {
    match turn {
        Turn::Runs => job.running = true,
        Turn::Dies => job.running = false,
        Turn::Respawns => (job.running, job.completed, job.progress) = (true, false, 0),
        Turn::Completes(b) => job.completed = b,
        Turn::Moves => job.progress += 1,
        Turn::GoesBack => job.progress = job.progress.saturating_sub(3),
        Turn::Breaks(how) => {
            let all = [
                BrokenCause::TimedOut,
                BrokenCause::Malformed,
                BrokenCause::ExitedWithError,
                BrokenCause::FileMissing,
            ];
            (job.broken, job.broken_by) = (true, Some(all[usize::from(how)]));
        }
        Turn::Mended => job.broken = false,
        Turn::Alerts(b) => job.alert = b,
        Turn::Warns(b) => job.warn = b,
        Turn::Says(what) => {
            let said = ["disk \u{202e}full\n", "gone at 95 %"][usize::from(what)];
            job.message = Some(said.to_owned());
            job.stop_reason = Some(said.to_owned());
        }
        Turn::Exits(code) => job.exit = code,
        Turn::StartsIdle(b) => job.start_is_idle = b,
        Turn::Keyless(b) => job.keyless = b,
        Turn::CalledOff(b) => job.called_off = b,
        Turn::Attention(b) => job.attention = b,
        Turn::Killed(b) => job.killed = b,
        Turn::NotStarted(b) => job.not_started = b,
        Turn::LeavesRunning(b) => job.leaves_running = b,
        Turn::ShedsLock(b) => job.sheds_lock = b,
        Turn::Counts(how) => {
            (job.counted, job.percent) = (how > 0, how == 3);
            job.whole = (how > 1).then_some(150);
        }
        Turn::Leaps(n) => job.progress += n,
    }
}
