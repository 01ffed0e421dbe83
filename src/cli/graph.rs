//! `opsfsm graph`: the chains, or one job's compiled machine, drawn on stdout.
//!
//! The chains are drawn as they are written, also where they are broken: what is wrong is then said
//! on stderr. A machine, and where jobs stand, there is of a sound config only.

use std::collections::BTreeMap;

use super::args::{DrawingFormat, GraphArgs};
use super::context::{BrokenConfig, Context, Failure, LoadedConfig};
use super::io;
use crate::adapters::config_files::load_config_files;
use crate::base::{Exit, JobId};
use crate::compile::{ChainGraph, Compiled, compile_model};
use crate::config::{Parsed, parse_config};
use crate::decide;
use crate::model::Outline;
use crate::render::{self, Drawing, Live, TooLarge};

/// Prints a picture.
pub(super) fn graph(context: &Context, options: &GraphArgs) -> Result<Exit, Failure> {
    let drawing = match options.format {
        DrawingFormat::Dot => Drawing::Dot,
        DrawingFormat::Mermaid => Drawing::Mermaid,
        DrawingFormat::Svg => Drawing::Svg,
        DrawingFormat::Json => Drawing::Json,
        DrawingFormat::Text => Drawing::Text,
    };
    let drawn = if let Some(id) = options.job.as_ref().or(options.named.as_ref()) {
        let config = context.config()?;
        let job = context.job(&config.compiled, id)?;
        let live = live_of(context, &config.compiled, options.live)?;
        render::render_machine(job, live.as_ref(), drawing)
    } else {
        let (outlines, compiled) = load_outlines(context, options.live)?;
        let live = match &compiled {
            Some(compiled) => live_of(context, compiled, options.live)?,
            None => None,
        };
        render::render_chains(&ChainGraph::from_outlines(&outlines), live.as_ref(), drawing)
    };
    let text = drawn.map_err(|e: TooLarge| Failure::refused(e.to_string()))?;
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// What the config says of its chains, and the config itself where that is needed and sound.
pub(super) fn load_outlines(
    context: &Context,
    live: bool,
) -> Result<(BTreeMap<JobId, Outline>, Option<Compiled>), Failure> {
    let path = context.config_path()?;
    let files = load_config_files(path).map_err(|e| Failure::refused(e.to_string()))?;
    let Parsed { model, outlines, sources, mut sink, .. } =
        parse_config(files, &context.located.around);
    let compiled = compile_model(model, &outlines, &mut sink);
    let loaded = match compiled {
        Some(compiled) => context.refuse_hidden_writes(LoadedConfig { compiled, sink, sources }),
        None => Err(BrokenConfig { sink, sources, unreadable: None }),
    };
    let broken = match loaded {
        Ok(config) => return Ok((outlines, Some(config.compiled))),
        Err(broken) => broken,
    };
    // Of a file that was not understood nothing can be drawn.
    let undrawn = live || outlines.is_empty();
    let what =
        if undrawn { "nothing is drawn" } else { "its chains are drawn as they are written" };
    let findings = render::render_findings(&broken.sink, &broken.sources);
    let told = format!("the config {} is broken; {what}\n{}", path.display(), findings.trim_end());
    if undrawn {
        return Err(Failure::refused(told));
    }
    io::note(&told);
    Ok((outlines, None))
}

fn live_of(context: &Context, compiled: &Compiled, wanted: bool) -> Result<Option<Live>, Failure> {
    if !wanted {
        return Ok(None);
    }
    let world = context.read_settled_world(compiled)?;
    let now = context.now();
    let jobs = decide::standings(compiled, &world.snapshot, &now);
    Ok(Some(Live { jobs, at_ms: now.at.wall_ms }))
}
