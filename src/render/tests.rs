//! What people see: every kind of section, in both languages, as snapshots.

pub(crate) mod site;

use std::time::Duration;

use expect_test::expect;

use super::*;
use crate::base::{BootId, JobId, LocalTime, Now, ReportId, RunId, Stamp, ZoneFault};
use crate::decide::{Anomaly, AnomalyKind, News, Notice, RunNews, Section, Started, Why};
use crate::journal::{Cause, CauseKind, Head, Held, Origin};
use crate::machine::{CheckState, State, WatchState, WriteState};
use crate::model::{End, Kind, Language, Outcome, Purpose, SandboxFate, SpawnFault, StreamTail};

fn at(seconds: i64) -> Stamp {
    let ms = seconds * 1000;
    Stamp { wall_ms: ms, awake_ms: ms, up_ms: ms, boot: BootId::new("b") }
}

fn now() -> Now {
    Now { at: at(1_790_000_000), local: LocalTime { offset_s: 3600, ..LocalTime::UTC } }
}

fn style(language: Language) -> Style {
    Style { language, invocation: "opsfsm".to_owned() }
}

fn section(id: &str, kind: Kind, state: State, why: Why) -> Section {
    Section {
        job: JobId::new(id),
        name: id.to_owned(),
        kind: Some(kind),
        state,
        cause: None,
        since: at(1_790_000_000 - 5400),
        message: None,
        progress: Vec::new(),
        anomalies: Vec::new(),
        recovered: false,
        held: Held::default(),
        started: Vec::new(),
        next_resume: None,
        run: None,
        request: None,
        plan: None,
        reason: None,
        unsandboxed: false,
        blocked: None,
        why,
    }
}

fn anomaly(kind: AnomalyKind, detail: Option<&str>) -> Vec<Anomaly> {
    vec![Anomaly { kind, detail: detail.map(str::to_owned) }]
}

fn watch(state: WatchState, why: Why) -> Section {
    section("scan", Kind::LongRunningRead, State::Watch(state), why)
}

fn stopped() -> Cause {
    Cause { kind: CauseKind::Stopped, detail: Some("killed".to_owned()) }
}

/// Sections of a watched job.
fn watched() -> Vec<Section> {
    let started = Started {
        job: JobId::new("scan"),
        run: RunId::new("r2"),
        purpose: Purpose::Resume,
        attempt: 2,
        cause: Some(stopped()),
    };
    let progress = [("done", "30"), ("total", "120"), ("dir", "/a b")];
    vec![
        Section {
            name: "Scan of the disks".to_owned(),
            message: Some("half-way".to_owned()),
            progress: progress.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
            ..watch(WatchState::Running, Why::Routine)
        },
        Section {
            cause: Some(stopped()),
            started: vec![started],
            ..watch(WatchState::Resuming, Why::Resumed)
        },
        Section {
            cause: Some(stopped()),
            anomalies: anomaly(AnomalyKind::Stopped, Some("killed")),
            next_resume: Some(Duration::from_mins(5)),
            ..watch(WatchState::Stalled, Why::Anomaly)
        },
        Section {
            cause: Some(stopped()),
            anomalies: anomaly(AnomalyKind::Stopped, Some("killed")),
            ..watch(WatchState::Stalled, Why::Anomaly)
        },
        Section {
            cause: Some(Cause::plain(CauseKind::NoProgress)),
            anomalies: anomaly(AnomalyKind::NoProgress, None),
            ..watch(WatchState::Stalled, Why::Anomaly)
        },
        Section {
            anomalies: anomaly(
                AnomalyKind::StatusBroken,
                Some("timed out: ./status took too long"),
            ),
            ..watch(WatchState::Running, Why::Anomaly)
        },
        Section { recovered: true, ..watch(WatchState::Running, Why::Recovered) },
        watch(WatchState::Completed, Why::StateChanged),
    ]
}

/// Sections of the other kinds, and of what a tick may not do.
fn others() -> Vec<Section> {
    let run = RunNews {
        run: RunId::new("r1"),
        purpose: Purpose::Check,
        end: End::Exited { code: 2 },
        took_ms: 1234,
        attention: true,
        sandbox: Some(SandboxFate::Applied),
        output: (1..=12).map(|n| format!("line {n}\n")).collect(),
    };
    let chain = Origin::Chain { job: JobId::new("scan"), run: RunId::new("r1") };
    vec![
        Section {
            anomalies: anomaly(AnomalyKind::RunFailed, None),
            run: Some(run),
            ..section("it's", Kind::OneShotRead, State::Check(CheckState::Failed), Why::RunEnded)
        },
        Section {
            request: Some(chain.clone()),
            ..section("prune", Kind::OneShotWrite, State::Write(WriteState::Blocked), Why::Request)
        },
        Section { blocked: Some(chain), ..watch(WatchState::Idle, Why::Blocked) },
        Section { kind: None, ..watch(WatchState::Running, Why::Orphaned) },
    ]
}

/// What is told of a write: asked for, failed, not to be proved, not verified, verified.
fn writes() -> Vec<Section> {
    let write = |state, why| {
        let plan = Some("0123456789ab".to_owned());
        Section { plan, ..section("prune", Kind::OneShotWrite, State::Write(state), why) }
    };
    let because = |kind, detail: &str| Some(Cause { kind, detail: Some(detail.to_owned()) });
    let run = |purpose, code, sandbox| RunNews {
        run: RunId::new("r2"),
        purpose,
        end: End::Exited { code },
        took_ms: 20,
        attention: false,
        sandbox,
        output: "3 lines left\n".to_owned(),
    };
    vec![
        Section {
            request: Some(Origin::Person),
            reason: Some("the table is full".to_owned()),
            ..write(WriteState::Blocked, Why::Request)
        },
        Section {
            cause: because(CauseKind::RunFailed, "exit 2"),
            anomalies: anomaly(AnomalyKind::WriteFailed, None),
            run: Some(run(Purpose::Write, 2, None)),
            ..write(WriteState::Failed, Why::Anomaly)
        },
        Section {
            cause: because(CauseKind::Unproved, "signal 9"),
            anomalies: anomaly(AnomalyKind::WriteUnknown, None),
            ..write(WriteState::Unknown, Why::Anomaly)
        },
        Section {
            cause: because(CauseKind::VerificationFailed, "prune-verify: exit 1"),
            anomalies: anomaly(AnomalyKind::Unverified, None),
            run: Some(run(Purpose::Verify, 1, Some(SandboxFate::Unavailable))),
            unsandboxed: true,
            ..write(WriteState::Unverified, Why::Anomaly)
        },
        Section { unsandboxed: true, ..write(WriteState::Verified, Why::StateChanged) },
    ]
}

fn all() -> News {
    let notices = vec![
        Notice::ClockSuspect { drift: Duration::from_hours(1), unset: false },
        Notice::QueueFull { job: JobId::new("check") },
    ];
    let sections = watched().into_iter().chain(others()).collect();
    News { notices, sections }
}

fn rendered(news: &News, language: Language) -> String {
    let id = ReportId::new("0123456789abcdef");
    let reports = render_report(news, &Head::default(), &now(), &style(language), &id);
    assert_eq!(reports.len(), 1);
    reports[0].text.clone()
}

fn report_on_writes(language: Language) -> String {
    let news = News { notices: Vec::new(), sections: writes() };
    rendered(&news, language)
}

#[test]
fn a_report_on_writes() {
    expect![[r#"
        🛠️ Ops report (15:13:20)

        🔴 prune [one_shot_write]
          state: blocked, for 1h 30m
          plan: 0123456789ab
          reason: the table is full
          ACTION REQUIRED: a write is requested (by opsfsm request); read its plan and approve it, or deny it: opsfsm approve prune
          journal: 0 00000000

        🔴 prune [one_shot_write]
          state: failed — its run failed (exit 2), for 1h 30m
          plan: 0123456789ab
          result: exit=2 in 0.0s
          output:
            3 lines left
          ACTION REQUIRED: the write failed; see what it did, mend it, and approve it anew: opsfsm approve prune
          journal: 0 00000000

        🔴 prune [one_shot_write]
          state: unknown — its outcome is not proved (signal 9), for 1h 30m
          plan: 0123456789ab
          ACTION REQUIRED: nobody can prove how the write ended; look at what it did, verify it again, or take note of it: opsfsm verify prune, opsfsm acknowledge prune
          journal: 0 00000000

        🔴 prune [one_shot_write]
          state: unverified — a verification failed (prune-verify: exit 1), for 1h 30m
          plan: 0123456789ab
          result: exit=1 in 0.0s
          ⚠ its check ran able to write: this system has no sandbox (Landlock)
          output:
            3 lines left
          ACTION REQUIRED: the write is not verified; look at what it did, verify it again, or take note of it: opsfsm verify prune, opsfsm acknowledge prune
          journal: 0 00000000

        ✅ prune [one_shot_write]
          state: verified, for 1h 30m
          plan: 0123456789ab
          ⚠ its check ran able to write: this system has no sandbox (Landlock)
          journal: 0 00000000

        #0123456789abcdef"#]].assert_eq(&report_on_writes(Language::En));
}

#[test]
fn a_report_on_writes_in_chinese() {
    expect![[r#"
        🛠️ Ops 快报（15:13:20）

        🔴 prune [one_shot_write]
          状态: 已阻止, 已持续 1h 30m
          计划: 0123456789ab
          理由: the table is full
          ACTION REQUIRED（需要处理）: 请求写入 (来自 opsfsm request); 查看其计划并批准或拒绝: opsfsm approve prune
          日志: 0 00000000

        🔴 prune [one_shot_write]
          状态: 已失败 — 执行失败 (exit 2), 已持续 1h 30m
          计划: 0123456789ab
          结果: exit=2 用时 0.0s
          输出:
            3 lines left
          ACTION REQUIRED（需要处理）: 写入失败; 查看其结果，修复后重新批准: opsfsm approve prune
          日志: 0 00000000

        🔴 prune [one_shot_write]
          状态: 结果未知 — 结果无法证明 (signal 9), 已持续 1h 30m
          计划: 0123456789ab
          ACTION REQUIRED（需要处理）: 无法证明写入的结果; 查看其结果，重新验证，或确认知悉: opsfsm verify prune, opsfsm acknowledge prune
          日志: 0 00000000

        🔴 prune [one_shot_write]
          状态: 未通过验证 — 验证失败 (prune-verify: exit 1), 已持续 1h 30m
          计划: 0123456789ab
          结果: exit=1 用时 0.0s
          ⚠ 此系统没有沙箱（Landlock）：只读任务运行时可以写入
          输出:
            3 lines left
          ACTION REQUIRED（需要处理）: 写入未通过验证; 查看其结果，重新验证，或确认知悉: opsfsm verify prune, opsfsm acknowledge prune
          日志: 0 00000000

        ✅ prune [one_shot_write]
          状态: 已验证, 已持续 1h 30m
          计划: 0123456789ab
          ⚠ 此系统没有沙箱（Landlock）：只读任务运行时可以写入
          日志: 0 00000000

        #0123456789abcdef"#]].assert_eq(&report_on_writes(Language::Zh));
}

#[test]
fn a_report_in_english() {
    expect![[r#"
        🛠️ Ops report (15:13:20)

        ⚠ the wall clock and the monotonic clock disagree; nothing is started by this tick (1h)

        ⚠ the queue is full; not queued: check

        🔹 Scan of the disks (scan) [long_running_read]
          state: running, for 1h 30m
          message: half-way
          progress: done=30 · total=120 · dir=/a b ██░░░░░░░░ 25%

        🔹 scan [long_running_read]
          state: resuming — stopped without completing (killed), for 1h 30m
          ↻ resumed: its start command was run again (attempt 2; was: stopped without completing (killed))

        🔴 scan [long_running_read]
          state: stalled — stopped without completing (killed), for 1h 30m
          ⚠ it stopped without completing; next resume in 5m

        🔴 scan [long_running_read]
          state: stalled — stopped without completing (killed), for 1h 30m
          ACTION REQUIRED: it stopped without completing; start it: opsfsm start scan

        🔴 scan [long_running_read]
          state: stalled — no progress, for 1h 30m
          ACTION REQUIRED: it runs without progress; stop it: opsfsm stop scan

        🔴 scan [long_running_read]
          state: running, for 1h 30m
          ACTION REQUIRED: its status can't be read (timed out: ./status took too long); mend its status command or file, then see: opsfsm status

        🔹 scan [long_running_read]
          state: running, for 1h 30m
          recovered

        ✅ scan [long_running_read]
          state: completed, for 1h 30m

        🔴 it's [one_shot_read]
          state: failed, for 1h 30m
          result: exit=2 in 1.2s
          output:
            … (+4)
            line 5
            line 6
            line 7
            line 8
            line 9
            line 10
            line 11
            line 12
          ACTION REQUIRED: its run failed; read its output, then run it again: opsfsm run 'it'\''s'

        🔴 prune [one_shot_write]
          state: blocked, for 1h 30m
          ACTION REQUIRED: a write is requested (by scan); read its plan and approve it, or deny it: opsfsm approve prune
          journal: 0 00000000

        🔴 scan [long_running_read]
          state: not started, for 1h 30m
          queued, but a tick may not run it (scan)
          ACTION REQUIRED: start it: opsfsm start scan

        🔹 scan [—]
          it is no longer in the config; what it started may still run
          state: running, for 1h 30m

        #0123456789abcdef"#]].assert_eq(&rendered(&all(), Language::En));
}

#[test]
fn a_report_in_chinese() {
    expect![[r#"
        🛠️ Ops 快报（15:13:20）

        ⚠ 系统时钟与单调时钟不一致；本次 tick 不启动任何任务 (1h)

        ⚠ 队列已满；未能排队: check

        🔹 Scan of the disks (scan) [long_running_read]
          状态: 运行中, 已持续 1h 30m
          消息: half-way
          进度: done=30 · total=120 · dir=/a b ██░░░░░░░░ 25%

        🔹 scan [long_running_read]
          状态: 正在续跑 — 未完成就停止 (killed), 已持续 1h 30m
          ↻ 已自动续跑：重新执行了启动命令 (第 2 次; 原因: 未完成就停止 (killed))

        🔴 scan [long_running_read]
          状态: 已停滞 — 未完成就停止 (killed), 已持续 1h 30m
          ⚠ 未完成就停止; 下次自动续跑 5m

        🔴 scan [long_running_read]
          状态: 已停滞 — 未完成就停止 (killed), 已持续 1h 30m
          ACTION REQUIRED（需要处理）: 未完成就停止; 启动: opsfsm start scan

        🔴 scan [long_running_read]
          状态: 已停滞 — 没有进展, 已持续 1h 30m
          ACTION REQUIRED（需要处理）: 运行中但没有进展; 停止: opsfsm stop scan

        🔴 scan [long_running_read]
          状态: 运行中, 已持续 1h 30m
          ACTION REQUIRED（需要处理）: 无法读取状态 (timed out: ./status took too long); 修复其状态命令或文件，然后查看: opsfsm status

        🔹 scan [long_running_read]
          状态: 运行中, 已持续 1h 30m
          已恢复

        ✅ scan [long_running_read]
          状态: 已完成, 已持续 1h 30m

        🔴 it's [one_shot_read]
          状态: 已失败, 已持续 1h 30m
          结果: exit=2 用时 1.2s
          输出:
            … (+4)
            line 5
            line 6
            line 7
            line 8
            line 9
            line 10
            line 11
            line 12
          ACTION REQUIRED（需要处理）: 执行失败; 查看输出，然后重新执行: opsfsm run 'it'\''s'

        🔴 prune [one_shot_write]
          状态: 已阻止, 已持续 1h 30m
          ACTION REQUIRED（需要处理）: 请求写入 (来自 scan); 查看其计划并批准或拒绝: opsfsm approve prune
          日志: 0 00000000

        🔴 scan [long_running_read]
          状态: 未启动, 已持续 1h 30m
          已排队，但不允许自动执行 (scan)
          ACTION REQUIRED（需要处理）: 启动: opsfsm start scan

        🔹 scan [—]
          已不在配置中；它启动的进程可能仍在运行
          状态: 运行中, 已持续 1h 30m

        #0123456789abcdef"#]].assert_eq(&rendered(&all(), Language::Zh));
}

#[test]
fn the_result_of_a_run() {
    let outcome = Outcome {
        end: End::TimedOut { limit_ms: 1500 },
        took_ms: 1502,
        stdout: StreamTail { text: "a\nb\n".to_owned(), bytes: 4, cut: false },
        stderr: StreamTail { text: "…end".to_owned(), bytes: 9000, cut: true },
        attention: true,
        leaked: true,
        sandbox: None,
    };
    expect![[r#"
        c: timed out after 1.5s duration=1.502s attention leaked (a process that it left behind still runs) run=r1
        --- stdout (4 bytes)
        a
        b
        --- stderr (9000 bytes, its end)
        …end
    "#]].assert_eq(&render_run(&JobId::new("c"), &RunId::new("r1"), &outcome));
}

#[test]
fn every_end_has_words_of_its_own() {
    let not_started =
        End::NotStarted { fault: SpawnFault::NotFound, detail: "no `x` here".to_owned() };
    let ends = [
        End::Exited { code: 0 },
        End::Signaled { signal: 9 },
        End::TimedOut { limit_ms: 60_000 },
        End::Cancelled,
        End::Unkillable { pid: 7 },
        not_started,
        End::Lost,
    ];
    let all: Vec<String> = ends.iter().map(end_text).collect();
    expect![[r#"
        exit=0
        signal=9
        timed out after 60.0s
        cancelled
        unkillable pid=7
        not started: no `x` here
        lost"#]]
    .assert_eq(&all.join("\n"));
}

#[test]
fn notices_read_well_in_both_languages() {
    let (hour, minute) = (Duration::from_hours(1), Duration::from_mins(1));
    let gap = |asleep, rebooted| Notice::Gap { gap: 9 * hour, period: minute, asleep, rebooted };
    let zone = |fault| Notice::ZoneUnusable { fault, name: Some("Mars/Olympus".to_owned()) };
    let notices = vec![
        gap(Duration::ZERO, false),
        gap(8 * hour, false),
        gap(Duration::ZERO, true),
        zone(ZoneFault::NoDatabase),
        zone(ZoneFault::UnknownZone),
        zone(ZoneFault::HostZone),
        Notice::PutBack,
    ];
    let news = News { notices, ..News::default() };
    let text = |language| rendered(&news, language);
    expect![[r#"
        🛠️ Ops report (15:13:20)

        ⚠ nothing was watched for 9h: no tick did its work, and one comes every 1m

        ⚠ nothing was watched for 9h: no tick did its work, and one comes every 1m; the machine slept for 8h of it

        ⚠ nothing was watched for 9h: no tick did its work, and one comes every 1m; the machine has booted meanwhile

        ⚠ this host has no time zone database (tzdata), so Mars/Olympus can't be used; quiet hours and times go by the host's clock

        ⚠ this host does not know the time zone Mars/Olympus; quiet hours and times go by the host's clock

        ⚠ the host's time zone (TZ, /etc/localtime) can't be read; quiet hours and times go by UTC

        ⚠ the store was put back to an earlier moment: every approval and code of before is void, and what happened since is not known here; approve anew what is still wanted

        #0123456789abcdef"#]].assert_eq(&text(Language::En));
    expect![[r#"
        🛠️ Ops 快报（15:13:20）

        ⚠ 已有 9h 无人监控：没有 tick 正常执行，通常每 1m 一次

        ⚠ 已有 9h 无人监控：没有 tick 正常执行，通常每 1m 一次；其中休眠 8h

        ⚠ 已有 9h 无人监控：没有 tick 正常执行，通常每 1m 一次；期间机器重启过

        ⚠ 本机没有时区数据库（tzdata），无法使用 Mars/Olympus；静默时段和时间按本机时钟

        ⚠ 本机不认识时区 Mars/Olympus；静默时段和时间按本机时钟

        ⚠ 无法读取本机时区（TZ、/etc/localtime）；静默时段和时间按 UTC

        ⚠ 存储被放回到较早的时刻：此前的批准和验证码全部作废，其后发生的事这里并不知道；仍需要的请重新批准

        #0123456789abcdef"#]]
    .assert_eq(&text(Language::Zh));
}

#[test]
fn the_chinese_head_is_that_of_ops_monitor() {
    let text = rendered(&News::default(), Language::Zh);
    assert!(text.starts_with("🛠️ Ops 快报（15:13:20）\n\n"), "{text}");
}

#[test]
fn a_summary_shows_states_and_nothing_that_a_job_said() {
    let id = ReportId::new("0123456789abcdef");
    for (language, news) in [(Language::En, all()), (Language::Zh, all())] {
        let reports = render_report(&news, &Head::default(), &now(), &style(language), &id);
        let summary = &reports[0].summary;
        assert!(summary.contains("scan: ") && !summary.contains("killed"), "{summary}");
    }
    let news = News { notices: Vec::new(), sections: writes() };
    let reports = render_report(&news, &Head::default(), &now(), &style(Language::En), &id);
    expect![[r#"
        🛠️ Ops report (15:13:20)
        🔴 prune: blocked — ACTION REQUIRED: a write is requested (plan 0123456789ab)
        🔴 prune: failed — the write failed (plan 0123456789ab)
        🔴 prune: unknown — nobody can prove how the write ended (plan 0123456789ab)
        🔴 prune: unverified — the write is not verified (plan 0123456789ab)
        ✅ prune: verified (plan 0123456789ab)
        #0123456789abcdef"#]]
    .assert_eq(&reports[0].summary);
}
