//! Corners of the gate that no story comes to. Each was found by changing the program and seeing no
//! test go red (docs/mutants.md).

#![allow(clippy::wildcard_enum_match_arm, reason = "it looks for one kind of event")]

use std::time::Duration;

use opsfsm::approval::Unfit;
use opsfsm::base::{RunId, limits};
use opsfsm::decide::{BeginFacts, GateRefused, begin_write, note_refusal};
use opsfsm::journal::{EventKind, GrantFate, RunPhase, Voided};
use opsfsm::model::Purpose;
use opsfsm::ports::{Clock as _, Processes as _};
use opsfsm::sim::SimHost;
use opsfsm::writes::Cut;

use crate::support::{Scene, check, job};

/// A write with one verification.
fn write(id: &str) -> String {
    format!(
        "[[jobs]]\nid = \"{id}\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\nenabled = true\n\
         cwd = \"/d\"\ncommands = {{ run = [\"/w\", \"{id}\"] }}\nafter = [{{ jobId = \"v\" }}]\n"
    )
}

fn scene() -> Scene {
    let scene = Scene::new(&(write("w") + &write("x") + &check("v", "")));
    scene.host.begin_store();
    scene.tick();
    scene.told();
    scene
}

fn approve(scene: &Scene, id: &str) -> Result<(), GateRefused> {
    let answer = scene.host.approve(&scene.compiled, &job(id), limits::GRANT_LIFE);
    answer.expect("a store").map(drop)
}

fn fate(scene: &Scene) -> GrantFate {
    let store = scene.host.store.snapshot();
    store.world().snapshot.grants.values().next().expect("an approval").fate.clone()
}

/// Approves and begins a write whose executor dies without a word, while it is not known to be dead.
fn begin(scene: &Scene, id: &str) {
    approve(scene, id).expect("approved");
    scene.host.executors_die.set(true);
    let ran = scene.host.run_write(&scene.compiled, &job(id)).expect_err("killed");
    assert!(ran.to_string().contains("killed"), "{ran}");
    scene.host.executors_die.set(false);
}

#[test]
fn no_approval_is_given_by_a_clock_or_for_a_store_that_can_not_be_told() {
    let refused = |change: &dyn Fn(&SimHost)| {
        let scene = scene();
        change(&scene.host);
        approve(&scene, "w").err()
    };
    assert_eq!(refused(&|_| ()), None);
    assert_eq!(refused(&|host| host.set_wall(limits::CLOCK_FLOOR_MS)), None);
    let no_clock = Some(GateRefused::NoClock);
    assert_eq!(refused(&|host| host.set_wall(limits::CLOCK_FLOOR_MS - 1)), no_clock);
    assert_eq!(refused(&|host| host.forget_boot()), no_clock);
    assert_eq!(refused(&|host| host.store.replace_epoch("")), no_clock);
}

#[test]
fn a_host_that_forgot_its_boot_starts_nothing_and_the_approval_lives() {
    let scene = scene();
    approve(&scene, "w").expect("approved");
    scene.host.forget_boot();
    scene.tick_after(60);
    assert_eq!((scene.state("w"), fate(&scene)), ("approved", GrantFate::Live));
    let refused = scene.host.claim(&scene.compiled, &job("w")).expect("a store");
    assert_eq!(refused.expect_err("nothing starts"), GateRefused::NoClock);
    assert_eq!((scene.state("w"), fate(&scene)), ("approved", GrantFate::Live));
}

#[test]
fn why_an_approval_does_not_serve_is_said_where_there_was_one() {
    let words = |why: GateRefused| why.words();
    assert_eq!(words(GateRefused::NoApproval(None)), None);
    let revoked = Voided::Revoked;
    assert_eq!(words(GateRefused::NoApproval(Some(revoked))), Some(revoked.words()));
    let changed = words(GateRefused::PlanChanged("/w has other content".to_owned()));
    assert_eq!(changed, Some(format!("{}: /w has other content", Unfit::OtherPlan)));
    assert_eq!(words(GateRefused::NoClock), Some(Unfit::NoBoot.to_string()));
    assert_eq!(words(GateRefused::InFlight), None);
}

#[test]
fn a_write_that_runs_without_a_run_of_its_own_is_unknown() {
    for beside in [false, true] {
        let scene = scene();
        begin(&scene, "w");
        let claimer = scene.host.own_id();
        scene.host.store.tamper(|world| {
            let (_, mut row) = world.runs.pop_first().expect("it runs");
            if beside {
                // Another write's claim, by a process that lives.
                row.spec.run = RunId::from_bits([9; 16]);
                (row.spec.job, row.phase, row.claimer) = (job("x"), RunPhase::Claimed, claimer);
                world.runs.insert(row.spec.run.clone(), row);
            }
        });
        // Nothing verifies it in this tick.
        scene.host.executors_late.set(true);
        scene.tick();
        assert_eq!((scene.state("w"), scene.cause("w")), ("unknown", "lost"));
        let open = scene.world().runs.values().filter(|row| row.spec.job == job("x")).count();
        assert_eq!(open, usize::from(beside));
    }
}

#[test]
fn what_ran_and_by_which_plan_is_told_of_a_write() {
    let scene = scene();
    scene.set("w", |j| j.exit = 3);
    approve(&scene, "w").expect("approved");
    let world = scene.host.store.snapshot();
    let grant = world.world().snapshot.grants.values().next().expect("an approval").grant.clone();
    let ran = scene.host.run_write(&scene.compiled, &job("w")).expect("a store").expect("claimed");
    assert!(!ran.expect("begun").end.is_success());
    scene.tick_after(60);
    let told = scene.told().concat();
    for word in ["the write failed", grant.digest.short(), "result: exit=3"] {
        assert!(told.contains(word), "{word} is missing: {told}");
    }
}

#[test]
fn an_approval_of_the_first_moment_that_a_clock_is_believed_serves_then() {
    let scene = scene();
    scene.host.set_wall(limits::CLOCK_FLOOR_MS);
    approve(&scene, "w").expect("approved");
    let ran = scene.host.run_write(&scene.compiled, &job("w")).expect("a store").expect("claimed");
    assert!(ran.expect("begun").end.is_success());
}

/// Two executors of one claim look at it at the same time; the second is told in its own transaction.
#[test]
fn a_run_that_is_no_claim_of_a_write_is_not_begun_and_not_touched() {
    let scene = scene();
    begin(&scene, "w");
    let world = scene.world();
    let now = scene.host.now();
    let (run, row) = world.runs.iter().next().expect("it runs");
    assert!(matches!(row.phase, RunPhase::Executing { .. }));
    let mut check = row.clone();
    (check.phase, check.spec.purpose) = (RunPhase::Claimed, Purpose::Check);
    let mut of_check = world.clone();
    of_check.runs.insert(run.clone(), check);
    for world in [world.clone(), of_check] {
        let found = BeginFacts { planned: Err("nobody asks".to_owned()) };
        let facts = scene.facts(&now);
        let begun = begin_write(&scene.compiled, world.clone(), run, &found, &facts);
        let (decision, begun) = begun.expect("a decision");
        let why = begun.expect_err("refused");
        assert!(why.contains("nobody claimed it"), "{why}");
        assert_eq!((decision.change.events.len(), decision.change.world), (0, world));
    }
}

#[test]
fn a_refusal_before_the_gate_is_recorded_of_a_known_job() {
    let scene = scene();
    let now = scene.host.now();
    let refusals = |id: &str| {
        let noted = note_refusal(
            &scene.compiled,
            scene.world(),
            &job(id),
            "no\nterminal",
            &scene.facts(&now),
        );
        let events = noted.expect("a decision").change.events.into_iter();
        let why = events.filter_map(|event| match event.kind {
            EventKind::WriteRefused { why, run: None } => Some(why),
            _ => None,
        });
        why.collect::<Vec<_>>()
    };
    assert_eq!(refusals("w"), ["no terminal"]);
    assert_eq!(refusals("nosuch"), Vec::<String>::new());
}

/// Approved and run to its end; its verification waits for the next tick.
fn ran() -> Scene {
    let scene = scene();
    approve(&scene, "w").expect("approved");
    let ran = scene.host.run_write(&scene.compiled, &job("w")).expect("a store").expect("claimed");
    assert!(ran.expect("begun").end.is_success());
    assert_eq!(scene.state("w"), "verifying");
    scene
}

#[test]
fn a_clock_in_doubt_starts_no_verification() {
    let scene = ran();
    scene.host.pass(Duration::from_mins(1));
    let wall = scene.host.now().at.wall_ms;
    scene.host.set_wall(wall + 300_000);
    scene.tick();
    assert_eq!((scene.state("w"), scene.ran("v", Purpose::Verify)), ("verifying", 0));
    scene.tick_after(60);
    assert_eq!((scene.state("w"), scene.ran("v", Purpose::Verify)), ("verified", 1));
}

#[test]
fn why_a_verification_did_not_pass_is_recorded_and_nothing_of_one_that_did() {
    for (exit, attention, wanted) in [
        (0, false, None),
        (4, false, Some("v: exit 4")),
        (0, true, Some("v: its output asks for attention")),
    ] {
        let scene = ran();
        scene.set("v", |j| (j.exit, j.attention) = (exit, attention));
        scene.tick_after(60);
        assert_eq!(scene.state("w"), if wanted.is_some() { "unverified" } else { "verified" });
        let cause = scene.record("w").cause.and_then(|cause| cause.detail);
        assert_eq!(cause.as_deref(), wanted);
        let events = scene.host.store.snapshot().events();
        let noted = events.into_iter().find_map(|event| match event.kind {
            EventKind::VerificationEnded { detail, .. } => Some(detail),
            _ => None,
        });
        assert_eq!(
            noted.expect("it ended").map(|detail| format!("v: {detail}")).as_deref(),
            wanted
        );
    }
}

#[test]
fn the_executor_of_writes_leaves_the_claim_of_a_check_alone() {
    let scene = Scene::new(&(write("w") + &check("v", "everySeconds = 60")));
    scene.host.begin_store();
    scene.host.executors_late.set(true);
    scene.tick();
    let before = scene.world();
    let run = before.runs.keys().next().expect("a claim");
    let why = scene.host.execute_write(&scene.compiled, run).expect("a store");
    assert!(why.expect_err("nothing starts").contains("nobody claimed it"));
    assert_eq!(scene.world(), before);
}

#[test]
fn whoever_waits_waits_for_a_delay_and_not_for_an_executor_that_never_begins() {
    let delayed = write("w").replace("jobId = \"v\"", "jobId = \"v\", delaySeconds = 120");
    let scene = Scene::new(&(delayed + &check("v", "")));
    scene.host.begin_store();
    let run = || {
        approve(&scene, "w").expect("approved");
        let ran = scene.host.run_write(&scene.compiled, &job("w")).expect("a store");
        assert!(ran.expect("claimed").expect("begun").end.is_success());
        let before = scene.host.now().at.wall_ms;
        let waited = scene.host.wait(&scene.compiled, &job("w")).expect("a store");
        let state = waited.state.map_or("(none)", opsfsm::machine::State::as_str);
        (state, waited.cut, scene.host.now().at.wall_ms - before >= 120_000)
    };
    assert_eq!(run(), ("verified", None, true));
    scene.host.executors_late.set(true);
    let cut = Cut::NotLaunched("an executor ended without beginning".to_owned());
    assert_eq!(run(), ("verifying", Some(cut), true));
}
