//! `opsfsm metrics`: how jobs and opsfsm stand, as numbers. Asks no job, records nothing.

use std::fs;

use super::args::MetricsArgs;
use super::context::{Context, Failure};
use super::io;
use crate::adapters::whole_file::replace_whole;
use crate::base::Exit;
use crate::ports::{Parcels, Store as _};
use crate::render::{self, Exposition, Measured};

/// Prints them, or puts them in a file.
pub(super) fn metrics(context: &Context, options: &MetricsArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let world = context.read_settled_world(&config.compiled)?;
    let store = &context.store_place()?.path;
    let store_bytes = fs::metadata(store).ok().map(|facts| facts.len());
    let parcels = match store_bytes {
        Some(_) => context.open_any_store()?.parcels(Parcels::Unsettled)?,
        None => Vec::new(),
    };
    let now = context.now();
    let measured = Measured {
        compiled: &config.compiled,
        world: &world,
        parcels: &parcels,
        store_bytes,
        now: &now,
    };
    let Some(path) = &options.textfile else {
        io::answer(&render::render_metrics(&measured, Exposition::OpenMetrics))?;
        return Ok(Exit::Done);
    };
    let text = render::render_metrics(&measured, Exposition::Prometheus);
    let unwritten = |e| Failure {
        exit: Exit::Undelivered,
        message: format!("the file {} can't be written: {e}", path.display()),
    };
    replace_whole(path, text.as_bytes(), 0o644).map_err(unwritten)?;
    Ok(Exit::Done)
}
