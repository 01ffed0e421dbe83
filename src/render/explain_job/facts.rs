//! What is known of a job, in words.

use super::Line;
use crate::base::time::span_text;
use crate::compile::CompiledJob;
use crate::decide::{Evidence, GateFact, clean_text};
use crate::journal::{GrantFate, Seen};
use crate::model::End;
use crate::render::report::{end_words, origin_words};

pub(super) fn line_of(fact: &Evidence, job: &CompiledJob) -> Line {
    let run_text = |run: &Option<crate::base::RunId>| {
        run.as_ref().map_or_else(String::new, |run| format!(", run {run}"))
    };
    match fact {
        Evidence::NeverSeen => Line::new("never_seen", "no tick has looked at it yet"),
        Evidence::Seen { at_ms, seen } => {
            let when = if at_ms.is_some() { "last observation" } else { "last good observation" };
            let line = Line::new("seen", format!("{when}: {}", seen_text(seen)));
            let words = seen.message.as_deref().or(seen.stop_reason.as_deref());
            Line { at_ms: *at_ms, ..line.detail(words) }
        }
        Evidence::Broken(broken) => {
            let times = match broken.times {
                0 | 1 => "once".to_owned(),
                n => format!("{n} times in a row"),
            };
            let text = format!("its status can't be read ({}), {times}", broken.cause);
            Line::new("broken", text).at(broken.since.wall_ms).detail(Some(&broken.detail))
        }
        Evidence::StillSince { at_ms, key } => {
            let stall = span_text(job.job().policy.stall);
            let text = format!("its progress key last moved (stalled after {stall})");
            Line::new("still_since", text).at(*at_ms).detail(Some(key))
        }
        Evidence::RunningSince(at) => Line::new("running_since", "seen running ever since").at(*at),
        Evidence::LastStart { at_ms, run } => {
            Line::new("last_start", format!("its last start{}", run_text(run))).at(*at_ms)
        }
        Evidence::Attempts(n) => Line::new("attempts", attempts_text(*n, job)),
        Evidence::LastRun { at_ms, run, end, attention } => {
            let attention = if *attention { ", asks for attention" } else { "" };
            let text = format!("its last run: {}{attention}{}", end_words(end), run_text(run));
            let missing = match end {
                End::NotStarted { detail, .. } => Some(detail.as_str()),
                End::Exited { .. }
                | End::Signaled { .. }
                | End::TimedOut { .. }
                | End::Cancelled
                | End::Unkillable { .. }
                | End::Lost => None,
            };
            Line::new("last_run", text).at(*at_ms).detail(missing)
        }
        Evidence::AtWork { at_ms, run, purpose, pid } => {
            let how = pid.map_or("claimed, not begun".to_owned(), |pid| format!("executor {pid}"));
            let text = format!("its {} is under way ({how}), run {run}", purpose.as_str());
            Line::new("at_work", text).at(*at_ms)
        }
        Evidence::Gate(fact) => gate_line(fact),
        Evidence::Told { at_ms } => Line::new("told", "the last report about it").at(*at_ms),
    }
}

fn gate_line(fact: &GateFact) -> Line {
    match fact {
        GateFact::Requested { at_ms, by, reason } => {
            Line::new("requested", format!("requested by {}", origin_words(by)))
                .at(*at_ms)
                .detail(reason.as_deref())
        }
        GateFact::Denied { at_ms, by, reason } => {
            Line::new("denied", format!("the request was denied by {}", clean_text(by)))
                .at(*at_ms)
                .detail(reason.as_deref())
        }
        GateFact::Approval { at_ms, by, level, plan, fate } => {
            let (by, level) = (clean_text(by), level.as_str());
            let what = match fate {
                GrantFate::Live => "not used yet".to_owned(),
                GrantFate::Spent { run } => format!("used by run {run}"),
                GrantFate::Void { why, .. } => format!("void: {}", why.words()),
            };
            let detail = match fate {
                GrantFate::Void { detail, .. } => detail.as_deref(),
                GrantFate::Live | GrantFate::Spent { .. } => None,
            };
            let text = format!("plan {plan} was approved by {by} ({level}); {what}");
            Line::new("approval", text).at(*at_ms).detail(detail)
        }
        GateFact::Verification { at_ms, round, passed, of } => {
            let text = format!("its verification, round {round}: {passed} of {of} passed");
            Line::new("verification", text).at(*at_ms)
        }
    }
}

fn seen_text(seen: &Seen) -> String {
    let state = match (seen.completed, seen.running) {
        (true, _) => "completed",
        (false, true) => "running",
        (false, false) => "stopped",
    };
    let pid = seen.pid.map_or_else(String::new, |pid| format!(", pid {pid}"));
    let level = match (seen.alert, seen.warn) {
        (true, _) => ", alert",
        (false, true) => ", warn",
        (false, false) => "",
    };
    format!("{state}{pid}{level}")
}

fn attempts_text(attempts: u32, job: &CompiledJob) -> String {
    let most = job.job().policy.max_resumes;
    let most = most.map_or_else(String::new, |max| format!(" of {max}"));
    let resumes = if attempts == 1 && most.is_empty() { "resume" } else { "resumes" };
    format!("{attempts}{most} {resumes} since it last ran for long enough")
}
