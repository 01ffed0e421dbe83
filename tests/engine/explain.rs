//! `explain`: no state without a why and a next, and what it says comes next is what comes.

use std::collections::BTreeSet;
use std::time::Duration;

use expect_test::expect;
use opsfsm::base::{BootId, JobId, LocalTime, Now, RunId, Stamp};
use opsfsm::compile::Compiled;
use opsfsm::config::Format;
use opsfsm::decide::{DueKind, Explanation, Hold, Known, NextKind, explain_job, moves_its_job};
use opsfsm::journal::{Cause, CauseKind, Event, EventKind, JobRecord, Notes, Seen, World};
use opsfsm::machine::{Machine, State};
use opsfsm::model::Purpose;
use opsfsm::render::{render_explained_job, render_explained_job_json};
use opsfsm::sim::compile_text;

use crate::support::{Scene, job, watch};

const CAUSES: [Option<CauseKind>; 12] = [
    None,
    Some(CauseKind::NoProgress),
    Some(CauseKind::Stopped),
    Some(CauseKind::ResumeFailed),
    Some(CauseKind::GaveUp),
    Some(CauseKind::ByPerson),
    Some(CauseKind::RunFailed),
    Some(CauseKind::Lost),
    Some(CauseKind::Unproved),
    Some(CauseKind::ApprovalVoid),
    Some(CauseKind::VerificationFailed),
    Some(CauseKind::NotVerifiedInTime),
];

const JOBS: &str = r#"
version = 1
[[jobs]]
id = "watch"
kind = "long_running_read"
commands = { start = ["/s"], status = ["/t"], stop = ["/p"] }
policy = { autoResume = AUTO, maxResumes = 2, onStall = "restart" }
enabled = ENABLED
risk = "RISK"
[[jobs]]
id = "check"
kind = "one_shot_read"
commands = { run = ["/r"] }
everySeconds = 3600
risk = "read_only"
enabled = ENABLED
[[jobs]]
id = "write"
kind = "one_shot_write"
risk = "write_local"
commands = { run = ["/w"] }
after = [{ jobId = "check" }]
enabled = ENABLED
"#;

fn configs() -> Vec<Compiled> {
    let mut all = Vec::new();
    for (auto, enabled, risk) in [
        ("true", "true", "read_only"),
        ("false", "true", "read_only"),
        ("true", "false", "read_only"),
        ("false", "true", "write_local"),
    ] {
        let text = JOBS.replace("AUTO", auto).replace("ENABLED", enabled).replace("RISK", risk);
        all.push(compile_text(&text, Format::Toml).expect("sound"));
    }
    all
}

fn at(seconds: i64) -> Stamp {
    let ms = 1_790_000_000_000 + seconds * 1000;
    Stamp { wall_ms: ms, awake_ms: ms, up_ms: ms, boot: BootId::new("b") }
}

fn now() -> Now {
    Now { at: at(7200), local: LocalTime::UTC }
}

fn id_of(machine: Machine) -> JobId {
    job(match machine {
        Machine::Watch => "watch",
        Machine::Check => "check",
        Machine::Write => "write",
    })
}

/// A store in which the job stands so, of which nothing else is known.
fn world_in(id: &JobId, state: State, cause: Option<CauseKind>) -> World {
    let mut world = World::default();
    let mut record = JobRecord::new(state, &at(3600));
    record.cause = cause.map(Cause::plain);
    world.snapshot.jobs.insert(id.clone(), record);
    world.meta.last_tick = Some(at(7190));
    world
}

fn explained(compiled: &Compiled, id: &JobId, world: &World, flies: bool) -> Explanation {
    let in_flight: BTreeSet<JobId> = flies.then(|| id.clone()).into_iter().collect();
    let known = Known {
        compiled,
        world,
        events: &[],
        in_flight: &in_flight,
        exposed: flies.then_some("others may change it"),
        now: &now(),
    };
    explain_job(compiled.job(id).expect("a job"), known)
}

/// Everything that may be noted of a job, a bit each.
fn vary(world: &mut World, id: &JobId, bits: u32) {
    let bit = |n: u32| bits >> n & 1 == 1;
    let mut notes = Notes::default();
    if bit(0) {
        let seen = Seen { running: bit(1), completed: bit(2), ..Seen::default() };
        notes.seen = Some(Seen { progress_key: bit(3).then(|| "7".to_owned()), ..seen });
        notes.still_since = bit(1).then(|| at(7000));
        notes.running_since = bit(1).then(|| at(6000));
        notes.told.at = Some(at(6500));
    }
    if let Some(record) = world.snapshot.jobs.get_mut(id) {
        record.attempts = if bit(4) { 2 } else { 0 };
        record.last_start = bit(5).then(|| at(7195));
        record.last_start_run = bit(5).then(|| RunId::new("r1"));
    }
    world.notes.insert(id.clone(), notes);
}

/// What is said is said in words, for people and for programs alike.
fn is_told(compiled: &Compiled, id: &JobId, all: &Explanation) {
    let compiled = compiled.job(id).expect("a job");
    let text = render_explained_job(compiled, all, &now(), "opsfsm");
    assert!(text.contains("\nwhy: ") && text.contains("\nnext:\n  "), "{text}");
    assert!(!text.contains("why: \n") && !text.contains(": \n  "), "{text}");
    let json = render_explained_job_json(compiled, all, &now(), "opsfsm");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(!json["next"].as_array().expect("a list").is_empty());
    for list in ["evidence", "next", "holds"] {
        for line in json[list].as_array().expect("a list") {
            let said = |key: &str| line[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(said("what") && said("text"), "{line}");
        }
    }
}

#[test]
fn no_state_is_without_a_why_and_a_next_whatever_else_is_so() {
    for (n, compiled) in configs().into_iter().enumerate() {
        for machine in Machine::ALL {
            let id = id_of(machine);
            for state in machine.states() {
                for cause in CAUSES {
                    for bits in (0..64).step_by(if n == 0 { 1 } else { 7 }) {
                        let mut world = world_in(&id, state, cause);
                        vary(&mut world, &id, bits);
                        let all = explained(&compiled, &id, &world, bits & 1 == 1);
                        assert_eq!(all.state, state);
                        assert!(!all.next.is_empty(), "{state} {cause:?} {bits}");
                        is_told(&compiled, &id, &all);
                    }
                }
            }
        }
    }
}

#[test]
fn a_job_that_nothing_is_known_of_is_explained_too() {
    for compiled in configs() {
        for machine in Machine::ALL {
            let id = id_of(machine);
            let all = explained(&compiled, &id, &World::default(), false);
            assert_eq!((all.state, all.since_ms), (machine.initial(), None));
            assert!(all.holds.contains(&Hold::NoTick(None)));
            is_told(&compiled, &id, &all);
        }
    }
}

#[test]
fn each_state_says_why() {
    let compiled = configs().remove(0);
    let mut told = String::new();
    for machine in Machine::ALL {
        for state in machine.states() {
            let id = id_of(machine);
            let all = explained(&compiled, &id, &world_in(&id, state, None), false);
            let declared = compiled.job(&id).expect("a job");
            let text = render_explained_job(declared, &all, &now(), "opsfsm");
            let why = text.lines().find_map(|line| line.strip_prefix("why: ")).expect("a why");
            told.push_str(&format!("{id} {state}: {why}\n"));
        }
    }
    expect![[r#"
        watch idle: it was never started by opsfsm, nor seen running or completed
        watch running: its status says that it runs
        watch stalled: its status says that it neither runs nor has completed
        watch resuming: a tick has started it again; it was not seen running since
        watch paused: a person stopped it
        watch completed: its status says that it has completed
        watch failed: its resumes are used up, so it was given up
        check idle: it has not run yet, or its queued run was dropped
        check queued: a run of it is queued
        check running: an executor runs it
        check completed: its last run exited 0
        check failed: its last run did not exit 0, or could not be started
        write blocked: a write runs only when a person has approved its exact plan
        write approved: a person approved its exact plan, for one start
        write running: its executor has spent the approval and runs the plan
        write verifying: it exited 0, and its checks are still to confirm it
        write verified: it exited 0, and all its checks confirmed it
        write failed: its command did not exit 0
        write unverified: a check did not confirm it
        write unknown: it ended in a way that proves nothing
    "#]]
    .assert_eq(&told);
}

#[test]
fn the_event_that_moved_it_is_named_and_a_state_that_none_recorded_is_said_to_be_so() {
    let compiled = configs().remove(0);
    let (id, idle) = (job("watch"), Machine::Watch.initial());
    let event =
        Event { at: at(3600), job: Some(id.clone()), kind: EventKind::Declared { state: idle } };
    let events = [(41, event)];
    let asked = |state: State| {
        let world = world_in(&id, state, None);
        let none = BTreeSet::new();
        let known = Known {
            compiled: &compiled,
            world: &world,
            events: &events,
            in_flight: &none,
            exposed: None,
            now: &now(),
        };
        explain_job(compiled.job(&id).expect("a job"), known)
    };
    let here = asked(idle);
    assert_eq!((here.moved.map(|m| m.seq), here.unrecorded), (Some(41), false));
    let elsewhere = asked(Machine::Watch.states()[1]);
    assert_eq!((elsewhere.moved, elsewhere.unrecorded), (None, true));
    // The program looks back in the journal for the last of these, and no further.
    assert!(moves_its_job(&events[0].1));
    let other = Event { kind: EventKind::AttemptsReset, ..events[0].1.clone() };
    assert!(!moves_its_job(&other));
}

/// A watched job that a tick starts again.
fn scan() -> Scene {
    let policy = "autoResume = true, autoResumeBackoffSeconds = 300, startGraceSeconds = 60, \
         stallSeconds = 600, maxResumes = 2, reportEverySeconds = 900";
    Scene::new(&watch("scan", policy))
}

/// How the job of a scene is explained at this moment.
fn of(scene: &Scene, id: &str) -> Explanation {
    use opsfsm::ports::Clock as _;
    let store = scene.host.store.snapshot();
    let now = scene.host.now();
    let none = BTreeSet::new();
    let known = Known {
        compiled: &scene.compiled,
        world: store.world(),
        events: &[],
        in_flight: &none,
        exposed: None,
        now: &now,
    };
    explain_job(scene.compiled.job(&job(id)).expect("a job"), known)
}

fn within(all: &Explanation, what: &NextKind) -> Duration {
    let next = all.next.iter().find(|next| next.what == *what);
    next.and_then(|next| next.within).unwrap_or_else(|| panic!("no {what:?} in {:?}", all.next))
}

/// At the moment that is named, and not a second before, `happens`.
fn comes_then(scene: &Scene, what: &NextKind, happens: impl Fn() -> bool) {
    let left = within(&of(scene, "scan"), what);
    assert!(left > Duration::from_secs(1), "{what:?}");
    scene.tick_after(left.as_secs() - 1);
    assert!(!happens(), "{what:?} came too early");
    scene.tick_after(1);
    assert!(happens(), "{what:?} did not come");
}

#[test]
fn a_stall_comes_when_it_is_said_to() {
    let scene = scan();
    scene.set("scan", |sim| sim.running = true);
    scene.tick();
    scene.tick_after(60);
    assert_eq!(within(&of(&scene, "scan"), &NextKind::Stall), Duration::from_mins(9));
    comes_then(&scene, &NextKind::Stall, || scene.state("scan") == "stalled");
    // It runs on: nothing starts it, and that is said.
    let all = of(&scene, "scan");
    assert!(all.holds.contains(&Hold::NoRestart), "{all:?}");
    assert!(!all.next.iter().any(|n| n.what == NextKind::Due(DueKind::Resume)), "{all:?}");
}

#[test]
fn back_off_and_the_next_resume_come_when_they_are_said_to() {
    let scene = scan();
    scene.set("scan", |sim| (sim.running, sim.start_is_idle) = (false, true));
    scene.tick();
    assert_eq!(scene.ran("scan", Purpose::Resume), 1);
    // Seen stopped again, once the grace is over.
    scene.tick_after(60);
    assert_eq!(scene.state("scan"), "stalled");
    let all = of(&scene, "scan");
    assert!(all.holds.contains(&Hold::Backoff(Duration::from_mins(4))), "{all:?}");
    let due = NextKind::Due(DueKind::Resume);
    scene.set("scan", |sim| sim.exit = 4);
    comes_then(&scene, &due, || scene.ran("scan", Purpose::Resume) == 2);
    assert_eq!((scene.state("scan"), scene.cause("scan")), ("stalled", "resume_failed"));
    let all = of(&scene, "scan");
    assert!(all.holds.contains(&Hold::AttemptsUsedUp { attempts: 2 }), "{all:?}");
    assert!(all.holds.contains(&Hold::Grace(Duration::from_mins(1))), "{all:?}");
    comes_then(&scene, &NextKind::GiveUp, || scene.state("scan") == "failed");
    assert!(!of(&scene, "scan").holds.iter().any(|h| matches!(h, Hold::Backoff(_))));
}

#[test]
fn what_is_wrong_and_what_is_routine_is_told_when_it_is_said_to_be() {
    let scene = scan();
    scene.set("scan", |sim| sim.running = true);
    scene.tick();
    let told = || !scene.told().is_empty();
    assert!(told());
    scene.set("scan", |sim| sim.progress += 1);
    comes_then(&scene, &NextKind::Report(true), told);
    scene.set("scan", |sim| sim.alert = true);
    scene.tick_after(1);
    assert!(told());
    scene.set("scan", |sim| sim.progress += 1);
    comes_then(&scene, &NextKind::AnomalyAgain, told);
}
