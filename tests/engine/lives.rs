//! Random lives: whatever people, jobs, clocks, executors and disks do, the invariants hold.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use opsfsm::base::JobId;
use opsfsm::journal::{EventKind, RunPhase, Snapshot, apply};
use opsfsm::machine::{Machine, State, WriteState};
use opsfsm::model::Purpose;
use opsfsm::ports::{Clock as _, StoreError};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{Scene, check, job, seeded, setting, watch};

/// Watched jobs that resume and restart, chained checks, a schedule, and writes that everything
/// tries to reach.
fn config(variant: u8) -> String {
    let write = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
        enabled = true\napproval = { granted = true }\ncommands = { run = [\"/w\"] }\n\
        after = [{ jobId = \"v\" }]\n";
    let resume = "autoResume = true, autoResumeBackoffSeconds = 300, stallSeconds = 600";
    let mut text = watch("a", &format!("{resume}, maxResumes = 3"))
        + "after = [{ jobId = \"c\" }, { jobId = \"w\", when = \"failure\" }]\n"
        + &watch("b", &format!("{resume}, onStall = \"restart\""))
        + &check("c", "after = [{ jobId = \"w\" }, { jobId = \"d\", when = \"failure\" }]")
        + write
        + &check("v", "");
    text += &match variant {
        1 => check("d", ""),
        _ => check("d", "everySeconds = 120\nafter = [{ jobId = \"b\", delaySeconds = 100 }]"),
    };
    if variant != 2 {
        text += &watch("e", resume).replace("read_only", "write_external");
    }
    text
}

const WATCHED: [&str; 3] = ["a", "b", "e"];
const CHECKS: [&str; 3] = ["c", "d", "v"];

#[derive(Clone, Debug)]
enum Step {
    Tick,
    Pass(u64),
    Suspend(u64),
    SetWall(i64),
    Reboot,
    NextProcess,
    Running(usize, bool),
    Completed(usize, bool),
    Progress(usize),
    Broken(usize, bool),
    Alert(usize, bool),
    Exit(usize, i32),
    StartIsIdle(usize, bool),
    CheckExit(usize, i32),
    Attention(usize, bool),
    Start(usize),
    Stop(usize),
    Run(usize),
    StartAny(u8),
    ExecutorsDie(bool),
    LaunchesFail(bool),
    ExecutorsLate(bool),
    ExecutorsArrive,
    Beside,
    Unreachable(bool),
    CommitFails,
    Edit(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let w = 0..WATCHED.len();
    let c = 0..CHECKS.len();
    prop_oneof![
        12 => Just(Step::Tick),
        6 => prop_oneof![Just(1u64), Just(60), Just(299), Just(300), Just(600), Just(5000)]
            .prop_map(Step::Pass),
        1 => (1u64..100_000).prop_map(Step::Suspend),
        1 => prop_oneof![Just(0i64), Just(1_700_000_000_000), Just(1_900_000_000_000)]
            .prop_map(Step::SetWall),
        1 => Just(Step::Reboot),
        1 => Just(Step::NextProcess),
        4 => (w.clone(), any::<bool>()).prop_map(|(i, b)| Step::Running(i, b)),
        2 => (w.clone(), any::<bool>()).prop_map(|(i, b)| Step::Completed(i, b)),
        3 => w.clone().prop_map(Step::Progress),
        1 => (w.clone(), any::<bool>()).prop_map(|(i, b)| Step::Broken(i, b)),
        1 => (w.clone(), any::<bool>()).prop_map(|(i, b)| Step::Alert(i, b)),
        1 => (w.clone(), 0..2i32).prop_map(|(i, n)| Step::Exit(i, n)),
        1 => (w.clone(), any::<bool>()).prop_map(|(i, b)| Step::StartIsIdle(i, b)),
        1 => (c.clone(), 0..2i32).prop_map(|(i, n)| Step::CheckExit(i, n)),
        1 => (c.clone(), any::<bool>()).prop_map(|(i, b)| Step::Attention(i, b)),
        2 => w.clone().prop_map(Step::Start),
        2 => w.prop_map(Step::Stop),
        2 => c.prop_map(Step::Run),
        1 => any::<u8>().prop_map(Step::StartAny),
        1 => any::<bool>().prop_map(Step::ExecutorsDie),
        1 => any::<bool>().prop_map(Step::LaunchesFail),
        1 => any::<bool>().prop_map(Step::ExecutorsLate),
        2 => Just(Step::ExecutorsArrive),
        1 => Just(Step::Beside),
        1 => any::<bool>().prop_map(Step::Unreachable),
        1 => Just(Step::CommitFails),
        1 => (0..3u8).prop_map(Step::Edit),
    ]
}

/// What an observer remembers who knows nothing of the engine's insides.
#[derive(Default)]
struct Witness {
    /// Stopped by a person, and not started by anybody since.
    stopped: BTreeSet<JobId>,
    seen_runs: usize,
    seen_events: usize,
    /// The replay so far: each event once, as a journal only grows.
    folded: Snapshot,
    resumed_at: BTreeMap<JobId, opsfsm::base::Stamp>,
}

fn live(scene: &mut Scene, witness: &mut Witness, step: &Step) {
    let watched = |i: usize| WATCHED[i];
    let host = scene.host.clone();
    match *step {
        // A store that fails makes the tick fail, and nothing else.
        Step::Tick => drop(host.tick(&scene.compiled)),
        Step::Pass(s) => host.pass(Duration::from_secs(s)),
        Step::Suspend(s) => host.suspend(Duration::from_secs(s)),
        Step::SetWall(ms) => host.set_wall(ms),
        Step::Reboot => host.reboot(),
        Step::NextProcess => host.next_process(),
        Step::Running(i, running) => {
            scene.set(watched(i), |j| j.running = running);
            if running {
                witness.stopped.remove(&job(watched(i)));
            }
        }
        Step::Completed(i, b) => scene.set(watched(i), |j| j.completed = b),
        Step::Progress(i) => scene.set(watched(i), |j| j.progress += 1),
        Step::Broken(i, b) => scene.set(watched(i), |j| j.broken = b),
        Step::Alert(i, b) => scene.set(watched(i), |j| j.alert = b),
        Step::Exit(i, n) => scene.set(watched(i), |j| j.exit = n),
        Step::StartIsIdle(i, b) => scene.set(watched(i), |j| j.start_is_idle = b),
        Step::CheckExit(i, n) => scene.set(CHECKS[i], |j| j.exit = n),
        Step::Attention(i, b) => scene.set(CHECKS[i], |j| j.attention = b),
        Step::Start(i) => {
            drop(host.start(&scene.compiled, &job(watched(i))));
            witness.stopped.remove(&job(watched(i)));
        }
        Step::Stop(i) => person_stops(scene, witness, watched(i)),
        Step::Run(i) => drop(host.run(&scene.compiled, &job(CHECKS[i]))),
        Step::StartAny(n) => {
            let id = job(["a", "b", "c", "d", "e", "v", "w"][usize::from(n) % 7]);
            drop(host.run(&scene.compiled, &id));
            drop(host.start(&scene.compiled, &id));
            witness.stopped.remove(&id);
        }
        Step::ExecutorsDie(b) => host.executors_die.set(b),
        Step::LaunchesFail(b) => host.launches_fail.set(b),
        Step::ExecutorsLate(b) => host.executors_late.set(b),
        Step::ExecutorsArrive => host.executors_arrive(),
        Step::Beside => host.beside(),
        Step::Unreachable(b) => host.unreachable.set(b),
        Step::CommitFails => host.store.fail_next(StoreError::Failed("simulated".to_owned())),
        Step::Edit(variant) => scene.edit(&config(variant)),
    }
}

fn person_stops(scene: &Scene, witness: &mut Witness, id: &str) {
    let stopped = scene.host.stop(&scene.compiled, &job(id));
    if matches!(stopped, Ok(Some(_))) && scene.state(id) == "paused" {
        witness.stopped.insert(job(id));
    }
}

fn hold(scene: &Scene, witness: &mut Witness, step: &Step) -> Result<(), TestCaseError> {
    let store = scene.host.store.snapshot();
    let world = store.world();
    let events = store.events_from(witness.seen_events);
    for event in &events {
        apply(&mut witness.folded, event).expect("the journal replays");
    }
    prop_assert_eq!(&witness.folded, &world.snapshot);
    let ran = scene.host.ran.borrow().clone();
    let ids: BTreeSet<_> = ran.iter().map(|s| &s.run).collect();
    prop_assert_eq!(ids.len(), ran.len(), "a run was run twice");
    for spec in &ran[witness.seen_runs..] {
        prop_assert!(spec.job != job("w"), "a write was started: {:?}", spec);
        let starts = spec.purpose.starts_the_job();
        prop_assert!(!(starts && spec.job == job("e")), "a job of write risk was started");
        if spec.purpose == Purpose::Resume {
            prop_assert!(!witness.stopped.contains(&spec.job), "a person's stop was undone");
            check_backoff(scene, witness, &spec.job)?;
        }
    }
    witness.seen_runs = ran.len();
    // Judged where the claim is made: a late executor may run it when the status has broken since.
    for event in &events {
        if let EventKind::RunClaimed { purpose: Purpose::Resume | Purpose::RestartStop, .. } =
            event.kind
        {
            let broken = event
                .job
                .as_ref()
                .is_some_and(|id| scene.host.jobs.borrow().get(id).is_some_and(|j| j.broken));
            prop_assert!(!broken, "a broken status started something");
        }
    }
    witness.seen_events += events.len();
    for (id, record) in &world.snapshot.jobs {
        if let State::Write(state) = record.state {
            prop_assert_eq!(state, WriteState::Blocked, "{} left its gate", id);
        }
    }
    let mut busy = BTreeMap::new();
    for row in world.runs.values().filter(|r| !matches!(r.phase, RunPhase::Done { .. })) {
        *busy.entry(&row.spec.job).or_insert(0) += 1;
    }
    prop_assert!(
        busy.values().all(|n| *n == 1),
        "two runs of one job after {:?}: {:?}",
        step,
        busy
    );
    let told = scene.host.told.borrow();
    let reports: BTreeSet<_> = told.iter().map(|r| &r.id).collect();
    prop_assert_eq!(reports.len(), told.len(), "a report was delivered twice");
    Ok(())
}

/// Two resumes of one job within a boot are at least the back-off's base apart.
fn check_backoff(scene: &Scene, witness: &mut Witness, id: &JobId) -> Result<(), TestCaseError> {
    let now = scene.host.now().at;
    if let Some(apart) = witness.resumed_at.get(id).and_then(|last| now.watched_since(last)) {
        prop_assert!(apart >= Duration::from_mins(5), "{} resumed after {:?}", id, apart);
    }
    witness.resumed_at.insert(id.clone(), now);
    Ok(())
}

const USUAL_LIVES: u32 = 256;

#[test]
fn whatever_happens_the_invariants_hold() {
    let met: RefCell<BTreeSet<(&str, &str)>> = RefCell::default();
    // More lives, or others: OPSFSM_LIVES=10000 OPSFSM_SEED=7 cargo test --release lives
    let cases = setting("OPSFSM_LIVES", USUAL_LIVES);
    let (rng, number) = seeded();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let lives = prop::collection::vec(step(), 1..120);
    TestRunner::new_with_rng(config, rng)
        .run(&lives, |steps| {
            let mut scene = Scene::new(&self::config(0));
            let mut witness = Witness::default();
            for step in &steps {
                live(&mut scene, &mut witness, step);
                hold(&scene, &mut witness, step)?;
            }
            met.borrow_mut().extend(inputs_met(&scene));
            // Once the world is kind again it heals: ticks work, and nothing hangs for ever.
            heal(&mut scene);
            let runs = scene.host.store.snapshot().world().runs.clone();
            prop_assert!(runs.is_empty(), "never settled: {:?}", runs);
            Ok(())
        })
        .unwrap_or_else(|e| panic!("{e}"));
    // The lives were full ones: every input that needs no approval was really given.
    let all = [Machine::Watch, Machine::Check].iter().flat_map(|m| m.inputs());
    let missed: Vec<&str> = all
        .map(opsfsm::machine::Input::as_str)
        .filter(|i| !met.borrow().iter().any(|(_, met)| met == i))
        // A self-edge is no event, and nothing drops a queued check but an edit of its kind.
        .filter(|i| *i != "drop")
        .collect();
    let usual = number == 0 && cases >= USUAL_LIVES;
    assert!(!usual || missed.is_empty(), "never met: {missed:?}");
}

/// The inputs that moved a machine in this life, by the state they led to.
fn inputs_met(scene: &Scene) -> Vec<(&'static str, &'static str)> {
    let events = scene.host.store.snapshot().events();
    let mut moved = Vec::new();
    for event in events {
        if let EventKind::Moved { input, to, .. } = event.kind {
            moved.push((to.as_str(), input.as_str()));
        }
    }
    moved
}

/// Everything works again; a few ticks later nothing is left over.
fn heal(scene: &mut Scene) {
    let host = scene.host.clone();
    for id in WATCHED.iter().chain(&CHECKS) {
        scene.set(id, |j| *j = opsfsm::sim::SimJob::default());
    }
    host.executors_die.set(false);
    host.launches_fail.set(false);
    host.executors_late.set(false);
    host.executors_arrive();
    host.reboot();
    host.unreachable.set(false);
    host.set_wall(1_900_000_000_000);
    // A failure that a step had ordered may still be waiting for a transaction.
    drop(host.tick(&scene.compiled));
    drop(host.tick(&scene.compiled));
    for _ in 0..5 {
        scene.tick_after(1);
    }
}
