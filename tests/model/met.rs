//! What a run has met: steps, faults, states, edges. What was never met was never tried.

use std::collections::BTreeMap;

use opsfsm::machine::{Machine, edges};

use crate::step::{Order, Step, Turn};

#[derive(Default)]
pub(crate) struct Met {
    pub(crate) things: BTreeMap<String, u64>,
    edges: BTreeMap<(Machine, &'static str, &'static str), u64>,
    states: BTreeMap<(Machine, &'static str), u64>,
}

const fn machine(job: usize) -> Machine {
    match job {
        0..=3 => Machine::Watch,
        4..=7 => Machine::Check,
        _ => Machine::Write,
    }
}

/// Edges of the tables that no life can meet, and why.
const NEVER: &[(&str, &str, &str)] = &[];

/// What a run of the usual size must have met beside states, edges and steps.
const THINGS: &[&str] = &[
    "a run is claimed",
    "a claim is dropped",
    "a run is lost",
    "a write is started",
    "a job is told",
    "a notice",
    "an approval is void: Revoked",
    "an approval is void: Replaced",
    "an approval is void: Unfit(Expired)",
    "an approval is void: Unfit(OtherBoot)",
    "an approval is void: Unfit(ClockWentBack)",
    "an approval is void: Unfit(OtherPlan)",
    "an approval is void: Unfit(LevelTooLow)",
    "an approval is given while a tick looks",
    "time passes between a look and its decision",
    "suspend between a look and its decision",
    "the wall clock is set between a look and its decision",
    "a figure is noted",
    "a trail begins anew",
    "a trail is thinned",
    "a clock put back cuts a trail",
];

impl Met {
    pub(crate) fn thing(&mut self, what: &str) {
        match self.things.get_mut(what) {
            Some(n) => *n += 1,
            None => drop(self.things.insert(what.to_owned(), 1)),
        }
    }

    pub(crate) fn edge(&mut self, job: usize, from: &'static str, input: &'static str) {
        *self.edges.entry((machine(job), from, input)).or_default() += 1;
    }

    pub(crate) fn state(&mut self, job: usize, state: &'static str) {
        *self.states.entry((machine(job), state)).or_default() += 1;
    }

    pub(crate) fn step(&mut self, step: &Step) {
        self.thing(name(step));
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (what, n) in other.things {
            *self.things.entry(what).or_default() += n;
        }
        for (edge, n) in other.edges {
            *self.edges.entry(edge).or_default() += n;
        }
        for (state, n) in other.states {
            *self.states.entry(state).or_default() += n;
        }
    }

    /// What a run of the usual size has to meet, and this one has not.
    pub(crate) fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        for machine in Machine::ALL {
            for state in machine.states() {
                let met = self.states.contains_key(&(machine, state.as_str()));
                if !met {
                    missed.push(format!("state {machine:?} {state}"));
                }
            }
            for edge in edges(machine) {
                let (from, input) = (edge.from.as_str(), edge.input.as_str());
                let known = NEVER.iter().any(|(f, i, _)| *f == from && *i == input);
                let met = self.edges.contains_key(&(machine, from, input));
                if known == met {
                    missed.push(format!("edge {machine:?} {from} --{input}-->"));
                }
            }
        }
        let names = NAMES.iter().chain(THINGS);
        missed.extend(
            names.filter(|what| !self.things.contains_key(**what)).map(|what| (*what).to_owned()),
        );
        missed
    }

    /// All of it, for whoever looks.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for (what, n) in &self.things {
            text += &format!("{n:10}  {what}\n");
        }
        for ((machine, from, input), n) in &self.edges {
            text += &format!("{n:10}  {machine:?} {from} --{input}-->\n");
        }
        text
    }
}

/// Every kind of step, by its name.
const NAMES: &[&str] = &[
    "tick",
    "start",
    "stop",
    "run",
    "request",
    "approve",
    "deny",
    "revoke",
    "claim",
    "execute",
    "executor dies before the start",
    "executor dies after the start",
    "executor dies before the end is recorded",
    "acknowledge",
    "verify",
    "executors arrive",
    "another process in between",
    "another process while a write runs",
    "time passes within an order",
    "job says a figure",
    "job comes far at once",
    "killed",
    "time passes",
    "suspend",
    "wall clock set",
    "clock of 1970",
    "time zone",
    "reboot",
    "next process",
    "pid reused",
    "a process lives on beside",
    "job runs",
    "job dies",
    "job respawns",
    "job completes",
    "job moves",
    "progress goes back",
    "status breaks",
    "status mended",
    "job alerts",
    "job warns",
    "job says rubbish",
    "command exits",
    "start does nothing",
    "no progress key",
    "command called off",
    "attention",
    "write killed",
    "write not started",
    "write leaves processes",
    "write sheds its lock",
    "what writes left ends",
    "config edited",
    "file edited",
    "file gone",
    "disk full",
    "i/o error",
    "read-only",
    "locked",
    "error after the fact",
    "unreachable",
    "delivery fails",
    "429",
    "refused",
    "delivered but unknown",
    "never arrives",
    "no route",
    "slow delivery",
    "note fails",
    "another route",
    "executors die",
    "launches fail",
    "executors late",
    "nothing opens",
];

fn name(step: &Step) -> &'static str {
    use opsfsm::sim::Death;
    match step {
        Step::Do(order) => match order {
            Order::Tick => "tick",
            Order::Start(_) => "start",
            Order::Stop(_) => "stop",
            Order::Run(_) => "run",
            Order::Request(_) => "request",
            Order::Approve(..) => "approve",
            Order::Deny(_) => "deny",
            Order::Revoke(_) => "revoke",
            Order::Claim(_) => "claim",
            Order::Execute(_, None) => "execute",
            Order::Execute(_, Some(Death::BeforeStart)) => "executor dies before the start",
            Order::Execute(_, Some(Death::AfterStart)) => "executor dies after the start",
            Order::Execute(_, Some(Death::BeforeEnd)) => "executor dies before the end is recorded",
            Order::Acknowledge(_) => "acknowledge",
            Order::Verify(_) => "verify",
            Order::ExecutorsArrive => "executors arrive",
        },
        Step::Amid(..) => "another process in between",
        Step::Slow(..) => "time passes within an order",
        Step::WhileWriting(_) => "another process while a write runs",
        Step::Killed(..) => "killed",
        Step::Pass(_) => "time passes",
        Step::Suspend(_) => "suspend",
        Step::Wall(off) if *off < -1_000_000_000 => "clock of 1970",
        Step::Wall(_) => "wall clock set",
        Step::Zone(_) => "time zone",
        Step::Reboot => "reboot",
        Step::NextProcess => "next process",
        Step::ReusePid => "pid reused",
        Step::Beside => "a process lives on beside",
        Step::Job(_, turn) => turn_name(*turn),
        Step::WritesEnd => "what writes left ends",
        Step::Config(_) => "config edited",
        Step::File(..) => "file edited",
        Step::FileGone(..) => "file gone",
        Step::CommitFails { recorded: true, .. } => "error after the fact",
        Step::CommitFails { kind: 0, .. } => "disk full",
        Step::CommitFails { kind: 1, .. } => "i/o error",
        Step::CommitFails { kind: 2, .. } => "read-only",
        Step::CommitFails { .. } => "locked",
        Step::Unreachable(_) => "unreachable",
        Step::Delivery(0) => "delivery fails",
        Step::Delivery(1) => "429",
        Step::Delivery(2) => "refused",
        Step::Delivery(3) => "delivered but unknown",
        Step::Delivery(4) => "never arrives",
        Step::Delivery(_) => "no route",
        Step::DeliveryTakes(_) => "slow delivery",
        Step::NoteFails(_) => "note fails",
        Step::Route(_) => "another route",
        Step::ExecutorsDie(_) => "executors die",
        Step::LaunchesFail(_) => "launches fail",
        Step::ExecutorsLate(_) => "executors late",
        Step::NothingOpens(_) => "nothing opens",
    }
}

const fn turn_name(turn: Turn) -> &'static str {
    match turn {
        Turn::Runs => "job runs",
        Turn::Dies => "job dies",
        Turn::Respawns => "job respawns",
        Turn::Completes(_) => "job completes",
        Turn::Moves => "job moves",
        Turn::GoesBack => "progress goes back",
        Turn::Breaks(_) => "status breaks",
        Turn::Mended => "status mended",
        Turn::Alerts(_) => "job alerts",
        Turn::Warns(_) => "job warns",
        Turn::Says(_) => "job says rubbish",
        Turn::Exits(_) => "command exits",
        Turn::StartsIdle(_) => "start does nothing",
        Turn::Keyless(_) => "no progress key",
        Turn::CalledOff(_) => "command called off",
        Turn::Attention(_) => "attention",
        Turn::Killed(_) => "write killed",
        Turn::NotStarted(_) => "write not started",
        Turn::LeavesRunning(_) => "write leaves processes",
        Turn::ShedsLock(_) => "write sheds its lock",
        Turn::Counts(_) => "job says a figure",
        Turn::Leaps(_) => "job comes far at once",
    }
}
