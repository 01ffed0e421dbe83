//! `opsfsm explain`: the real binary says why, what next, and what holds a job back.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::support::{Sandbox, has, lacks, with};

/// Without what another run of the test would say otherwise: moments, spans and ids.
fn still(sandbox: &Sandbox, text: &str) -> String {
    let text = text.replace(&sandbox.path("").display().to_string(), "/S/");
    let mut text = text.replace(Sandbox::program(), "opsfsm");
    for (pattern, instead) in [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "MOMENT"),
        (r"\b(in|for) \d+[dhms]( \d+[hms])?( \(|, since)", "$1 SPAN$3"),
        (r"\b[0-9a-f]{32}\b", "RUN"),
        (r"\b[0-9a-f]{12}\b", "DIGEST"),
    ] {
        text = regex_lite::Regex::new(pattern).unwrap().replace_all(&text, instead).into_owned();
    }
    text
}

fn explains(sandbox: &Sandbox, id: &str, wanted: &Expect) {
    wanted.assert_eq(&still(sandbox, &sandbox.ok(&["explain", id])));
}

#[test]
fn a_job_that_a_person_stopped() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    explains(
        &sandbox,
        "scan",
        &expect![[r#"
            scan (long_running_read): idle

            why: it was never started by opsfsm, nor seen running or completed

            known:
              no tick has looked at it yet

            next:
              when: a person starts it (`opsfsm start scan`) → running
              when: its status says that it runs → running
              when: its status says that it has completed → completed
              when: a person stops it (`opsfsm stop scan`) → paused

            held back:
              `policy.autoResume` is off: no tick starts it; `opsfsm start scan`
              no tick has come yet: nothing is watched
        "#]],
    );
    assert!(!sandbox.has_store());
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    explains(
        &sandbox,
        "scan",
        &expect![[r#"
            scan (long_running_read): running for SPAN, since MOMENT

            why: its status says that it runs
              event 4, MOMENT: seen_running → running

            known:
              MOMENT: last observation: running
              MOMENT: seen running ever since
              MOMENT: its progress key last moved (stalled after 1h) — {"n":1}
              MOMENT: the last report about it

            next:
              in SPAN (MOMENT): its routine report, if it has moved or warns by then
              in SPAN (MOMENT): it counts as stalled, if its progress key has not moved by then
              when: its progress key stands still for 1h while it runs → stalled
              when: its status says that it neither runs nor has completed → stalled
              when: its status says that it has completed → completed
              when: a person stops it (`opsfsm stop scan`) → paused
        "#]],
    );
    sandbox.run(&["stop", "scan"]).exits(0);
    explains(
        &sandbox,
        "scan",
        &expect![[r#"
            scan (long_running_read): paused for SPAN, since MOMENT

            why: a person stopped it
              event 5, MOMENT: stop → paused

            known:
              MOMENT: last observation: running
              MOMENT: seen running ever since
              MOMENT: its progress key last moved (stalled after 1h) — {"n":1}
              MOMENT: the last report about it

            next:
              in SPAN (MOMENT): it is told that it still runs although a person stopped it
              when: a person starts it (`opsfsm start scan`) → running
              when: after it was seen stopped, its status says that it runs → running
              when: its status says that it has completed → completed

            held back:
              a person stopped it: no tick starts it; `opsfsm start scan`
        "#]],
    );
}

#[test]
fn a_job_whose_resume_failed() {
    let sandbox = Sandbox::new();
    let policy = json!({"policy": {"autoResume": true, "autoResumeBackoffSeconds": 86_400}});
    sandbox.config(&json!({}), &[with(sandbox.watched("scan"), &policy)]);
    sandbox.stands("scan");
    sandbox.on("scan", "start", "exit 4");
    sandbox.tick();
    let text = sandbox.ok(&["explain", "scan"]);
    has(
        &text,
        &["scan (long_running_read): stalled for", "the start command of its resume failed"],
    );
    has(&text, &["— exit 4", "resume_failed → stalled", "back-off since its last start: 23h 59m"]);
    has(&text, &["a tick starts it, if it is seen stopped", "1 resume since"]);
}

#[test]
fn a_write_from_its_request_to_its_proof() {
    let sandbox = Sandbox::new();
    let write =
        with(sandbox.write_job("prune", "disk"), &json!({"approval": {"nonInteractive": true}}));
    sandbox.config(&json!({}), &[write, sandbox.check("disk")]);
    sandbox.ok(&["request", "prune", "--reason", "the disk is full"]);
    let digest = sandbox.json(&["plan", "prune", "--format", "json"])["digest"].clone();
    explains(
        &sandbox,
        "prune",
        &expect![[r#"
            prune (one_shot_write): blocked for SPAN, since MOMENT

            why: a write runs only when a person has approved its exact plan
              event 4, MOMENT: declared → blocked

            known:
              MOMENT: requested by opsfsm request — the disk is full

            next:
              in SPAN (MOMENT): that it waits for a person is told again
              when: a person's answer to the request
              when: a person approves its plan (`opsfsm approve prune`) → approved

            held back:
              no approval serves: it takes one of the level unattended; read `opsfsm plan prune`, then `opsfsm approve prune`
              no tick has come yet: nothing is watched
        "#]],
    );
    sandbox.ok(&["approve", "prune", "--digest", digest.as_str().unwrap()]);
    let text = sandbox.ok(&["explain", "prune"]);
    has(&text, &["prune (one_shot_write): approved", "for one start", "runs out unused"]);
    has(&text, &["(unattended); not used yet", "opsfsm revoke prune`", "opsfsm run prune`"]);
    sandbox.run(&["run", "prune"]).exits(0);
    let text = sandbox.ok(&["explain", "prune"]);
    has(&text, &["verifying", "its check disk is due", "0 of 1 passed", "used by run"]);
    let queued = sandbox.ok(&["explain", "disk"]);
    has(&queued, &["its queued run, asked for by prune"]);
    sandbox.tick();
    has(&sandbox.ok(&["explain", "prune"]), &["verified", "all its checks confirmed it"]);
}

#[test]
fn what_a_job_says_stands_beside_what_opsfsm_says_and_steers_no_terminal() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    let message = "fine\u{1b}[2J\nheld back:\n  nothing";
    sandbox.status(
        "scan",
        &json!({"running": true, "completed": false, "progressKey": "3", "message": message}),
    );
    sandbox.tick();
    let text = sandbox.ok(&["explain", "scan"]);
    has(&text, &["last observation: running — fine", "(stalled after 1h) — 3\n"]);
    lacks(&text, &["\u{1b}", "\nheld back:\n  nothing"]);
    let answer = sandbox.json(&["explain", "scan", "--format", "json"]);
    let evidence = answer["evidence"].as_array().unwrap();
    let seen = evidence.iter().find(|fact| fact["what"] == "seen").unwrap();
    assert!(!seen["text"].as_str().unwrap().contains("fine"), "{seen}");
    assert!(seen["detail"].as_str().unwrap().starts_with("fine"), "{seen}");
    assert_eq!((&answer["state"], &answer["recorded"]), (&json!("running"), &json!(true)));
    assert_eq!(answer["event"]["input"], json!("seen_running"));
    assert_eq!(answer["holds"], json!([]));
    sandbox.raw_status("scan", "?");
    sandbox.tick();
    let answer = sandbox.json(&["explain", "scan", "--format", "json"]);
    assert_eq!(answer["holds"][0]["what"], json!("status_broken"));
}

#[test]
fn an_unknown_job_a_job_that_is_gone_and_a_code() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("inventory")]);
    sandbox.run(&["explain", "inventroy"]).exits(2).says("did you mean `inventory`?");
    sandbox.run(&["explain", "qqq"]).exits(2).says("status` for all jobs");
    sandbox.runs_on("inventory", 1);
    sandbox.tick();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    sandbox
        .run(&["explain", "inventory"])
        .exits(2)
        .says("no longer in the config; when it left it");
    let told = sandbox.ok(&["explain", "OF023"]);
    assert_eq!(told, sandbox.ok(&["check", "--explain", "OF023"]));
    has(&told, &["OF023 a write that nothing verifies"]);
    sandbox.run(&["explain", "OF999"]).exits(2).says("OF999");
}

#[test]
fn a_job_may_be_called_as_no_code_is() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("OFFICE"), sandbox.check("OF12")]);
    for id in ["OFFICE", "OF12"] {
        let answer: Value = sandbox.json(&["explain", id, "--format", "json"]);
        assert_eq!(answer["job"]["id"], json!(id));
    }
}

#[test]
fn what_moved_a_job_is_found_behind_a_hundred_other_events() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.write_job("prune", "disk"), sandbox.check("disk")]);
    let asked =
        "for n in $(seq 101); do \"$OPSFSM\" request prune --reason \"no. $n\" || exit; done";
    sandbox.shell(asked).run().exits(0);
    let text = sandbox.ok(&["explain", "prune"]);
    has(&text, &["declared → blocked", "no. 101"]);
}
