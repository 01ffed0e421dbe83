//! The journal as lines, and as JSON.
//!
//! In: events with their sequence numbers. Out: one line each, oldest first.
//! Invariant: an event is shown as it was recorded; nothing is looked up elsewhere.

use serde_json::{Value, json};

use super::json::{VERSION, pretty};
use super::report::{end_text, origin_words};
use crate::approval::Evidence;
use crate::base::time::rfc3339;
use crate::base::{LocalTime, RunId};
use crate::decide::clean_text;
use crate::journal::{Cause, Event, EventKind, Head, Origin};
use crate::model::{End, Purpose};

/// Renders events for people, in local time. `gone`: so many were pruned that might have stood
/// before them.
#[must_use]
pub fn render_history(events: &[(u64, Event)], gone: u64, local: LocalTime) -> String {
    let before = match gone {
        0 => String::new(),
        _ => format!("{}\n", pruned_text(gone)),
    };
    let line = |(seq, event): &(u64, Event)| {
        let when = local_text(event.at.wall_ms, local);
        let job = event.job.as_ref().map_or("-".to_owned(), |job| clean_text(job.as_str()));
        format!("{seq:>6}  {when}  {job:20}  {}\n", event_text(&event.kind))
    };
    before + &events.iter().map(line).collect::<String>()
}

/// A moment as the local clock shows it.
#[must_use]
pub fn local_text(wall_ms: i64, local: LocalTime) -> String {
    let wall = wall_ms.saturating_add(i64::from(local.offset_s) * 1000);
    let when = rfc3339(wall).replace('T', " ");
    when.get(..19).unwrap_or(&when).to_owned()
}

/// What people are told of events that are not kept any more.
fn pruned_text(pruned: u64) -> String {
    let which =
        if pruned == 1 { "event 1 was".to_owned() } else { format!("events 1 to {pruned} were") };
    format!("{which} pruned: `history` in the config says how much is kept")
}

/// Renders events for programs. Of the environments in an approved plan only the names.
#[must_use]
pub fn render_history_json(events: &[(u64, Event)], pruned: u64) -> String {
    let events: Vec<Value> = events
        .iter()
        .map(|(seq, event)| {
            json!({"seq": seq, "time": rfc3339(event.at.wall_ms), "record": record_json(event)})
        })
        .collect();
    pretty(&json!({"version": VERSION, "command": "history", "pruned": pruned, "events": events}))
}

fn record_json(event: &Event) -> Value {
    let mut record = json!(event);
    let Some(plan) = record.get_mut("plan").and_then(Value::as_object_mut) else { return record };
    if let Some(step) = plan.get_mut("step") {
        hide_values(step);
    }
    let verifications = plan.get_mut("verifications").and_then(Value::as_array_mut);
    for verification in verifications.into_iter().flatten() {
        if let Some(step) = verification.get_mut("step") {
            hide_values(step);
        }
    }
    record
}

fn hide_values(step: &mut Value) {
    let Some(step) = step.as_object_mut() else { return };
    let Some(env) = step.remove("env") else { return };
    let names: Vec<&String> = env.as_object().into_iter().flat_map(|env| env.keys()).collect();
    step.insert("environment".to_owned(), json!(names));
}

/// Renders the good news that a journal is whole, but for what was pruned.
#[must_use]
pub fn render_verified(head: &Head, pruned: u64) -> String {
    let rest = match pruned {
        0 => String::new(),
        _ => format!("; {}, and the rest follows from what they led to", pruned_text(pruned)),
    };
    format!("ok: {} events, head {}{rest}\n", head.seq, head.short())
}

/// The same for programs.
#[must_use]
pub fn render_verified_json(head: &Head, pruned: u64) -> String {
    pretty(&json!({
        "version": VERSION,
        "command": "history",
        "verified": true,
        "events": head.seq,
        "pruned": pruned,
        "head": crate::base::id::hex(&head.hash),
    }))
}

const PUT_BACK: &str = "store put back to an earlier moment: what was approved before is void";

fn ended(purpose: Purpose, end: &End, attention: bool, run: &RunId) -> String {
    let attention = if attention { ", needs attention" } else { "" };
    format!("{} ended: {}{attention}, run {run}", purpose.as_str(), end_text(end))
}

/// What happened, in a few words.
#[must_use]
pub fn event_text(kind: &EventKind) -> String {
    match kind {
        EventKind::StoreCreated { epoch } => format!("store created, epoch {epoch}"),
        EventKind::StoreRestored { epoch } => format!("{PUT_BACK}, epoch {epoch}"),
        EventKind::ConfigAdopted { path } => format!("config adopted: {path}"),
        EventKind::Imported { path, jobs } => format!("imported {jobs} jobs from {path}"),
        EventKind::Declared { state } => format!("declared: {state}"),
        EventKind::Moved { input, to, cause } => {
            format!("{input} → {to}{}", cause.as_ref().map(because).unwrap_or_default())
        }
        EventKind::CauseChanged { cause } => format!("still so{}", because(cause)),
        EventKind::ImportedState { state, .. } => format!("imported as {state}"),
        EventKind::RunClaimed { run, purpose } => {
            format!("{} claimed, run {run}", purpose.as_str())
        }
        EventKind::RunEnded { run, purpose, end, attention } => {
            ended(*purpose, end, *attention, run)
        }
        EventKind::RunDropped { run, purpose } => {
            format!("{} dropped: it never began, run {run}", purpose.as_str())
        }
        EventKind::AttemptsReset => "ran for long enough: resumes forgotten".to_owned(),
        EventKind::Enqueued { item } => {
            format!("queued by {}, due in {} s", origin(&item.origin), item.delay_ms / 1000)
        }
        EventKind::ItemStarted { run, .. } => format!("queued run begins, run {run}"),
        EventKind::ItemReturned { .. } => "queued run waits again".to_owned(),
        EventKind::ItemSettled { how, .. } => format!("queued run {}", how.as_str()),
        EventKind::Requested { origin: by, digest, reason } => {
            let plan = digest.as_ref().map(|d| format!(", plan {}", d.short())).unwrap_or_default();
            format!("write requested by {}{plan}{}", origin(by), words(reason.as_ref()))
        }
        EventKind::Denied { evidence, reason } => {
            format!("request denied by {}{}", who(evidence), words(reason.as_ref()))
        }
        EventKind::CodeIssued { code } => {
            format!("code made for {}, plan {}", clean_text(&code.sent_to), code.digest.short())
        }
        EventKind::CodeWithdrawn => "the code could not be sent".to_owned(),
        EventKind::CodeMissed => "a wrong code was typed".to_owned(),
        EventKind::Approved { grant, .. } => format!(
            "approved by {} ({}), plan {}, grant {}",
            who(&grant.evidence),
            grant.level.as_str(),
            grant.digest.short(),
            grant.id
        ),
        EventKind::GrantVoided { grant, why, detail } => {
            let why = why.words_with(detail.as_ref().map(|d| clean_text(d)).as_deref());
            format!("{why}, grant {grant}")
        }
        EventKind::GrantSpent { grant, run } => format!("approval spent: grant {grant}, run {run}"),
        EventKind::WriteRefused { why, .. } => format!("refused: {}", clean_text(why)),
        EventKind::WriteStarted { run, process } => {
            format!("write started as pid {}, run {run}", process.pid)
        }
        EventKind::VerificationQueued { round, .. } => {
            format!("verification queued, round {round}")
        }
        EventKind::VerificationEnded { check, passed, detail, .. } => {
            let how = if *passed { "passed" } else { "failed" };
            format!("verification {check} {how}{}", words(detail.as_ref()))
        }
        EventKind::Acknowledged { evidence, note } => {
            format!("acknowledged by {}{}", who(evidence), words(note.as_ref()))
        }
        EventKind::WriteMarked { .. } => "declared a write with this command".to_owned(),
        EventKind::Reclassified { evidence } => {
            format!("no write any more, says {}", who(evidence))
        }
    }
}

fn words(text: Option<&String>) -> String {
    text.map(|t| format!(": {}", clean_text(t))).unwrap_or_default()
}

/// Who said something: whoever sudo names goes by no name of their own.
pub(super) fn who(evidence: &Evidence) -> String {
    if evidence.through.is_some() {
        return format!("{} (uid {})", clean_text(&evidence.user), evidence.uid);
    }
    let name = evidence.by.as_ref().map(|by| format!("{} as ", clean_text(by)));
    format!("{}{}", name.unwrap_or_default(), clean_text(&evidence.user))
}

fn because(cause: &Cause) -> String {
    let detail = cause.detail.as_deref().map(|d| format!(" ({d})")).unwrap_or_default();
    format!(": {}{detail}", cause.kind.as_str())
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Chain { job, .. } => format!("the end of {}", clean_text(job.as_str())),
        Origin::Verification { job, .. } => format!("the write {}", clean_text(job.as_str())),
        Origin::Schedule => "its schedule".to_owned(),
        Origin::Person => "a person".to_owned(),
        Origin::Account { .. } => origin_words(origin),
        Origin::Config => "approval.granted".to_owned(),
        Origin::Import { .. } => "ops-monitor".to_owned(),
    }
}
