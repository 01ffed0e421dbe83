//! Every order of events around a write, as far as they lead anywhere new: breadth first over the
//! moves below, on the real engine, from one moment into all futures. The witness judges each.
//!
//! Two moments are the same where nothing that can still matter differs: ids and absolute times do
//! not, nor do approvals and runs that are over and done with.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use opsfsm::approval::Level;
use opsfsm::base::{RunId, Stamp};
use opsfsm::journal::{GrantFate, ItemState, RunPhase};
use opsfsm::sim::Death;

use crate::stage::{LIFE, Move, Stage};
use crate::support::job;
use crate::witness::Fate;

/// A commit that fails, now and for good; durable all the same, or not.
const fn fault(recorded: bool) -> Move {
    Move::Fault { after: 0, recorded, refused: true }
}

const fn approve(level: Level) -> Move {
    Move::Approve(0, LIFE, level)
}

/// So far back that an approval whose life is over looks young, but not unborn.
const WALL_BACK: i64 = 900_000;

/// What may happen at each moment. Some are two moves that are one event.
fn moves() -> Vec<(&'static str, Vec<Move>)> {
    let half = Duration::from_secs(LIFE.as_secs() / 2);
    let execute = |death| vec![Move::Execute(0, death)];
    vec![
        ("approve", vec![approve(Level::Asserted)]),
        ("claim", vec![Move::Claim(0)]),
        ("claimer dies", vec![Move::NextProcess]),
        ("execute", execute(None)),
        ("execute an older claim", vec![Move::Execute(1, None)]),
        ("begin fails", vec![fault(false), Move::Execute(0, None)]),
        ("begin fails, and is durable", vec![fault(true), Move::Execute(0, None)]),
        ("dies before the start", execute(Some(Death::BeforeStart))),
        ("dies after the start", execute(Some(Death::AfterStart))),
        ("dies before the end is recorded", execute(Some(Death::BeforeEnd))),
        (
            "leaves a process behind",
            vec![
                Move::LeavesRunning(0, true),
                Move::Execute(0, Some(Death::AfterStart)),
                Move::LeavesRunning(0, false),
            ],
        ),
        ("that process ends", vec![Move::WritesEnd]),
        ("exits with an error", vec![Move::Exits(0, 1), Move::Execute(0, None), Move::Exits(0, 0)]),
        ("tick", vec![Move::Tick]),
        ("half a life passes", vec![Move::Pass(half)]),
        ("revoke", vec![Move::Revoke(0)]),
        ("the plan is edited", vec![Move::Edit(0, 1)]),
        ("it is edited back", vec![Move::Edit(0, 0)]),
        ("reboot", vec![Move::Reboot]),
        ("the wall clock goes back", vec![Move::SetWall(-WALL_BACK)]),
        ("the wall clock is right", vec![Move::SetWall(0)]),
        ("the verifier breaks", vec![Move::CheckExits(0, 1)]),
        ("the verifier is mended", vec![Move::CheckExits(0, 0)]),
        ("acknowledge", vec![Move::Acknowledge(0)]),
    ]
}

/// Time since then, as far as it matters to anything here.
fn age(then: &Stamp, now: &Stamp) -> (bool, i64, i64) {
    let most = i64::try_from(LIFE.as_millis()).expect("a life");
    let span = |now: i64, then: i64| (now - then).clamp(-1, most);
    if then.boot != now.boot {
        return (false, span(now.wall_ms, then.wall_ms), 0);
    }
    (true, span(now.wall_ms, then.wall_ms), span(now.up_ms, then.up_ms))
}

/// All that can still matter of a moment, in words.
fn essence(stage: &Stage) -> String {
    let (store, now) = (stage.host.store.snapshot(), stage.now());
    let world = store.world();
    let record = &world.snapshot.jobs[&job("w")];
    let cycle = record.write.as_ref().map(|cycle| {
        let verification = cycle.verification.as_ref();
        let verification = verification.map(|v| (v.round, age(&v.since, &now), v.passed.clone()));
        (
            cycle.run.is_some(),
            cycle.process.is_some(),
            cycle.plan.step.program.sha256.clone(),
            verification,
        )
    });
    let live = world.snapshot.grants.values().filter(|g| g.fate == GrantFate::Live);
    let grants: Vec<_> = live.map(|g| (g.grant.digest.clone(), age(&g.grant.at, &now))).collect();
    let alive = |p: &opsfsm::model::ProcessId| {
        opsfsm::ports::Processes::liveness(&stage.host, p) == opsfsm::ports::Liveness::Alive
    };
    let runs: Vec<String> = world
        .runs
        .values()
        .map(|row| match &row.phase {
            RunPhase::Claimed => format!("{} claimed {}", row.spec.job, alive(&row.claimer)),
            RunPhase::Executing { executor, .. } => {
                format!("{} executing {}", row.spec.job, alive(executor))
            }
            RunPhase::Done { outcome } => format!("{} done {:?}", row.spec.job, outcome.end),
        })
        .collect();
    let queue: Vec<_> = world
        .snapshot
        .queue
        .values()
        .filter(|q| !matches!(q.state, ItemState::Settled(_)))
        .map(|q| (q.job.clone(), q.state == ItemState::Pending, age(&q.at, &now)))
        .collect();
    let request = world.snapshot.requests.get(&job("w")).map(|r| (&r.answer, &r.digest));
    let request = request.map(|(a, d)| (matches!(a, opsfsm::journal::Answer::Pending), d.clone()));
    format!(
        "{} {cycle:?} {grants:?} {runs:?} {queue:?} {request:?} {} {} {:?} {:?} {:?} {}",
        record.state,
        known(stage, &now),
        stage.truth.version("/w"),
        stage.host.in_flight.borrow(),
        world.meta.last_tick.as_ref().map(|last| now.drift_since(last)),
        stage.behaves(&job("v")).exit,
        stage.wall_off
    )
}

/// The same of what the witness knows, and of the claims that somebody may still try.
fn known(stage: &Stage, now: &Stamp) -> String {
    let witness = &stage.witness;
    let open = witness.approvals.iter().filter(|a| a.fate == Fate::Open);
    let open: Vec<_> = open.map(|a| (age(&a.at, now), &a.content, a.sure)).collect();
    let unsettled = witness.unsettled.get("w");
    let run = unsettled.and_then(|run| witness.runs.get(run));
    let run = run.map(|r| (r.started, &r.passed, &r.content));
    let ending = unsettled.and_then(|run| witness.endings.get(run));
    let runs = stage.host.store.snapshot().world().runs.clone();
    let last_two = stage.claims.iter().rev().take(2);
    let claims: Vec<_> = last_two.map(|c| (runs.contains_key(c), is_open(stage, c))).collect();
    format!("{open:?} {run:?} {ending:?} {claims:?}")
}

fn is_open(stage: &Stage, run: &RunId) -> bool {
    stage.host.store.snapshot().world().runs.get(run).is_some_and(|r| r.phase == RunPhase::Claimed)
}

struct Model {
    states: BTreeSet<String>,
    open: VecDeque<(Stage, Vec<&'static str>)>,
    counts: BTreeMap<String, usize>,
    futures: usize,
}

impl Model {
    /// All begins where nothing is approved; and, to see further, also in the middle of a life.
    fn new() -> Self {
        let mut model = Self {
            states: BTreeSet::new(),
            open: VecDeque::new(),
            counts: BTreeMap::new(),
            futures: 0,
        };
        let mut stage = Stage::new();
        model.open.push_back((stage.fork(), Vec::new()));
        for act in [approve(Level::Asserted), Move::Claim(0)] {
            stage.play(&act).expect("a beginning");
        }
        model.open.push_back((stage.fork(), Vec::new()));
        for death in [None, Some(Death::BeforeStart), Some(Death::BeforeEnd)] {
            let mut begun = stage.fork();
            for act in [Move::Execute(0, death), Move::CheckExits(0, 1), Move::Tick] {
                begun.play(&act).expect("a middle");
                model.open.push_back((begun.fork(), Vec::new()));
            }
        }
        model.states.extend(model.open.iter().map(|(stage, _)| essence(stage)));
        model
    }

    /// All that can follow the oldest open moment.
    fn step(&mut self, moves: &[(&'static str, Vec<Move>)], depth: usize) -> bool {
        let Some((stage, path)) = self.open.pop_front() else { return false };
        if path.len() >= depth {
            return false;
        }
        for (name, parts) in moves {
            let mut next = stage.fork();
            next.witness.counts.clear();
            let mut path = path.clone();
            path.push(name);
            let played = parts.iter().try_for_each(|part| next.play(part));
            played.unwrap_or_else(|why| panic!("{why}\nby {path:#?}\nin {:?}", next.states()));
            self.futures += 1;
            for (what, n) in &next.witness.counts {
                *self.counts.entry(what.clone()).or_default() += n;
            }
            if self.states.insert(essence(&next)) {
                self.open.push_back((next, path));
            }
        }
        true
    }
}

/// What must have occurred for all this to mean anything.
const MET: [&str; 20] = [
    "started",
    "exited_ok",
    "exited_err",
    "lost",
    "verify_passed",
    "verify_failed",
    "verify_overdue",
    "acknowledge",
    "expire",
    "revoke",
    "plan_changed",
    "acknowledge: InFlight",
    "claim: PlanChanged",
    "claim: Expired",
    "approve: Unsettled(unknown)",
    "begin: the approval has expired",
    "begin: the plan is not the approved one any more",
    "begin: the approval was given in another boot of this host",
    "begin: nobody claimed it, or it has begun already",
    "executor: commit None wrote=false",
];

/// How many moves from each beginning.
const USUAL_DEPTH: usize = 5;

/// Deeper: OPSFSM_DEPTH=9 cargo test --release --test engine crashes -- --nocapture
#[test]
#[expect(clippy::disallowed_macros, reason = "it tells its figures to whoever looks")]
fn in_every_order_of_events_a_write_starts_only_as_approved_and_once() {
    let depth =
        std::env::var("OPSFSM_DEPTH").ok().and_then(|n| n.parse().ok()).unwrap_or(USUAL_DEPTH);
    let (moves, mut model) = (moves(), Model::new());
    let mut at = 0;
    while model.step(&moves, depth) {
        let next = model.open.front().map_or(0, |(_, path)| path.len());
        if next > at {
            at = next;
            println!("depth {at}: {} moments, {} futures", model.states.len(), model.futures);
        }
    }
    println!("{:#?}", model.counts);
    let missed: Vec<&str> = MET.into_iter().filter(|w| !model.counts.contains_key(*w)).collect();
    let full = missed.is_empty() && model.states.len() > 3000;
    assert!(depth < USUAL_DEPTH || full, "{} moments; never met: {missed:?}", model.states.len());
}
