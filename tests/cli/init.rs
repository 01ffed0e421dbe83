//! `opsfsm init`: a config to begin with, and an old one in today's shape.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use expect_test::expect;
use opsfsm::config::{Format, SourceText, Surroundings, parse_config};
use opsfsm::model::Model;
use serde_json::{Value, json};

use super::support::{Sandbox, has};

/// What a file means to opsfsm, wherever in it that stands.
fn model_of(sandbox: &Sandbox, name: &str, format: Format) -> Model {
    let path = fs::canonicalize(sandbox.path(name)).unwrap();
    let around = Surroundings { home: Some(sandbox.path("home")), default_cwd: None };
    let bytes = fs::read(&path).unwrap();
    let dir = path.parent().unwrap().to_owned();
    let file = SourceText { name: name.to_owned(), dir, format, bytes };
    let parsed = parse_config(vec![file], &around);
    parsed.model.unwrap_or_else(|| panic!("{:?}", parsed.sink.sorted())).without_places()
}

#[test]
fn the_first_config_has_nothing_to_find_and_the_first_tick_works() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("").display().to_string();
    let shown = sandbox.ok(&["init"]).replace(Sandbox::program(), "opsfsm").replace(&folder, "/");
    expect![[r#"
        wrote /config/opsfsm/opsfsm.toml

        next:
          opsfsm check      is it sound?
          opsfsm tick       one cycle by hand; then change a job, and set enabled = true
          opsfsm start JOB  starts a long job, which ticks watch from then on
          opsfsm install    how a timer would call it every minute; --write does it
    "#]]
    .assert_eq(&shown);
    let path = sandbox.path("config/opsfsm/opsfsm.toml");
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.clone()), 0o600);
    assert_eq!(mode(sandbox.path("config/opsfsm")), 0o700);
    let checked = sandbox.ok(&["check", "--fail-on", "info"]);
    has(
        &checked,
        &["ok, 4 jobs (1 long_running_read, 2 one_shot_read, 1 one_shot_write; 4 disabled)"],
    );
    assert_eq!(sandbox.tick(), "");
    // And with everything enabled, as a person would go on.
    let text = fs::read_to_string(&path).unwrap();
    // By night too: quiet hours would hold its first report back.
    let awake =
        text.replace(r#"start = "23:00", end = "08:00""#, r#"start = "00:00", end = "00:00""#);
    assert_ne!(awake, text);
    fs::write(&path, awake.replace("enabled = false", "enabled = true")).unwrap();
    sandbox.ok(&["check", "--fail-on", "info"]);
    sandbox.ok(&["start", "example-scan"]);
    has(&sandbox.tick(), &["example-scan", "completed"]);
    assert_eq!(sandbox.run(&["run", "example-check"]).code, 0);
    has(&sandbox.ok(&["request", "example-write"]), &["requested, plan"]);
}

#[test]
fn the_same_in_json_and_on_the_terminal() {
    let sandbox = Sandbox::new();
    let printed = sandbox.ok(&["init", "--print"]);
    assert!(!sandbox.path("config/opsfsm").exists(), "nothing is written");
    sandbox.ok(&["init", "a.toml"]);
    assert_eq!(sandbox.read("a.toml"), printed);
    sandbox.ok(&["init", "--json"]);
    let json: Value = serde_json::from_str(&sandbox.read("config/opsfsm/ops-jobs.json")).unwrap();
    assert_eq!(json["jobs"][0]["id"], "example-scan");
    has(&sandbox.ok(&["check", "--fail-on", "info"]), &["ok, 4 jobs"]);
    sandbox.ok(&["init", "b.json"]);
    assert_eq!(sandbox.read("b.json"), sandbox.read("config/opsfsm/ops-jobs.json"));
    let toml = model_of(&sandbox, "a.toml", Format::Toml);
    assert_eq!(model_of(&sandbox, "b.json", Format::Json), toml);
    sandbox.run(&["init", "--json", "c.toml"]).exits(2).says("would be read as TOML");
}

#[test]
fn what_is_there_is_left_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["init"]);
    let path = sandbox.write("config/opsfsm/opsfsm.toml", "version = 1\n");
    let ran = sandbox.run(&["init"]);
    ran.exits(2).says("is there already (a file); it was left as it is").says("init PATH");
    assert_eq!(fs::read_to_string(path).unwrap(), "version = 1\n");
    sandbox.run(&["init", "--json"]).exits(2);
    sandbox.run(&["init", "jobs"]).exits(2).says("(a folder)");
    symlink("nowhere", sandbox.path("link.toml")).unwrap();
    sandbox.run(&["init", "link.toml"]).exits(2).says("is there already");
    assert!(!sandbox.path("nowhere").exists());
    sandbox.run(&["init", "/proc/none/x.toml"]).exits(2).says("can't be written");
}

#[test]
fn it_is_written_where_it_will_be_found() {
    let sandbox = Sandbox::new();
    let own = sandbox.path("own/deep/jobs.toml");
    let ran = sandbox.call(&["init"]).env("OPSFSM_CONFIG", &own).run();
    ran.exits(0).prints("wrote ");
    assert!(own.exists());
    let flag = sandbox.path("flag.toml");
    let shown = sandbox.ok(&["init", "--config-file", flag.to_str().unwrap()]);
    has(&shown, &[&format!("--config-file {} check", flag.display())]);
    // OpenClaw's folder by itself is not one that opsfsm works in; one with `net` is.
    fs::create_dir_all(sandbox.path("home/.openclaw")).unwrap();
    sandbox.ok(&["init"]);
    assert!(sandbox.path("config/opsfsm/opsfsm.toml").exists());
    sandbox.remove("config/opsfsm/opsfsm.toml");
    fs::create_dir_all(sandbox.path("home/.openclaw/net")).unwrap();
    sandbox.ok(&["init"]);
    assert!(sandbox.path("home/.openclaw/net/config/opsfsm.toml").exists());
    has(&sandbox.ok(&["check"]), &["net/config/opsfsm.toml: ok"]);
    let ran = sandbox.call(&["init"]).no_env("XDG_CONFIG_HOME").env("HOME", "none").run();
    assert_ne!(ran.code, 0, "{ran:?}");
}

/// As people had them: nulls, relative folders, words of any kind.
fn old_config() -> Value {
    json!({
        "version": 1,
        "defaults": {"reportEverySeconds": 900, "quietHours": {"start": "22:30", "end": "07:00"},
                     "timezone": "Europe/Berlin", "stallSeconds": 1800.5},
        "report": {"telegram": {"tokenFile": "secret/token", "target": -100_123}},
        "suppressions": [{"job": "b", "code": "OF035", "reason": "é \"x\" \\ 'y'", "until": "2099-01-01"}],
        "jobs": [
            {"id": "a", "name": "日本\t\"é\"", "kind": "long_running_read", "risk": "read_only",
             "enabled": true, "cwd": "place/../a b", "env": {"A b.c": "1\n2", "é": ""},
             "commands": {"start": ["./s", "a  b", "$X", "%h"], "status": ["./s", "'"], "stop": null},
             "policy": {"autoResume": true, "maxResumes": 3},
             "after": [{"jobId": "b", "delaySeconds": 60}, {"jobId": "w", "when": "failure"}]},
            {"id": "b", "kind": "one_shot_read", "risk": "read_only", "everySeconds": 3600,
             "inputs": ["x", "/y"], "commands": {"run": ["./b"]}},
            {"id": "w", "kind": "one_shot_write", "risk": "write_external", "cwd": "~/w",
             "approval": {"required": true, "granted": false}, "commands": {"run": ["./w"]},
             "after": [{"jobId": "b"}, {"jobId": "b", "when": "failure"}]},
        ],
    })
}

#[test]
fn an_old_config_keeps_every_job_in_either_format_and_any_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("old/jobs.json", old_config().to_string());
    let old = model_of(&sandbox, "old/jobs.json", Format::Json);
    for (new, format) in [
        ("old/new.toml", Format::Toml),
        ("old/new.json", Format::Json),
        ("other/new.toml", Format::Toml),
        ("other/new.json", Format::Json),
    ] {
        sandbox.ok(&["init", "--from", "old/jobs.json", new]);
        assert_eq!(model_of(&sandbox, new, format), old, "{}", sandbox.read(new));
    }
    has(
        &sandbox.read("old/new.toml"),
        &["cwd = \"place/../a b\"", "[[jobs.after]]", "[jobs.policy]"],
    );
    has(&sandbox.read("other/new.toml"), &["/old/place/../a b\"", "/old/secret/token\""]);
    let printed = sandbox.ok(&["init", "--from", "old/jobs.json", "--print", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap()["jobs"][2]["id"], "w");
}

#[test]
fn the_store_of_an_old_config_is_handed_over_by_the_steps_that_are_told() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    sandbox.tick();
    let old = sandbox.config_path();
    let shown = sandbox.ok(&["init", "--from", old.to_str().unwrap()]);
    has(&shown, &["adopt", "was left as it is; from now on the new one is found first"]);
    sandbox.run(&["tick"]).exits(2).says("belongs to the config");
    sandbox.ok(&["adopt"]);
    sandbox.tick();
    has(&sandbox.ok(&["check"]), &["opsfsm.toml: ok, 1 job"]);
}

#[test]
fn what_can_not_be_converted_is_told_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    sandbox.write("old.json", r#"{"version": 1, "jobs": [{"id": "x"}]}"#);
    let ran = sandbox.run(&["init", "--from", "old.json", "new.toml"]);
    ran.exits(2).says("it is broken").says("has no `kind`").says("nothing was written");
    sandbox
        .run(&["init", "--from", "none.json", "new.toml"])
        .exits(2)
        .says("no config at none.json");
    sandbox.write("folder/a.toml", "version = 1");
    sandbox.write("folder/b.toml", "version = 1");
    sandbox.run(&["init", "--from", "folder", "new.toml"]).exits(2).says("a folder of several");
    assert!(!sandbox.path("new.toml").exists());
}
