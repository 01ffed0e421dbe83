//! The words of the page that `opsfsm report --html` writes.

use super::pick;
use crate::model::Language;
use crate::render::Tone;

words! {
    tag: "en", "zh-Hans";
    title: "Jobs", "任务报告";
    skip: "Skip to the content", "跳到正文";
    contents: "Contents", "目录";
    written: "Written", "生成时间";
    config: "Config", "配置";
    last_tick: "Last tick", "上次 tick";
    never: "never", "从未";
    ago: "ago", "之前";
    counts: "Jobs by state", "各状态任务数";
    attention: "What needs a person", "需要人处理";
    calm: "Nothing waits for a person.", "目前没有需要人处理的事项。";
    jobs: "Where the jobs stand", "任务现状";
    jobs_caption: "Jobs: those in trouble first, then by id. Progress and messages are those of the last tick.",
        "任务：有问题的在前，其余按 id 排列。进度和消息来自上次 tick。";
    job: "Job", "任务";
    state: "State", "状态";
    since: "Since", "开始于";
    why: "Why", "原因";
    progress: "Progress", "进度";
    next: "Next", "下一步";
    disabled: "disabled", "已停用";
    progress_title: "Progress over time", "进度曲线";
    progress_caption: "A plot for each job that tells a number, since it last began anew. Each figure stands until the next that a tick has seen.",
        "每个报告数值的任务一幅图，从最近一次重新开始起。每个数值保持到 tick 看到下一个为止。";
    no_progress: "No job has told a number yet.", "尚无任务报告数值。";
    figures: "the figures", "数值";
    timeline: "States over time", "状态时间线";
    timeline_caption: "A bar for each job, oldest on the left. The higher the bar, the more it matters.",
        "每个任务一条，左旧右新。条越高越需要关注。";
    moves: "in words", "文字说明";
    unkept: "not kept", "无记录";
    chains: "What leads to what", "任务链";
    chains_words: "the same as text", "同样内容的文字版";
    chains_large: "There is too much in this picture: see `opsfsm graph`.", "图过大：请用 `opsfsm graph` 查看。";
    approvals: "Requests and approvals", "请求与批准";
    approvals_caption: "Requests and approvals of writes, newest first", "写入的请求与批准，新的在前";
    no_approvals: "Nothing is requested, and nothing was ever approved.", "没有请求，也从未有过批准。";
    when: "When", "时间";
    what: "What", "内容";
    plan: "Plan", "计划";
    who: "Who", "谁";
    detail: "Detail", "细节";
    reports: "Recent reports", "最近的报告";
    reports_caption: "Reports, newest first, as far as they are kept", "报告，新的在前（仅限保留的部分）";
    no_reports: "No report is kept.", "没有保留的报告。";
    report: "Report", "报告";
    given_up: "Reports that were given up", "已放弃投递的报告";
    events: "What happened", "事件";
    events_caption: "The journal, newest first", "日志，新的在前";
    no_events: "No event is kept.", "没有保留的事件。";
    event: "Event", "事件";
    key: "Key", "图例";
    done_of: "of", "/";
}

/// So many are not on the page.
pub(in crate::render) fn left_out(language: Language, count: usize) -> String {
    match language {
        Language::En => format!("{count} more are left out here."),
        Language::Zh => format!("此处省略另外 {count} 项。"),
    }
}

/// So many events were pruned.
pub(in crate::render) fn pruned(language: Language, count: u64) -> String {
    match language {
        Language::En => format!("{count} older events were pruned and are kept no more."),
        Language::Zh => format!("另有 {count} 条更早的事件已被清理，不再保留。"),
    }
}

/// How much a state matters.
pub(in crate::render) const fn tone_words(language: Language, tone: Tone) -> &'static str {
    match tone {
        Tone::Calm => pick(language, "rests", "静止"),
        Tone::Busy => pick(language, "at work", "进行中"),
        Tone::Done => pick(language, "done", "已完成"),
        Tone::Trouble => pick(language, "in trouble", "有问题"),
    }
}
