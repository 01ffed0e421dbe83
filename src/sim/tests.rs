//! The engine against everything that may fail around it: commits that fail before or after the
//! fact, ticks and executors that die, executors that come too late, clocks that jump.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for some kinds of events")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::base::{JobId, RunId, limits};
use crate::compile::Compiled;
use crate::config::Format;
use crate::decide::{RunRefused, Settling};
use crate::journal::{EventKind, ItemState, RunPhase};
use crate::model::{End, Purpose};
use crate::ports::{Processes as _, StoreError};
use crate::tick::{RunPorts, execute_run, run_check, start_job, stop_job};

const JOBS: &str = r#"
version = 1
[[jobs]]
id = "scan"
kind = "long_running_read"
risk = "read_only"
enabled = true
commands = { start = ["/s"], stop = ["/s"], status = ["/s"] }
policy = { autoResume = true, autoResumeBackoffSeconds = 0, startGraceSeconds = 0 }
[[jobs]]
id = "probe"
kind = "one_shot_read"
risk = "read_only"
enabled = true
everySeconds = 3600
commands = { run = ["/s"] }
"#;

const MINUTE: Duration = Duration::from_mins(1);

fn jobs() -> Compiled {
    compile_text(JOBS, Format::Toml).unwrap()
}

fn failed() -> StoreError {
    StoreError::Failed("simulated".to_owned())
}

fn ran(host: &SimHost, job: &str) -> usize {
    host.ran.borrow().iter().filter(|spec| spec.job.as_str() == job).count()
}

/// With ports of this host.
fn with_ports<T>(host: &SimHost, act: impl FnOnce(&mut RunPorts<'_>) -> T) -> T {
    let (mut runner, mut store) = (host.clone(), host.store.clone());
    act(&mut RunPorts {
        clock: host,
        entropy: host,
        processes: host,
        files: &host.files,
        runner: &mut runner,
        store: &mut store,
        style: &orders::style(),
    })
}

/// What must hold at every moment.
fn assert_holds(host: &SimHost) {
    let store = host.store.snapshot();
    assert_eq!(store.replay().unwrap(), store.world().snapshot);
    let mut claimed = BTreeSet::new();
    let mut over = BTreeMap::<RunId, usize>::new();
    for event in store.events() {
        match event.kind {
            EventKind::RunClaimed { run, .. } => assert!(claimed.insert(run)),
            EventKind::RunEnded { run, .. } | EventKind::RunDropped { run, .. } => {
                *over.entry(run).or_default() += 1;
            }
            _ => {}
        }
    }
    assert!(over.values().all(|times| *times == 1), "a run is over once: {over:?}");
    let mut runs = BTreeSet::new();
    let mut items = BTreeSet::new();
    for spec in host.ran.borrow().iter() {
        assert!(claimed.contains(&spec.run), "nobody claimed {spec:?}");
        assert!(runs.insert(spec.run.clone()), "run twice: {spec:?}");
        if let Some(item) = &spec.item {
            assert!(items.insert(item.clone()), "an item was served twice: {spec:?}");
        }
    }
    let dropped = |kind: &EventKind| match kind {
        EventKind::RunDropped { run, .. } => Some(run.clone()),
        _ => None,
    };
    let dropped: Vec<RunId> = store.events().iter().filter_map(|e| dropped(&e.kind)).collect();
    assert!(dropped.iter().all(|run| !runs.contains(run)), "what ran was called dropped");
}

/// Undisturbed ticks: nothing stays half done.
fn assert_heals(host: &SimHost, compiled: &Compiled) {
    host.store.recover();
    host.executors_die.set(false);
    host.launches_fail.set(false);
    host.executors_late.set(false);
    for _ in 0..3 {
        host.next_process();
        host.pass(MINUTE);
        host.tick(compiled).unwrap();
        assert_holds(host);
    }
    let store = host.store.snapshot();
    assert!(store.world().runs.is_empty(), "{:?}", store.world().runs);
    let queue = &store.world().snapshot.queue;
    assert!(queue.values().all(|q| matches!(q.state, ItemState::Settled(_))), "{queue:?}");
}

/// The n-th transaction of a tick fails, without a trace or after the fact; nothing that it
/// decided is started by it.
#[test]
fn a_commit_that_fails_starts_nothing() {
    let compiled = jobs();
    for recorded in [false, true] {
        for n in 0..9 {
            let host = SimHost::new();
            host.store.fail_at(n, failed(), recorded);
            let before = host.store.snapshot();
            let told = host.tick(&compiled);
            assert_holds(&host);
            if n == 0 {
                assert_eq!(told.unwrap_err(), failed());
                assert!(host.ran.borrow().is_empty());
                assert!(host.told.borrow().is_empty());
                let unchanged = host.store.snapshot().world() == before.world();
                assert_eq!(unchanged, !recorded);
            }
            assert_heals(&host, &compiled);
            assert!(ran(&host, "scan") >= 1);
            let lost = lost(&host);
            assert!(ran(&host, "probe") == 1 || lost.len() == 1, "{n}: {lost:?}");
        }
    }
}

/// Runs that were told lost.
fn lost(host: &SimHost) -> Vec<RunId> {
    let lost = |kind| match kind {
        EventKind::RunEnded { run, end: End::Lost, .. } => Some(run),
        _ => None,
    };
    host.store.snapshot().events().into_iter().filter_map(|e| lost(e.kind)).collect()
}

#[test]
fn an_executor_that_dies_after_it_began_is_lost_once() {
    let compiled = jobs();
    let host = SimHost::new();
    host.executors_die.set(true);
    host.tick(&compiled).unwrap();
    assert_heals(&host, &compiled);
    // The first executor to die was the one whose record failed; all others got through.
    let lost = lost(&host);
    assert!(!lost.is_empty());
    let all = lost.iter().collect::<BTreeSet<_>>();
    assert_eq!(all.len(), lost.len());
    assert_eq!(ran(&host, "probe"), 1, "a lost check is not run again");
}

#[test]
fn a_claim_whose_claimer_died_goes_back_and_its_late_executor_is_fenced() {
    let compiled = jobs();
    let host = SimHost::new();
    host.executors_late.set(true);
    host.tick(&compiled).unwrap();
    let claimed: Vec<RunId> = host.store.snapshot().world().runs.keys().cloned().collect();
    assert_eq!(claimed.len(), 2);
    assert!(host.ran.borrow().is_empty());
    // The claimer lives, if only stopped: nobody else starts the job.
    host.pass(MINUTE);
    host.tick(&compiled).unwrap();
    assert_eq!(host.store.snapshot().world().runs.len(), 2);
    // It is gone: the claims are dropped, and the next tick serves the same item anew.
    host.next_process();
    host.executors_late.set(false);
    host.pass(MINUTE);
    host.tick(&compiled).unwrap();
    assert_eq!((ran(&host, "scan"), ran(&host, "probe")), (1, 1));
    // And now it goes on, and launches what it once claimed.
    for run in &claimed {
        let late = with_ports(&host, |ports| execute_run(run, ports));
        assert_eq!(late, Ok(Err(RunRefused::NotClaimed)));
    }
    assert_eq!((ran(&host, "scan"), ran(&host, "probe")), (1, 1));
    assert_holds(&host);
    assert_heals(&host, &compiled);
}

/// Two executors of one run: whoever flips it first has it.
#[test]
fn a_run_begins_once() {
    let compiled = jobs();
    let host = SimHost::new();
    host.executors_late.set(true);
    host.tick(&compiled).unwrap();
    let runs: Vec<RunId> = host.store.snapshot().world().runs.keys().cloned().collect();
    for run in &runs {
        assert!(with_ports(&host, |ports| execute_run(run, ports)).unwrap().is_ok());
        let again = with_ports(&host, |ports| execute_run(run, ports));
        assert_eq!(again, Ok(Err(RunRefused::NotClaimed)));
    }
    assert_eq!(host.ran.borrow().len(), 2);
    let none = with_ports(&host, |ports| execute_run(&RunId::new("none"), ports));
    assert_eq!(none, Ok(Err(RunRefused::NotClaimed)));
    assert_heals(&host, &compiled);
}

/// A store that is held or full for a while does not cost the end of a command that has run.
#[test]
fn the_end_of_a_command_is_recorded_with_patience() {
    let compiled = jobs();
    for error in [failed(), StoreError::Busy("simulated".to_owned())] {
        for recorded in [false, true] {
            let host = SimHost::new();
            host.executors_late.set(true);
            host.tick(&compiled).unwrap();
            let runs: Vec<RunId> = host.store.snapshot().world().runs.keys().cloned().collect();
            for run in &runs {
                host.store.fail_at(1, error.clone(), recorded);
                assert!(with_ports(&host, |ports| execute_run(run, ports)).unwrap().is_ok());
                let phase = host.store.snapshot().world().runs[run].phase.clone();
                assert!(matches!(phase, RunPhase::Done { .. }), "{phase:?}");
            }
            assert_heals(&host, &compiled);
            assert_eq!(lost(&host), []);
        }
    }
    // Nor is it waited for for ever, and what is refused is not tried again.
    let host = SimHost::new();
    host.set(&JobId::new("probe"), |_| {});
    let job = compiled.job(&JobId::new("probe")).unwrap();
    host.store.fail_at(1, StoreError::Refused("corrupt".to_owned()), false);
    let before = host.own_id();
    let ran = with_ports(&host, |ports| run_check(&compiled, job, None, Settling::Shown, ports));
    let why = ran.unwrap_err().to_string();
    assert!(why.contains("the command of `probe` has run (exit=0)"), "{why}");
    assert!(why.ends_with("corrupt"), "{why}");
    host.next_process();
    assert_ne!(host.own_id(), before);
    assert_heals(&host, &compiled);
    assert_eq!(lost(&host).len(), 1);
    assert!(limits::RECORD_PATIENCE < limits::TICK_LIMIT);
}

/// A store that is held delays a beginning; after a failed commit nothing is started.
#[test]
fn an_executor_waits_for_a_store_that_is_held_and_for_nothing_else() {
    let compiled = jobs();
    let held = StoreError::Busy("simulated".to_owned());
    for (error, begins) in [(held, true), (failed(), false)] {
        let host = SimHost::new();
        host.executors_late.set(true);
        host.tick(&compiled).unwrap();
        let runs: Vec<RunId> = host.store.snapshot().world().runs.keys().cloned().collect();
        for run in &runs {
            host.store.fail_at(0, error.clone(), false);
            let executed = with_ports(&host, |ports| execute_run(run, ports));
            assert_eq!(executed.is_ok(), begins, "{executed:?}");
        }
        assert_eq!(host.ran.borrow().len(), if begins { runs.len() } else { 0 });
        host.next_process();
        assert_heals(&host, &compiled);
    }
}

/// A person's command whose process is killed after it began: the job is free again.
#[test]
fn a_killed_command_of_a_person_leaves_the_job_free() {
    let compiled = jobs();
    let job = compiled.job(&JobId::new("scan")).unwrap();
    let host = SimHost::new();
    let start = || with_ports(&host, |ports| start_job(&compiled, job, None, None, ports));
    host.store.fail_after_begin(StoreError::Refused("killed".to_owned()));
    assert!(start().is_err());
    assert_eq!(host.store.snapshot().world().runs.len(), 1);
    host.next_process();
    assert!(matches!(start(), Ok(crate::tick::Ran::Command { .. })));
    assert_eq!((ran(&host, "scan"), lost(&host).len()), (2, 1));
    host.store.fail_after_begin(StoreError::Refused("killed".to_owned()));
    let stop = || with_ports(&host, |ports| stop_job(&compiled, job, None, None, ports));
    assert!(stop().is_err());
    host.next_process();
    assert!(matches!(stop(), Ok(crate::tick::Stopped::Command { .. })));
    assert_heals(&host, &compiled);
    let resumed = |s: &crate::model::RunSpec| s.purpose == Purpose::Resume;
    assert!(!host.ran.borrow().iter().any(resumed), "what a person stopped stays so");
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Tick,
    TickDiesBeforeLaunch,
    ExecutorDies,
    LaunchFails,
    CommitFails(u32, bool),
    Busy(u32),
    Start,
    Stop,
    Run,
    Late(usize),
    NextProcess,
    Pass(u64),
    Suspend(u64),
    Wall(i64),
    Reboot,
    Completes,
    Stops,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Tick),
        2 => Just(Step::TickDiesBeforeLaunch),
        2 => Just(Step::ExecutorDies),
        1 => Just(Step::LaunchFails),
        3 => (0..6_u32, any::<bool>()).prop_map(|(n, recorded)| Step::CommitFails(n, recorded)),
        1 => (0..6_u32).prop_map(Step::Busy),
        2 => Just(Step::Start),
        1 => Just(Step::Stop),
        2 => Just(Step::Run),
        2 => any::<usize>().prop_map(Step::Late),
        2 => Just(Step::NextProcess),
        2 => (0..5000_u64).prop_map(Step::Pass),
        1 => (0..5000_u64).prop_map(Step::Suspend),
        1 => (-400_000_000_i64..400_000_000).prop_map(Step::Wall),
        1 => Just(Step::Reboot),
        1 => Just(Step::Completes),
        2 => Just(Step::Stops),
    ];
    proptest::collection::vec(step, 1..30)
}

fn play(host: &SimHost, compiled: &Compiled, claimed: &mut Vec<RunId>, step: &Step) {
    let job = |id: &str| compiled.job(&JobId::new(id)).unwrap();
    let scan = JobId::new("scan");
    // What an order answers is its own affair here: the invariants say what must hold.
    match step {
        Step::Tick => drop(host.tick(compiled)),
        Step::TickDiesBeforeLaunch => {
            host.executors_late.set(true);
            drop(host.tick(compiled));
            host.executors_late.set(false);
            host.next_process();
        }
        Step::ExecutorDies => {
            host.executors_die.set(true);
            drop(host.tick(compiled));
            host.executors_die.set(false);
        }
        Step::LaunchFails => {
            host.launches_fail.set(true);
            drop(host.tick(compiled));
            host.launches_fail.set(false);
        }
        Step::CommitFails(n, recorded) => host.store.fail_at(*n, failed(), *recorded),
        Step::Busy(n) => host.store.fail_at(*n, StoreError::Busy("held".to_owned()), false),
        Step::Start => {
            drop(with_ports(host, |p| start_job(compiled, job("scan"), None, None, p)));
        }
        Step::Stop => drop(with_ports(host, |p| stop_job(compiled, job("scan"), None, None, p))),
        Step::Run => {
            drop(with_ports(host, |p| run_check(compiled, job("probe"), None, Settling::Shown, p)));
        }
        Step::Late(n) if !claimed.is_empty() => {
            let run = claimed[n % claimed.len()].clone();
            drop(with_ports(host, |ports| execute_run(&run, ports)));
        }
        Step::Late(_) => {}
        Step::NextProcess => host.next_process(),
        Step::Pass(s) => host.pass(Duration::from_secs(*s)),
        Step::Suspend(s) => host.suspend(Duration::from_secs(*s)),
        Step::Wall(ms) => host.set_wall(1_790_000_000_000 + ms),
        Step::Reboot => host.reboot(),
        Step::Completes => host.set(&scan, |job| (job.completed, job.running) = (true, false)),
        Step::Stops => host.set(&scan, |job| (job.completed, job.running) = (false, false)),
    }
    claimed.extend(host.store.snapshot().world().runs.keys().cloned());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_runs_twice_whatever_happens(steps in steps()) {
        let (compiled, host) = (jobs(), SimHost::new());
        let mut claimed = Vec::new();
        for step in &steps {
            play(&host, &compiled, &mut claimed, step);
            assert_holds(&host);
        }
        assert_heals(&host, &compiled);
    }
}
