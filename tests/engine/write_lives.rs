//! Random lives in which writes are requested, approved, taken back, claimed, begun, killed,
//! verified and acknowledged, while clocks jump, files change, executors die and commits fail.
//! What must hold is the witness's to say; that these were full lives is counted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use opsfsm::approval::Level;
use opsfsm::sim::{Death, SimJob};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::stage::{CHECKS, FILES, LIFE, Move, Stage, VARIANTS, WRITES};
use crate::support::{job, seeded, setting};

fn write() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![3 => Just(0_usize), 1 => Just(1)]
}

fn approve() -> BoxedStrategy<Move> {
    let life = prop_oneof![4 => Just(LIFE), 1 => Just(LIFE / 2), 1 => Just(LIFE * 10)];
    let level = prop_oneof![
        1 => Just(Level::Unattended),
        6 => Just(Level::Asserted),
        2 => Just(Level::Confirmed)
    ];
    (write(), life, level).prop_map(|(w, life, level)| Move::Approve(w, life, level)).boxed()
}

fn death() -> impl Strategy<Value = Option<Death>> {
    prop_oneof![
        6 => Just(None),
        1 => Just(Some(Death::BeforeStart)),
        1 => Just(Some(Death::AfterStart)),
        1 => Just(Some(Death::BeforeEnd)),
    ]
}

fn execute() -> BoxedStrategy<Move> {
    let which = prop_oneof![5 => Just(0_usize), 1 => 1..4_usize];
    (which, death()).prop_map(|(n, death)| Move::Execute(n, death)).boxed()
}

/// What people, and their programs, do at the gate.
fn order() -> BoxedStrategy<Move> {
    prop_oneof![
        2 => write().prop_map(Move::Request),
        4 => approve(),
        1 => write().prop_map(Move::Deny),
        2 => write().prop_map(Move::Revoke),
        5 => write().prop_map(Move::Claim),
        5 => execute(),
        2 => write().prop_map(Move::Acknowledge),
        2 => write().prop_map(Move::Reverify),
        1 => (0..CHECKS.len()).prop_map(Move::RunCheck),
        8 => Just(Move::Tick),
    ]
    .boxed()
}

fn time() -> BoxedStrategy<Move> {
    let span = || {
        prop_oneof![
            3 => Just(Duration::from_secs(1)),
            2 => Just(LIFE / 2),
            1 => Just(LIFE),
            1 => Just(LIFE * 20)
        ]
    };
    let off = prop_oneof![
        2 => Just(0_i64),
        2 => Just(-600_000),
        2 => Just(600_000),
        1 => Just(86_400_000),
        1 => Just(-1_790_000_000_000)
    ];
    prop_oneof![
        6 => span().prop_map(Move::Pass),
        1 => span().prop_map(Move::Suspend),
        2 => off.prop_map(Move::SetWall),
        1 => Just(Move::Reboot),
        2 => Just(Move::NextProcess),
        1 => Just(Move::Beside),
    ]
    .boxed()
}

/// What changes under an approval.
fn edit() -> BoxedStrategy<Move> {
    let file = || 0..FILES.len();
    prop_oneof![
        4 => (file(), 0..2_u64).prop_map(|(f, v)| Move::Edit(f, v)),
        1 => (file(), any::<bool>()).prop_map(|(f, gone)| Move::Remove(f, gone)),
        1 => file().prop_map(|f| Move::Remove(f, false)),
        2 => Just(Move::Config(0)),
        3 => (0..VARIANTS.len()).prop_map(Move::Config),
    ]
    .boxed()
}

fn behave() -> BoxedStrategy<Move> {
    let check = || 0..CHECKS.len();
    prop_oneof![
        2 => (write(), 0..2_i32).prop_map(|(w, n)| Move::Exits(w, n)),
        1 => (write(), any::<bool>()).prop_map(|(w, b)| Move::Killed(w, b)),
        1 => (write(), any::<bool>()).prop_map(|(w, b)| Move::NotStarted(w, b)),
        1 => (write(), any::<bool>()).prop_map(|(w, b)| Move::LeavesRunning(w, b)),
        1 => (write(), any::<bool>()).prop_map(|(w, b)| Move::ShedsLock(w, b)),
        2 => Just(Move::WritesEnd),
        2 => (check(), 0..2_i32).prop_map(|(c, n)| Move::CheckExits(c, n)),
        1 => (check(), any::<bool>()).prop_map(|(c, b)| Move::Attention(c, b)),
    ]
    .boxed()
}

fn break_things() -> BoxedStrategy<Move> {
    let fault = (0..4_u32, any::<bool>(), any::<bool>());
    prop_oneof![
        4 => fault.prop_map(|(after, recorded, refused)| Move::Fault { after, recorded, refused }),
        1 => any::<bool>().prop_map(Move::ExecutorsDie),
        1 => any::<bool>().prop_map(Move::LaunchesFail),
        1 => any::<bool>().prop_map(Move::ExecutorsLate),
        2 => Just(Move::ExecutorsArrive),
        1 => any::<bool>().prop_map(Move::NothingOpens),
    ]
    .boxed()
}

fn any_move() -> BoxedStrategy<Move> {
    prop_oneof![
        6 => order(),
        3 => time(),
        2 => edit(),
        2 => behave(),
        2 => break_things(),
    ]
    .boxed()
}

/// What is likely to come between an approval and its start.
fn between() -> BoxedStrategy<Move> {
    prop_oneof![
        2 => any_move(),
        1 => time(),
        2 => edit(),
        1 => behave(),
        1 => write().prop_map(Move::Revoke)
    ]
    .boxed()
}

/// A write as it should be, with a few things in between: chance alone seldom gets so far.
fn chapter() -> BoxedStrategy<Vec<Move>> {
    let others = prop::collection::vec((0..4_usize, between()), 0..3);
    let proper = (approve(), others, death()).prop_map(|(approve, others, death)| {
        let Move::Approve(w, ..) = approve else { return vec![approve] };
        let mut moves = vec![approve, Move::Claim(w), Move::Execute(0, death), Move::Tick];
        for (at, other) in others {
            moves.insert(at, other);
        }
        moves
    });
    // What was left behind still runs when a person has taken note of it and approves anew.
    let leftover = approve().prop_map(|approve| {
        let Move::Approve(w, ..) = approve else { return vec![approve] };
        vec![
            Move::LeavesRunning(w, true),
            approve.clone(),
            Move::Claim(w),
            Move::Execute(0, None),
            Move::LeavesRunning(w, false),
            Move::Acknowledge(w),
            approve,
            Move::Claim(w),
        ]
    });
    prop_oneof![30 => any_move().prop_map(|m| vec![m]), 10 => proper, 1 => leftover].boxed()
}

/// Everything is as it should be again, and a write that a person approves runs and is verified:
/// what keeps everything from starting would pass every other check.
fn heal(stage: &mut Stage) -> Result<(), String> {
    let host = stage.host.clone();
    for id in WRITES.iter().chain(&CHECKS) {
        host.set(&job(id), |j| *j = SimJob::default());
    }
    host.store.recover();
    for file in 0..FILES.len() {
        stage.play(&Move::Remove(file, false))?;
    }
    for calm in [
        Move::ExecutorsDie(false),
        Move::LaunchesFail(false),
        Move::ExecutorsLate(false),
        Move::NothingOpens(false),
        Move::Config(0),
        Move::SetWall(0),
        Move::Reboot,
        Move::Tick,
        Move::Tick,
        Move::Tick,
    ] {
        stage.play(&calm)?;
    }
    for (n, id) in WRITES.iter().enumerate() {
        for step in [
            Move::Acknowledge(n),
            Move::Approve(n, LIFE, Level::Asserted),
            Move::Claim(n),
            Move::Execute(0, None),
            Move::Tick,
        ] {
            stage.play(&step)?;
        }
        if stage.state(id) != "verified" {
            return Err(format!("a proper write of {id} ends {}", stage.state(id)));
        }
    }
    Ok(())
}

const USUAL_LIVES: u32 = 300;

/// What a full set of lives has met: every input of the machine, every reason to refuse, every
/// way to lose an executor.
const MET: [&str; 47] = [
    "started",
    "approve",
    "begin",
    "revoke",
    "expire",
    "plan_changed",
    "exited_ok",
    "exited_err",
    "not_started",
    "lost",
    "verify_passed",
    "verify_failed",
    "verify_overdue",
    "acknowledge",
    "void: ClockWentBack",
    "void: Expired",
    "void: OtherBoot",
    "void: OtherPlan",
    "void: LevelTooLow",
    "request: yes",
    "deny: yes",
    "deny: NoRequest",
    "approve: yes",
    "approve: Busy",
    "approve: Disabled",
    "approve: LevelTooLow",
    "approve: NoClock",
    "approve: Unsettled(unknown)",
    "approve: Unsettled(unverified)",
    "approve: Unsettled(verifying)",
    "claim: Busy",
    "claim: Disabled",
    "acknowledge: InFlight",
    "claim: NoApproval(None)",
    "claim: Unsettled(unknown)",
    "revoke: NothingToRevoke",
    "acknowledge: NotNow(verified)",
    "reverify: yes",
    "begin: its approval is gone",
    "begin: nobody claimed it, or it has begun already",
    "begin: the approval has expired",
    "begin: the plan is not the approved one any more",
    "begin: simulated: no more files",
    "executor: killed Some(BeforeStart) wrote=false",
    "executor: killed Some(AfterStart) wrote=true",
    "executor: killed Some(BeforeEnd) wrote=true",
    "executor: commit None wrote=false",
];

/// More lives, or others: OPSFSM_LIVES=10000 OPSFSM_SEED=7 cargo test --release write_lives
#[test]
#[expect(clippy::disallowed_macros, reason = "it tells its figures to whoever asks for them")]
fn whatever_happens_a_write_starts_only_as_approved_and_once() {
    let counts: RefCell<BTreeMap<String, usize>> = RefCell::default();
    let cases = setting("OPSFSM_LIVES", USUAL_LIVES);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let (rng, number) = seeded();
    let lives = prop::collection::vec(chapter(), 1..40);
    TestRunner::new_with_rng(config, rng)
        .run(&lives, |chapters| {
            let mut stage = Stage::new();
            let played = chapters.iter().flatten().try_for_each(|act| stage.play(act));
            played.map_err(TestCaseError::fail)?;
            for (what, n) in &stage.witness.counts {
                *counts.borrow_mut().entry(what.clone()).or_default() += n;
            }
            heal(&mut stage).map_err(|why| TestCaseError::fail(format!("healing: {why}")))
        })
        .unwrap_or_else(|e| panic!("{e}"));
    let counts = counts.into_inner();
    if std::env::var_os("OPSFSM_COUNTS").is_some() {
        for (what, n) in &counts {
            eprintln!("{n:7} {what}");
        }
    }
    let missed: Vec<&str> = MET.into_iter().filter(|what| !counts.contains_key(*what)).collect();
    let usual = number == 0 && cases >= USUAL_LIVES;
    assert!(!usual || missed.is_empty(), "never met: {missed:?}");
}
