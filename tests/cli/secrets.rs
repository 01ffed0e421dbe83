//! What a job prints of its secrets goes no further.

use std::fs;

use serde_json::json;

use super::support::{Sandbox, has, lacks, with};
use super::writing::gated_with;

const BOT: &str = "123456789:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk";

/// Is it in the store, or in anything beside it?
fn is_kept(sandbox: &Sandbox, secret: &str) -> bool {
    let folder = sandbox.store_path();
    let files = fs::read_dir(folder.parent().unwrap()).unwrap();
    let mut files = files.map(|e| e.unwrap().path()).filter(|p| p.is_file());
    files.any(|p| memchr::memmem::find(&fs::read(p).unwrap(), secret.as_bytes()).is_some())
}

#[test]
fn a_check_that_prints_its_secrets_tells_nobody() {
    let sandbox = Sandbox::new();
    let check = with(sandbox.check("disk"), &json!({"env": {"DB_PASSWORD": "open-sesame"}}));
    let mut scan = with(sandbox.watched("scan"), &json!({"env": {"API_KEY": "open-barley"}}));
    scan["commands"]["status"] =
        json!(["/bin/sh", "-c", "echo \"no login with $API_KEY\" >&2; exit 1"]);
    sandbox.config(&json!({}), &[check, scan]);
    sandbox.on(
        "disk",
        "run",
        &format!("echo ALERT: {BOT}; echo \"said $DB_PASSWORD\" >&2; exit 3"),
    );
    let ran = sandbox.run(&["run", "disk"]);
    has(&ran.out, &["ALERT: [redacted]", "said [redacted]"]);
    let told = sandbox.tick();
    has(&told, &["no login with [redacted]"]);
    let history = sandbox.ok(&["history", "--format", "json"]);
    for text in [&ran.out, &ran.err, &told, &history] {
        lacks(text, &[BOT, "open-sesame", "open-barley"]);
    }
    // What the config declares, the store holds as part of the order to run; nothing else.
    assert!(!is_kept(&sandbox, BOT));
    let open_said = ["said open-sesame", "with open-barley"];
    assert!(open_said.iter().all(|words| !is_kept(&sandbox, words)));
}

#[test]
fn what_a_status_says_of_its_secrets_is_neither_told_nor_kept() {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &json!({"env": {"API_KEY": "open-barley"}}));
    sandbox.config(&json!({}), &[scan]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.status(
        "scan",
        &json!({"running": false, "completed": false, "stopReason": format!("POST /bot{BOT}/x"),
            "message": "password=hunter2222 and open-barley", "progressKey": BOT,
            "progress": {"url": "https://me:sesame12@host", "all": [BOT]}}),
    );
    let told = sandbox.tick();
    has(&told, &["POST /bot[redacted]/x", "password=[redacted] and [redacted]"]);
    let status = sandbox.ok(&["status", "--format", "json"]);
    let history = sandbox.ok(&["history", "--format", "json"]);
    for text in [&told, &status, &history] {
        lacks(text, &[BOT, "hunter2222", "sesame12", "open-barley"]);
    }
    for secret in [BOT, "hunter2222", "sesame12"] {
        assert!(!is_kept(&sandbox, secret), "{secret}");
    }
}

#[test]
fn what_a_write_prints_stands_in_no_report_unless_its_policy_says_so() {
    for (policy, shown) in [(json!({}), false), (json!({"reportOutput": true}), true)] {
        let sandbox = gated_with(&json!({"policy": policy}));
        sandbox.on("prune", "run", "echo 7 files of a customer; exit 9");
        sandbox.approve("prune");
        has(&sandbox.run(&["run", "prune"]).out, &["7 files"]);
        let told = sandbox.tick();
        has(&told, &["prune", "the write failed", "exit=9"]);
        assert_eq!(told.contains("7 files"), shown, "{told}");
    }
}
