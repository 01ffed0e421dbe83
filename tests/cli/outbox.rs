//! `opsfsm outbox`: what waits is seen, sent again or dropped.

use serde_json::json;

use super::support::{Sandbox, has};

/// A sandbox whose first report could not be printed.
fn waiting() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.shell("\"$OPSFSM\" tick > /dev/full").run().exits(3);
    let all = sandbox.json(&["outbox", "--format", "json"]);
    let id = all["reports"][0]["id"].as_str().expect("an id").to_owned();
    (sandbox, id)
}

#[test]
fn an_empty_outbox_says_so_without_a_store_too() {
    let sandbox = Sandbox::with(&[]);
    assert_eq!(sandbox.ok(&["outbox"]), "no report waits, and none was given up\n");
    assert!(!sandbox.has_store());
    sandbox.run(&["outbox", "drop", "abc"]).exits(2).says("no report waits");
    sandbox.tick();
    assert_eq!(sandbox.ok(&["outbox"]), "no report waits, and none was given up\n");
    sandbox.run(&["outbox", "retry"]).exits(2).says("no report was given up");
}

#[test]
fn what_waits_is_listed_with_why_and_arrives_with_the_next_tick() {
    let (sandbox, id) = waiting();
    let listed = sandbox.ok(&["outbox"]);
    has(&listed, &["pending", &id, "tried once; again at the next tick", "stdout", "scan: "]);
    has(&sandbox.ok(&["status"]), &["outbox 1 waiting, 0 given up: opsfsm outbox"]);
    has(&sandbox.tick(), &["scan", &format!("#{id}")]);
    assert_eq!(sandbox.ok(&["outbox"]), "no report waits, and none was given up\n");
    has(&sandbox.ok(&["outbox", "--all"]), &["delivered", &id, "arrived 2"]);
    assert!(!sandbox.ok(&["status"]).contains("outbox"));
}

#[test]
fn a_person_drops_or_retries_one_by_the_first_letters_of_its_id() {
    let (sandbox, id) = waiting();
    sandbox.run(&["outbox", "drop", "nonesuch"]).exits(2).says("no report `nonesuch` waits");
    sandbox.run(&["outbox", "drop", ""]).exits(2);
    has(&sandbox.ok(&["outbox", "retry", &id]), &[&id, "waits again"]);
    has(&sandbox.ok(&["outbox", "drop", &format!("#{}", &id[..6])]), &[&id, "dropped"]);
    assert_eq!(sandbox.tick(), "");
    has(&sandbox.ok(&["outbox", "--all"]), &["dropped", &id]);
    sandbox.run(&["outbox", "retry", &id]).exits(2).says("waits, and none such was given up");
}
