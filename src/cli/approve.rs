//! `opsfsm approve JOB`: a person reads the plan and types its digest.

use std::time::Duration;

use super::args::ApproveArgs;
use super::context::{Context, Failure, LoadedConfig};
use super::gate::{order, planned, somebody};
use super::refusal::refusal;
use super::{io, orders};
use crate::adapters::sqlite::SqliteStore;
use crate::approval::Level;
use crate::base::time::span_text;
use crate::base::{Exit, JobId, limits};
use crate::compile::CompiledJob;
use crate::decide::{Attest, clean_text};
use crate::model::Planned;
use crate::render::{self, shell_quote};
use crate::writes::{approve_write, note_refused, reclassify_job};

/// Approves a plan, or takes the mark of a write from a job.
pub(super) fn approve(context: &Context, options: &ApproveArgs) -> Result<Exit, Failure> {
    if let Some(id) = &options.reclassify {
        return reclassify(context, id, options);
    }
    let config = context.config()?;
    let name = options.job.as_deref().unwrap_or_default();
    let job = context.job(&config.compiled, name)?;
    let life = life_of(options)?;
    let planned = planned(context, &config, job)?;
    let mut store = context.open_store(&config.compiled)?;
    let level = level_of(context, job, options, &planned);
    // Whoever called it off has said all that there is to say, whatever was typed.
    if context.is_interrupted() {
        return Err(Failure::interrupted());
    }
    let level = match level {
        Ok(level) => level,
        Err(why) => return Err(refuse(context, &config, &mut store, job, &why)),
    };
    let attest = Attest { evidence: somebody(options.by.as_deref())?, level, life };
    let grant = order(context, &config.compiled, (&mut store, &job.job().id), |ports| {
        approve_write(&config.compiled, job, &planned, &attest, ports)
    })?;
    let (id, call) = (shell_quote(job.job().id.as_str()), &context.invocation);
    io::say(&format!(
        "{id}: approved, plan {}, {}, for one start within {}: {call} run {id}\n",
        grant.digest.short(),
        grant.level.as_str(),
        span_text(life)
    ));
    Ok(Exit::Done)
}

fn life_of(options: &ApproveArgs) -> Result<Duration, Failure> {
    let Some(text) = &options.expires else { return Ok(limits::GRANT_LIFE) };
    let parsed: Option<jiff::SignedDuration> = text.parse().ok();
    let life = parsed.and_then(|d| Duration::try_from(d).ok());
    let fits = |d: &Duration| *d >= Duration::from_secs(1) && *d <= limits::GRANT_LIFE_MAX;
    life.filter(fits).ok_or_else(|| {
        let text = clean_text(text);
        Failure::refused(format!(
            "`--expires {text}` is no time from 1 second to 24 hours; for example 30m, 2h or 90s"
        ))
    })
}

/// How surely a person approves: by typing the digest, or naming one that was reviewed elsewhere.
fn level_of(
    context: &Context,
    job: &CompiledJob,
    options: &ApproveArgs,
    planned: &Planned,
) -> Result<Level, String> {
    let (digest, short) = (&planned.digest, planned.digest.short());
    let named = options.digest.as_deref();
    if let Some(named) = named.filter(|named| !digest.is_named_by(named)) {
        let named = clean_text(named);
        return Err(format!(
            "the plan is {short} now, not {named}: what would run is not what was reviewed"
        ));
    }
    if io::typed_into().is_none() {
        let allowed = job.job().approval.non_interactive && named.is_some();
        return allowed.then_some(Level::Unattended).ok_or_else(|| {
            "an approval is typed by a person at a terminal, and there is none here. Only a job \
             whose config says approval.nonInteractive may be approved without one, with --digest"
                .to_owned()
        });
    }
    // To where the question is asked, and not into a file or a pipe.
    io::show(&render::render_plan(&planned.plan, digest));
    if named.is_some() {
        return Ok(Level::Asserted);
    }
    let question = format!("\nTo approve exactly this, type its short digest ({short}): ");
    let typed = io::ask(&question, context.interrupt.as_ref())?;
    if digest.is_named_by(&typed) {
        return Ok(Level::Asserted);
    }
    let typed = clean_text(&typed);
    Err(if typed.is_empty() {
        "nothing was typed; it stays blocked".to_owned()
    } else {
        format!("`{typed}` is not its digest; it stays blocked")
    })
}

/// A refused approval is an event too.
fn refuse(
    context: &Context,
    config: &LoadedConfig,
    store: &mut SqliteStore,
    job: &CompiledJob,
    why: &str,
) -> Failure {
    let id = &job.job().id;
    let text = format!("approval refused: {why}");
    let noted = orders::give(context, store, None, format!("recording {id}"), |ports| {
        note_refused(&config.compiled, id, &text, ports)
    });
    match noted {
        Ok(()) => Failure::refused(format!("`{id}` is not approved: {why}")),
        Err(failure) => failure,
    }
}

fn reclassify(context: &Context, id: &str, options: &ApproveArgs) -> Result<Exit, Failure> {
    // A config that is refused for this very id has to be good enough here.
    let path = context.config_path()?;
    let config = context
        .load_config(path)
        .map_err(|broken| Failure::refused(Context::broken_text(path, &broken)))?;
    let id = JobId::new(id.trim());
    if io::typed_into().is_none() {
        return Err(Failure::refused(format!(
            "that `{id}` is no write any more is for a person at a terminal to say"
        )));
    }
    let asked = format!("`{id}` was declared a write. To let it run unapproved, type its id: ");
    let typed = io::ask(&asked, context.interrupt.as_ref()).map_err(|why| {
        if context.is_interrupted() { Failure::interrupted() } else { Failure::refused(why) }
    })?;
    if typed.trim() != id.as_str() {
        return Err(Failure::refused(format!("`{id}` stays a write")));
    }
    let evidence = somebody(options.by.as_deref())?;
    let mut store = context.open_store(&config.compiled)?;
    let language = config.compiled.report().language;
    let answer = orders::give(context, &mut store, language, format!("recording {id}"), |ports| {
        reclassify_job(&config.compiled, &id, &evidence, ports)
    })?;
    let kind = config.compiled.job(&id).map(|job| job.job().kind());
    answer.map_err(|refused| refusal(context, (&id, kind), &refused))?;
    io::say(&format!("{id}: no write any more, on your word\n"));
    Ok(Exit::Done)
}
