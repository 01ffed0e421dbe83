//! One job's compiled machine as data, and as a sketch.
//!
//! In: a compiled job, and where it stands. Out: a [`MachineView`]: its states, its edges, those on
//! the way through a write's gate, and what was proved of it.
//! Invariant: edges come from the compiled job, and the proofs are run on these very edges.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use super::sketch::{Arrow, Hue, Node, Note, Shape, Sketch, Stroke, Tone};
use super::words::{due_lines, standing_line, visible};
use crate::base::time::rfc3339;
use crate::compile::{CompiledJob, OfferedEdge, PROOFS, prove_gated};
use crate::decide::Standing;
use crate::machine::{Edge, Machine, State, WriteState};

/// A machine, and all that a picture tells of it.
pub(super) struct MachineView<'a> {
    pub(super) job: &'a CompiledJob,
    pub(super) edges: Vec<OfferedEdge>,
    /// The shortest way from the first state to a start, of a write.
    pub(super) gate: Vec<Edge>,
    /// What was proved of a write's machine, or why not.
    pub(super) proof: Option<Result<(), String>>,
    /// Where it stands, and when that was looked at.
    pub(super) standing: Option<(&'a Standing, i64)>,
}

impl<'a> MachineView<'a> {
    pub(super) fn of(job: &'a CompiledJob, standing: Option<(&'a Standing, i64)>) -> Self {
        let edges = job.edges();
        let open: Vec<Edge> = edges.iter().filter(|e| e.offered).map(|e| e.edge).collect();
        let is_write = job.machine() == Machine::Write;
        let initial = job.machine().initial();
        let running = State::Write(WriteState::Running);
        let gate = if is_write { way(initial, running, &open) } else { Vec::new() };
        let proof = is_write.then(|| prove_gated(initial, &open).map_err(|e| e.to_string()));
        Self { job, edges, gate, proof, standing }
    }

    /// The state that it is in.
    pub(super) fn now(&self) -> Option<State> {
        self.standing.map(|(standing, _)| standing.state)
    }

    /// Can this state ever be reached?
    pub(super) fn is_reached(&self, state: State) -> bool {
        state == self.job.machine().initial()
            || self.edges.iter().any(|e| e.offered && e.edge.to == state)
    }

    /// `inventory: long_running_read, read_only`.
    pub(super) fn title(&self) -> String {
        let job = self.job.job();
        let off = if job.enabled { "" } else { ", disabled" };
        let id = visible(job.id.as_str());
        format!("{id}: {}, {}{off}", job.kind().as_str(), job.risk.as_str())
    }

    /// The line of proofs.
    pub(super) fn proof_line(&self) -> Option<String> {
        let names: Vec<&str> = PROOFS.iter().map(|(name, _)| *name).collect();
        Some(match self.proof.as_ref()? {
            Ok(()) => format!("proved: {}", names.join(", ")),
            Err(why) => format!("not proved: {why}"),
        })
    }

    /// The way through the gate, in words.
    pub(super) fn gate_line(&self) -> Option<String> {
        let first = self.gate.first()?;
        let steps = self.gate.iter().map(|e| format!(" --{}--> {}", e.input, e.to));
        Some(format!("gate: {}{}", first.from, steps.collect::<String>()))
    }
}

/// The shortest way between two states.
fn way(from: State, to: State, edges: &[Edge]) -> Vec<Edge> {
    let mut came_by: BTreeMap<State, Edge> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(at) = open.pop_front() {
        for edge in edges.iter().filter(|e| e.from == at && e.to != from) {
            if let Entry::Vacant(unseen) = came_by.entry(edge.to) {
                unseen.insert(*edge);
                open.push_back(edge.to);
            }
        }
    }
    let mut way = Vec::new();
    let mut at = to;
    while let Some(edge) = came_by.get(&at) {
        way.push(*edge);
        at = edge.from;
    }
    way.reverse();
    way
}

/// Edges between the same two states are one arrow with several labels, those of the gate apart.
fn arrows(view: &MachineView<'_>, place: &BTreeMap<State, usize>) -> Vec<Arrow> {
    let mut grouped: BTreeMap<(usize, usize, Hue), Vec<String>> = BTreeMap::new();
    for edge in &view.edges {
        let hue = match edge.offered {
            // Also where a person approves anew, from another state than the first.
            true if view
                .gate
                .iter()
                .any(|e| (e.input, e.to) == (edge.edge.input, edge.edge.to)) =>
            {
                Hue::Gate
            }
            true => Hue::Plain,
            false => Hue::Muted,
        };
        if let (Some(from), Some(to)) = (place.get(&edge.edge.from), place.get(&edge.edge.to)) {
            let lines = grouped.entry((*from, *to, hue)).or_default();
            lines.push(edge.edge.input.as_str().to_owned());
        }
    }
    let arrow = |((from, to, hue), mut lines): ((usize, usize, Hue), Vec<String>)| {
        let stroke = match hue {
            Hue::Gate => Stroke::Bold,
            Hue::Muted => Stroke::Dotted,
            Hue::Plain | Hue::Cycle => Stroke::Solid,
        };
        match hue {
            Hue::Gate => lines.push("(gate)".to_owned()),
            Hue::Muted => lines.push("(ruled out)".to_owned()),
            Hue::Plain | Hue::Cycle => {}
        }
        Arrow { from, to, lines, stroke, hue }
    };
    grouped.into_iter().map(arrow).collect()
}

/// Sketches a machine.
pub(super) fn sketch_machine(view: &MachineView<'_>) -> Sketch {
    let states = view.job.machine().states();
    let place: BTreeMap<State, usize> = states.iter().enumerate().map(|(n, s)| (*s, n)).collect();
    let node = |state: &State| {
        let mut lines = vec![state.to_string()];
        let tone = match view.is_reached(*state) {
            _ if view.now() == Some(*state) => Tone::Now,
            true => Tone::Plain,
            false => Tone::Off,
        };
        lines.extend((*state == view.job.machine().initial()).then(|| "(first)".to_owned()));
        lines.extend((tone == Tone::Off).then(|| "(never reached)".to_owned()));
        if let Some((standing, _)) = view.standing.filter(|_| tone == Tone::Now) {
            lines.push(standing_line(standing));
            lines.extend(due_lines(standing));
        }
        Node { id: state.to_string(), lines, shape: Shape::State, tone }
    };
    let mut notes = Vec::new();
    let mut tell = |text: Option<String>, fault| {
        notes.extend(text.map(|text| Note { text, fault }));
    };
    tell(view.gate_line(), false);
    tell(view.proof_line(), matches!(view.proof, Some(Err(_))));
    tell(view.standing.map(|(_, at)| format!("as of {}", rfc3339(at))), false);
    Sketch {
        title: view.title(),
        nodes: states.iter().map(node).collect(),
        arrows: arrows(view, &place),
        notes,
    }
}
