//! Rounds of verification: what passed before counts for nothing in a new round, and one of two
//! is not both.

use opsfsm::approval::Level;

use crate::stage::{LIFE, Move, Stage};

const V: usize = 0;
const U: usize = 1;

/// A write that has run, with verifications that go like this.
fn written(v: i32, u: i32) -> Stage {
    let mut stage = Stage::new();
    play(
        &mut stage,
        &[
            Move::CheckExits(V, v),
            Move::CheckExits(U, u),
            Move::Approve(0, LIFE, Level::Asserted),
            Move::Claim(0),
            Move::Execute(0, None),
            Move::Tick,
            Move::Tick,
        ],
    );
    stage
}

fn play(stage: &mut Stage, moves: &[Move]) {
    for act in moves {
        stage.play(act).unwrap_or_else(|why| panic!("{why}"));
    }
}

#[test]
fn each_of_two_verifications_has_to_pass() {
    for (v, u, wanted) in
        [(0, 0, "verified"), (0, 1, "unverified"), (1, 0, "unverified"), (1, 1, "unverified")]
    {
        assert_eq!(written(v, u).state("w"), wanted, "{v} {u}");
    }
}

#[test]
fn a_new_round_counts_from_nothing() {
    for (fails, passes) in [(V, U), (U, V)] {
        let exits = |n: usize| i32::from(n == fails);
        let mut stage = written(exits(V), exits(U));
        assert_eq!(stage.state("w"), "unverified");
        // Now the other one fails: together they passed, but never in one round.
        let turned = [Move::CheckExits(fails, 0), Move::CheckExits(passes, 1)];
        play(&mut stage, &turned);
        play(&mut stage, &[Move::Reverify(0), Move::Tick, Move::Tick]);
        assert_eq!(stage.state("w"), "unverified");
        play(&mut stage, &[Move::CheckExits(passes, 0), Move::Reverify(0), Move::Tick, Move::Tick]);
        assert_eq!((stage.state("w"), stage.host.wrote.borrow().len()), ("verified", 1));
    }
}

/// Asked for again while one check has passed and the other is still to come: both have to pass anew.
#[test]
fn what_passed_in_a_round_that_never_ended_counts_for_nothing_in_the_next_one() {
    let mut stage = Stage::new();
    let run = [Move::Approve(0, LIFE, Level::Asserted), Move::Claim(0), Move::Execute(0, None)];
    play(&mut stage, &run);
    play(&mut stage, &[Move::ExecutorsLate(true), Move::Tick]);
    only_arrives(&mut stage, "v");
    assert_eq!((stage.state("w"), stage.host.ran.borrow().len()), ("verifying", 1));
    // The other executor died with its tick.
    play(&mut stage, &[Move::NextProcess, Move::Reverify(0), Move::Tick, Move::Tick]);
    only_arrives(&mut stage, "u");
    assert_eq!((stage.state("w"), stage.host.ran.borrow().len()), ("verifying", 2));
    let minute = std::time::Duration::from_mins(1);
    play(&mut stage, &[Move::CheckExits(V, 1), Move::NextProcess, Move::ExecutorsLate(false)]);
    play(&mut stage, &[Move::Pass(minute), Move::Tick, Move::Pass(minute), Move::Tick]);
    assert_eq!((stage.state("w"), stage.host.ran.borrow().len()), ("unverified", 3));
}

/// Of the executors on their way this check's arrives, and the others never do; a tick takes it in.
fn only_arrives(stage: &mut Stage, check: &str) {
    let runs = stage.host.store.snapshot().world().runs.clone();
    let of =
        |run: &opsfsm::base::RunId| runs.get(run).is_some_and(|row| row.spec.job.as_str() == check);
    stage.host.on_their_way.borrow_mut().retain(of);
    assert_eq!(stage.host.on_their_way.borrow().len(), 1, "of {check}");
    play(stage, &[Move::ExecutorsArrive, Move::Tick]);
}

/// A verification that an executor of an earlier round brings late says nothing in a new one.
#[test]
fn a_late_executor_of_an_older_round_is_not_heard() {
    let mut stage = Stage::new();
    let run = [Move::Approve(0, LIFE, Level::Asserted), Move::Claim(0), Move::Execute(0, None)];
    play(&mut stage, &run);
    play(&mut stage, &[Move::ExecutorsLate(true), Move::Tick, Move::Beside, Move::Reverify(0)]);
    play(&mut stage, &[Move::ExecutorsLate(false), Move::ExecutorsArrive, Move::Tick]);
    let verified = stage.host.ran.borrow().len();
    assert_eq!((stage.state("w"), verified), ("verified", 2), "each ran in its own round only");
}

/// What a process that has closed its lock still writes can't be verified either, as long as it
/// is known who it is.
#[test]
fn a_process_without_a_lock_is_known_by_its_pid() {
    let mut stage = Stage::new();
    play(
        &mut stage,
        &[
            Move::LeavesRunning(0, true),
            Move::ShedsLock(0, true),
            Move::Approve(0, LIFE, Level::Asserted),
            Move::Claim(0),
            Move::Execute(0, None),
            Move::Tick,
            Move::Pass(LIFE * 3),
            Move::Tick,
        ],
    );
    assert_eq!((stage.state("w"), stage.host.ran.borrow().len()), ("unknown", 0));
    play(&mut stage, &[Move::WritesEnd, Move::Tick, Move::Tick]);
    assert_eq!(stage.state("w"), "verified");
}

/// It is the approved verifications that run, whatever the config says by then.
#[test]
fn a_config_that_was_edited_after_the_start_verifies_nothing_else() {
    for config in 1..crate::stage::VARIANTS.len() {
        let mut stage = Stage::new();
        let run = [Move::Approve(0, LIFE, Level::Asserted), Move::Claim(0), Move::Execute(0, None)];
        play(&mut stage, &run);
        play(&mut stage, &[Move::Config(config), Move::Tick, Move::Tick]);
        let ran = stage.host.ran.borrow();
        let argv: Vec<String> = ran.iter().map(|spec| spec.argv.join(" ")).collect();
        assert_eq!((stage.state("w"), argv.len()), ("verified", 2), "{config}: {argv:?}");
        assert!(argv.contains(&"/v all".to_owned()), "{config}: {argv:?}");
    }
}
