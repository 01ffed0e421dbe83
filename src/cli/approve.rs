//! `opsfsm approve JOB`: a person reads the plan and types its digest.

use std::time::Duration;

use super::args::ApproveArgs;
use super::context::{Context, Failure, LoadedConfig};
use super::gate::{order, planned, somebody};
use super::places::refuse_unsafe;
use super::refusal::refusal;
use super::{io, orders};
use crate::adapters::sqlite::SqliteStore;
use crate::approval::{Code, PlanDigest, TypedCode};
use crate::base::time::span_text;
use crate::base::{Exit, JobId, limits};
use crate::compile::CompiledJob;
use crate::decide::{Attest, Proof, clean_text};
use crate::journal::World;
use crate::model::Planned;
use crate::ports::Store as _;
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
    refuse_unsafe(context, &config)?;
    let planned = planned(context, &config, job)?;
    refuse_unstartable(context, &planned)?;
    let mut store = context.open_store(&config.compiled)?;
    let proof = match (reviewed(options, &planned.digest), &options.code) {
        (Err(why), _) => Err(why),
        (Ok(()), Some(code)) => typed_code(&store.read()?, job, code).map(Proof::Code),
        (Ok(()), None) => proof_of(context, job, options, &planned),
    };
    // Whoever called it off has said all that there is to say, whatever was typed.
    if context.is_interrupted() {
        return Err(Failure::interrupted());
    }
    let proof = match proof {
        Ok(proof) => proof,
        Err(why) => return Err(refuse(context, &config, &mut store, job, &why)),
    };
    let attest = Attest { evidence: somebody(context, options.by.as_deref())?, proof, life };
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

/// Refuses a plan whose verification could never start in its sandbox: the write would run, and be
/// unverified for ever.
fn refuse_unstartable(context: &Context, planned: &Planned) -> Result<(), Failure> {
    let store = &context.store_place()?.path;
    let store = std::path::absolute(store).unwrap_or_else(|_| store.clone());
    let sandboxed = planned.plan.verifications.iter().any(|check| check.sandboxed);
    if sandboxed && store.to_str().is_none() {
        let what = "the store, beside which the sandbox of its verification is";
        return Err(Failure::refused(render::not_text(what, &store)));
    }
    Ok(())
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

/// Is the plan of this moment the one that was reviewed elsewhere, where one was?
fn reviewed(options: &ApproveArgs, digest: &PlanDigest) -> Result<(), String> {
    match &options.digest {
        Some(named) if !digest.is_named_by(named) => Err(format!(
            "the plan is {} now, not {}: what would run is not what was reviewed",
            digest.short(),
            clean_text(named)
        )),
        Some(_) | None => Ok(()),
    }
}

/// How surely a person approves: by typing the digest, or naming one that was reviewed elsewhere.
fn proof_of(
    context: &Context,
    job: &CompiledJob,
    options: &ApproveArgs,
    planned: &Planned,
) -> Result<Proof, String> {
    let (digest, short) = (&planned.digest, planned.digest.short());
    let named = options.digest.as_deref();
    if io::typed_into().is_none() {
        let allowed = job.job().approval.non_interactive && named.is_some();
        return allowed.then_some(Proof::None).ok_or_else(|| {
            "an approval is typed by a person at a terminal, and there is none here. Only a job \
             whose config says approval.nonInteractive may be approved without one, with --digest"
                .to_owned()
        });
    }
    if job.job().approval.takes_codes_only() {
        return Err("it is approved with a code from the person's own chat: `opsfsm request` it, \
                    then `opsfsm approve --code CODE`"
            .to_owned());
    }
    // To where the question is asked, and not into a file or a pipe.
    io::show(&render::render_plan(&planned.plan, digest));
    if named.is_some() {
        return Ok(Proof::Terminal);
    }
    let question = format!("\nTo approve exactly this, type its short digest ({short}): ");
    let typed = io::ask(&question, context.interrupt.as_ref())?;
    if digest.is_named_by(&typed) {
        return Ok(Proof::Terminal);
    }
    let typed = clean_text(&typed);
    Err(if typed.is_empty() {
        "nothing was typed; it stays blocked".to_owned()
    } else {
        format!("`{typed}` is not its digest; it stays blocked")
    })
}

/// What was typed as a code, hashed as the one that was sent. Where none was sent, whatever was
/// typed is as good.
fn typed_code(world: &World, job: &CompiledJob, typed: &str) -> Result<TypedCode, String> {
    let code = Code::typed(typed).ok_or_else(|| {
        "that is no code: it has eight letters and digits, as in ABCD-EFGH".to_owned()
    })?;
    let request = world.snapshot.requests.get(&job.job().id);
    let sent = request.and_then(|request| request.code.as_ref());
    let Some(sent) = sent else { return Ok(TypedCode::default()) };
    let hash = code.hash(&sent.salt, &sent.digest);
    let hash = hash.ok_or_else(|| "the code can't be hashed: no memory".to_owned())?;
    Ok(TypedCode { salt: sent.salt.clone(), hash })
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
    refuse_unsafe(context, &config)?;
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
    let evidence = somebody(context, options.by.as_deref())?;
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
