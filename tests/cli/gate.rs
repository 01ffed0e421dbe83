//! The write gate as people meet it: requests, approvals at a terminal and without one, refusals.

use serde_json::{Value, json};

use super::support::{Sandbox, await_that, has, lacks};
use super::writing::{gated, gated_with};

/// The exit codes of `docs/exit-codes.md` that a gate has use for.
const REFUSED: i32 = 2;
const APPROVAL_NEEDED: i32 = 4;

/// How often the write and its verification have run.
fn runs(sandbox: &Sandbox) -> (usize, usize) {
    (sandbox.count("prune", "runs"), sandbox.count("verify", "runs"))
}

#[track_caller]
fn nothing_runs(sandbox: &Sandbox) {
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("no approval");
    assert_eq!(runs(sandbox), (0, 0));
}

#[test]
fn a_write_is_requested_approved_run_once_and_verified() {
    let sandbox = gated();
    let (digest, short) = (sandbox.digest("prune"), sandbox.short("prune"));
    let asked = sandbox.ok(&["request", "prune", "--reason", "the disk is 93 % full"]);
    has(&asked, &["requested", &short]);
    has(&sandbox.tick(), &["ACTION REQUIRED", &short, "the disk is 93 % full", "approve prune"]);
    assert_eq!(sandbox.tick(), "", "a request is told once");
    assert_eq!(sandbox.approvals(), ["pending"]);
    let shown = sandbox.call(&["approve", "prune"]).types(&format!("{short}\n"));
    shown.exits(0).prints("plan of prune").prints("then verified by verify").prints(&digest);
    shown.prints("type its short digest").prints("approved").prints("asserted");
    assert_eq!(sandbox.approvals(), ["live"]);
    let job = sandbox.job("prune");
    assert_eq!((&job["state"], &job["approved"]), (&json!("approved"), &json!(true)));
    sandbox.run(&["run", "prune", "--wait"]).exits(0).prints("prune: verified");
    assert_eq!(runs(&sandbox), (1, 1));
    assert_eq!(sandbox.approvals(), ["used"]);
    let job = sandbox.job("prune");
    assert_eq!((&job["state"], &job["approved"]), (&json!("verified"), &json!(false)));
    sandbox.journal_is_whole();
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("no approval");
    assert_eq!(runs(&sandbox), (1, 1));
    assert_eq!(sandbox.approvals(), ["pending", "used"]);
    sandbox.journal_is_whole();
}

#[test]
fn run_without_an_approval_requests_it_once_and_runs_nothing() {
    let sandbox = gated();
    for _ in 0..3 {
        nothing_runs(&sandbox);
    }
    assert_eq!(sandbox.approvals(), ["pending"]);
    let told = sandbox.tick();
    has(&told, &["ACTION REQUIRED", &sandbox.short("prune")]);
    assert_eq!(told.matches("ACTION REQUIRED").count(), 1, "{told}");
    assert_eq!(sandbox.tick(), "");
}

#[test]
fn without_a_terminal_nobody_approves() {
    let sandbox = gated();
    let digest = sandbox.digest("prune");
    for call in [&["approve", "prune"][..], &["approve", "prune", "--digest", &digest]] {
        sandbox.run(call).exits(REFUSED).says("at a terminal");
        assert_eq!(sandbox.approvals(), Vec::<String>::new());
        assert_eq!(sandbox.state("prune"), "blocked");
    }
    // Words that only come through a pipe are not typed.
    let piped = sandbox.shell(&format!("echo {} | $OPSFSM approve prune", &digest[..12]));
    piped.run().exits(REFUSED).says("at a terminal");
    assert_eq!(sandbox.events("prune").iter().filter(|e| is(e, "write_refused")).count(), 3);
    nothing_runs(&sandbox);
}

fn is(event: &Value, kind: &str) -> bool {
    event["record"]["event"] == kind
}

#[test]
fn where_the_config_allows_it_a_named_digest_needs_no_terminal() {
    let sandbox = gated_with(&json!({"approval": {"nonInteractive": true}}));
    let digest = sandbox.digest("prune");
    sandbox.run(&["approve", "prune"]).exits(REFUSED).says("with --digest");
    let wrong = "0123456789abcdef";
    let refused = sandbox.run(&["approve", "prune", "--digest", wrong]);
    refused.exits(REFUSED).says(wrong).says("not what was reviewed");
    sandbox.run(&["approve", "prune", "--digest", &digest[..11]]).exits(REFUSED);
    assert_eq!(sandbox.approvals(), Vec::<String>::new());
    let approved = sandbox.ok(&["approve", "prune", "--digest", &digest, "--by", "night shift"]);
    has(&approved, &["unattended"]);
    let row = sandbox.json(&["approvals", "--format", "json"])["approvals"][0].clone();
    assert_eq!((&row["level"], &row["by"]), (&json!("unattended"), &json!("night shift")));
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
    assert_eq!(runs(&sandbox), (1, 1));
}

#[test]
fn an_unattended_approval_is_too_little_for_a_job_that_asks_for_more() {
    let sandbox = gated_with(&json!({"approval": {"nonInteractive": true, "level": "asserted"}}));
    let digest = sandbox.digest("prune");
    let refused = sandbox.run(&["approve", "prune", "--digest", &digest]);
    refused.exits(REFUSED).says("level asserted");
    assert_eq!(sandbox.approvals(), Vec::<String>::new());
    nothing_runs(&sandbox);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune"]).exits(0);
}

#[test]
fn a_level_that_is_raised_after_the_approval_holds_for_it_too() {
    let sandbox = gated_with(&json!({"approval": {"nonInteractive": true}}));
    sandbox.ok(&["approve", "prune", "--digest", &sandbox.digest("prune")]);
    sandbox.gated_jobs(&json!({"approval": {"level": "asserted"}}), &json!({}), &[]);
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("lower level");
    assert_eq!(runs(&sandbox), (0, 0));
}

#[test]
fn what_is_typed_has_to_be_the_digest() {
    let sandbox = gated();
    let digest = sandbox.digest("prune");
    // Control-D ends the input without a word.
    for typed in ["yes\n", "\n", "\u{4}", "0123456789ab\n", &format!("{}\n", &digest[..11])] {
        sandbox.call(&["approve", "prune"]).types(typed).exits(REFUSED).prints("stays blocked");
    }
    let other = sandbox.call(&["approve", "prune", "--digest", "0123456789ab"]).types("");
    other.exits(REFUSED).prints("not what was reviewed");
    assert_eq!(sandbox.approvals(), Vec::<String>::new());
    nothing_runs(&sandbox);
    let reviewed = sandbox.call(&["approve", "prune", "--digest", &digest[..12]]).types("");
    reviewed.exits(0).prints("plan of prune").prints("asserted");
    assert_eq!(sandbox.approvals(), ["live"]);
}

#[test]
fn an_approval_lives_for_a_second_to_a_day() {
    let sandbox = gated();
    let typed = format!("{}\n", sandbox.short("prune"));
    for bad in ["0s", "999ms", "25h", "24h 1s", "-5m", "soon", "", "1 month"] {
        let expires = format!("--expires={bad}");
        let refused = sandbox.call(&["approve", "prune", &expires]).types(&typed);
        refused.exits(REFUSED).prints("from 1 second to 24 hours");
    }
    assert!(!sandbox.has_store(), "nothing was recorded");
    for good in ["24h", "90s", "1h 30m"] {
        sandbox.call(&["approve", "prune", "--expires", good]).types(&typed).exits(0);
    }
    assert_eq!(sandbox.approvals(), ["live", "void", "void"], "the newest replaces the others");
}

#[test]
fn an_expired_approval_starts_nothing() {
    let sandbox = gated();
    let typed = format!("{}\n", sandbox.short("prune"));
    sandbox.call(&["approve", "prune", "--expires", "1s"]).types(&typed).exits(0);
    await_that("its expiry", || sandbox.approvals() == ["expired"]);
    assert_eq!(sandbox.job("prune")["approved"], false);
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("expired");
    assert_eq!(runs(&sandbox), (0, 0));
    assert_eq!(sandbox.state("prune"), "blocked");
    sandbox.journal_is_whole();
}

#[test]
fn only_an_enabled_write_is_requested_and_approved() {
    let sandbox = gated_with(&json!({"enabled": false}));
    let typed = format!("{}\n", sandbox.short("prune"));
    sandbox.call(&["approve", "prune"]).types(&typed).exits(REFUSED).prints("enabled: false");
    sandbox.run(&["request", "prune"]).exits(REFUSED).says("enabled: false");
    for order in ["request", "approve", "revoke", "acknowledge", "verify"] {
        let refused = sandbox.call(&[order, "verify"]).types("yes\n");
        assert_ne!(refused.code, 0, "{order}: {refused:?}");
    }
    assert_eq!(sandbox.approvals(), Vec::<String>::new());
    assert_eq!(runs(&sandbox), (0, 0));
}

#[test]
fn a_denied_request_stays_blocked() {
    let sandbox = gated();
    sandbox.ok(&["request", "prune"]);
    sandbox.ok(&["deny", "prune", "--reason", "not before the backup", "--by", "Ada"]);
    let row = sandbox.json(&["approvals", "--format", "json"])["approvals"][0].clone();
    assert_eq!(row["status"], "denied");
    has(row["detail"].as_str().unwrap(), &["by Ada", "not before the backup"]);
    assert_eq!(sandbox.job("prune")["requested"], false);
    sandbox.run(&["deny", "prune"]).exits(REFUSED).says("nobody asks");
    nothing_runs(&sandbox);
}

#[test]
fn a_revoked_approval_starts_nothing() {
    let sandbox = gated();
    sandbox.run(&["revoke", "prune"]).exits(REFUSED).says("no approval to take back");
    sandbox.run(&["revoke", "verify"]).exits(REFUSED).says("one_shot_read");
    sandbox.approve("prune");
    sandbox.ok(&["revoke", "prune"]);
    let job = sandbox.job("prune");
    assert_eq!((&job["state"], &job["approved"]), (&json!("blocked"), &json!(false)));
    assert_eq!(sandbox.approvals(), ["void"]);
    nothing_runs(&sandbox);
    sandbox.journal_is_whole();
}

#[test]
fn what_is_approved_is_not_asked_for_and_a_denial_takes_it_back() {
    let sandbox = gated();
    sandbox.approve("prune");
    has(&sandbox.ok(&["request", "prune"]), &["approved already", "run prune"]);
    assert_eq!(sandbox.approvals(), ["live"]);
    lacks(&sandbox.tick(), &["ACTION REQUIRED"]);
    sandbox.run(&["deny", "prune"]).exits(REFUSED).says("revoke prune");
    sandbox.gated_jobs(&json!({"timeoutSeconds": 60}), &json!({}), &[]);
    sandbox.ok(&["request", "prune"]);
    sandbox.gated_jobs(&json!({}), &json!({}), &[]);
    has(&sandbox.ok(&["deny", "prune"]), &["denied", "taken back"]);
    assert_eq!(sandbox.approvals(), ["denied", "void"]);
    nothing_runs(&sandbox);
    sandbox.journal_is_whole();
}

#[test]
fn the_journal_shows_no_values_of_an_environment() {
    let sandbox = Sandbox::new();
    let mut env = sandbox.mark();
    env["TOKEN"] = json!("hush-hush");
    sandbox.gated_jobs(&json!({"env": env}), &json!({"env": env}), &[]);
    sandbox.approve("prune");
    let told = sandbox.ok(&["history", "--format", "json"]);
    lacks(&told, &["hush-hush"]);
    let events = sandbox.events("prune");
    let plan = &events.iter().find(|e| is(e, "approved")).unwrap()["record"]["plan"];
    for step in [&plan["step"], &plan["verifications"][0]["step"]] {
        let names = step["environment"].as_array().unwrap();
        assert!(names.contains(&json!("TOKEN")), "{step}");
    }
}

#[test]
fn no_tick_starts_an_approved_write() {
    let sandbox = gated();
    sandbox.approve("prune");
    for _ in 0..10 {
        lacks(&sandbox.tick(), &["ACTION REQUIRED"]);
    }
    assert_eq!(runs(&sandbox), (0, 0));
    assert_eq!(sandbox.state("prune"), "approved");
    sandbox.run(&["run", "prune"]).exits(0);
    assert_eq!(runs(&sandbox), (1, 0));
    sandbox.tick();
    assert_eq!((runs(&sandbox), sandbox.state("prune")), ((1, 1), "verified".to_owned()));
}

#[test]
fn the_environment_of_a_write_is_the_one_of_its_plan() {
    let mut env = Sandbox::new().mark();
    env["DECLARED"] = json!("by the config");
    let sandbox = gated_with(&json!({"env": env}));
    for job in ["prune", "verify"] {
        sandbox.on(job, "run", "env > seen\n");
    }
    sandbox.approve("prune");
    let run = sandbox.call(&["run", "prune", "--wait"]).env("STRAY", "of the caller");
    run.env("PATH", "/usr/bin:/bin:/nowhere").run().exits(0);
    let seen = sandbox.read("jobs/prune/seen");
    has(&seen, &["DECLARED=by the config\n", "OPSFSM_RUN=", "HOME=", "USER="]);
    let home = format!("HOME={}\n", sandbox.path("home").display());
    for seen in [seen, sandbox.read("jobs/verify/seen")] {
        has(&seen, &["PATH=/usr/local/bin:/usr/bin:/bin\n"]);
        lacks(&seen, &["STRAY", "XDG_", "LC_ALL", &home]);
    }
}

#[test]
fn a_write_that_comes_back_as_a_read_job_runs_nowhere() {
    let sandbox = gated();
    sandbox.tick();
    let argv = sandbox.prune()["commands"].clone();
    let sneaky = json!({
        "id": "sneaky", "kind": "one_shot_read", "risk": "read_only", "enabled": true,
        "everySeconds": 60, "commands": argv,
    });
    sandbox.config(&json!({}), &[sneaky]);
    let everywhere = || {
        sandbox.run(&["tick"]).exits(REFUSED);
        sandbox.run(&["check"]).exits(1).prints("OF038").prints("prune");
        sandbox.run(&["run", "sneaky"]).exits(REFUSED).says("OF038");
        assert_eq!(runs(&sandbox), (0, 0));
    };
    sandbox.run(&["tick"]).exits(REFUSED).prints("OF038").prints("ACTION REQUIRED");
    everywhere();
    let reclassify = || sandbox.call(&["approve", "--reclassify", "prune"]);
    reclassify().run().exits(REFUSED).says("at a terminal");
    reclassify().types("sneaky\n").exits(REFUSED).prints("stays a write");
    everywhere();
    reclassify().types("prune\n").exits(0).prints("no write any more");
    sandbox.ok(&["check"]);
    sandbox.tick();
    assert_eq!(runs(&sandbox), (1, 0), "as the read job that it is now");
    sandbox.journal_is_whole();
}

#[test]
fn what_is_declared_a_write_today_is_not_reclassified() {
    let sandbox = gated();
    sandbox.tick();
    let reclassify = sandbox.call(&["approve", "--reclassify", "prune"]).types("prune\n");
    reclassify.exits(REFUSED).prints("declared a one_shot_write");
}

#[test]
fn a_config_asks_and_never_approves() {
    let sandbox = gated_with(&json!({"approval": {"granted": true}}));
    has(&sandbox.tick(), &["ACTION REQUIRED: a write is requested"]);
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED);
    nothing_runs(&sandbox);
    sandbox.gated_jobs(&json!({"approval": {"required": false}}), &json!({}), &[]);
    sandbox.run(&["check"]).exits(1);
    sandbox.run(&["run", "prune"]).exits(REFUSED);
    assert_eq!(runs(&sandbox), (0, 0));
}

#[test]
fn a_program_gets_one_answer_for_a_write_and_its_verification() {
    let sandbox = gated();
    sandbox.approve("prune");
    let answer = sandbox.json(&["run", "prune", "--wait", "--format", "json"]);
    assert_eq!((&answer["state"], &answer["end"]["code"]), (&json!("verified"), &json!(0)));
    let answer = sandbox.json(&["run", "verify", "--format", "json"]);
    assert_eq!((&answer["state"], &answer["sandbox"]), (&json!("completed"), &Value::Null));
}

#[test]
fn the_journal_is_asked_for_kinds_and_times() {
    let sandbox = gated();
    sandbox.approve("prune");
    sandbox.run(&["run", "prune"]).exits(0);
    let events = |more: &[&str]| {
        let call = [&["history", "--format", "json"], more].concat();
        sandbox.json(&call)["events"].as_array().unwrap().clone()
    };
    let approved = events(&["--event", "approved", "--since", "2h"]);
    assert_eq!(approved.len(), 1);
    assert!(is(&approved[0], "approved"), "{approved:?}");
    assert_eq!(events(&["prune", "--event", "grant_spent"]).len(), 1);
    assert_eq!(events(&["verify", "--event", "grant_spent"]).len(), 0);
    assert_eq!(events(&["--since", "2100-01-01T00:00:00Z"]).len(), 0);
    for bad in ["soon", "-2h", ""] {
        sandbox.run(&["history", &format!("--since={bad}")]).exits(REFUSED).says("--since");
    }
}

#[test]
fn a_read_job_may_ask_for_the_sandbox_that_verifications_have() {
    let sandbox = Sandbox::new();
    let r = super::support::with(sandbox.check("r"), &json!({"sandbox": "read_only"}));
    sandbox.config(&json!({}), &[r]);
    let answer = sandbox.json(&["run", "r", "--format", "json"]);
    // It counts itself by writing where it may not.
    let counted = usize::from(answer["sandbox"] != "applied");
    assert_eq!(sandbox.count("r", "runs"), counted, "{answer}");
}
