//! Faults of `docs/faults.md` that no other test tries on the real binary.

use std::fs;

use serde_json::json;

use super::support::{Sandbox, has, with};
use super::writing::gated;

const APPROVAL_NEEDED: i32 = 4;

/// 4–7: a status that could be read in two ways, or in none, is named and never guessed.
#[test]
fn a_status_that_means_nothing_sure_is_malformed() {
    let sound = r#"{"running":false,"completed":false}"#;
    let deep = format!(
        r#"{{"running":true,"completed":false,"progress":{}1{}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let odd: [(&str, String); 11] = [
        ("nul-within", "{\"running\":true,\"completed\":false,\"message\":\"a\0b\"}".to_owned()),
        ("nul-after", format!("{sound}\0")),
        ("pid-2-63", r#"{"running":true,"completed":false,"pid":9223372036854775808}"#.to_owned()),
        ("pid-negative", r#"{"running":true,"completed":false,"pid":-1}"#.to_owned()),
        (
            "number-1e999",
            r#"{"running":true,"completed":false,"progress":{"x":-1e999}}"#.to_owned(),
        ),
        ("infinity", r#"{"running":true,"completed":false,"progress":{"x":Infinity}}"#.to_owned()),
        ("twice", r#"{"completed":true,"running":false,"completed":false}"#.to_owned()),
        (
            "twice-below",
            r#"{"running":true,"completed":false,"progress":{"x":1,"x":2}}"#.to_owned(),
        ),
        ("deep", deep),
        ("two", format!("{sound}{sound}")),
        ("text-before", format!("done: {sound}")),
    ];
    let sandbox = Sandbox::new();
    let jobs: Vec<_> = odd
        .iter()
        .map(|(id, text)| {
            sandbox.raw_status(id, text);
            with(sandbox.watched(id), &json!({"policy": {"autoResume": true}}))
        })
        .collect();
    sandbox.config(&json!({}), &jobs);
    let told = sandbox.tick();
    for (id, _) in &odd {
        let section = told.split("\n\n").find(|s| s.contains(&format!(" {id} [")));
        has(section.unwrap_or_else(|| panic!("no {id}: {told}")), &["its status can't be read"]);
        assert_eq!((sandbox.count(id, "starts"), sandbox.state(id).as_str()), (0, "idle"), "{id}");
    }
}

/// 35: the store is deleted, and what stands beside it is not.
#[test]
fn a_store_that_is_deleted_takes_its_approvals_with_it() {
    let sandbox = gated();
    sandbox.approve("prune");
    sandbox.remove("state/opsfsm/opsfsm.db");
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("it has no approval");
    assert_eq!(sandbox.count("prune", "runs"), 0);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
}

/// 45: a job's own status command replaces the config while the tick asks.
#[test]
fn a_config_that_is_edited_during_a_tick_counts_from_the_next_one_on() {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    let mut other = scan.clone();
    other["commands"]["start"] =
        json!(["/bin/sh", "-c", format!("echo x >> '{}'", sandbox.path("other").display())]);
    sandbox.config(&json!({}), &[other]);
    let edited = sandbox.path("edited.json");
    fs::rename(sandbox.config_path(), &edited).unwrap();
    let mut first = scan;
    first["commands"]["status"] = json!([
        "/bin/sh",
        "-c",
        format!(
            "cp '{}' '{}'; cat '{}'",
            edited.display(),
            sandbox.config_path().display(),
            sandbox.path("jobs/scan/status").display()
        )
    ]);
    sandbox.config(&json!({}), &[first]);
    sandbox.tick();
    assert_eq!((sandbox.count("scan", "starts"), sandbox.read("other").lines().count()), (1, 0));
    sandbox.tick();
    assert_eq!((sandbox.count("scan", "starts"), sandbox.read("other").lines().count()), (1, 1));
}

/// 48: the same command under another id is another write.
#[test]
fn a_write_that_is_renamed_carries_no_approval() {
    let sandbox = gated();
    sandbox.approve("prune");
    sandbox.gated_jobs(&json!({"id": "tidy"}), &json!({}), &[]);
    sandbox.run(&["run", "tidy"]).exits(APPROVAL_NEEDED).says("it has no approval");
    assert_eq!(sandbox.count("prune", "runs"), 0);
}
