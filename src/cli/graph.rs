//! `opsfsm graph`: the chains, or one job's compiled machine, as DOT on stdout.

use super::args::GraphArgs;
use super::context::{Context, Failure};
use super::io;
use crate::base::Exit;
use crate::render;

/// Prints a picture's source.
pub(super) fn graph(context: &Context, options: &GraphArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let text = match &options.job {
        Some(id) => render::render_machine_dot(context.job(&config.compiled, id)?, None),
        None => render::render_chains_dot(&config.compiled),
    };
    io::answer(&text)?;
    Ok(Exit::Done)
}
