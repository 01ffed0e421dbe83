//! What is accepted, and what it then means.
//!
//! In: a registry of ops-monitor v1, and configs that use every key. Out: assertions on the model.
//! Invariant: this module never accepts a finding that it does not name.

use std::path::Path;
use std::time::Duration;

use expect_test::expect;

use super::*;
use crate::model::{
    Command, Kind, Language, LinkWhen, OnStall, Policy, QuietHours, Risk, StatusSource, Work,
};

/// A registry as people have it for ops-monitor v1.
const V1: &str = r#"{
  "version": 1,
  "defaults": {
    "quietHours": {"start": "23:00", "end": "08:00"},
    "reportEverySeconds": 1800, "stallSeconds": 3600,
    "autoResume": false, "autoResumeBackoffSeconds": 900
  },
  "jobs": [
    {"id": " scan ", "name": "Nightly scan", "kind": "long_running_read", "risk": "read_only",
     "enabled": true, "cwd": "~/data",
     "commands": {"start": ["./scan", "--bg"], "status": ["./scan", "--status"], "stop": ["./scan", "--stop"]},
     "policy": {"autoResume": true, "quietHours": {"start": "00:00", "end": "00:00"}, "onlyOnChange": false},
     "after": [{"jobId": "sum", "delaySeconds": 1.5}]},
    {"id": "sum", "kind": "one_shot_read", "risk": "read_only", "enabled": "yes", "name": " ",
     "commands": {"run": ["./sum"]}, "policy": null, "after": null, "approval": null},
    {"id": "put", "kind": "one_shot_write", "risk": "write_external", "note": "ask first",
     "commands": {"run": ["./put"]}, "approval": {"required": true, "granted": true},
     "after": [{"jobId": " sum ", "when": "success"}, {"jobId": "sum", "when": "failure"}]}
  ]
}"#;

#[test]
fn a_v1_registry_keeps_its_meaning() {
    let parsed = parse_one("ops-jobs.json", V1);
    expect![[r#"
        ops-jobs.json:14:76: warning[OF004]: `enabled` is neither true nor false: the job counts as disabled
          help: only a literal true enables: "enabled": true
        ops-jobs.json:16:71: warning[OF002]: unknown key `note` in job `put`: it has no effect
          help: known here: id, name, kind, risk, enabled, manual, cwd, env, timeoutSeconds, statusTimeoutSeconds, everySeconds, sandbox, verifyWithinSeconds, inputs, commands, policy, approval, after
        ops-jobs.json:17:80: warning[OF060]: `approval.granted: true` grants nothing: it counts as a request
          help: approve the exact plan with `opsfsm approve`
    "#]].assert_eq(&rendered(&parsed));
    let model = parsed.model.expect("accepted");
    let scan = &model.jobs["scan"];
    assert_eq!(
        (scan.name.as_str(), scan.kind(), scan.enabled),
        ("Nightly scan", Kind::LongRunningRead, true)
    );
    assert_eq!(scan.cwd, Path::new("/home/u/data"));
    let policy =
        Policy { auto_resume: true, quiet_hours: None, only_on_change: false, ..Policy::default() };
    assert_eq!(scan.policy, policy);
    assert_eq!(scan.after[0].delay, Duration::from_millis(1500));
    assert_eq!(scan.after[0].when, LinkWhen::Success);
    let sum = &model.jobs["sum"];
    assert_eq!(
        (sum.name.as_str(), sum.enabled, sum.cwd.as_path()),
        ("sum", false, Path::new("/etc/ops"))
    );
    let put = &model.jobs["put"];
    assert_eq!((put.risk, put.approval.granted_in_file), (Risk::WriteExternal, true));
    assert_eq!(put.after.iter().map(|l| l.target.as_str()).collect::<Vec<_>>(), ["sum", "sum"]);
    let default_cwd = Some("/oc".into());
    let around = Surroundings { default_cwd, ..around() };
    let parsed = parse_config(vec![source("ops-jobs.json", V1)], &around);
    assert_eq!(parsed.model.expect("accepted").jobs["sum"].cwd, Path::new("/oc"));
}

/// Every key that TOML can spell, in all of its ways.
const EVERY_KEY: &str = r#"
        version = 1
        [defaults]
        quietHours = { start = "7:30", end = "09:00" }
        statusTimeoutSeconds = 5
        tickLimitSeconds = 120
        timezone = "America/Argentina/Buenos_Aires"
        alertAfter = 3
        maxResumes = 3
        onStall = "restart"
        [report]
        language = "zh"
        [history]
        keepDays = 1
        keepEvents = 4294967295
        [[jobs]]
        id = "夜间 scan/1"
        kind = "long_running_read"
        risk = "read_only"
        cwd = "./sub//dir/../x"
        env = { PATH = "/bin", LANG = "" }
        timeoutSeconds = 0.5
        [jobs.commands]
        start = ["s"]
        stop = ["t"]
        statusFile = "state/s.json"
        [jobs.policy]
        maxResumes = 0
        startGraceSeconds = 0
        reportWhileRunning = false
        alertAfter = 2
        [[jobs.after]]
        jobId = "check"
        [[jobs]]
        id = "check"
        kind = "one_shot_read"
        risk = "read_only"
        manual = true
        everySeconds = 60
        commands.run = ["c", " "]
        [[jobs]]
        id = "nostop"
        kind = "long_running_read"
        risk = "write_local"
        statusTimeoutSeconds = 7
        commands = { start = ["s"], status = ["t"] }
        [[jobs]]
        id = "w"
        kind = "one_shot_write"
        risk = "write_local"
        commands = { run = ["w"], statusFile = "~/w.json" }
        approval.required = true
    "#;

#[test]
fn a_toml_config_uses_every_key() {
    let model = clean("opsfsm.toml", EVERY_KEY);
    assert_eq!(model.tick_limit, Some(Duration::from_mins(2)));
    assert_eq!(model.report.language, Some(Language::Zh));
    assert_eq!((model.history.keep_days, model.history.keep_events), (1, u32::MAX));
    assert_eq!(
        model.timezone.as_ref().map(|z| z.name.as_str()),
        Some("America/Argentina/Buenos_Aires")
    );
    let limit = |ms| Some(Duration::from_millis(ms));
    let scan = &model.jobs["夜间 scan/1"];
    let command = |word: &str, limit| Command { argv: vec![word.to_owned()], limit };
    assert_eq!(scan.cwd, Path::new("/etc/ops/sub/dir/../x"));
    assert_eq!(scan.env.len(), 2);
    let Work::Watch { start, status, stop } = &scan.work else { panic!("a watch") };
    assert_eq!(
        (start, stop.as_ref()),
        (&command("s", limit(500)), Some(&command("t", limit(500))))
    );
    assert_eq!(*status, StatusSource::File("/etc/ops/sub/dir/../x/state/s.json".into()));
    assert_eq!((scan.policy.max_resumes, scan.policy.on_stall), (Some(0), OnStall::Restart));
    assert_eq!(scan.policy.quiet_hours, QuietHours::new(450, 540));
    assert_eq!(
        (scan.policy.start_grace, scan.policy.report_while_running),
        (Duration::ZERO, false)
    );
    assert_eq!((scan.policy.alert_after, model.jobs["w"].policy.alert_after), (2, 3));
    let check = &model.jobs["check"];
    let Work::Check { run, every, .. } = &check.work else { panic!("a check") };
    assert_eq!((run.limit, *every, check.manual), (limit(300_000), limit(60_000), true));
    let nostop = &model.jobs["nostop"];
    assert_eq!((nostop.policy.on_stall, nostop.policy.max_resumes), (OnStall::Report, Some(3)));
    let Some(StatusSource::Command(status)) = nostop.status_source() else { panic!("a command") };
    assert_eq!(*status, command("t", limit(7000)));
    let Work::Write { run, status, .. } = &model.jobs["w"].work else { panic!("a write") };
    assert_eq!(run.limit, None);
    assert_eq!(*status, Some(StatusSource::File("/home/u/w.json".into())));
}

#[test]
fn defaults_of_one_file_hold_for_the_jobs_of_all() {
    let jobs = format!("{{\"version\": 1, \"jobs\": [{{{WATCH}}}]}}");
    let defaults = "version = 1\n[defaults]\nstallSeconds = 5\nstatusTimeoutSeconds = 9\n";
    let files = vec![source("a.json", jobs), source("b.toml", defaults)];
    let parsed = parse_config(files, &around());
    assert_eq!(rendered(&parsed), "");
    let job = &parsed.model.expect("accepted").jobs["w"];
    assert_eq!(job.policy.stall, Duration::from_secs(5));
    let Some(StatusSource::Command(status)) = job.status_source() else { panic!("a command") };
    assert_eq!(status.limit, Some(Duration::from_secs(9)));
}

#[test]
fn no_files_are_no_jobs() {
    assert!(parse_config(Vec::new(), &around()).model.expect("empty").jobs.is_empty());
}
