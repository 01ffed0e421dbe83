//! Every key of v1's config table, the cross-job rule, and how a broken config is told.

use serde_json::{Value, json};

use super::support::{Sandbox, has, lacks, toml_of, with};

/// Checks a config of one job, a changed copy of a good one, and returns what was said.
pub(crate) fn check_with(change: impl Fn(&Sandbox, &mut Value)) -> (i32, String) {
    let sandbox = Sandbox::new();
    let mut config =
        json!({"version": 1, "jobs": [sandbox.watched("scan"), sandbox.check("disk")]});
    change(&sandbox, &mut config);
    sandbox.raw_config(&config);
    let ran = sandbox.run(&["check"]);
    (ran.code, ran.out)
}

#[test]
fn a_good_config_is_accepted_in_both_formats_and_means_the_same() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.watched("scan"), sandbox.check("disk"), sandbox.write_job("prune", "disk")];
    sandbox.config(&json!({"reportEverySeconds": 77}), &jobs);
    let json_path = sandbox.config_path();
    let config: Value =
        serde_json::from_str(&std::fs::read_to_string(&json_path).unwrap()).unwrap();
    let toml_path = sandbox.write("twin/opsfsm.toml", toml_of(&config));
    let graph = |path: &std::path::Path| {
        let path = path.to_str().unwrap();
        has(&sandbox.ok(&["check", path]), &["ok, 3 jobs"]);
        sandbox.ok(&["graph", "--config-file", path])
    };
    assert_eq!(graph(&json_path), graph(&toml_path));
}

#[test]
fn a_toml_config_is_run_like_a_json_one() {
    let sandbox = Sandbox::new();
    let config = json!({"version": 1, "defaults": {"quietHours": {"start": "01:00", "end": "01:00"}},
        "jobs": [with(sandbox.watched("scan"), &json!({"name": "Großer \"Lauf\"\n"}))]});
    sandbox.write("config/opsfsm/opsfsm.toml", toml_of(&config));
    sandbox.runs_on("scan", 3);
    has(&sandbox.tick(), &["Großer \"Lauf\" (scan) [long_running_read]", "n=3"]);
}

#[test]
fn version_is_1() {
    for (version, code) in [(json!(1), 0), (json!(2), 1), (json!("1"), 1), (Value::Null, 1)] {
        let (got, text) = check_with(|_, config| config["version"] = version.clone());
        assert_eq!(got, code, "{version}: {text}");
    }
}

#[test]
fn id_is_trimmed_and_unique_and_not_empty() {
    let (code, _) = check_with(|_, c| c["jobs"][0]["id"] = json!("  scan\t"));
    assert_eq!(code, 0);
    for (id, said) in
        [("disk", "defined twice"), (" disk ", "defined twice"), ("  ", "empty"), ("", "empty")]
    {
        let (code, text) = check_with(|_, c| c["jobs"][0]["id"] = json!(id));
        assert_eq!(code, 1, "{id:?}: {text}");
        has(&text, &[said]);
    }
    let (code, _) = check_with(|_, c| c["jobs"][0]["id"] = json!(7));
    assert_eq!(code, 1);
}

#[test]
fn a_trimmed_id_is_the_one_to_call() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[with(sandbox.check("disk"), &json!({"id": " disk "}))]);
    sandbox.run(&["run", "disk"]).exits(0);
    sandbox.run(&["run", " disk "]).exits(0);
}

#[test]
fn name_is_optional_and_the_id_stands_in() {
    let sandbox = Sandbox::new();
    let named = with(sandbox.watched("scan"), &json!({"name": "The big one"}));
    sandbox.config(&json!({}), &[named, sandbox.watched("plain")]);
    let told = sandbox.tick();
    has(&told, &["The big one (scan) [long_running_read]", "🔹 plain [long_running_read]"]);
}

#[test]
fn kind_and_risk_are_words_of_a_list() {
    for key in ["kind", "risk"] {
        for value in [json!("long_runing_read"), json!("read-only"), json!(1), Value::Null] {
            let (code, text) = check_with(|_, c| c["jobs"][0][key] = value.clone());
            assert_eq!(code, 1, "{key} {value}: {text}");
        }
    }
    for risk in ["read_only", "write_local", "write_external"] {
        let (code, text) = check_with(|_, c| c["jobs"][0]["risk"] = json!(risk));
        assert_eq!(code, 0, "{text}");
    }
}

#[test]
fn only_a_literal_true_enables() {
    for (value, enabled) in [
        (json!(true), true),
        (json!(false), false),
        (json!("true"), false),
        (json!(1), false),
        (Value::Null, false),
    ] {
        let sandbox = Sandbox::new();
        let job = with(sandbox.watched("scan"), &json!({"enabled": value}));
        sandbox.config(&json!({}), &[job]);
        sandbox.runs_on("scan", 1);
        let ran = sandbox.run(&["tick"]);
        assert_eq!((ran.code, ran.out.contains("scan")), (0, enabled), "{value}");
    }
    let sandbox = Sandbox::new();
    let mut job = sandbox.watched("scan");
    job.as_object_mut().unwrap().remove("enabled");
    sandbox.config(&json!({}), &[job]);
    assert_eq!(sandbox.tick(), "", "disabled by default");
}

#[test]
fn cwd_expands_home_and_is_the_folder_of_all_commands() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("home/jobs")).unwrap();
    let mut job = with(sandbox.check("disk"), &json!({"cwd": "~/jobs"}));
    job["commands"]["run"] = json!(["pwd"]);
    let mut scan = with(sandbox.watched("scan"), &json!({"cwd": "~/jobs"}));
    scan["commands"]["status"] = json!(["cat", "status"]);
    scan["commands"]["start"] = json!(["cp", "/dev/null", "started"]);
    sandbox.config(&json!({}), &[job, scan]);
    sandbox.write("home/jobs/status", "{\"running\":true,\"completed\":false}");
    has(&sandbox.ok(&["run", "disk"]), &["/home/jobs\n"]);
    has(&sandbox.ok(&["status"]), &["\nrunning "]);
    sandbox.write("home/jobs/status", "{\"running\":false,\"completed\":false}");
    sandbox.ok(&["start", "scan"]);
    assert!(sandbox.path("home/jobs/started").exists());
}

#[test]
fn cwd_defaults_to_openclaws_folder_and_else_to_the_configs() {
    let sandbox = Sandbox::new();
    let mut job = sandbox.check("disk");
    job["commands"]["run"] = json!(["pwd"]);
    sandbox.config(&json!({}), &[job]);
    has(&sandbox.ok(&["run", "disk"]), &["/config/opsfsm\n"]);
    std::fs::create_dir_all(sandbox.path("home/.openclaw")).unwrap();
    has(&sandbox.ok(&["run", "disk"]), &["/home/.openclaw\n"]);
}

#[test]
fn an_empty_cwd_is_an_error_and_a_missing_one_an_anomaly() {
    let (code, _) = check_with(|_, c| c["jobs"][0]["cwd"] = json!(""));
    assert_eq!(code, 1);
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[with(sandbox.watched("scan"), &json!({"cwd": "~/gone"}))]);
    has(&sandbox.tick(), &["status can't be read", "home/gone"]);
}

#[test]
fn commands_are_argv_lists() {
    for bad in [json!("cat status"), json!([]), json!([""]), json!(["cat", ""]), json!(["cat", 1])]
    {
        for key in ["start", "status", "stop"] {
            let (code, text) = check_with(|_, c| c["jobs"][0]["commands"][key] = bad.clone());
            assert_eq!(code, 1, "{key} {bad}: {text}");
        }
        let (code, text) = check_with(|_, c| c["jobs"][1]["commands"]["run"] = bad.clone());
        assert_eq!(code, 1, "run {bad}: {text}");
    }
    for commands in [json!([]), json!("x"), json!({}), Value::Null] {
        let (code, text) = check_with(|_, c| c["jobs"][0]["commands"] = commands.clone());
        assert_eq!(code, 1, "{commands}: {text}");
    }
}

#[test]
fn each_kind_needs_its_own_commands() {
    for (job, key, needed) in
        [(0, "start", true), (0, "status", true), (0, "stop", false), (1, "run", true)]
    {
        let (code, text) = check_with(|_, c| {
            c["jobs"][job]["commands"].as_object_mut().unwrap().remove(key);
        });
        assert_eq!(code, i32::from(needed), "{key}: {text}");
    }
}

#[test]
fn env_reaches_all_commands_and_marks_only_what_is_started() {
    let sandbox = Sandbox::new();
    let env = json!({"env": {"WHO": "me and you"}});
    let mut disk = with(sandbox.check("disk"), &env);
    disk["commands"]["run"] = json!(["sh", "-c", "echo $WHO ${#OPSFSM_RUN}; yes | head -1"]);
    let mut scan = with(sandbox.watched("scan"), &env);
    let status =
        r#"echo "{\"running\":true,\"completed\":false,\"message\":\"$WHO ${OPSFSM_RUN-none}\"}""#;
    scan["commands"]["status"] = json!(["sh", "-c", status]);
    sandbox.config(&json!({}), &[disk, scan]);
    has(&sandbox.ok(&["run", "disk"]), &["me and you 32\ny\n"]);
    has(&sandbox.ok(&["status"]), &["— me and you none"]);
}

#[test]
fn an_argv_is_not_read_by_a_shell() {
    let sandbox = Sandbox::new();
    let mut job = sandbox.check("disk");
    job["commands"]["run"] = json!(["printf", "%s|", "$HOME", "a b", "*", "; exit 3", "`id`"]);
    sandbox.config(&json!({}), &[job]);
    has(&sandbox.ok(&["run", "disk"]), &["$HOME|a b|*|; exit 3|`id`|"]);
}

#[test]
fn policy_overrides_each_default() {
    let sandbox = Sandbox::new();
    let defaults = json!({"stallSeconds": 0, "reportEverySeconds": 0, "autoResume": true,
        "autoResumeBackoffSeconds": 0, "quietHours": {"start": "00:00", "end": "00:00"}});
    let policy =
        json!({"policy": {"stallSeconds": 9999, "reportEverySeconds": 9999, "autoResume": false}});
    let jobs = [sandbox.watched("plain"), with(sandbox.watched("strict"), &policy)];
    sandbox.config(&defaults, &jobs);
    for id in ["plain", "strict"] {
        sandbox.runs_on(id, 1);
    }
    sandbox.tick();
    let told = sandbox.tick();
    has(&told, &["plain [", "stalled"]);
    lacks(&told, &["strict ["]);
    for id in ["plain", "strict"] {
        sandbox.stands(id);
    }
    sandbox.tick();
    assert_eq!((sandbox.count("plain", "starts"), sandbox.count("strict", "starts")), (1, 0));
}

#[test]
fn values_of_the_policy_are_checked() {
    for (key, value) in [
        ("reportEverySeconds", json!(-1)),
        ("stallSeconds", json!("long")),
        ("autoResume", json!("yes")),
        ("autoResumeBackoffSeconds", json!(1e300)),
        ("onlyOnChange", json!(1)),
        ("reportWhileRunning", json!("no")),
        ("quietHours", json!("23-8")),
        ("quietHours", json!({"start": "25:00"})),
    ] {
        for place in ["policy", "defaults"] {
            let (code, text) = check_with(|_, c| {
                if place == "policy" {
                    c["jobs"][0]["policy"] = json!({key: value});
                } else {
                    c["defaults"] = json!({key: value});
                }
            });
            assert_eq!(code, 1, "{place} {key} {value}: {text}");
            has(&text, &[key]);
        }
    }
}

#[test]
fn approval_required_false_is_an_error_and_granted_true_a_warning() {
    let write = |approval: Value| {
        move |s: &Sandbox, c: &mut Value| {
            c["jobs"][0] = with(s.write_job("prune", "disk"), &json!({"approval": approval}));
        }
    };
    let (code, text) = check_with(write(json!({"required": false})));
    assert_eq!(code, 1);
    has(&text, &["OF061"]);
    let (code, text) = check_with(write(json!({"required": true, "granted": true})));
    assert_eq!(code, 0);
    has(&text, &["warning[OF060]"]);
    let (code, text) = check_with(write(json!({"required": true, "granted": false})));
    assert_eq!(code, 0);
    lacks(&text, &["OF06"]);
}

#[test]
fn after_names_a_job_a_condition_and_a_delay() {
    let link = |link: Value| {
        let (code, text) = check_with(|_, c| c["jobs"][0]["after"] = json!([link]));
        (code, text)
    };
    assert_eq!(link(json!({"jobId": "disk"})).0, 0);
    assert_eq!(link(json!({"jobId": " disk ", "when": "failure", "delaySeconds": 1.5})).0, 0);
    for bad in [
        json!({"jobId": "dis"}),
        json!({"jobId": "scan"}),
        json!({"when": "success"}),
        json!({"jobId": "disk", "when": "always"}),
        json!({"jobId": "disk", "delaySeconds": -1}),
        json!("disk"),
    ] {
        let (code, text) = link(bad.clone());
        assert_eq!(code, 1, "{bad}: {text}");
    }
    has(&link(json!({"jobId": "dis"})).1, &["OF020", "did you mean `disk`?"]);
}

#[test]
fn a_chain_that_comes_back_is_refused() {
    let (code, text) = check_with(|_, c| {
        c["jobs"][0]["after"] = json!([{"jobId": "disk"}]);
        c["jobs"][1]["after"] = json!([{"jobId": "scan", "when": "failure"}]);
    });
    assert_eq!(code, 1);
    has(&text, &["OF022", "disk → scan → disk"]);
}

#[test]
fn every_write_needs_a_success_link_to_a_read_only_read() {
    let cases: [(Value, bool); 6] = [
        (json!([{"jobId": "disk"}]), true),
        (json!([{"jobId": "scan"}]), true),
        (json!([]), false),
        (json!([{"jobId": "disk", "when": "failure"}]), false),
        (json!([{"jobId": "other"}]), false),
        (json!([{"jobId": "other"}, {"jobId": "disk"}]), true),
    ];
    for (after, good) in cases {
        let (code, text) = check_with(|s, c| {
            let write = with(s.write_job("prune", "disk"), &json!({"after": after}));
            let other = s.write_job("other", "disk");
            c["jobs"].as_array_mut().unwrap().extend([write, other]);
        });
        assert_eq!(code, i32::from(!good), "{after}: {text}");
    }
}
