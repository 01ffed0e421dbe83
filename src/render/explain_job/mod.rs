//! Why a job is in its state, what comes next, and what holds it back: for people and programs.
//!
//! In: an explanation, which is facts, and its job. Out: lines, or JSON.
//! Invariant: both tell the same facts in the same words. A job's own words stand beside them, in a
//! place of their own.

mod facts;
mod guards;
mod moves;

use std::time::Duration;

use serde_json::{Value, json};

use super::json::{VERSION, cause_json, pretty};
use crate::base::Now;
use crate::base::time::{rfc3339, span_text};
use crate::compile::CompiledJob;
use crate::decide::{Explanation, Next, clean_text};

/// One fact in words.
struct Line {
    /// Its stable name.
    what: &'static str,
    /// When it was, or is to be: Unix milliseconds.
    at_ms: Option<i64>,
    /// opsfsm's own words.
    text: String,
    /// The job's, or a person's, as they gave them.
    detail: Option<String>,
}

impl Line {
    fn new(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, at_ms: None, text: text.into(), detail: None }
    }

    fn at(self, at_ms: i64) -> Self {
        Self { at_ms: Some(at_ms), ..self }
    }

    fn detail(self, detail: Option<&str>) -> Self {
        let detail = detail.map(clean_text).filter(|text| !text.is_empty());
        Self { detail, ..self }
    }
}

/// How a person calls this opsfsm for a job: `opsfsm start inventory`.
struct Calls<'a> {
    invocation: &'a str,
    job: String,
}

impl Calls<'_> {
    fn of(&self, command: &str) -> String {
        format!("`{} {command} {}`", self.invocation, self.job)
    }
}

fn calls_of<'a>(job: &CompiledJob, invocation: &'a str) -> Calls<'a> {
    Calls { invocation, job: super::shell_quote(job.job().id.as_str()) }
}

/// Renders an explanation for people, in local time. `invocation`: how they call this opsfsm.
#[must_use]
pub fn render_explained_job(
    job: &CompiledJob,
    all: &Explanation,
    now: &Now,
    invocation: &str,
) -> String {
    let calls = calls_of(job, invocation);
    let clock = |at_ms: i64| local_text(at_ms, now);
    let id = clean_text(job.job().id.as_str());
    let since = all
        .since_ms
        .map_or_else(String::new, |at| format!(" for {}, since {}", span_text(all.age), clock(at)));
    let mut text = format!("{id} ({}): {}{since}\n", job.job().kind().as_str(), all.state);
    text.push_str(&format!("\nwhy: {}\n", moves::why_text(job, all)));
    if let Some(detail) = all.cause.as_ref().and_then(|c| c.detail.as_deref()) {
        text.push_str(&format!("  — {}\n", clean_text(detail)));
    }
    if let Some(moved) = &all.moved {
        let how = moved.input.map_or("declared".to_owned(), |input| input.to_string());
        let (seq, at) = (moved.seq, clock(moved.at_ms));
        text.push_str(&format!("  event {seq}, {at}: {how} → {}\n", all.state));
    }
    if all.unrecorded {
        text.push_str("  the next tick, or the next order, records that\n");
    }
    let known = all.evidence.iter().map(|fact| facts::line_of(fact, job));
    block(&mut text, "known", known.map(|line| shown(line.at_ms.map(&clock), &line)));
    let next = all.next.iter().map(|next| {
        let line = moves::line_of(next, job, &calls);
        let when = next.within.map(|within| when_text(within, next, now));
        shown(Some(when.unwrap_or_else(|| "when".to_owned())), &line)
    });
    block(&mut text, "next", next);
    let holds = all.holds.iter().map(|hold| shown(None, &guards::line_of(hold, job, &calls)));
    block(&mut text, "held back", holds);
    text
}

fn block(text: &mut String, head: &str, lines: impl Iterator<Item = String>) {
    let lines: String = lines.collect();
    if !lines.is_empty() {
        text.push_str(&format!("\n{head}:\n{lines}"));
    }
}

fn shown(when: Option<String>, line: &Line) -> String {
    let when = when.map_or_else(String::new, |when| format!("{when}: "));
    let detail = line.detail.as_ref().map_or_else(String::new, |d| format!(" — {d}"));
    format!("  {when}{}{detail}\n", line.text)
}

/// Local date and time.
fn local_text(at_ms: i64, now: &Now) -> String {
    let wall = at_ms.saturating_add(i64::from(now.local.offset_s) * 1000);
    let text = rfc3339(wall).replace('T', " ");
    text.get(..19).unwrap_or(&text).to_owned()
}

fn when_text(within: Duration, next: &Next, now: &Now) -> String {
    match moment_of(next, now) {
        Some(at) if !within.is_zero() => {
            format!("in {} ({})", span_text(within), local_text(at, now))
        }
        Some(_) | None => "now".to_owned(),
    }
}

fn moment_of(next: &Next, now: &Now) -> Option<i64> {
    let ms = i64::try_from(next.within?.as_millis()).unwrap_or(i64::MAX);
    Some(now.at.wall_ms.saturating_add(ms))
}

/// Renders an explanation for programs.
#[must_use]
pub fn render_explained_job_json(
    job: &CompiledJob,
    all: &Explanation,
    now: &Now,
    invocation: &str,
) -> String {
    let calls = calls_of(job, invocation);
    let declared = job.job();
    let event = all.moved.as_ref().map(|moved| {
        json!({
            "seq": moved.seq,
            "time": rfc3339(moved.at_ms),
            "input": moved.input.map(crate::machine::Input::as_str),
        })
    });
    let next = all.next.iter().map(|next| {
        let line = moves::line_of(next, job, &calls);
        let ms = next.within.map(|w| u64::try_from(w.as_millis()).unwrap_or(u64::MAX));
        let mut object = line_json(&Line { at_ms: moment_of(next, now), ..line });
        object["withinMs"] = json!(ms);
        object["to"] = json!(moves::target_of(next));
        object
    });
    let next: Vec<Value> = next.collect();
    let evidence: Vec<Value> =
        all.evidence.iter().map(|fact| line_json(&facts::line_of(fact, job))).collect();
    let holds: Vec<Value> =
        all.holds.iter().map(|hold| line_json(&guards::line_of(hold, job, &calls))).collect();
    pretty(&json!({
        "version": VERSION,
        "command": "explain",
        "at": rfc3339(now.at.wall_ms),
        "job": {
            "id": declared.id,
            "name": declared.name,
            "kind": declared.kind().as_str(),
            "risk": declared.risk.as_str(),
            "enabled": declared.enabled,
        },
        "state": all.state.as_str(),
        "cause": all.cause.as_ref().map(cause_json),
        "since": all.since_ms.map(rfc3339),
        "why": moves::why_text(job, all),
        "event": event,
        "recorded": !all.unrecorded,
        "evidence": evidence,
        "next": next,
        "holds": holds,
    }))
}

fn line_json(line: &Line) -> Value {
    json!({
        "what": line.what,
        "at": line.at_ms.map(rfc3339),
        "text": line.text,
        "detail": line.detail,
    })
}
