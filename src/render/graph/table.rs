//! One job's machine as a table for a terminal.
//!
//! In: a [`MachineView`]. Out: text: each state with its edges below it.

use super::machine::MachineView;
use super::words::{due_lines, standing_line};
use crate::base::time::rfc3339;

/// Writes the table.
pub(super) fn machine_table(view: &MachineView<'_>) -> String {
    let mut text = format!("{}\n", view.title());
    let inputs = view.edges.iter().map(|e| e.edge.input.as_str().len());
    let wide = inputs.max().unwrap_or(0);
    for state in view.job.machine().states() {
        let now = view.now() == Some(state);
        let mark = if now { "▶" } else { " " };
        let mut notes = Vec::new();
        notes.extend((state == view.job.machine().initial()).then_some("first"));
        notes.extend((!view.is_reached(state)).then_some("never reached"));
        let notes =
            if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
        text.push_str(&format!("{mark} {state}{notes}\n"));
        if let Some((standing, _)) = view.standing.filter(|_| now) {
            for line in std::iter::once(standing_line(standing)).chain(due_lines(standing)) {
                text.push_str(&format!("    {line}\n"));
            }
        }
        for edge in view.edges.iter().filter(|e| e.edge.from == state) {
            let what = match edge.offered {
                true if view.gate.contains(&edge.edge) => "  (gate)",
                true => "",
                false => "  (ruled out by its config)",
            };
            let to = if edge.edge.to == state {
                "stays".to_owned()
            } else {
                format!("→ {}", edge.edge.to)
            };
            text.push_str(&format!("    {:wide$}  {to}{what}\n", edge.edge.input));
        }
    }
    let at = view.standing.map(|(_, at)| format!("as of {}", rfc3339(at)));
    for line in [view.gate_line(), view.proof_line(), at].into_iter().flatten() {
        text.push_str(&format!("{line}\n"));
    }
    text
}
