//! Pictures: the chains of a config, and one job's compiled machine, in five forms.
//!
//! In: a [`ChainGraph`] or a compiled job, and with `--live` where the jobs stand. Out: text in
//! DOT, Mermaid, SVG, JSON or as a tree. The three drawn forms are written from one [`Sketch`], so
//! that they show the same; the tree and the JSON from the data themselves.
//! Invariant: sorted by id, byte for byte the same for the same input, and colour only repeats
//! what words and strokes say.

mod chains;
mod dot;
mod json;
mod layout;
mod machine;
mod mermaid;
mod sketch;
mod svg;
mod svg_style;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod words;

use std::collections::BTreeMap;

use crate::base::JobId;
use crate::compile::{ChainGraph, CompiledJob};
use crate::decide::Standing;
use sketch::Sketch;

/// The form of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// Graphviz' language.
    Dot,
    /// Mermaid's, which code hosts draw.
    Mermaid,
    /// A picture by itself.
    Svg,
    /// `docs/json.md`.
    Json,
    /// A tree, or a table.
    Text,
}

/// Where the jobs stand, and when that was looked at.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Each job of the config.
    pub jobs: BTreeMap<JobId, Standing>,
    /// Unix milliseconds.
    pub at_ms: i64,
}

/// The picture has so many links that nobody could read it as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is too much in this picture for opsfsm to lay out; draw one job with `graph JOB`, or \
     take --format dot and Graphviz' `sfdp`"
)]
pub struct TooLarge;

/// The chains of all jobs.
///
/// # Errors
/// [`TooLarge`], of [`Drawing::Svg`] only.
pub fn render_chains(
    graph: &ChainGraph,
    live: Option<&Live>,
    drawing: Drawing,
) -> Result<String, TooLarge> {
    match drawing {
        Drawing::Dot | Drawing::Mermaid | Drawing::Svg => {
            draw(&chains::sketch_chains(graph, live), drawing)
        }
        Drawing::Json => Ok(json::chains_json(graph, live)),
        Drawing::Text => Ok(tree::chains_tree(graph, live)),
    }
}

/// One job's compiled machine.
///
/// # Errors
/// [`TooLarge`]: no machine is.
pub fn render_machine(
    job: &CompiledJob,
    live: Option<&Live>,
    drawing: Drawing,
) -> Result<String, TooLarge> {
    let standing = live.and_then(|l| Some((l.jobs.get(&job.job().id)?, l.at_ms)));
    let view = machine::MachineView::of(job, standing);
    match drawing {
        Drawing::Dot | Drawing::Mermaid | Drawing::Svg => {
            draw(&machine::sketch_machine(&view), drawing)
        }
        Drawing::Json => Ok(json::machine_json(&view)),
        Drawing::Text => Ok(table::machine_table(&view)),
    }
}

/// The style sheet that stands in every picture: whoever embeds one has to allow it.
pub(super) use svg_style::STYLE;

/// What is due of a job, a line each.
#[must_use]
pub fn due_lines(standing: &Standing) -> Vec<String> {
    words::due_lines(standing)
}

fn draw(sketch: &Sketch, drawing: Drawing) -> Result<String, TooLarge> {
    match drawing {
        Drawing::Mermaid => Ok(mermaid::mermaid(sketch)),
        Drawing::Svg => svg::svg(sketch),
        Drawing::Dot | Drawing::Json | Drawing::Text => Ok(dot::dot(sketch)),
    }
}
