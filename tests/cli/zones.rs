//! The time zone: of the config, of the host, and one that can't be used.

use serde_json::json;

use super::support::{Sandbox, has, lacks};

/// A sandbox with one running job, quiet from 23:00 to 08:00 in this zone.
fn in_zone(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let quiet = json!({"start": "23:00", "end": "08:00"});
    let defaults = json!({"quietHours": quiet, "timezone": name});
    sandbox.config(&defaults, &[sandbox.watched("scan")]);
    sandbox.runs_on("scan", 1);
    sandbox
}

#[test]
fn quiet_hours_and_the_headline_go_by_the_configs_zone() {
    let sandbox = in_zone("Asia/Tokyo");
    let at = |time: &str| sandbox.ok(&["tick", "--dry-run", "--now", time]);
    has(&at("2031-03-04T13:59:00Z"), &["(22:59:00)", "state: running"]);
    has(&at("2031-03-04T14:00:00Z"), &["would report: nothing"]);
    has(&at("2031-03-04T23:00:00Z"), &["(08:00:00)", "state: running"]);
    // Whatever the caller's own zone.
    let call = sandbox.call(&["tick", "--dry-run", "--now", "2031-03-04T13:59:00Z"]);
    call.env("TZ", "America/New_York").run().exits(0).prints("(22:59:00)");
    lacks(&sandbox.ok(&["check"]), &["OF009"]);
}

#[test]
fn a_zone_that_the_host_does_not_know_is_a_finding_and_a_notice_and_stops_nothing() {
    let sandbox = in_zone("Asia/Tokio");
    let text = sandbox.ok(&["check"]);
    has(&text, &["warning[OF009]", "`Asia/Tokio`", "did you mean \"Asia/Tokyo\"?", "ok, 1 job"]);
    let told = sandbox.tick();
    has(&told, &["⚠ this host does not know the time zone Asia/Tokio"]);
    lacks(&sandbox.tick(), &["Tokio"]);
}

#[test]
fn a_time_zone_of_the_host_that_cannot_be_read_is_told() {
    let sandbox = Sandbox::with(&[]);
    let tick = |zone: &str| sandbox.call(&["tick"]).env("TZ", zone).run().out;
    lacks(&tick("UTC"), &["time zone"]);
    lacks(&tick(""), &["time zone"]);
    has(&tick("Nowhere/AtAll"), &["⚠ the host's time zone (TZ, /etc/localtime) can't be read"]);
    lacks(&tick("Nowhere/AtAll"), &["time zone"]);
    // Without any word of the host there is nothing wrong with it, as long as the file is sound.
    has(
        &sandbox.call(&["tick", "--format", "json"]).env("TZ", "UTC").run().out,
        &["\"reports\": []"],
    );
}
