//! `opsfsm plan JOB`: exactly what a write would run, and the digest that stands for it.

use super::args::{Format, PlanArgs};
use super::context::{Context, Failure};
use super::io;
use crate::adapters::file_facts::OsFileFacts;
use crate::base::Exit;
use crate::render;
use crate::writes::make_plan;

/// Shows a write's plan. Records and starts nothing.
pub(super) fn plan(context: &Context, options: &PlanArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    let plan = {
        let _waiting = io::waiting(format!("hashing the files of {}", job.job().id));
        make_plan(&config.compiled, job, &OsFileFacts)
            .map_err(|fault| Failure::refused(fault.to_string()))?
    };
    let digest = plan.digest().map_err(|e| Failure::refused(e.to_string()))?;
    let text = match options.format {
        Format::Text => render::render_plan(&plan, &digest),
        Format::Json => render::render_plan_json(&plan, &digest),
    };
    // Nobody reads on: no harm.
    let _ = io::out(&text);
    Ok(Exit::Done)
}
