//! `opsfsm graph --format json`: documented in `docs/json.md`, stable within `version`.
//!
//! Invariant: ids stand here as they are, and every key is there, `null` where nothing is known.

use serde_json::{Value, json};

use super::Live;
use super::machine::MachineView;
use crate::base::JobId;
use crate::base::time::rfc3339;
use crate::compile::{ChainGraph, PROOFS};
use crate::decide::{Due, DueKind, Standing};
use crate::journal::Origin;
use crate::model::{Kind, Risk};
use crate::render::json::{VERSION, pretty};

/// The chains.
pub(super) fn chains_json(graph: &ChainGraph, live: Option<&Live>) -> String {
    let jobs: Vec<Value> = graph
        .jobs
        .iter()
        .map(|(id, job)| {
            json!({
                "id": id,
                "name": job.name,
                "kind": job.kind.map(Kind::as_str),
                "risk": job.risk.map(Risk::as_str),
                "enabled": job.enabled,
                "missing": job.missing,
                "needsApproval": job.kind == Some(Kind::OneShotWrite),
                "live": live.and_then(|live| live.jobs.get(id)).map(standing_json),
            })
        })
        .collect();
    let links: Vec<Value> = graph
        .edges
        .iter()
        .map(|edge| {
            json!({
                "from": edge.from,
                "to": edge.to,
                "when": edge.when.as_str(),
                "delayMs": u64::try_from(edge.delay.as_millis()).unwrap_or(u64::MAX),
                "verifies": edge.verifies,
                "requests": edge.requests,
                "inCycle": edge.in_cycle,
            })
        })
        .collect();
    pretty(&json!({
        "version": VERSION,
        "command": "graph",
        "at": live.map(|live| rfc3339(live.at_ms)),
        "jobs": jobs,
        "links": links,
        "cycles": graph.cycles,
    }))
}

/// One machine.
pub(super) fn machine_json(view: &MachineView<'_>) -> String {
    let job = view.job.job();
    let states: Vec<Value> = view
        .job
        .machine()
        .states()
        .into_iter()
        .map(|state| json!({"state": state.as_str(), "reached": view.is_reached(state)}))
        .collect();
    let edges: Vec<Value> = view
        .edges
        .iter()
        .map(|e| {
            json!({
                "from": e.edge.from.as_str(),
                "input": e.edge.input.as_str(),
                "to": e.edge.to.as_str(),
                "offered": e.offered,
                "gate": view.gate.contains(&e.edge),
            })
        })
        .collect();
    let proofs: Vec<Value> = PROOFS
        .iter()
        .filter(|_| matches!(view.proof, Some(Ok(()))))
        .map(|(name, words)| json!({"name": name, "proves": words}))
        .collect();
    pretty(&json!({
        "version": VERSION,
        "command": "graph",
        "at": view.standing.map(|(_, at)| rfc3339(at)),
        "job": job.id,
        "kind": job.kind().as_str(),
        "risk": job.risk.as_str(),
        "enabled": job.enabled,
        "initial": view.job.machine().initial().as_str(),
        "states": states,
        "edges": edges,
        "proofs": proofs,
        "live": view.standing.map(|(standing, _)| standing_json(standing)),
    }))
}

fn standing_json(standing: &Standing) -> Value {
    let cause = standing.cause.as_ref();
    json!({
        "state": standing.state.as_str(),
        "cause": cause.map(|c| json!({"kind": c.kind.as_str(), "detail": c.detail})),
        "since": standing.since_ms.map(rfc3339),
        "due": standing.due.iter().map(due_json).collect::<Vec<_>>(),
    })
}

fn due_json(due: &Due) -> Value {
    let (what, origin) = match &due.what {
        DueKind::Queued(origin) => ("queued", Some(origin)),
        DueKind::Scheduled => ("schedule", None),
        DueKind::Resume => ("resume", None),
        DueKind::ApprovalEnds => ("approval_ends", None),
        DueKind::VerificationEnds => ("verification_ends", None),
        DueKind::Answer => ("answer", None),
    };
    let (by, job): (_, Option<&JobId>) = match origin {
        None => (None, None),
        Some(Origin::Chain { job, .. }) => (Some("chain"), Some(job)),
        Some(Origin::Verification { job, .. }) => (Some("verification"), Some(job)),
        Some(Origin::Schedule) => (Some("schedule"), None),
        Some(Origin::Person) => (Some("person"), None),
        Some(Origin::Account { .. }) => (Some("account"), None),
        Some(Origin::Config) => (Some("config"), None),
        Some(Origin::Import { .. }) => (Some("import"), None),
    };
    let within = due.within.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
    json!({"what": what, "by": by, "job": job, "withinMs": within})
}
