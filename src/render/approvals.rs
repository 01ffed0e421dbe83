//! Requests and approvals, for people and for programs.
//!
//! In: requests, approvals, the present. Out: one line each, newest first.
//! Invariant: an approval is shown as live only if the judge says so now, whatever is recorded.

use serde_json::{Value, json};

use super::history::who;
use super::json::{VERSION, pretty};
use super::report::origin_words;
use crate::approval::{Evidence, Unfit, judge_alive};
use crate::base::time::{rfc3339, span_text};
use crate::base::{JobId, Now};
use crate::decide::clean_text;
use crate::journal::{Answer, GrantFate, GrantRecord, Request, Snapshot, Voided};

/// One line of the list.
pub(super) struct Row {
    pub(super) at_ms: i64,
    pub(super) job: JobId,
    pub(super) what: &'static str,
    pub(super) digest: String,
    pub(super) who: String,
    pub(super) level: &'static str,
    pub(super) more: String,
}

/// Renders the list for people.
#[must_use]
pub fn render_approvals(snapshot: &Snapshot, now: &Now) -> String {
    let rows = rows(snapshot, now);
    if rows.is_empty() {
        return "nothing is requested, and nothing was ever approved\n".to_owned();
    }
    let wide = |f: fn(&Row) -> &str| rows.iter().map(|r| f(r).chars().count()).max().unwrap_or(0);
    let (jobs, who) = (wide(|r| r.job.as_str()), wide(|r| &r.who));
    let line = |row: &Row| {
        let job = clean_text(row.job.as_str());
        let text = format!(
            "{:8}  {job:jobs$}  {:12}  {:10}  {:who$}  {}",
            row.what, row.digest, row.level, row.who, row.more
        );
        format!("{}\n", text.trim_end())
    };
    rows.iter().map(line).collect()
}

/// Renders the list for programs.
#[must_use]
pub fn render_approvals_json(snapshot: &Snapshot, now: &Now) -> String {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let row = |row: &Row| {
        json!({
            "at": rfc3339(row.at_ms),
            "job": row.job,
            "status": row.what,
            "shortDigest": said(&row.digest),
            "level": said(row.level),
            "by": row.who,
            "detail": row.more,
        })
    };
    let rows: Vec<Value> = rows(snapshot, now).iter().map(row).collect();
    pretty(&json!({"version": VERSION, "command": "approvals", "approvals": rows}))
}

/// All of them, the newest first.
pub(super) fn rows(snapshot: &Snapshot, now: &Now) -> Vec<Row> {
    let requests = snapshot.requests.iter().filter_map(|(job, r)| row_of_request(job, r));
    let grants = snapshot.grants.values().map(|g| row_of_grant(g, snapshot, now));
    let mut rows: Vec<Row> = requests.chain(grants).collect();
    rows.sort_by(|a, b| (b.at_ms, &a.job).cmp(&(a.at_ms, &b.job)));
    rows
}

fn row_of_request(job: &JobId, request: &Request) -> Option<Row> {
    let said = |reason: Option<&String>| reason.map(|r| clean_text(r)).unwrap_or_default();
    let (what, more) = match &request.answer {
        Answer::Pending => ("pending", said(request.reason.as_ref())),
        Answer::Denied { evidence, reason, .. } => {
            ("denied", format!("by {} {}", name_of(evidence), said(reason.as_ref())))
        }
        Answer::Approved { .. } => return None,
    };
    Some(Row {
        at_ms: request.at.wall_ms,
        job: job.clone(),
        what,
        digest: request.digest.as_ref().map(|d| d.short().to_owned()).unwrap_or_default(),
        who: origin_words(&request.origin),
        level: "",
        more,
    })
}

/// The name that they gave themselves, else the account's; whoever sudo names gives none.
fn name_of(evidence: &Evidence) -> String {
    match (&evidence.through, &evidence.by) {
        (None, Some(name)) => clean_text(name),
        (None, None) => clean_text(&evidence.user),
        (Some(_), _) => who(evidence),
    }
}

fn row_of_grant(record: &GrantRecord, snapshot: &Snapshot, now: &Now) -> Row {
    let GrantRecord { grant, fate } = record;
    let epoch = snapshot.epoch.as_deref().unwrap_or_default();
    let (what, more) = match fate {
        GrantFate::Spent { run } => ("used", format!("run {run}")),
        GrantFate::Void { why: Voided::Unfit(Unfit::Expired), .. } => {
            ("expired", Unfit::Expired.to_string())
        }
        GrantFate::Void { why, detail, .. } => {
            ("void", why.words_with(detail.as_ref().map(|d| clean_text(d)).as_deref()))
        }
        GrantFate::Live => match judge_alive(grant, epoch, &now.at) {
            Ok(()) => {
                let life = std::time::Duration::from_millis(grant.life_ms);
                let left = life.saturating_sub(now.at.delay_since(&grant.at));
                ("live", format!("for {} more", span_text(left)))
            }
            Err(unfit) => ("expired", unfit.to_string()),
        },
    };
    Row {
        at_ms: grant.at.wall_ms,
        job: grant.job.clone(),
        what,
        digest: grant.digest.short().to_owned(),
        who: name_of(&grant.evidence),
        level: grant.level.as_str(),
        more,
    }
}
