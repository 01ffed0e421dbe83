//! `tick --no-reply`: the report, or exactly `NO_REPLY`.

use serde_json::json;

use super::support::{Sandbox, has, lacks};

const SILENT: &str = "NO_REPLY\n";

#[test]
fn a_report_is_printed_and_nothing_to_say_is_no_reply() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    let told = sandbox.ok(&["tick", "--no-reply"]);
    has(&told, &["scan", "Ops report"]);
    lacks(&told, &["NO_REPLY"]);
    assert_eq!(sandbox.ok(&["tick", "--no-reply"]), SILENT);
    // It counts as told.
    assert_eq!(sandbox.tick(), "");
    sandbox.raw_status("scan", "?");
    lacks(&sandbox.ok(&["tick", "--no-reply"]), &["NO_REPLY"]);
}

#[test]
fn a_way_that_the_config_names_is_not_gone() {
    let sandbox = Sandbox::new();
    let report = json!({"via": "telegram", "telegram": {"target": "4711"}});
    // Quiet hours would hold it back by night.
    let defaults = json!({"quietHours": {"start": "00:00", "end": "00:00"}});
    let jobs = [sandbox.watched("scan")];
    sandbox
        .raw_config(&json!({"version": 1, "report": report, "defaults": defaults, "jobs": jobs}));
    has(&sandbox.ok(&["tick", "--no-reply"]), &["scan"]);
    assert_eq!(sandbox.ok(&["outbox"]), "no report waits, and none was given up\n");
}

#[test]
fn exit_codes_are_those_of_any_tick() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.shell("\"$OPSFSM\" tick --no-reply > /dev/full").run().exits(3);
    lacks(&sandbox.ok(&["tick", "--no-reply"]), &["NO_REPLY"]);
    sandbox.shell("\"$OPSFSM\" tick --no-reply > /dev/full").run().exits(3).says("stdout");
    sandbox.raw_config(&json!({"version": 7}));
    let ran = sandbox.run(&["tick", "--no-reply"]);
    has(&ran.exits(2).out, &["OF007"]);
    lacks(&ran.out, &["NO_REPLY"]);
    let ran = sandbox.run(&["tick", "--no-reply"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, SILENT));
    let missing = sandbox.run(&["tick", "--no-reply", "--config-file", "/no/such.toml"]);
    assert_eq!((missing.code, missing.out.as_str()), (2, SILENT));
    for other in [&["--dry-run"][..], &["--format", "json"]] {
        let all = [&["tick", "--no-reply"], other].concat();
        assert_eq!(sandbox.run(&all).exits(2).out, "");
    }
}
