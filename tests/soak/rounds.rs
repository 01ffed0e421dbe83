//! One round after another, and what is judged of each and of all.
//!
//! In: a bound. Out: a panic where a promise is broken; figures on standard error where a long run
//! was asked for.
//! Invariant: a round ends only once everything that it began has ended.
#![expect(clippy::disallowed_methods, reason = "how long a long run goes on is said in minutes")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

use opsfsm::adapters::sqlite::{NewStore, SqliteStore};
use opsfsm::base::Stamp;
use opsfsm::machine::State;
use opsfsm::ports::Store as _;
use serde_json::Value;

use super::chat::{Chat, Fault};
use super::courses::Courses;
use super::fleet::{self, LINKED, MANUAL, SCANS, SCHEDULED, WORKERS, WRITES};
use super::growth::Series;
use super::left;
use super::people::People;
use super::site::grow;
use super::support::{Ran, Sandbox, await_that, unix_now};
use super::weighed::{Weighed, Weighing};
use super::workers;

/// Ticks of an ordinary run.
const USUAL: usize = 36;
/// Ticks that come at the same moment.
const AT_ONCE: usize = 2;
/// Ticks that a slow machine may need to send what waits.
const SENDERS: usize = 20;
/// In each so many-th round a delivery fails.
const FAULT_EVERY: usize = 5;

/// So many events of another boot are in the journal before the first tick, of an ordinary run and of
/// a long one: those of the last day stay, so that only older ones can be seen to go.
const OLD_EVENTS: [u64; 2] = [15_000, 40_000];

/// How long it goes on.
pub(crate) enum Bound {
    Ticks(usize),
    Until(Instant),
}

impl Bound {
    /// As the environment says.
    pub(crate) fn asked() -> Self {
        let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse().ok());
        let minutes = number("OPSFSM_MINUTES");
        let hour = std::env::var_os("OPSFSM_LONG").is_some().then_some(60);
        match (minutes.or(hour), number("OPSFSM_TICKS")) {
            (Some(minutes), _) => {
                Self::Until(Instant::now() + Duration::from_mins(minutes.try_into().unwrap()))
            }
            (None, ticks) => Self::Ticks(ticks.unwrap_or(USUAL)),
        }
    }

    /// How many events of another boot it begins with.
    fn old_events(&self) -> u64 {
        match self {
            Self::Ticks(_) => OLD_EVENTS[0],
            Self::Until(_) => OLD_EVENTS[1],
        }
    }

    pub(crate) fn goes_on(&self, ticks: usize) -> bool {
        match self {
            Self::Ticks(most) => ticks < *most,
            Self::Until(end) => Instant::now() < *end,
        }
    }
}

/// A run of the soak.
pub(crate) struct Soak {
    sandbox: Sandbox,
    chat: Chat,
    courses: Courses,
    people: People,
    rounds: usize,
    stepped_aside: usize,
    undelivered: usize,
    old_events: u64,
    gone: u64,
    events: u64,
    peak: Series,
    size: Series,
    files: Series,
    held: Series,
    kept: Series,
}

impl Soak {
    pub(crate) fn new(bound: &Bound) -> Self {
        let (sandbox, chat) = (Sandbox::new(), Chat::new());
        fleet::raise(&sandbox, &chat.listener);
        sandbox.ok(&["adopt"]);
        let long_ago = (unix_now() - 30 * 86_400) * 1000;
        grow(&mut open_store(&sandbox), bound.old_events(), long_ago);
        Self {
            sandbox,
            chat,
            courses: Courses::new(),
            people: People::default(),
            rounds: 0,
            stepped_aside: 0,
            undelivered: 0,
            old_events: bound.old_events(),
            gone: 0,
            events: 0,
            peak: Series::new("peak of a tick in kB"),
            size: Series::new("store in kB"),
            files: Series::new("files of the state folder"),
            held: Series::new("open files of an executor"),
            kept: Series::new("events in the store"),
        }
    }

    pub(crate) fn ticks(&self) -> usize {
        self.rounds * AT_ONCE
    }

    /// Jobs move, two ticks come at once, people ask for something beside them.
    pub(crate) fn round(&mut self) {
        if self.rounds > 0 {
            self.courses.go_on(&self.sandbox);
        }
        let fault = self.rounds % FAULT_EVERY == FAULT_EVERY - 1;
        if fault {
            let kinds = [Fault::Later, Fault::Unheard, Fault::Broken];
            self.chat.fails(kinds[self.rounds / FAULT_EVERY % kinds.len()]);
        }
        let ended = self.two_ticks_beside_people();
        self.settled();
        self.chat.look();
        self.tick_codes(&ended, fault);
        self.sent_again();
        self.everything_is_told();
        self.nothing_is_left();
        let peak = ended.iter().map(|tick| tick.peak_kb).max().unwrap();
        self.peak.push(u64::try_from(peak).unwrap());
        self.rounds += 1;
    }

    fn two_ticks_beside_people(&mut self) -> Vec<Weighed> {
        let (sandbox, people, round) = (&self.sandbox, &mut self.people, self.rounds);
        let names = (0..AT_ONCE).map(|n| format!("tick-{n}"));
        let ticks: Vec<_> = names.map(|name| sandbox.weigh(&name, &["tick"])).collect();
        people.act(sandbox, round);
        ticks.into_iter().map(Weighing::wait).collect()
    }

    /// What was begun has ended: nobody of ours is left but the workers.
    fn settled(&self) {
        await_that("the end of what was begun", || left::strays(&self.sandbox).is_empty());
    }

    /// Exit 0, or 3 while a report waits; the rest of `docs/exit-codes.md` has no cause here.
    fn tick_codes(&mut self, ended: &[Weighed], fault: bool) {
        for Weighed { ran, .. } in ended {
            let Ran { code, out, err } = ran;
            let passing = ["no time was left to send", "another opsfsm is delivering"];
            let waits = fault || passing.iter().any(|why| err.contains(why));
            assert!(*code == 0 || (*code == 3 && waits), "{ran:?}");
            assert_eq!(out, "", "reports go to the chat");
            self.undelivered += usize::from(*code == 3);
            self.stepped_aside += usize::from(err.contains("another tick is at work"));
        }
    }

    /// What failed waits for half a minute at least; a person need not.
    fn sent_again(&mut self) {
        for report in self.outbox(false) {
            let id = report["id"].as_str().unwrap();
            assert_eq!(report["state"], "pending", "{report}");
            self.sandbox.run(&["outbox", "retry", id]).exits(0);
        }
        for _ in 0..SENDERS {
            if self.outbox(false).is_empty() {
                return;
            }
            // Those for which no time is left are sent by the next.
            assert!(matches!(self.sandbox.run(&["tick"]).code, 0 | 3));
            self.settled();
            self.chat.look();
        }
        assert!(self.outbox(false).is_empty(), "{:?}", self.outbox(false));
    }

    fn outbox(&self, all: bool) -> Vec<Value> {
        let words = if all {
            &["outbox", "--all", "--format", "json"][..]
        } else {
            &["outbox", "--format", "json"]
        };
        self.sandbox.json(words)["reports"].as_array().unwrap().clone()
    }

    /// People know each watched job by its present state.
    fn everything_is_told(&mut self) {
        let metrics = self.sandbox.ok(&["metrics"]);
        let mut wrong = Vec::new();
        for (id, state) in watched_states(&self.sandbox) {
            let told = self.chat.states.get(&id).map_or("idle", String::as_str);
            if told != state && self.people.started.as_ref() != Some(&id) {
                let history = self.sandbox.ok(&["history", &id]);
                wrong.push(format!("{id} is {state}, and was told as {told}:\n{history}"));
            }
        }
        assert!(wrong.is_empty(), "round {}: {}", self.rounds, wrong.join("\n"));
        let number = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap().parse::<f64>().unwrap()
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and small"
        )]
        let whole = |name| number(name) as u64;
        self.events = whole("opsfsm_journal_events_total");
        let gone = open_store(&self.sandbox).pruned().unwrap();
        self.gone = gone;
        self.kept.push(self.events - gone);
        // While there are half as many new events as old ones were, they find room where those were: a
        // new one is larger, and comes with a run and a report.
        if 2 * self.events < 3 * self.old_events {
            self.size.push(whole("opsfsm_store_size_bytes") / 1024);
        }
    }

    fn nothing_is_left(&mut self) {
        left::files_are_expected(&self.sandbox);
        left::workers_hold_their_own(&self.sandbox);
        assert_eq!(left::zombies(&self.sandbox), 0);
        self.files.push(left::files(&self.sandbox).len().try_into().unwrap());
        let held = |id: String| self.sandbox.read(&format!("jobs/{id}/held"));
        let counts = checks().map(held);
        let most =
            counts.filter_map(|text| text.lines().filter_map(|n| n.trim().parse().ok()).max());
        if let Some(most) = most.max() {
            self.held.push(most);
        }
        for id in checks() {
            let _ = std::fs::remove_file(self.sandbox.path(&format!("jobs/{id}/held")));
        }
    }

    /// What can be said only of the whole.
    pub(crate) fn ends(&mut self) {
        let sandbox = &self.sandbox;
        self.people.ends(sandbox);
        for report in self.outbox(true) {
            let id = report["id"].as_str().unwrap();
            assert!(self.chat.arrived.contains(id), "never arrived: {report}");
        }
        assert!(self.chat.unheard.is_subset(&self.chat.arrived), "{:?}", self.chat.unheard);
        let runs = nothing_ran_twice(sandbox);
        let alerts = each_alert_is_told_once(sandbox, &self.chat.alerts);
        only_the_standard_files_are_inherited(sandbox);
        let verified = sandbox.ok(&["history", "--verify"]);
        self.peak.stays_below(110);
        self.size.stays_below(105);
        self.held.stays_below(110);
        // A step of pruning, an event for each job, comes with each round; less than that waits.
        let (step, rounds) = (fleet::JOBS as u64, self.rounds as u64);
        let least = self.old_events.min(rounds * step).saturating_sub(step);
        assert!(self.gone >= least, "only {} events are pruned", self.gone);
        for pid in (0..WORKERS).filter_map(|n| workers::pid(sandbox, n)) {
            workers::strike(pid);
        }
        assert_eq!(sandbox.survivors(), [], "nobody is left");
        let mut said = format!(
            "soak: {} ticks in {} rounds, {} stepped aside, {} found a delivery failing; {} events, \
             {} reports, {runs} runs, {alerts} alerts of checks; {verified}",
            self.ticks(),
            self.rounds,
            self.stepped_aside,
            self.undelivered,
            self.events,
            self.chat.arrived.len(),
        );
        for series in [&self.peak, &self.size, &self.files, &self.held, &self.kept] {
            said += &format!("{}\n", series.told());
        }
        if self.ticks() != USUAL {
            let _ = std::io::stderr().write_all(said.as_bytes());
        }
    }
}

fn checks() -> impl Iterator<Item = String> {
    let linked = (0..LINKED).map(fleet::linked);
    linked.chain((0..SCHEDULED).map(fleet::scheduled)).chain((0..MANUAL).map(fleet::manual))
}

fn open_store(sandbox: &Sandbox) -> SqliteStore {
    let new = NewStore { seed: [9; 32], now: &Stamp::wall_only(0) };
    SqliteStore::open(&sandbox.store_path(), &new).unwrap()
}

/// The states of watched jobs, as recorded.
fn watched_states(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let world = open_store(sandbox).read().unwrap();
    let watched = |state: &State| match state {
        State::Watch(state) => Some(state.as_str().to_owned()),
        State::Check(_) | State::Write(_) => None,
    };
    let jobs = world.snapshot.jobs.iter();
    // The old events are of a job that is none of these.
    let ours = jobs.filter(|(id, _)| id.as_str() != "scan");
    let states = ours.filter_map(|(id, record)| Some((id.to_string(), watched(&record.state)?)));
    let states: BTreeMap<String, String> = states.collect();
    assert_eq!(states.len(), SCANS + WORKERS);
    states
}

/// Every run left one trace; how many there were.
fn nothing_ran_twice(sandbox: &Sandbox) -> usize {
    let starts = (0..SCANS).map(fleet::scan).chain((0..WORKERS).map(workers::name));
    let starts = starts.map(|id| format!("jobs/{id}/starts"));
    let writes = (0..WRITES).flat_map(|n| [fleet::write(n), format!("verify-{n}")]);
    let runs = checks().chain(writes).map(|id| format!("jobs/{id}/runs"));
    let mut seen = BTreeSet::new();
    for file in starts.chain(runs) {
        for run in sandbox.read(&file).lines() {
            assert_eq!(run.len(), 32, "{file}");
            assert!(seen.insert(run.to_owned()), "{file}: {run} ran twice");
        }
    }
    seen.len()
}

/// Of a check that follows another job each alert is told; how many there were.
fn each_alert_is_told_once(sandbox: &Sandbox, told: &BTreeMap<String, usize>) -> usize {
    let mut alerts = 0;
    for id in (0..LINKED).map(fleet::linked) {
        for run in sandbox.read(&format!("jobs/{id}/alerts")).lines() {
            assert_eq!(told.get(run), Some(&1), "{id}: {run}");
            alerts += 1;
        }
    }
    alerts
}

/// `ls` has its folder open beside standard input, output and error, and nothing else.
fn only_the_standard_files_are_inherited(sandbox: &Sandbox) {
    let scans = (0..SCANS).step_by(16).map(fleet::scan);
    let mut lines = 0;
    for id in scans.chain(checks()) {
        for line in sandbox.read(&format!("jobs/{id}/files")).lines() {
            assert_eq!(line, "0 1 2 3", "{id}");
            lines += 1;
        }
    }
    assert!(lines > SCHEDULED, "only {lines} looked");
}
