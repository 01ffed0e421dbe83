//! `opsfsm report`: how everything stands, as a page of HTML. Runs nothing and records nothing.

use std::path::Path;

use super::args::ReportArgs;
use super::context::{Context, Failure};
use super::history::since;
use super::{graph, io};
use crate::adapters::sqlite::EventFilter;
use crate::adapters::whole_file::write_whole;
use crate::base::{Exit, limits};
use crate::compile::ChainGraph;
use crate::journal::{Event, Parcel};
use crate::ports::{Parcels, Store as _};
use crate::render::{self, Page};

/// Writes the page.
pub(super) fn report(context: &Context, options: &ReportArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let world = context.read_settled_world(&config.compiled)?;
    let chains = if config.compiled.len() > limits::CHAIN_JOBS_SHOWN {
        None
    } else {
        let (outlines, _) = graph::load_outlines(context, true)?;
        Some(ChainGraph::from_outlines(&outlines))
    };
    let now = context.now();
    let since_ms = if let Some(text) = &options.since {
        since(context, text)?
    } else {
        let span = i64::try_from(limits::TIMELINE.as_millis()).unwrap_or(i64::MAX);
        now.at.wall_ms.saturating_sub(span)
    };
    let kept = read_kept(context, limits::EVENTS_SHOWN, Parcels::All)?;
    let text = render::render_page(&Page {
        config: &context.config_path()?.to_string_lossy(),
        compiled: &config.compiled,
        chains: chains.as_ref(),
        world: &world,
        events: &kept.events,
        pruned: kept.pruned,
        since_ms,
        parcels: &kept.parcels,
        now: &now,
        style: &context.style(config.compiled.report().language),
    });
    if options.html == Path::new("-") {
        io::answer(&text)?;
        return Ok(Exit::Done);
    }
    write_whole(&options.html, text.as_bytes(), 0o600).map_err(|e| {
        let path = options.html.display();
        Failure::refused(format!("the page can't be written to {path}: {e}"))
    })?;
    Ok(Exit::Done)
}

/// What the store keeps beside the world.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) events: Vec<(u64, Event)>,
    pub(super) pruned: u64,
    pub(super) parcels: Vec<Parcel>,
}

/// Nothing, where there is no store yet.
pub(super) fn read_kept(context: &Context, events: u32, parcels: Parcels) -> Result<Kept, Failure> {
    if !context.store_place()?.path.exists() {
        return Ok(Kept::default());
    }
    let mut store = context.open_any_store()?;
    let filter = EventFilter { job: None, event: None, since_ms: None };
    Ok(Kept {
        events: store.last_events(&filter, events)?,
        pruned: store.pruned()?,
        parcels: store.parcels(parcels)?,
    })
}
