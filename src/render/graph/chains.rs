//! The chains as a sketch.
//!
//! In: the graph, and where the jobs stand. Out: a [`Sketch`]: a node for each job, and for each
//! write the approval before it, at which every link to the write ends.
//! Invariant: nothing points to a write but its approval.

use std::collections::BTreeMap;

use super::Live;
use super::sketch::{Arrow, Hue, Node, Note, Shape, Sketch, Stroke, Tone};
use super::words::{
    condition, cycle_notes, due_lines, kind_and_risk, roles, standing_line, visible,
};
use crate::base::JobId;
use crate::base::time::rfc3339;
use crate::compile::{ChainEdge, ChainGraph, ChainJob};
use crate::model::{Kind, LinkWhen, Risk};
use crate::render::printable::counted;

/// Sketches the chains.
pub(super) fn sketch_chains(graph: &ChainGraph, live: Option<&Live>) -> Sketch {
    let mut sketch = Sketch { title: title(graph), ..Sketch::default() };
    // Where a link to a job ends, and where its own links begin.
    let mut ends: BTreeMap<&JobId, (usize, usize)> = BTreeMap::new();
    for (id, job) in &graph.jobs {
        let entry = sketch.nodes.len();
        if job.kind == Some(Kind::OneShotWrite) {
            sketch.nodes.push(gate(id, live));
            let (from, to) = (entry, entry + 1);
            let lines = Vec::new();
            sketch.arrows.push(Arrow { from, to, lines, stroke: Stroke::Bold, hue: Hue::Gate });
        }
        ends.insert(id, (entry, sketch.nodes.len()));
        sketch.nodes.push(job_node(id, job, live));
    }
    for edge in &graph.edges {
        if let (Some(from), Some(to)) = (ends.get(&edge.from), ends.get(&edge.to)) {
            sketch.arrows.push(arrow(edge, from.1, to.0));
        }
    }
    let fault = |text| Note { text, fault: true };
    sketch.notes.extend(cycle_notes(graph).into_iter().map(fault));
    if let Some(live) = live {
        let text = format!("as of {}", rfc3339(live.at_ms));
        sketch.notes.push(Note { text, fault: false });
    }
    sketch
}

fn title(graph: &ChainGraph) -> String {
    let jobs = graph.jobs.values().filter(|job| !job.missing).count();
    format!("{}, {}", counted(jobs, "job"), counted(graph.edges.len(), "link"))
}

fn job_node(id: &JobId, job: &ChainJob, live: Option<&Live>) -> Node {
    let mut lines = vec![visible(id.as_str())];
    lines.extend(job.name.as_deref().map(visible).filter(|name| *name != lines[0]));
    lines.push(kind_and_risk(job));
    let off = !job.enabled && !job.missing;
    lines.extend(off.then(|| "disabled".to_owned()));
    if let Some(standing) = live.and_then(|live| live.jobs.get(id)) {
        lines.push(standing_line(standing));
        lines.extend(due_lines(standing));
    }
    let shape = match job.kind {
        _ if job.missing => Shape::Missing,
        None => Shape::Untyped,
        Some(Kind::LongRunningRead) => Shape::Watch,
        Some(Kind::OneShotRead) => Shape::Check,
        Some(Kind::OneShotWrite) => Shape::Write,
    };
    let tone = match job.risk {
        _ if off => Tone::Off,
        Some(Risk::WriteLocal) => Tone::Local,
        Some(Risk::WriteExternal) => Tone::External,
        Some(Risk::ReadOnly) | None => Tone::Plain,
    };
    Node { id: id.to_string(), lines, shape, tone }
}

fn gate(id: &JobId, live: Option<&Live>) -> Node {
    use crate::decide::DueKind;
    let due = live.and_then(|live| live.jobs.get(id)).map(|standing| &standing.due);
    let has = |kind: &DueKind| due.is_some_and(|due| due.iter().any(|d| d.what == *kind));
    let mut lines = vec!["approval".to_owned()];
    if has(&DueKind::ApprovalEnds) {
        lines.push("given".to_owned());
    } else if has(&DueKind::Answer) {
        lines.push("asked for".to_owned());
    }
    Node { id: id.to_string(), lines, shape: Shape::Gate, tone: Tone::Plain }
}

fn arrow(edge: &ChainEdge, from: usize, to: usize) -> Arrow {
    let mut lines = vec![condition(edge)];
    lines.extend(roles(edge).iter().map(ToString::to_string));
    let stroke = match (edge.when, edge.verifies) {
        (LinkWhen::Failure, _) => Stroke::Dashed,
        (LinkWhen::Success, true) => Stroke::Bold,
        (LinkWhen::Success, false) => Stroke::Solid,
    };
    let hue = if edge.in_cycle { Hue::Cycle } else { Hue::Plain };
    Arrow { from, to, lines, stroke, hue }
}
