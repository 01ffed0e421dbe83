//! The write gate and whoever waits at it: interrupted prompts and runs, waits that would never end,
//! answers that nobody can write or read.

use std::fs;

use opsfsm::base::limits;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::{Sandbox, await_that, has, lacks};
use super::writing::{GATE, gated};

const FAILED: i32 = 1;
const REFUSED: i32 = 2;
const UNWRITTEN: i32 = 3;
const APPROVAL_NEEDED: i32 = 4;
const BUSY: i32 = 5;

/// Leaves a process behind that waits for the gate.
const BEHIND: &str = "(until [ -e gate ]; do sleep 0.01; done) > /dev/null 2>&1 &\n";

#[test]
fn a_signal_at_the_prompt_approves_nothing_whatever_is_typed_after_it() {
    for signal in [Signal::INT, Signal::TERM] {
        let sandbox = gated();
        let typed = format!("{}\n", sandbox.short("prune"));
        let call = sandbox.call(&["approve", "prune"]);
        let ran = call.signalled_at("type its short digest", signal, &typed);
        ran.exits(REFUSED).prints("interrupted");
        assert_eq!(sandbox.approvals(), Vec::<String>::new());
    }
}

#[test]
fn a_signal_at_the_other_prompt_reclassifies_nothing() {
    let sandbox = gated();
    sandbox.tick();
    sandbox.config(&json!({}), &[sandbox.verify()]);
    let call = sandbox.call(&["approve", "--reclassify", "prune"]);
    call.signalled_at("type its id", Signal::INT, "prune\n").exits(REFUSED).prints("interrupted");
    lacks(&sandbox.ok(&["history"]), &["no write any more"]);
}

#[test]
fn a_signal_ends_the_hashing() {
    let sandbox = Sandbox::new();
    // Sparse, and as large as may be: long enough for the word that it is hashed.
    let input = sandbox.path("jobs/prune-input");
    fs::File::create(&input).unwrap().set_len(limits::PLAN_PROGRAM_BYTES).unwrap();
    sandbox.gated_jobs(&json!({"inputs": [input]}), &json!({}), &[]);
    let plan = sandbox.call(&["plan", "prune"]);
    plan.signalled_at("hashing", Signal::INT, "").exits(REFUSED).prints("interrupted");
}

#[test]
fn nobody_waits_for_what_a_write_left_behind() {
    let sandbox = gated();
    sandbox.on("prune", "run", BEHIND);
    sandbox.approve("prune");
    let ran = sandbox.run(&["run", "prune", "--wait"]);
    ran.exits(FAILED).prints("prune: unknown").prints("left behind still runs");
    ran.says("once that has ended").says("by hand");
    sandbox.open_gate("prune");
    await_that("its end", || sandbox.survivors().is_empty());
    sandbox.run(&["verify", "prune", "--wait"]).exits(0).prints("prune: verified");
    assert_eq!((sandbox.count("prune", "runs"), sandbox.count("verify", "runs")), (1, 1));
}

#[test]
fn a_program_that_was_replaced_meanwhile_starts_what_stands_there_now() {
    for gone in [true, false] {
        let sandbox = gated();
        let program = sandbox.path("opsfsm");
        fs::copy(Sandbox::program(), &program).unwrap();
        sandbox.on("prune", "run", GATE);
        sandbox.approve("prune");
        let run = sandbox.call_program(program.to_str().unwrap(), &["run", "prune", "--wait"]);
        let run = run.spawn();
        sandbox.at_gate("prune");
        fs::remove_file(&program).unwrap();
        if !gone {
            fs::copy(Sandbox::program(), &program).unwrap();
        }
        sandbox.open_gate("prune");
        if gone {
            run.wait().exits(FAILED).says("could not be started").says("verify prune --wait");
            assert_eq!(sandbox.state("prune"), "verifying");
            sandbox.run(&["verify", "prune", "--wait"]).exits(0);
        } else {
            run.wait().exits(0).prints("prune: verified");
        }
        assert_eq!((sandbox.count("prune", "runs"), sandbox.count("verify", "runs")), (1, 1));
    }
}

#[test]
fn a_wait_that_is_interrupted_says_how_far_it_had_come() {
    let sandbox = gated();
    sandbox.on("verify", "run", GATE);
    sandbox.approve("prune");
    let run = sandbox.call(&["run", "prune", "--wait", "--format", "json"]).spawn();
    sandbox.at_gate("verify");
    run.signal(Signal::INT);
    let ran = run.wait();
    ran.exits(BUSY).says("`prune` has ended").says("verify prune --wait");
    lacks(&ran.err, &["left to its executor", "stop prune"]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&answer["state"], &answer["end"]["code"]), (&json!("verifying"), &json!(0)));
    sandbox.open_gate("verify");
    await_that("its end", || sandbox.survivors().is_empty());
    sandbox.tick();
    assert_eq!(sandbox.state("prune"), "verified");
}

#[test]
fn an_answer_that_cannot_be_written_is_no_success() {
    let sandbox = gated();
    sandbox.approve("prune");
    let orders = [
        "plan prune",
        "plan prune --format json",
        "approvals",
        "history --format json",
        "status",
        "run verify",
        "run prune --wait",
        "check",
    ];
    for order in orders {
        let ran = sandbox.shell(&format!("$OPSFSM {order} > /dev/full")).run();
        ran.exits(UNWRITTEN).says("can't be written");
        // A reader that goes away is no fault.
        if !order.starts_with("run") {
            let read = sandbox.shell(&format!("($OPSFSM {order}; echo $? >&2) | true")).run();
            assert_eq!(read.err, "0\n", "{order}");
        }
    }
    assert_eq!(sandbox.state("prune"), "verified");
}

#[test]
fn what_a_command_prints_does_nothing_to_a_terminal() {
    let sandbox = gated();
    let tricks = r"printf 'fine\tso\n\033[2J\033]0;title\007over\rwritten\n\342\200\256live\n'";
    for job in ["prune", "verify"] {
        sandbox.on(job, "run", tricks);
    }
    sandbox.approve("prune");
    for job in ["prune", "verify"] {
        let ran = sandbox.run(&["run", job]);
        ran.exits(0).prints("fine\tso\n[2J]0;titleoverwritten\nlive\n");
        lacks(&ran.out, &["\u{1b}", "\u{7}", "\r", "\u{202e}"]);
    }
}

#[test]
fn what_is_recommended_is_what_can_be_done() {
    let sandbox = gated();
    sandbox.approve("prune");
    sandbox.run(&["run", "prune"]).exits(0);
    let refused = sandbox.run(&["run", "prune"]);
    refused.exits(APPROVAL_NEEDED).says("it is verifying").says("verify prune --wait");
    lacks(&refused.err, &["acknowledge"]);
    sandbox.run(&["acknowledge", "prune"]).exits(REFUSED);
}

#[test]
fn an_event_that_there_is_none_of_is_named() {
    let sandbox = gated();
    sandbox.tick();
    let refused = sandbox.run(&["history", "--event", "aproved"]);
    refused.exits(REFUSED).says("did you mean `approved`?").says("grant_spent");
    assert_eq!(sandbox.ok(&["history", "--event", "approved"]), "");
    has(&sandbox.ok(&["history", "--event", "write_marked"]), &["declared a write"]);
}

#[test]
fn an_end_that_could_not_be_settled_yet_is_told_as_it_is() {
    let sandbox = gated();
    sandbox.on("prune", "run", GATE);
    sandbox.approve("prune");
    let run = sandbox.call(&["run", "prune"]).spawn();
    sandbox.at_gate("prune");
    let store = rusqlite::Connection::open(sandbox.store_path()).unwrap();
    // From now on nothing can be settled: what has ended is recorded, and what that means is not.
    let full = "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.body LIKE '%run_ended%' \
        BEGIN SELECT RAISE(ABORT, 'simulated: no room'); END";
    store.execute_batch(full).unwrap();
    sandbox.open_gate("prune");
    let ran = run.wait();
    ran.exits(0).prints("not done before it is verified");
    lacks(&ran.out, &["prune: running"]);
    assert_eq!(sandbox.state("prune"), "verifying");
    store.execute_batch("DROP TRIGGER full").unwrap();
    sandbox.tick();
    assert_eq!(sandbox.state("prune"), "verified");
    sandbox.journal_is_whole();
}
