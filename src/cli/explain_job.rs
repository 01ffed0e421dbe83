//! `opsfsm explain JOB`: why it is in its state, what comes next, what holds it back. Asks no job,
//! records and starts nothing. `opsfsm explain CODE` tells what a code of `check` means.

use super::args::{ExplainJobArgs, Format};
use super::context::{Context, Failure};
use super::{codes, io, places};
use crate::adapters::sqlite::EventFilter;
use crate::base::{Exit, JobId, limits};
use crate::decide::{self, Known, clean_text};
use crate::journal::{Event, World};
use crate::render;
use crate::tick::writes_in_flight;

/// Explains a job, or a code.
pub(super) fn explain(context: &Context, options: &ExplainJobArgs) -> Result<Exit, Failure> {
    if let Some(code) = code_of(&options.job) {
        return codes::explain_code(code);
    }
    let config = context.config()?;
    let world = context.read_settled_world(&config.compiled)?;
    let job = match context.job(&config.compiled, &options.job) {
        Ok(job) => job,
        Err(unknown) => return Err(gone(&world, &options.job).unwrap_or(unknown)),
    };
    let events = events_of(context, &job.job().id)?;
    let exposed = places::fault(context, &config);
    let now = context.now();
    let explained = decide::explain_job(
        job,
        Known {
            compiled: &config.compiled,
            world: &world,
            events: &events,
            in_flight: &writes_in_flight(&world, &context.processes),
            exposed: exposed.as_ref().map(places::Unsafe::what),
            now: &now,
        },
    );
    let call = &context.invocation;
    let text = match options.format {
        Format::Text => render::render_explained_job(job, &explained, &now, call),
        Format::Json => render::render_explained_job_json(job, &explained, &now, call),
    };
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// The code that is meant, if one is: a job may have any other name.
fn code_of(word: &str) -> Option<&str> {
    let word = word.trim();
    let digits = word.strip_prefix("OF").filter(|digits| digits.len() == 3)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(word)
}

/// A job that the store knows and the config does not.
fn gone(world: &World, id: &str) -> Option<Failure> {
    let record = world.snapshot.jobs.get(&JobId::new(id.trim()))?;
    let id = clean_text(id.trim());
    Some(Failure::refused(format!(
        "`{id}` is no longer in the config; when it left it, it was {}, and nothing watches it. \
         `opsfsm history {id}` tells what happened to it",
        record.state
    )))
}

/// The last events of a job. The one that moved it last is among them, however long ago it was: then
/// it is looked for by its name.
fn events_of(context: &Context, id: &JobId) -> Result<Vec<(u64, Event)>, Failure> {
    if !context.store_place()?.path.exists() {
        return Ok(Vec::new());
    }
    let store = context.open_any_store()?;
    let all = EventFilter { job: Some(id), event: None, since_ms: None };
    let mut events = store.last_events(&all, limits::EXPLAINED_EVENTS)?;
    if events.iter().any(|(_, event)| decide::moves_its_job(event)) {
        return Ok(events);
    }
    for name in ["declared", "imported_state", "moved"] {
        events.extend(store.last_events(&EventFilter { event: Some(name), ..all }, 1)?);
    }
    events.sort_by_key(|(seq, _)| *seq);
    Ok(events)
}
