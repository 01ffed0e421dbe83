//! DOT pictures (Graphviz): the chains of a config, and one job's compiled machine.
//!
//! The language is that of <https://graphviz.org/doc/info/lang.html>; every name is a quoted
//! string, so any id a config can hold survives. Colour only repeats what words say.
//! Invariant: sorted by id, byte for byte the same for the same config.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::base::JobId;
use crate::base::time::span_text;
use crate::compile::{ChainEdge, Compiled, CompiledJob};
use crate::machine::State;
use crate::model::{Kind, LinkWhen};

/// A DOT string: quotes and backslashes escaped, other controls shown as `\n` or dropped.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The chains of all jobs.
#[must_use]
pub fn render_chains_dot(compiled: &Compiled) -> String {
    let mut text = String::from(
        "digraph opsfsm {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, \
         fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n",
    );
    for job in compiled.jobs() {
        text.push_str(&job_node(job));
    }
    for edge in compiled.chain_edges() {
        text.push_str(&chain_edge(&edge, compiled));
    }
    text.push_str("}\n");
    text
}

fn job_node(job: &CompiledJob) -> String {
    let declared = job.job();
    let off = if declared.enabled { "" } else { "\ndisabled" };
    let label =
        format!("{}\n{}\n{}{off}", declared.name, declared.kind().as_str(), declared.risk.as_str());
    let fill = match declared.kind() {
        _ if !declared.enabled => "gray90",
        Kind::LongRunningRead => "lightblue",
        Kind::OneShotRead => "honeydew",
        Kind::OneShotWrite => "mistyrose",
    };
    let id = quoted(declared.id.as_str());
    let mut text = format!("  {id} [label={}, fillcolor={fill}];\n", quoted(&label));
    if declared.kind() == Kind::OneShotWrite {
        let gate = quoted(&gate_name(&declared.id));
        let _ = writeln!(
            text,
            "  {gate} [label=\"approval\", shape=diamond, style=filled, fillcolor=gold];\n  \
             {gate} -> {id} [label=\"approved plan only\"];"
        );
    }
    text
}

/// The approval before a write: a node of its own, whose name no job can have (ids are trimmed).
fn gate_name(job: &JobId) -> String {
    format!("{job} approval ")
}

/// A link ends at a write's approval, never at the write.
fn chain_edge(edge: &ChainEdge, compiled: &Compiled) -> String {
    let write = compiled.job(&edge.to).is_some_and(|t| t.job().kind() == Kind::OneShotWrite);
    let to = if write { gate_name(&edge.to) } else { edge.to.to_string() };
    let mut label = edge.when.as_str().to_owned();
    if !edge.delay.is_zero() {
        let _ = write!(label, " +{}", span_text(edge.delay));
    }
    if edge.verifies {
        label.push_str("\nverifies");
    }
    if write {
        label.push_str("\nrequests");
    }
    let style = match (edge.when, edge.verifies) {
        (LinkWhen::Failure, _) => "dashed",
        (LinkWhen::Success, true) => "bold",
        (LinkWhen::Success, false) => "solid",
    };
    format!(
        "  {} -> {} [label={}, style={style}];\n",
        quoted(edge.from.as_str()),
        quoted(&to),
        quoted(&label)
    )
}

/// One job's compiled machine: edges that its config rules out are dotted and grey.
#[must_use]
pub fn render_machine_dot(job: &CompiledJob, at: Option<State>) -> String {
    let declared = job.job();
    let title = format!("{} ({})", declared.id, declared.kind().as_str());
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR;\n  label={};\n  node [shape=ellipse, style=filled, \
         fillcolor=white, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n  \
         \"\" [shape=point];\n  \"\" -> {};\n",
        quoted(declared.id.as_str()),
        quoted(&title),
        quoted(job.machine().initial().as_str())
    );
    for state in job.machine().states() {
        let here = if at == Some(state) { ", penwidth=3, fillcolor=gold" } else { "" };
        let name = quoted(state.as_str());
        let label = if at == Some(state) { format!("{state}\n(now)") } else { state.to_string() };
        let _ = writeln!(text, "  {name} [label={}{here}];", quoted(&label));
    }
    for ((from, to, offered), inputs) in arrows(job) {
        let mut label = inputs.join("\n");
        let look = if offered { "" } else { ", style=dotted, color=gray60, fontcolor=gray60" };
        if !offered {
            label.push_str("\n(ruled out)");
        }
        let (from, to) = (quoted(from.as_str()), quoted(to.as_str()));
        let _ = writeln!(text, "  {from} -> {to} [label={}{look}];", quoted(&label));
    }
    text.push_str("}\n");
    text
}

/// Edges between the same two states are one arrow with several labels.
fn arrows(job: &CompiledJob) -> BTreeMap<(State, State, bool), Vec<&'static str>> {
    let mut arrows: BTreeMap<(State, State, bool), Vec<&'static str>> = BTreeMap::new();
    for edge in job.edges() {
        let key = (edge.edge.from, edge.edge.to, edge.offered);
        arrows.entry(key).or_default().push(edge.edge.input.as_str());
    }
    arrows
}
