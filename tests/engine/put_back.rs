//! A store that is put back to an earlier moment by hand: no approval or code of before serves.

use std::time::Duration;

use opsfsm::approval::{CodeRecord, PlanDigest, Unfit};
use opsfsm::base::limits;
use opsfsm::decide::GateRefused;
use opsfsm::journal::{Event, EventKind, GrantFate, Voided};
use opsfsm::ports::{Clock as _, StoreError};
use proptest::prelude::*;

use crate::support::{Scene, check, job};

const LIFE: Duration = limits::GRANT_LIFE;

fn scene() -> Scene {
    let write = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
                 enabled = true\ncwd = \"/d\"\ncommands = { run = [\"/w\"] }\nafter = [{ jobId = \"v\" }]\n";
    let scene = Scene::new(&(write.to_owned() + &check("v", "")));
    scene.host.begin_store();
    scene.tick();
    scene
}

fn other_store() -> GateRefused {
    GateRefused::NoApproval(Some(Voided::Unfit(Unfit::OtherStore)))
}

fn approve(scene: &Scene) {
    scene.host.approve(&scene.compiled, &job("w"), LIFE).expect("a store").expect("approved");
}

fn run(scene: &Scene) -> Result<(), GateRefused> {
    let ran = scene.host.run_write(&scene.compiled, &job("w")).expect("a store");
    sound(scene);
    ran.map(|outcome| drop(outcome.expect("begun")))
}

fn writes(scene: &Scene) -> usize {
    scene.host.wrote.borrow().len()
}

fn sound(scene: &Scene) {
    let store = scene.host.store.snapshot();
    assert_eq!(store.replay().expect("a replay"), store.world().snapshot);
}

fn restored(scene: &Scene) -> usize {
    let events = scene.host.store.snapshot().events();
    events.iter().filter(|e| matches!(e.kind, EventKind::StoreRestored { .. })).count()
}

#[test]
fn an_approval_that_was_spent_does_not_come_back_with_its_store() {
    let scene = scene();
    approve(&scene);
    let copy = scene.host.store.fork();
    run(&scene).expect("approved");
    scene.host.store.put_back(&copy);
    assert_eq!(run(&scene), Err(other_store()));
    assert_eq!((writes(&scene), restored(&scene)), (1, 1));
    scene.tick();
    assert!(scene.told().join("").contains("put back to an earlier moment"), "loudly");
    scene.tick();
    assert!(!scene.told().join("").contains("put back"), "once");
    // Whoever approves anew gets one start.
    approve(&scene);
    run(&scene).expect("approved");
    assert_eq!((writes(&scene), restored(&scene)), (2, 1));
}

#[test]
fn what_was_taken_back_does_not_come_back_either() {
    let scene = scene();
    approve(&scene);
    let copy = scene.host.store.fork();
    scene.host.revoke(&scene.compiled, &job("w")).expect("a store").expect("revoked");
    scene.host.store.put_back(&copy);
    assert_eq!(run(&scene), Err(other_store()));
    assert_eq!(writes(&scene), 0);
}

#[test]
fn a_code_does_not_come_back_with_the_tries_it_had() {
    let scene = scene();
    scene.host.request(&scene.compiled, &job("w")).expect("a store").expect("requested");
    let record = |kind| {
        let event = Event { at: scene.host.now().at, job: Some(job("w")), kind };
        scene.host.store.record(&event);
    };
    let code = CodeRecord {
        digest: PlanDigest::of(b"plan"),
        salt: "salt".to_owned(),
        hash: "hash".to_owned(),
        sent_to: "a chat".to_owned(),
        at: scene.host.now().at,
        misses: 0,
    };
    record(EventKind::CodeIssued { code: Box::new(code) });
    let codes = || {
        let store = scene.host.store.snapshot();
        store.world().snapshot.requests.values().filter(|r| r.code.is_some()).count()
    };
    let copy = scene.host.store.fork();
    scene.tick();
    assert_eq!((codes(), restored(&scene)), (1, 0));
    record(EventKind::CodeMissed);
    scene.host.store.put_back(&copy);
    scene.tick();
    assert_eq!((codes(), restored(&scene)), (0, 1));
    sound(&scene);
}

/// A commit that failed, or died, after its witness had seen it.
#[test]
fn a_witness_that_is_ahead_costs_the_approval_and_gives_none() {
    let scene = scene();
    approve(&scene);
    scene.host.store.fail_next(StoreError::Failed("disk full".to_owned()));
    assert!(scene.host.revoke(&scene.compiled, &job("w")).is_err());
    assert_eq!(run(&scene), Err(other_store()));
    assert_eq!(writes(&scene), 0);
}

#[test]
fn without_its_witness_a_store_has_no_approvals_and_everything_else() {
    let scene = scene();
    approve(&scene);
    scene.host.store.lose_witness();
    scene.tick();
    assert_eq!((scene.state("w"), scene.state("v")), ("blocked", "idle"));
    assert_eq!(restored(&scene), 1);
    sound(&scene);
    scene.host.store.lose_witness();
    scene.tick();
    assert_eq!(restored(&scene), 1, "with nothing at stake there is nothing to doubt");
}

/// What people and time do to a store of which copies are taken and put back.
#[derive(Clone, Copy, Debug)]
enum Step {
    Approve,
    Run,
    Revoke,
    Tick,
    Pass,
    Copy(usize),
    PutBack(usize),
    FailCommit,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Approve),
        4 => Just(Step::Run),
        1 => Just(Step::Revoke),
        3 => Just(Step::Tick),
        1 => Just(Step::Pass),
        3 => (0..3_usize).prop_map(Step::Copy),
        3 => (0..3_usize).prop_map(Step::PutBack),
        1 => Just(Step::FailCommit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Judged by who approved how often, and what was written: whatever is copied and put back.
    #[test]
    fn no_approval_serves_twice_whatever_is_put_back(steps in prop::collection::vec(step(), 1..40)) {
        let scene = scene();
        let (id, mut copies) = (job("w"), [None, None, None]);
        let mut approvals = 0;
        for step in steps {
            match step {
                Step::Approve => {
                    let given = scene.host.approve(&scene.compiled, &id, LIFE);
                    approvals += usize::from(matches!(given, Ok(Ok(_))));
                }
                Step::Run => drop(scene.host.run_write(&scene.compiled, &id)),
                Step::Revoke => drop(scene.host.revoke(&scene.compiled, &id)),
                Step::Tick => drop(scene.host.tick(&scene.compiled)),
                Step::Pass => scene.host.pass(Duration::from_mins(1)),
                Step::Copy(n) => copies[n] = Some(scene.host.store.fork()),
                Step::PutBack(n) => {
                    if let Some(copy) = &copies[n] {
                        scene.host.store.put_back(copy);
                    }
                }
                Step::FailCommit => {
                    scene.host.store.fail_at(1, StoreError::Failed("full".to_owned()), false);
                }
            }
            sound(&scene);
        }
        prop_assert!(writes(&scene) <= approvals, "{} writes on {approvals} approvals", writes(&scene));
        // One store's own list says each once, too.
        let spent = |fate: &GrantFate| matches!(fate, GrantFate::Spent { .. });
        let store = scene.host.store.snapshot();
        let listed = store.world().snapshot.grants.values().filter(|g| spent(&g.fate)).count();
        prop_assert!(listed <= writes(&scene) + 1);
    }
}
