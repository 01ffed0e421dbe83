//! How findings about a config are told: all at once, each with its place; and whole v1 configs.

use serde_json::json;

use super::config_keys::check_with;
use super::support::{Sandbox, has, lacks, toml_of, with};

#[test]
fn unknown_keys_are_ignored_but_named() {
    let (code, text) = check_with(|_, c| {
        c["comment"] = json!("ours");
        c["jobs"][0]["enabeld"] = json!(true);
        c["jobs"][0]["owner"] = json!({"deep": [1, 2]});
        c["defaults"] = json!({"stallSecs": 1});
        c["jobs"][1]["manual"] = json!(true);
    });
    assert_eq!(code, 0, "{text}");
    has(&text, &["warning[OF002]", "enabeld", "did you mean `enabled`?", "0 errors, 4 warnings"]);
}

#[test]
fn all_errors_are_told_in_one_pass_with_file_line_and_column() {
    let sandbox = Sandbox::new();
    let text = "{\n  \"version\": 1,\n  \"jobs\": [\n    {\"id\": \"a\", \"kind\": \"x\", \"risk\": \"read_only\"},\n    \
                {\"id\": \"a\", \"kind\": \"one_shot_read\", \"risk\": 3, \"commands\": {\"run\": \"ls\"}},\n    \
                {\"kind\": \"one_shot_write\"}\n  ]\n}\n";
    let path = sandbox.write("config/opsfsm/ops-jobs.json", text);
    let ran = sandbox.run(&["check", "--format", "short"]);
    ran.exits(1);
    let place = |line: u32, column: u32| format!("{}:{line}:{column}: error[", path.display());
    for at in [place(4, 25), place(5, 12), place(5, 50), place(5, 73)] {
        ran.prints(&at);
    }
    assert!(ran.out.matches(": error[").count() >= 7, "{}", ran.out);
    has(&ran.out, &["errors, 0 warnings"]);
    // Who runs nothing because of it says the same.
    let said = sandbox.run(&["status"]);
    said.exits(2).says("nothing was run").says(&place(4, 25)).says(&place(5, 73));
}

#[test]
fn a_syntax_error_is_told_with_its_place_in_both_formats() {
    let sandbox = Sandbox::new();
    for (name, text) in
        [("a.json", "{\"version\": 1,\n \"jobs\": [}\n"), ("a.toml", "version = 1\n[[jobs]\n")]
    {
        let path = sandbox.write(name, text);
        let ran = sandbox.run(&["check", path.to_str().unwrap()]);
        ran.exits(1).prints(&format!("{}:2:", path.display())).prints("OF001");
    }
}

#[test]
fn a_v1_config_with_everything_in_it_is_accepted() {
    let sandbox = Sandbox::new();
    let job = sandbox.watched("scan");
    let commands = job["commands"].clone();
    sandbox.raw_config(&json!({
        "version": 1,
        "defaults": {
            "quietHours": {"start": "23:00", "end": "08:00"}, "reportEverySeconds": 1800,
            "stallSeconds": 3600, "autoResume": false, "autoResumeBackoffSeconds": 900,
        },
        "jobs": [
            {"id": "scan", "name": "Scan", "kind": "long_running_read", "risk": "read_only", "enabled": true,
             "cwd": "~", "commands": commands,
             "policy": {"quietHours": {"start": "22:00", "end": "09:00"}, "reportEverySeconds": 60,
                "stallSeconds": 10, "autoResume": true, "autoResumeBackoffSeconds": 5,
                "onlyOnChange": false, "reportWhileRunning": true},
             "approval": {"required": true, "granted": false},
             "after": [{"jobId": "disk", "when": "success", "delaySeconds": 60},
                       {"jobId": "disk", "when": "failure"}]},
            {"id": "disk", "kind": "one_shot_read", "risk": "read_only", "commands": {"run": ["true"]}},
            {"id": "prune", "kind": "one_shot_write", "risk": "write_external", "enabled": false,
             "commands": {"run": ["true", "all"]}, "approval": {"required": true, "granted": false},
             "after": [{"jobId": "disk", "when": "success"}]},
        ],
    }));
    let ran = sandbox.run(&["validate-config"]);
    ran.exits(0).prints("ok, 3 jobs");
    lacks(&ran.out, &["error["]);
}

#[test]
fn a_folder_of_configs_is_one_set() {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &json!({"after": [{"jobId": "disk"}]}));
    let one = json!({"version": 1, "jobs": [scan]});
    let two = json!({"version": 1, "jobs": [sandbox.check("disk")]});
    sandbox.write("set/a.json", one.to_string());
    sandbox.write("set/b.toml", toml_of(&two));
    sandbox.write("set/.hidden.json", "nonsense");
    sandbox.write("set/notes.txt", "nonsense");
    let folder = sandbox.path("set");
    let ran = sandbox.run(&["check", folder.to_str().unwrap()]);
    ran.exits(0).prints("ok, 2 jobs");
    sandbox.write("set/c.json", one.to_string());
    let ran = sandbox.run(&["check", folder.to_str().unwrap()]);
    ran.exits(1).prints("c.json").prints("first here").prints("a.json");
}
