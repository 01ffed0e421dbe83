//! Corners of what people say, and of the queue. Each was found by changing the program and seeing no
//! test go red (docs/mutants.md).

#![allow(clippy::wildcard_enum_match_arm, reason = "it looks for some kinds of events")]

use std::collections::BTreeSet;

use opsfsm::approval::Unfit;
use opsfsm::base::{ItemId, RunId, limits};
use opsfsm::compile::Compiled;
use opsfsm::decide::{
    self, Facts, GateRefused, Requested, StartRefused, begin_epoch, hidden_writes, reclassify,
    revoke,
};
use opsfsm::journal::{
    Event, EventKind, GrantFate, ItemState, Origin, QueueItem, Queued, RunPhase, Snapshot, Voided,
};
use opsfsm::model::{BrokenCause, Purpose};
use opsfsm::ports::{Clock as _, Processes as _};
use opsfsm::sim::somebody;
use opsfsm::tick::Ran;
use opsfsm::writes::plan_now;

use crate::support::{Scene, check, job, watch};

const WRITE: &str = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
    enabled = true\ncwd = \"/d\"\ncommands = { run = [\"/w\"] }\nafter = [{ jobId = \"v\" }]\n";

fn write_scene() -> Scene {
    let scene = Scene::new(&(WRITE.to_owned() + &check("v", "")));
    scene.host.begin_store();
    scene.tick();
    scene
}

fn approve(scene: &Scene) {
    let (host, compiled) = (&scene.host, &scene.compiled);
    host.approve(compiled, &job("w"), limits::GRANT_LIFE).expect("a store").expect("approved");
}

fn refused(ran: Option<Ran>) -> StartRefused {
    match ran.expect("a job") {
        Ran::Refused(why) => why,
        Ran::Command { .. } => panic!("it was started"),
    }
}

fn put_item(scene: &Scene, id: &str, delay_ms: u64) {
    let origin = Origin::Import { id: id.to_owned(), reason: "by hand".to_owned() };
    let item = QueueItem { id: ItemId::new(id), delay_ms, origin };
    let kind = EventKind::Enqueued { item };
    scene.host.store.record(&Event { at: scene.host.now().at, job: Some(job("c")), kind });
}

#[test]
fn a_job_that_hangs_and_is_started_by_a_person_hangs_on() {
    let scene = Scene::new(&watch("a", "stallSeconds = 60"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.tick_after(60);
    let answer = refused(scene.host.start(&scene.compiled, &job("a")).expect("a store"));
    assert_eq!(answer, StartRefused::AlreadyRunning { pid: None, unpaused: false });
    assert_eq!((scene.state("a"), scene.cause("a")), ("stalled", "no_progress"));
}

#[test]
fn a_stalled_job_whose_status_broke_may_run_only_if_it_hung() {
    for hung in [true, false] {
        let scene = Scene::new(&watch("a", "stallSeconds = 60, startGraceSeconds = 0"));
        scene.set("a", |j| j.running = true);
        scene.tick();
        scene.set("a", |j| j.running = hung);
        scene.tick_after(60);
        assert_eq!(scene.state("a"), "stalled");
        scene.set("a", |j| (j.broken, j.broken_by) = (true, Some(BrokenCause::TimedOut)));
        let ran = scene.host.start(&scene.compiled, &job("a")).expect("a store");
        if hung {
            assert_eq!(refused(ran), StartRefused::MayRun);
        } else {
            assert!(matches!(ran, Some(Ran::Command { .. })), "{ran:?}");
        }
    }
}

#[test]
fn a_start_that_fails_makes_nothing_run() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| (j.exit, j.start_is_idle) = (1, true));
    let ran = scene.host.start(&scene.compiled, &job("a")).expect("a store");
    assert!(matches!(ran, Some(Ran::Command { .. })));
    assert_eq!(scene.state("a"), "idle");
}

#[test]
fn a_stop_that_fails_in_a_tick_is_told_as_that() {
    let policy = "autoResume = true, stallSeconds = 60, onStall = \"restart\"";
    let scene = Scene::new(&watch("a", policy));
    scene.set("a", |j| (j.running, j.exit) = (true, 1));
    scene.tick();
    scene.told();
    scene.tick_after(60);
    let told = scene.told().concat();
    assert!(told.contains("its stop command failed"), "{told}");
}

#[test]
fn a_check_that_may_write_is_run_by_nobody() {
    let config = check("c", "").replace("read_only", "write_local");
    let scene = Scene::new(&config);
    let answer = refused(scene.host.run(&scene.compiled, &job("c")).expect("a store"));
    assert_eq!((answer, scene.ran("c", Purpose::Check)), (StartRefused::NotThisKind, 0));
}

#[test]
fn who_is_at_work_is_named_by_the_process_that_is() {
    let scene = Scene::new(&check("c", "everySeconds = 60"));
    scene.host.executors_late.set(true);
    scene.tick();
    let claimer = scene.world().runs.values().next().expect("a claim").claimer.pid;
    let busy = || match refused(scene.host.run(&scene.compiled, &job("c")).expect("a store")) {
        StartRefused::Busy { purpose: Purpose::Check, pid } => pid,
        other => panic!("{other:?}"),
    };
    assert_eq!(busy(), claimer);
    scene.host.store.tamper(|world| {
        let row = world.runs.values_mut().next().expect("a claim");
        let executor = opsfsm::model::ProcessId { pid: 4242, ..row.claimer.clone() };
        row.phase = RunPhase::Executing { executor, at: row.claimed_at.clone() };
    });
    let now = scene.host.now();
    let compiled = &scene.compiled;
    let declared = compiled.job(&job("c")).expect("a job");
    let facts = scene.facts(&now);
    let (_, answer) =
        decide::claim_check(compiled, scene.world(), declared, &facts).expect("a decision");
    assert_eq!(answer, Err(StartRefused::Busy { purpose: Purpose::Check, pid: 4242 }));
}

#[test]
fn a_check_with_something_waiting_is_queued_again_and_runs_again() {
    let scene = Scene::new(&check("c", ""));
    scene.tick();
    put_item(&scene, "1", 0);
    put_item(&scene, "2", 0);
    scene.tick_after(60);
    assert_eq!((scene.state("c"), scene.ran("c", Purpose::Check)), ("queued", 1));
    scene.tick_after(60);
    assert_eq!((scene.state("c"), scene.ran("c", Purpose::Check)), ("completed", 2));
}

#[test]
fn a_check_that_may_run_no_more_is_queued_until_nothing_waits() {
    let mut scene = Scene::new(&check("c", "everySeconds = 60"));
    scene.host.executors_late.set(true);
    scene.tick();
    scene.host.store.tamper(|world| world.runs.clear());
    for item in scene.queue() {
        assert!(matches!(item.state, ItemState::Running(_)));
    }
    let record = scene.record("c");
    assert_eq!(record.state.as_str(), "queued");
    put_item(&scene, "1", 0);
    put_item(&scene, "2", 100_000);
    scene.edit(&check("c", "").replace("read_only", "write_local"));
    scene.tick_after(60);
    assert_eq!(scene.state("c"), "queued", "one waits yet");
    scene.tick_after(60);
    assert_eq!(scene.state("c"), "idle");
}

#[test]
fn the_queue_is_full_by_what_waits_and_by_nothing_else() {
    let most = limits::QUEUE_PENDING;
    let ready = |pending: usize, settled: usize| {
        let scene = Scene::new(&check("c", "everySeconds = 60"));
        let at = scene.host.now().at;
        scene.host.store.tamper(|world| {
            for n in 0..pending + settled {
                let state = if n < pending {
                    ItemState::Pending
                } else {
                    ItemState::Settled(opsfsm::journal::ItemEnd::Done)
                };
                let origin = Origin::Import { id: n.to_string(), reason: String::new() };
                let (at, delay_ms) = (at.clone(), u64::MAX);
                let queued = Queued { job: job("c"), at, delay_ms, origin, state };
                world.snapshot.queue.insert(ItemId::new(format!("i{n}")), queued);
            }
        });
        let now = scene.host.now();
        let facts = scene.facts(&now);
        let decided = decide::decide_observed(&scene.compiled, scene.world(), &[], &facts);
        decided.expect("a decision").launches.len()
    };
    assert_eq!((ready(most - 1, 0), ready(most, 0), ready(0, most)), (1, 0, 1));
}

#[test]
fn an_order_without_a_config_settles_nothing_of_others() {
    let scene = Scene::new(&(WRITE.to_owned() + &check("v", "everySeconds = 60")));
    scene.host.begin_store();
    scene.host.executors_late.set(true);
    scene.tick();
    let dead: BTreeSet<RunId> = scene.world().runs.keys().cloned().collect();
    assert_eq!(dead.len(), 1);
    let now = scene.host.now();
    let left = |compiled: &Compiled| {
        let facts = Facts { dead: dead.clone(), ..scene.facts(&now) };
        let (decision, answer) =
            revoke(compiled, scene.world(), &job("w"), &facts).expect("a decision");
        assert!(matches!(answer, Err(GateRefused::NothingToRevoke(_))));
        decision.change.world.runs.len()
    };
    assert_eq!((left(&scene.compiled), left(&Compiled::default())), (0, 1));
}

#[test]
fn what_people_say_is_kept_where_it_says_anything() {
    let reasons = |said: Option<&str>| {
        let scene = write_scene();
        scene.host.request(&scene.compiled, &job("w")).expect("a store").expect("asked");
        let now = scene.host.now();
        let (by, facts) = (somebody(), scene.facts(&now));
        let denied = decide::deny(&scene.compiled, scene.world(), &job("w"), (&by, said), &facts);
        let (decision, answer) = denied.expect("a decision");
        answer.expect("denied");
        decision.change.events.into_iter().find_map(|event| match event.kind {
            EventKind::Denied { reason, .. } => Some(reason),
            _ => None,
        })
    };
    assert_eq!(reasons(None), Some(None));
    assert_eq!(reasons(Some(" \n")), Some(None));
    assert_eq!(reasons(Some("not today")), Some(Some("not today".to_owned())));
    let notes = |said: Option<&str>| {
        let scene = write_scene();
        scene.set("v", |j| j.exit = 1);
        approve(&scene);
        let ran = scene.host.run_write(&scene.compiled, &job("w")).expect("a store");
        ran.expect("claimed").expect("begun");
        scene.tick();
        let now = scene.host.now();
        let (by, facts, id) = (somebody(), scene.facts(&now), job("w"));
        let noted = decide::acknowledge(&scene.compiled, scene.world(), &id, (&by, said), &facts);
        let (decision, answer) = noted.expect("a decision");
        answer.expect("noted");
        decision.change.events.into_iter().find_map(|event| match event.kind {
            EventKind::Acknowledged { note, .. } => Some(note),
            _ => None,
        })
    };
    assert_eq!(
        (notes(Some(" \n")), notes(Some("seen"))),
        (Some(None), Some(Some("seen".to_owned())))
    );
}

#[test]
fn only_what_was_marked_and_is_declared_no_write_is_reclassified() {
    let scene = write_scene();
    let now = scene.host.now();
    let answer = |compiled: &Compiled, id: &str| {
        let facts = scene.facts(&now);
        let done = reclassify(compiled, scene.world(), &job(id), &somebody(), &facts);
        done.expect("a decision").1
    };
    let none = Compiled::default();
    assert_eq!(answer(&scene.compiled, "w"), Err(GateRefused::NotMarked));
    assert_eq!(answer(&none, "v"), Err(GateRefused::NotMarked));
    assert_eq!(answer(&none, "w"), Ok(()));
}

#[test]
fn the_same_request_waits_once_and_one_with_another_reason_is_told() {
    let mut scene = write_scene();
    let planned = {
        let write = scene.compiled.job(&job("w")).expect("a job");
        plan_now(&scene.compiled, write, &scene.host.files).expect("a plan")
    };
    let ask = |scene: &Scene, reason: Option<&str>| {
        let now = scene.host.now();
        let facts = scene.facts(&now);
        let write = scene.compiled.job(&job("w")).expect("a job");
        let asked = (&planned.digest, reason, &Origin::Person);
        let done = decide::request(&scene.compiled, scene.world(), write, asked, &facts);
        let (decision, answer) = done.expect("a decision");
        let told: Vec<_> = decision.news.sections.iter().map(|s| s.reason.clone()).collect();
        for event in &decision.change.events {
            scene.host.store.record(event);
        }
        (answer.expect("asked"), told)
    };
    let text = |reason: &str| Some(reason.to_owned());
    assert_eq!(ask(&scene, Some("disk")), (Requested::Now, vec![text("disk")]));
    assert_eq!(ask(&scene, None), (Requested::Before, vec![]));
    assert_eq!(ask(&scene, Some(" \n")), (Requested::Before, vec![]));
    assert_eq!(ask(&scene, Some("disk")), (Requested::Before, vec![]));
    assert_eq!(ask(&scene, Some("other")), (Requested::Now, vec![text("other")]));
    scene.edit(&(WRITE.to_owned() + &check("v", "")));
    scene.told();
    scene.tick_after(limits::REMIND_EVERY.as_secs());
    let told = scene.told().concat();
    assert!(told.contains("other"), "the reminder says why: {told}");
}

#[test]
fn a_store_that_is_put_back_has_nothing_live_and_no_claim() {
    let scene = write_scene();
    approve(&scene);
    scene
        .host
        .run_write(&scene.compiled, &job("w"))
        .expect("a store")
        .expect("claimed")
        .expect("ran");
    scene.tick();
    approve(&scene);
    let claimed = scene.host.claim(&scene.compiled, &job("w")).expect("a store").expect("claimed");
    let mut world = scene.world();
    let mut row = world.runs[&claimed.run].clone();
    let executing = RunId::from_bits([5; 16]);
    row.spec.run = executing.clone();
    row.phase = RunPhase::Executing { executor: scene.host.own_id(), at: row.claimed_at.clone() };
    world.runs.insert(executing.clone(), row);
    let now = scene.host.now();
    let done = begin_epoch(&scene.compiled, world.clone(), &scene.facts(&now));
    let after = done.expect("a decision").change.world;
    assert!(after.snapshot.epoch.is_some() && after.snapshot.epoch != world.snapshot.epoch);
    assert_eq!(after.runs.keys().collect::<Vec<_>>(), [&executing]);
    let void = |fate: &GrantFate| {
        matches!(fate, GrantFate::Void { why: Voided::Unfit(Unfit::OtherStore), .. })
    };
    let fates: Vec<_> = after.snapshot.grants.values().map(|g| &g.fate).collect();
    assert_eq!(fates.len(), 2);
    assert_eq!(fates.iter().filter(|fate| void(fate)).count(), 1);
    assert!(fates.iter().any(|fate| matches!(fate, GrantFate::Spent { .. })));
    assert_eq!(after.snapshot.jobs["w"].state.as_str(), "blocked");
}

#[test]
fn an_approval_that_was_the_only_one_is_void_after_that_too() {
    let scene = write_scene();
    approve(&scene);
    let now = scene.host.now();
    let done = begin_epoch(&scene.compiled, scene.world(), &scene.facts(&now));
    let after = done.expect("a decision").change.world.snapshot;
    let fates: Vec<_> = after.grants.values().map(|g| g.fate.clone()).collect();
    assert!(matches!(fates[..], [GrantFate::Void { .. }]), "{fates:?}");
    assert_eq!(after.jobs["w"].state.as_str(), "blocked");
}

#[test]
fn a_command_is_known_by_its_programs_path_and_the_words_as_they_stand() {
    let hidden = |write: &str, read: &str| {
        let write = WRITE.replace("\"/w\"", write);
        let read = check("c", "cwd = \"/e\"").replace("\"/r\"", read);
        let scene = Scene::new(&(write + &read + &check("v", "")));
        !hidden_writes(&scene.compiled, &Snapshot::default()).is_empty()
    };
    assert!(hidden("\"/w\", \"x\"", "\"/./w\", \"x\"") && hidden("\"w\"", "\"w\""));
    assert!(hidden("\"/d/w\"", "\"../d/w\""), "a path is of its folder");
    assert!(!hidden("\"/w\", \"/a/../b\"", "\"/w\", \"/b\""), "a word is no path");
    assert!(!hidden("\"w\"", "\"/d/w\"") && !hidden("\"w\"", "\"/e/w\""));
}

#[test]
fn who_asks_again_for_a_verification_waits_for_it() {
    let scene = write_scene();
    scene.set("v", |j| j.exit = 1);
    approve(&scene);
    scene
        .host
        .run_write(&scene.compiled, &job("w"))
        .expect("a store")
        .expect("claimed")
        .expect("ran");
    scene.tick();
    assert_eq!(scene.state("w"), "unverified");
    let again = || {
        scene.host.reverify(&scene.compiled, &job("w")).expect("a store").expect("queued");
        let waited = scene.host.wait(&scene.compiled, &job("w")).expect("a store");
        (waited.state.map_or("(none)", opsfsm::machine::State::as_str), waited.cut)
    };
    assert_eq!(again(), ("unverified", None));
    scene.set("v", |j| j.exit = 0);
    assert_eq!(again(), ("verified", None));
    assert_eq!(scene.ran("v", Purpose::Verify), 3);
}

#[test]
fn a_tick_says_what_waits_what_it_started_and_what_it_told() {
    let policy = "autoResume = true, autoResumeBackoffSeconds = 0, startGraceSeconds = 0";
    let checks = check("c", "") + &check("bad", "everySeconds = 60");
    let scene = Scene::new(&(watch("a", policy) + &watch("b", "") + &checks));
    for id in ["a", "b"] {
        scene.set(id, |j| j.running = true);
    }
    scene.tick();
    put_item(&scene, "1", 900_000);
    scene.set("a", |j| j.running = false);
    scene.set("bad", |j| j.exit = 1);
    let outcome = scene.tick_after(60);
    assert_eq!(outcome.queued, 1);
    let started: Vec<usize> = outcome.jobs.values().map(|view| view.started.len()).collect();
    assert_eq!(started, [1, 0, 1, 0], "a and bad, and not b and c");
    // What was observed goes out before what the effects brought.
    assert_eq!((outcome.reports.len(), scene.told().len()), (2, 3));
}
