//! `opsfsm plan JOB`: exactly what a write would run, and the digest that stands for it.

use super::args::{Format, PlanArgs};
use super::context::{Context, Failure};
use super::{gate, io};
use crate::base::Exit;
use crate::render;

/// Shows a write's plan. Records and starts nothing.
pub(super) fn plan(context: &Context, options: &PlanArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    let planned = gate::planned(context, &config, job)?;
    let text = match options.format {
        Format::Text => render::render_plan(&planned.plan, &planned.digest),
        Format::Json => render::render_plan_json(&planned.plan, &planned.digest),
    };
    io::answer(&text)?;
    Ok(Exit::Done)
}
