//! The write gate after the write: what verifies it, what does not, and what is told until then.

use std::io::Write as _;

use serde_json::json;

use super::support::{Sandbox, from_now, has, lacks};
use super::writing::{gated, gated_with};

const FAILED: i32 = 1;
const REFUSED: i32 = 2;
const APPROVAL_NEEDED: i32 = 4;

#[test]
fn a_verification_that_is_not_run_in_time_is_an_alarm() {
    let sandbox = gated_with(&json!({"verifyWithinSeconds": 60}));
    sandbox.approve("prune");
    sandbox.run(&["run", "prune"]).exits(0);
    let would = |s| sandbox.ok(&["tick", "--dry-run", "--now", &from_now(s)]);
    lacks(&would(50), &["unverified"]);
    has(&would(61), &["state: unverified", "in time", "ACTION REQUIRED", "acknowledge prune"]);
    lacks(&would(61), &["would start"]);
}

#[test]
fn every_verification_has_to_pass() {
    let sandbox = Sandbox::new();
    let after = json!({"after": [{"jobId": "verify"}, {"jobId": "second"}]});
    let mut second = sandbox.check("second");
    second["sandbox"] = json!("off");
    sandbox.gated_jobs(&after, &json!({}), &[second]);
    sandbox.on("second", "run", "exit 5");
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(FAILED).prints("unverified");
    has(&sandbox.why("prune"), &["second", "exit 5"]);
    sandbox.remove("jobs/second/on-run");
    sandbox.run(&["verify", "prune", "--wait"]).exits(0).prints("prune: verified");
    assert_eq!((sandbox.count("prune", "runs"), sandbox.count("second", "runs")), (1, 2));
}

#[test]
fn a_delayed_verification_waits_for_its_time() {
    let sandbox = gated_with(&json!({"after": [{"jobId": "verify", "delaySeconds": 600}]}));
    sandbox.approve("prune");
    sandbox.run(&["run", "prune"]).exits(0);
    sandbox.tick();
    assert_eq!((sandbox.count("verify", "runs"), sandbox.state("prune")), (0, "verifying".into()));
    let would = |s| sandbox.ok(&["tick", "--dry-run", "--now", &from_now(s)]);
    lacks(&would(590), &["would start"]);
    has(&would(601), &["would start: verify"]);
    has(&would(600 + 3610), &["unverified"]);
}

#[test]
fn a_verifier_replaced_after_the_run_verifies_nothing() {
    let sandbox = gated();
    sandbox.approve("prune");
    sandbox.run(&["run", "prune"]).exits(0).prints("not done before it is verified");
    assert_eq!(sandbox.state("prune"), "verifying");
    sandbox.script("jobs/verify/run", "#!/bin/sh\necho swapped >> \"$0.swapped\"\n");
    let told = sandbox.tick();
    has(&told, &["prune", "state: unverified", "ACTION REQUIRED", "verify/run"]);
    assert_eq!(sandbox.state("prune"), "unverified");
    assert_eq!(sandbox.count("verify", "run.swapped"), 0, "what was not approved is not run");
    has(&sandbox.why("prune"), &["verification_failed", "verify/run"]);
}

#[test]
fn a_verification_is_what_was_approved_whatever_the_config_says_by_now() {
    for (its_code, state) in [(0, "verified"), (1, "unverified")] {
        for swapped in [json!({"commands": {"run": ["true"]}}), json!({"enabled": false})] {
            let sandbox = gated();
            sandbox.on("verify", "run", &format!("exit {its_code}"));
            sandbox.approve("prune");
            sandbox.run(&["run", "prune"]).exits(0);
            sandbox.gated_jobs(&json!({}), &swapped, &[]);
            sandbox.tick();
            assert_eq!(sandbox.count("verify", "runs"), 1, "{swapped}");
            assert_eq!(sandbox.state("prune"), state, "{swapped}");
        }
    }
}

#[test]
fn a_run_of_the_verifier_by_hand_verifies_nothing() {
    let sandbox = gated();
    sandbox.approve("prune");
    sandbox.run(&["run", "prune"]).exits(0);
    sandbox.run(&["run", "verify"]).exits(0);
    assert_eq!(sandbox.state("prune"), "verifying");
    sandbox.tick();
    assert_eq!((sandbox.count("verify", "runs"), sandbox.state("prune")), (2, "verified".into()));
}

#[test]
fn an_unverified_write_is_told_until_somebody_takes_note_of_it() {
    let sandbox = gated();
    sandbox.on("verify", "run", "echo 12 old files are left; exit 9");
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(FAILED).prints("unverified");
    has(&sandbox.tick(), &["state: unverified", "ACTION REQUIRED", "12 old files are left"]);
    assert_eq!(sandbox.tick(), "");
    let later = |s| sandbox.ok(&["tick", "--dry-run", "--now", &from_now(s)]);
    lacks(&later(80_000), &["ACTION REQUIRED"]);
    has(&later(86_401), &["prune", "unverified", "ACTION REQUIRED"]);
    let short = sandbox.short("prune");
    let refused = sandbox.call(&["approve", "prune"]).types(&format!("{short}\n"));
    refused.exits(APPROVAL_NEEDED).prints("not settled").prints("acknowledge prune");
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("not settled");
    sandbox.ok(&["acknowledge", "prune", "--note", "removed them by hand"]);
    assert_eq!(sandbox.state("prune"), "blocked");
    lacks(&later(90_000), &["ACTION REQUIRED"]);
    sandbox.run(&["acknowledge", "prune"]).exits(REFUSED).says("no unproved outcome");
    sandbox.remove("jobs/verify/on-run");
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
    assert_eq!(sandbox.count("prune", "runs"), 2);
    sandbox.journal_is_whole();
}

#[test]
fn a_verification_that_asks_for_attention_has_not_passed() {
    let sandbox = gated();
    sandbox.on("verify", "run", "echo 'ALERT: half of it is left'");
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(FAILED).prints("unverified");
    has(&sandbox.why("prune"), &["asks for attention"]);
    // Once it is mended, the same run is verified without another start of the write.
    sandbox.remove("jobs/verify/on-run");
    sandbox.run(&["verify", "prune", "--wait"]).exits(0).prints("verified");
    assert_eq!((sandbox.count("prune", "runs"), sandbox.count("verify", "runs")), (1, 2));
}

#[test]
fn a_verification_can_write_to_its_scratch_folder_only() {
    if !opsfsm::adapters::sandbox::is_available() {
        let _ = writeln!(std::io::stderr(), "skipped: this kernel has no Landlock");
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.gated_jobs(&json!({}), &json!({"sandbox": "read_only"}), &[]);
    let text = sandbox.ok(&["plan", "prune"]);
    lacks(&text, &["outside the sandbox"]);
    let tries = "echo x > \"$TMPDIR/mine\" && cat \"$TMPDIR/mine\" && \
        echo x > /dev/null && [ \"$TMPDIR\" = \"$XDG_CACHE_HOME\" ] || exit 20\n\
        echo x > outside\n";
    sandbox.on("verify", "run", tries);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(FAILED).prints("unverified");
    assert!(!sandbox.path("jobs/verify/outside").exists());
    has(&sandbox.why("prune"), &["Permission denied", "ran in the sandbox"]);
    // The rest of what it did was allowed.
    sandbox.on("verify", "run", tries.trim_end_matches("echo x > outside\n"));
    sandbox.run(&["verify", "prune", "--wait"]).exits(0).prints("verified");
    assert_eq!(sandbox.count("verify", "runs"), 0, "nor could it count itself");
    sandbox.gated_jobs(&json!({}), &json!({"sandbox": "off"}), &[]);
    has(&sandbox.ok(&["plan", "prune"]), &["outside the sandbox"]);
}
