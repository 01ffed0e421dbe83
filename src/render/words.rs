//! The catalogue: every sentence of a report, in every language.
//!
//! Invariant: texts for people in reports stand here and nowhere else.

use std::time::Duration;

use crate::base::ZoneFault;
use crate::base::time::span_text;
use crate::decide::AnomalyKind;
use crate::journal::CauseKind;
use crate::machine::{CheckState, State, WatchState, WriteState};
use crate::model::{Language, Purpose};

/// The language that a locale name (`zh_CN.UTF-8`) asks for.
#[must_use]
pub fn language_of_locale(locale: &str) -> Language {
    if locale.to_ascii_lowercase().starts_with("zh") { Language::Zh } else { Language::En }
}

/// Picks a text by language.
const fn pick<'a>(language: Language, en: &'a str, zh: &'a str) -> &'a str {
    match language {
        Language::En => en,
        Language::Zh => zh,
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $en:literal, $zh:literal;)*) => {
        $($(#[$doc])* pub(in crate::render) const fn $name(language: Language) -> &'static str {
            pick(language, $en, $zh)
        })*
    };
}

pub(super) mod page;

words! {
    state: "state", "状态";
    since: "for", "已持续";
    message: "message", "消息";
    progress: "progress", "进度";
    action: "ACTION REQUIRED", "ACTION REQUIRED（需要处理）";
    recovered: "recovered", "已恢复";
    held: "held back in quiet hours", "静默时段内";
    warned: "warning", "警告";
    routine: "routine progress", "例行进度";
    output: "output", "输出";
    result: "result", "结果";
    requested: "a write is requested", "请求写入";
    requested_by: "by", "来自";
    blocked: "queued, but a tick may not run it", "已排队，但不允许自动执行";
    gone: "it is no longer in the config; what it started may still run",
        "已不在配置中；它启动的进程可能仍在运行";
    next_resume: "next resume in", "下次自动续跑";
    resume_now: "resume due at the next tick", "下一次 tick 时自动续跑";
    first_start: "started: its start command was run", "已启动：执行了启动命令";
    resumed: "resumed: its start command was run again", "已自动续跑：重新执行了启动命令";
    restart_stop: "hung: its stop command was run, to start it again", "已卡住：已执行停止命令，准备重启";
    was: "was", "原因";
    clock_drift: "the wall clock and the monotonic clock disagree; nothing is started by this tick",
        "系统时钟与单调时钟不一致；本次 tick 不启动任何任务";
    clock_unset: "the wall clock was never set; nothing is started", "系统时钟未设置；不启动任何任务";
    queue_full: "the queue is full; not queued", "队列已满；未能排队";
    config_broken: "the config is broken; nothing was run, checks and watched jobs included",
        "配置有误；未执行任何任务（包括监控与检查）";
    more_findings: "more findings", "更多问题";
    look: "look at it", "查看状态";
    end_it: "wait for its end, or end it", "等待其结束，或终止它";
    start_it: "start it", "启动";
    stop_it: "stop it", "停止";
    mend_status: "mend its status command or file, then see", "修复其状态命令或文件，然后查看";
    see_output: "read its output, then run it again", "查看输出，然后重新执行";
    approve_it: "read its plan and approve it, or deny it", "查看其计划并批准或拒绝";
    plan: "plan", "计划";
    reason: "reason", "理由";
    journal: "journal", "日志";
    unsandboxed: "its check ran able to write: this system has no sandbox (Landlock)",
        "此系统没有沙箱（Landlock）：只读任务运行时可以写入";
    code_asked: "a write asks for your approval", "有写入任务请求您批准";
    folder: "folder", "目录";
    command_cut: "(cut here: see the whole plan)", "（此处已截断：请查看完整计划）";
    whole_plan: "the whole plan", "完整计划";
    code: "code", "验证码";
    rerun_it: "see what it did, mend it, and approve it anew", "查看其结果，修复后重新批准";
    settle_it: "look at what it did, verify it again, or take note of it", "查看其结果，重新验证，或确认知悉";
    kill_it: "see whether it still runs", "查看它是否仍在运行";
    took: "in", "用时";
}

/// The head line of a message.
pub(super) fn headline(language: Language, clock: &str) -> String {
    match language {
        Language::En => format!("🛠️ Ops report ({clock})"),
        Language::Zh => format!("🛠️ Ops 快报（{clock}）"),
    }
}

/// No tick came for so long, though one comes so often.
pub(super) fn gap(
    language: Language,
    (gap, period): (Duration, Duration),
    asleep: Duration,
    rebooted: bool,
) -> String {
    let (gap, period) = (span_text(gap), span_text(period));
    let slept = (asleep.as_secs() > 0).then(|| span_text(asleep));
    let why = match (rebooted, slept, language) {
        (true, _, Language::En) => "; the machine has booted meanwhile".to_owned(),
        (true, _, Language::Zh) => "；期间机器重启过".to_owned(),
        (false, Some(slept), Language::En) => format!("; the machine slept for {slept} of it"),
        (false, Some(slept), Language::Zh) => format!("；其中休眠 {slept}"),
        (false, None, _) => String::new(),
    };
    match language {
        Language::En => {
            format!(
                "nothing was watched for {gap}: no tick did its work, and one comes every {period}{why}"
            )
        }
        Language::Zh => {
            format!("已有 {gap} 无人监控：没有 tick 正常执行，通常每 {period} 一次{why}")
        }
    }
}

/// A store that was put back.
pub(super) const fn put_back(language: Language) -> &'static str {
    match language {
        Language::En => {
            "the store was put back to an earlier moment: every approval and code of before is void, \
             and what happened since is not known here; approve anew what is still wanted"
        }
        Language::Zh => {
            "存储被放回到较早的时刻：此前的批准和验证码全部作废，其后发生的事这里并不知道；仍需要的请重新批准"
        }
    }
}

/// A time zone that can't be used. Its name is a plain word of the config.
pub(super) fn zone_unusable(language: Language, fault: ZoneFault, name: Option<&str>) -> String {
    let name = name.unwrap_or("TZ");
    match (fault, language) {
        (ZoneFault::NoDatabase, Language::En) => format!(
            "this host has no time zone database (tzdata), so {name} can't be used; quiet hours and \
             times go by the host's clock"
        ),
        (ZoneFault::NoDatabase, Language::Zh) => {
            format!("本机没有时区数据库（tzdata），无法使用 {name}；静默时段和时间按本机时钟")
        }
        (ZoneFault::UnknownZone, Language::En) => format!(
            "this host does not know the time zone {name}; quiet hours and times go by the host's \
             clock"
        ),
        (ZoneFault::UnknownZone, Language::Zh) => {
            format!("本机不认识时区 {name}；静默时段和时间按本机时钟")
        }
        (ZoneFault::HostZone, Language::En) => {
            "the host's time zone (TZ, /etc/localtime) can't be read; quiet hours and times go by UTC"
                .to_owned()
        }
        (ZoneFault::HostZone, Language::Zh) => {
            "无法读取本机时区（TZ、/etc/localtime）；静默时段和时间按 UTC".to_owned()
        }
    }
}

/// What a code is good for.
pub(super) fn code_serves(language: Language, minutes: u64) -> String {
    match language {
        Language::En => format!(
            "Whoever has this code can approve exactly this plan, once, within {minutes} minutes:"
        ),
        Language::Zh => {
            format!("持有此验证码者可在 {minutes} 分钟内批准此计划一次（仅限此计划）：")
        }
    }
}

/// Which attempt.
pub(super) fn attempt(language: Language, number: u32) -> String {
    match language {
        Language::En => format!("attempt {number}"),
        Language::Zh => format!("第 {number} 次"),
    }
}

/// A state, for people.
pub(super) const fn state_words(language: Language, state: State) -> &'static str {
    match state {
        State::Watch(state) => match state {
            WatchState::Idle => pick(language, "not started", "未启动"),
            WatchState::Running => pick(language, "running", "运行中"),
            WatchState::Stalled => pick(language, "stalled", "已停滞"),
            WatchState::Resuming => pick(language, "resuming", "正在续跑"),
            WatchState::Paused => pick(language, "paused", "已暂停"),
            WatchState::Completed => pick(language, "completed", "已完成"),
            WatchState::Failed => pick(language, "failed", "已失败"),
        },
        State::Check(state) => match state {
            CheckState::Idle => pick(language, "not queued", "未排队"),
            CheckState::Queued => pick(language, "queued", "已排队"),
            CheckState::Running => pick(language, "running", "运行中"),
            CheckState::Completed => pick(language, "completed", "已完成"),
            CheckState::Failed => pick(language, "failed", "已失败"),
        },
        State::Write(state) => match state {
            WriteState::Blocked => pick(language, "blocked", "已阻止"),
            WriteState::Approved => pick(language, "approved", "已批准"),
            WriteState::Running => pick(language, "running", "运行中"),
            WriteState::Verifying => pick(language, "verifying", "验证中"),
            WriteState::Verified => pick(language, "verified", "已验证"),
            WriteState::Failed => pick(language, "failed", "已失败"),
            WriteState::Unverified => pick(language, "unverified", "未通过验证"),
            WriteState::Unknown => pick(language, "unknown", "结果未知"),
        },
    }
}

/// A cause, for people.
pub(super) const fn cause_words(language: Language, cause: CauseKind) -> &'static str {
    match cause {
        CauseKind::NoProgress => pick(language, "no progress", "没有进展"),
        CauseKind::Stopped => pick(language, "stopped without completing", "未完成就停止"),
        CauseKind::ResumeFailed => pick(language, "its start command failed", "启动命令失败"),
        CauseKind::GaveUp => {
            pick(language, "given up after so many resumes", "续跑次数用尽，已放弃")
        }
        CauseKind::ByPerson => pick(language, "stopped by a person", "被人为停止"),
        CauseKind::RunFailed => pick(language, "its run failed", "执行失败"),
        CauseKind::Lost => pick(language, "lost without a result", "丢失，没有结果"),
        CauseKind::Unproved => pick(language, "its outcome is not proved", "结果无法证明"),
        CauseKind::ApprovalVoid => pick(language, "its approval serves no more", "批准已失效"),
        CauseKind::VerificationFailed => pick(language, "a verification failed", "验证失败"),
        CauseKind::NotVerifiedInTime => {
            pick(language, "its verification did not pass in time", "未在期限内通过验证")
        }
    }
}

/// An anomaly, for people.
pub(super) const fn anomaly_words(language: Language, kind: AnomalyKind) -> &'static str {
    match kind {
        AnomalyKind::StatusBroken => pick(language, "its status can't be read", "无法读取状态"),
        AnomalyKind::Alert => pick(language, "it calls for help", "任务发出警报"),
        AnomalyKind::NoProgress => pick(language, "it runs without progress", "运行中但没有进展"),
        AnomalyKind::Stopped => pick(language, "it stopped without completing", "未完成就停止"),
        AnomalyKind::ResumeFailed | AnomalyKind::StartFailed => {
            pick(language, "its start command failed", "启动命令失败")
        }
        AnomalyKind::GaveUp => pick(language, "its resumes are used up", "续跑次数用尽"),
        AnomalyKind::StillRunning => {
            pick(language, "stopping, but it still runs", "正在停止，但仍在运行")
        }
        AnomalyKind::StopFailed => pick(language, "its stop command failed", "停止命令失败"),
        AnomalyKind::RunFailed => pick(language, "its run failed", "执行失败"),
        AnomalyKind::WriteFailed => pick(language, "the write failed", "写入失败"),
        AnomalyKind::WriteUnknown => {
            pick(language, "nobody can prove how the write ended", "无法证明写入的结果")
        }
        AnomalyKind::Unverified => pick(language, "the write is not verified", "写入未通过验证"),
        AnomalyKind::Attention => pick(language, "its output asks for attention", "输出需要关注"),
    }
}

/// What a run was for, for people.
pub(super) const fn purpose_words(language: Language, purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Start => pick(language, "start", "启动"),
        Purpose::Resume => pick(language, "resume", "续跑"),
        Purpose::Stop => pick(language, "stop", "停止"),
        Purpose::RestartStop => pick(language, "stop before a restart", "重启前停止"),
        Purpose::Check => pick(language, "run", "执行"),
        Purpose::Verify => pick(language, "verification", "验证"),
        Purpose::Write => pick(language, "write", "写入"),
    }
}
