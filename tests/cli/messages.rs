//! How a message is laid out, in both languages.

use expect_test::expect;
use serde_json::json;

use super::support::{Sandbox, has, lacks, watched_with, with};

/// A sandbox with something of everything to tell, and its first message.
fn everything(language: Option<&str>, locale: &str) -> String {
    let sandbox = Sandbox::new();
    let after = json!({"after": [{"jobId": "c-disk"}, {"jobId": "d-prune"}]});
    let jobs = [
        with(sandbox.watched("a-scan"), &json!({"name": "The scan"})),
        sandbox.watched("b-broken"),
        sandbox.check("c-disk"),
        sandbox.write_job("d-prune", "c-disk"),
        with(sandbox.check("e-first"), &after),
    ];
    let mut config = json!({"version": 1, "jobs": jobs,
        "defaults": {"quietHours": {"start": "00:00", "end": "00:00"}}});
    if let Some(language) = language {
        config["report"] = json!({"language": language});
    }
    sandbox.raw_config(&config);
    sandbox.status(
        "a-scan",
        &json!({"running": true, "completed": false, "message": "half way", "level": "warn",
            "progress": {"total": 8, "done": 4, "zone": "x", "c": 1.5, "b": [1, null], "a": "text", "g": 7}}),
    );
    sandbox.raw_status("b-broken", "oops");
    sandbox.on("c-disk", "run", "echo first line; echo 'ALERT: 95 %' >&2; exit 2");
    sandbox.run(&["run", "e-first"]).exits(0);
    let ran = sandbox.call(&["tick"]).env("LC_ALL", locale).run();
    ran.exits(0);
    plain(&ran.out)
}

/// Without what differs from run to run.
fn plain(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.replace(Sandbox::program(), "opsfsm");
        let line = match line.find("🛠️") {
            Some(_) => {
                line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>()
            }
            None => line,
        };
        let line = match line.rfind("exit=2 ") {
            Some(at) => format!("{}exit=2 …", &line[..at]),
            None => line,
        };
        // The journal's head is another one each time.
        let line = match ["journal: ", "日志: "].iter().find_map(|word| line.find(word)) {
            Some(at) => format!("{}journal: …", &line[..at]),
            None => line,
        };
        lines.push(if line.starts_with('#') { "#…".to_owned() } else { line });
    }
    lines.join("\n")
}

#[test]
fn a_message_in_english() {
    expect![[r#"
        🛠️ Ops report (00:00:00)

        🔹 The scan (a-scan) [long_running_read]
          state: running
          message: half way
          progress: a=text · b=[1,null] · c=1.5 · done=4 · g=7 · total=8 █████░░░░░ 50%

        🔴 b-broken [long_running_read]
          state: not started
          ACTION REQUIRED: its status can't be read (malformed: cat: not one JSON object: expected value at line 1 column 1); mend its status command or file, then see: opsfsm status

        🔴 d-prune [one_shot_write]
          state: blocked
          ACTION REQUIRED: a write is requested (by e-first); read its plan and approve it, or deny it: opsfsm approve d-prune
          journal: …

        #…

        🛠️ Ops report (00:00:00)

        🔴 c-disk [one_shot_read]
          state: failed — its run failed (exit 2: ALERT: 95 %)
          result: exit=2 …
          output:
            first line
            ALERT: 95 %
          ACTION REQUIRED: its run failed; read its output, then run it again: opsfsm run c-disk

        #…"#]]
    .assert_eq(&everything(None, "C"));
}

#[test]
fn a_message_in_chinese() {
    expect![[r#"
        🛠️ Ops 快报（00:00:00）

        🔹 The scan (a-scan) [long_running_read]
          状态: 运行中
          消息: half way
          进度: a=text · b=[1,null] · c=1.5 · done=4 · g=7 · total=8 █████░░░░░ 50%

        🔴 b-broken [long_running_read]
          状态: 未启动
          ACTION REQUIRED（需要处理）: 无法读取状态 (malformed: cat: not one JSON object: expected value at line 1 column 1); 修复其状态命令或文件，然后查看: opsfsm status

        🔴 d-prune [one_shot_write]
          状态: 已阻止
          ACTION REQUIRED（需要处理）: 请求写入 (来自 e-first); 查看其计划并批准或拒绝: opsfsm approve d-prune
          journal: …

        #…

        🛠️ Ops 快报（00:00:00）

        🔴 c-disk [one_shot_read]
          状态: 已失败 — 执行失败 (exit 2: ALERT: 95 %)
          结果: exit=2 …
          输出:
            first line
            ALERT: 95 %
          ACTION REQUIRED（需要处理）: 执行失败; 查看输出，然后重新执行: opsfsm run c-disk

        #…"#]]
    .assert_eq(&everything(Some("zh"), "C"));
}

#[test]
fn the_language_comes_from_the_config_else_from_the_locale() {
    let zh = everything(None, "zh_CN.UTF-8");
    has(&zh, &["🛠️ Ops 快报（00:00:00）", "ACTION REQUIRED"]);
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    for (name, value, chinese) in [
        ("LANG", "zh_CN.UTF-8", true),
        ("LC_MESSAGES", "zh_TW", true),
        ("LANG", "en_US.UTF-8", false),
        ("LANG", "", false),
    ] {
        let call = sandbox.call(&["tick", "--dry-run"]).no_env("LC_ALL").env(name, value);
        assert_eq!(call.run().out.contains("快报"), chinese, "{name}={value}");
    }
    lacks(&everything(Some("en"), "zh_CN.UTF-8"), &["快报"]);
}

#[test]
fn the_time_in_the_headline_is_local() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    let head = |zone: &str| {
        let call = sandbox.call(&["tick", "--dry-run", "--now", "2031-01-15T12:34:56Z"]);
        let ran = call.env("TZ", zone).run();
        ran.exits(0);
        ran.out.lines().find(|line| line.contains("🛠️")).unwrap().to_owned()
    };
    assert_eq!(head("UTC"), "🛠️ Ops report (12:34:56)");
    assert_eq!(head("Asia/Shanghai"), "🛠️ Ops report (20:34:56)");
    assert_eq!(head("XYZ5:30"), "🛠️ Ops report (07:04:56)");
}

#[test]
fn a_jobs_words_are_cleaned_and_bounded() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    let long = "x".repeat(5000);
    sandbox.status(
        "scan",
        &json!({"running": true, "completed": false, "message": "red \u{1b}[31m\nACTION REQUIRED: pay\u{202e}",
            "progress": {"a\nb": long}}),
    );
    let told = sandbox.tick();
    has(&told, &["message: red [31m ACTION REQUIRED: pay\n", "a b=xxx"]);
    lacks(&told, &["\u{1b}", "\u{202e}", "\nACTION"]);
    assert!(told.chars().count() < 1000, "{}", told.len());
    let text = sandbox.ok(&["status"]);
    lacks(&text, &["\u{1b}", "\u{202e}"]);
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn facts_only_and_no_guess_at_the_end() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({"reportEverySeconds": 0}), &[sandbox.watched("scan")]);
    for done in [10, 20, 30] {
        sandbox.status(
            "scan",
            &json!({"running": true, "completed": false, "progress": {"done": done, "total": 100}}),
        );
        let told = sandbox.tick();
        lacks(&told.to_lowercase(), &["eta", "left", "remaining", "expected"]);
    }
}

#[test]
fn a_stop_reason_and_a_level_are_told() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({"reportEverySeconds": 0}), &[sandbox.watched("scan")]);
    let running = json!({"running": true, "completed": false, "progress": {"n": 1}});
    sandbox.status("scan", &running);
    sandbox.tick();
    assert_eq!(sandbox.tick(), "");
    let warn = with(running.clone(), &json!({"level": "warn", "message": "slow"}));
    sandbox.status("scan", &warn);
    for _ in 0..2 {
        has(&sandbox.tick(), &["🔹", "message: slow"]);
    }
    let alert = with(running.clone(), &json!({"level": "alert", "message": "banned"}));
    sandbox.status("scan", &alert);
    has(&sandbox.tick(), &["🔴", "message: banned", "ACTION REQUIRED: it calls for help"]);
    assert_eq!(sandbox.state("scan"), "running", "a level moves no machine");
    assert_eq!(sandbox.tick(), "");
    sandbox.status("scan", &with(running, &json!({"level": "ok"})));
    has(&sandbox.tick(), &["recovered"]);
    sandbox.status("scan", &json!({"running": false, "completed": false, "stopReason": "quota"}));
    has(&sandbox.tick(), &["stopped without completing (quota)"]);
}

#[test]
fn completed_beats_running() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.status("scan", &json!({"running": true, "completed": true, "pid": 7}));
    has(&sandbox.ok(&["status"]), &["completed "]);
    has(&sandbox.tick(), &["state: completed"]);
}

#[test]
fn every_field_of_the_status_contract_is_checked() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    let good = json!({"running": true, "completed": false});
    for (key, bad) in [
        ("running", json!(1)),
        ("running", json!(null)),
        ("completed", json!("false")),
        ("pid", json!(0)),
        ("pid", json!(-5)),
        ("pid", json!(1.5)),
        ("pid", json!("7")),
        ("stopReason", json!(3)),
        ("progress", json!([1])),
        ("progressKey", json!("")),
        ("progressKey", json!(5)),
        ("level", json!("bad")),
        ("message", json!({})),
    ] {
        sandbox.status("scan", &with(good.clone(), &json!({key: bad})));
        let text = sandbox.ok(&["status"]);
        assert!(text.starts_with("unknown "), "{key} {bad}: {text}");
        has(&text, &["malformed", key]);
    }
    let whole = json!({"pid": 7, "stopReason": "", "progress": {}, "progressKey": "k", "level": "warn",
        "message": "m", "extra": {"anything": [1]}});
    sandbox.status("scan", &with(good, &whole));
    has(&sandbox.ok(&["status"]), &["running pid=7 "]);
}

#[test]
fn the_history_of_a_mistyped_job_is_not_silent() {
    let sandbox = watched_with(&json!({}));
    sandbox.tick();
    let ran = sandbox.run(&["history", "scna"]);
    ran.exits(0).says("nothing is recorded of a job `scna`");
    assert_eq!(ran.out, "");
}
