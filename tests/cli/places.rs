//! Where config and store are looked for, and whose store it is.

use serde_json::{Value, json};

use super::support::{Sandbox, has};

fn config(sandbox: &Sandbox, place: &str, id: &str) -> Value {
    let config = json!({"version": 1, "jobs": [sandbox.check(id)]});
    sandbox.write(place, config.to_string());
    config
}

#[test]
fn the_first_place_that_has_a_config_wins() {
    let sandbox = Sandbox::new();
    let shows = |call: super::support::Call, id: &str| {
        let ran = call.run();
        ran.exits(0);
        has(&ran.out, &[&format!(" {id} ")]);
    };
    config(&sandbox, "config/opsfsm/ops-jobs.json", "xdg");
    shows(sandbox.call(&["status"]), "xdg");
    config(&sandbox, "home/.openclaw/net/config/ops-jobs.json", "openclaw");
    shows(sandbox.call(&["status"]), "openclaw");
    // To ops-monitor OPENCLAW_HOME was the state folder, to OpenClaw it is a home.
    config(&sandbox, "v1/net/config/ops-jobs.json", "as-state");
    shows(sandbox.call(&["status"]).env("OPENCLAW_HOME", sandbox.path("v1")), "as-state");
    config(&sandbox, "v2/.openclaw/net/config/ops-jobs.json", "as-home");
    shows(sandbox.call(&["status"]).env("OPENCLAW_HOME", sandbox.path("v2")), "as-home");
    config(&sandbox, "own/jobs.json", "own");
    let own = sandbox.path("own/jobs.json");
    shows(sandbox.call(&["status"]).env("OPSFSM_CONFIG", &own), "own");
    config(&sandbox, "flag/jobs.json", "flag");
    let flag = sandbox.path("flag/jobs.json");
    let args = ["status", "--config-file", flag.to_str().unwrap()];
    shows(sandbox.call(&args).env("OPSFSM_CONFIG", &own), "flag");
}

#[test]
fn without_any_config_all_places_are_named() {
    let sandbox = Sandbox::new();
    for command in [&["tick"][..], &["status"], &["check"], &["graph"], &["run", "x"]] {
        let ran = sandbox.run(command);
        ran.exits(2).says("no config found").says(".openclaw/net/config/ops-jobs.json");
        ran.says("config/opsfsm/opsfsm.toml").says("--config-file");
    }
    assert!(!sandbox.has_store());
}

#[test]
fn v1s_own_layout_works_without_a_flag() {
    let sandbox = Sandbox::new();
    config(&sandbox, "home/.openclaw/net/config/ops-jobs.json", "disk");
    sandbox.ok(&["tick"]);
    assert!(sandbox.path("home/.openclaw/net/state/opsfsm.db").exists());
    assert!(!sandbox.path("home/.openclaw/net/state/ops-monitor.json").exists());
}

#[test]
fn a_store_serves_the_config_that_it_belongs_to_until_it_is_handed_over() {
    let sandbox = Sandbox::new();
    config(&sandbox, "config/opsfsm/ops-jobs.json", "disk");
    sandbox.run(&["run", "disk"]).exits(0);
    config(&sandbox, "moved/jobs.json", "disk");
    let moved = sandbox.path("moved/jobs.json");
    let moved = moved.to_str().unwrap();
    for command in [&["tick"][..], &["status"], &["run", "disk"], &["tick", "--dry-run"]] {
        let ran = sandbox.run(&[command, &["--config-file", moved]].concat());
        ran.exits(2).says("belongs to the config").says("adopt");
    }
    has(&sandbox.ok(&["adopt", "--config-file", moved]), &["now belongs to", "moved/jobs.json"]);
    has(&sandbox.ok(&["adopt", "--config-file", moved]), &["already"]);
    has(&sandbox.ok(&["status", "--config-file", moved]), &["lastRun exit=0"]);
    sandbox.run(&["status"]).exits(2);
}

#[test]
fn commands_in_messages_can_be_typed_as_they_stand() {
    let sandbox = Sandbox::new();
    let id = "it's; a $(job)";
    let job = sandbox.watched(id);
    sandbox.write(
        "my configs/jobs.json",
        json!({"version": 1, "jobs": [job],
        "defaults": {"quietHours": {"start": "01:00", "end": "01:00"}, "startGraceSeconds": 0}})
        .to_string(),
    );
    sandbox.runs_on(id, 1);
    let flags = ["--config-file", "my configs/jobs.json", "--state-file", "my store.db"];
    sandbox.run(&[&["tick"][..], &flags].concat()).exits(0);
    sandbox.stands(id);
    let told = sandbox.run(&[&["tick"][..], &flags].concat()).out;
    let command = told.lines().find_map(|line| line.split_once("start it: ")).unwrap().1;
    let ran = sandbox.shell(command).run();
    ran.exits(0).prints("started");
    assert_eq!(sandbox.count(id, "starts"), 1);
}
