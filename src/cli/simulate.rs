//! `opsfsm simulate`: what would be told, by this config, of what is supposed or recorded.
//!
//! In: the config, and a file of assumptions or the journal. Out: every message with its time, and
//! a summary. Nothing is started, sent or recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{Format, SimulateArgs};
use super::context::{BrokenConfig, Context, Failure};
use super::io;
use crate::adapters::config_files::{ConfigFileError, load_file};
use crate::adapters::sqlite::EventFilter;
use crate::base::time::span_text;
use crate::base::{Exit, JobId, limits};
use crate::compile::{Compiled, CompiledJob};
use crate::config::{Assumptions, Supposed, parse_assumptions, parse_moment, parse_span};
use crate::decide::clean_text;
use crate::journal::{Event, World};
use crate::model::{Job, Kind};
use crate::ports::{Clock as _, StoreError};
use crate::render::{self, Basis, Simulated};
use crate::sim::{AssumedCourse, Course, ReplayedCourse, Rounds, rehearse_rounds};

const DAY: Duration = Duration::from_hours(24);
/// How long is simulated where nothing says so.
const DAYS: u32 = 7;

/// The jobs of the whole config.
type Kinds = BTreeMap<JobId, Kind>;

/// What a simulation goes by.
struct Plan {
    basis: Basis,
    course: Box<dyn Course>,
    rounds: Rounds,
    notes: Vec<String>,
}

/// Prints what would be told.
pub(super) fn simulate(context: &Context, options: &SimulateArgs) -> Result<Exit, Failure> {
    let (mut compiled, kinds) = config_of(context, options)?;
    let mut plan = if options.history {
        replay(context, options, &mut compiled, &kinds)?
    } else {
        suppose(context, options, &compiled, &kinds)?
    };
    if compiled.len() < kinds.len() {
        let all = compiled.jobs().map(|job| job.job().id.as_str()).collect();
        plan.notes.push(format!("only: {}", listed(all)));
    }
    plan.notes.extend(left_out(&compiled));
    check_size(compiled.len(), plan.rounds.ticks)?;
    let text = rehearse(context, options, &compiled, plan)?;
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// The config, with only those jobs that are asked for, and the kinds of all its jobs. The store is
/// not looked at.
fn config_of(context: &Context, options: &SimulateArgs) -> Result<(Compiled, Kinds), Failure> {
    let path = context.config_path()?;
    let broken = |broken: &BrokenConfig| Failure::refused(Context::broken_text(path, broken));
    let mut config = context.load_config(path).map_err(|found| broken(&found))?;
    let hidden = context.hidden_writes(&config.compiled, &World::default());
    if !hidden.is_empty() {
        for finding in hidden {
            config.sink.push(finding);
        }
        let (sink, sources) = (config.sink, config.sources);
        return Err(broken(&BrokenConfig { sink, sources, unreadable: None }));
    }
    let all = config.compiled.jobs().map(CompiledJob::job);
    let kinds: Kinds = all.map(|job| (job.id.clone(), job.kind())).collect();
    if options.jobs.is_empty() {
        return Ok((config.compiled, kinds));
    }
    let chosen =
        options.jobs.iter().map(|id| Ok(context.job(&config.compiled, id)?.job().id.clone()));
    let chosen: BTreeSet<JobId> = chosen.collect::<Result<_, Failure>>()?;
    Ok((config.compiled.only(&chosen), kinds))
}

fn rehearse(
    context: &Context,
    options: &SimulateArgs,
    compiled: &Compiled,
    plan: Plan,
) -> Result<String, Failure> {
    let Plan { basis, mut course, rounds, notes } = plan;
    let style = context.style(compiled.report().language);
    let mut too_many = false;
    let done = {
        let _waiting = io::waiting(format!("simulating {} ticks", rounds.ticks));
        rehearse_rounds(compiled, &mut *course, &rounds, &style, &mut |messages| {
            too_many = messages > limits::SIMULATED_MESSAGES;
            !too_many && !context.is_interrupted()
        })
    };
    let done = done.map_err(|error| match error {
        StoreError::Interrupted if too_many => Failure::refused(format!(
            "more than {} messages: simulate fewer --days, or name the jobs that matter",
            limits::SIMULATED_MESSAGES
        )),
        StoreError::Interrupted
        | StoreError::Refused(_)
        | StoreError::Busy(_)
        | StoreError::Failed(_) => Failure::refused(error.to_string()),
    })?;
    let simulated = Simulated {
        basis,
        notes,
        from_ms: rounds.from_ms,
        until_ms: until_ms(rounds.from_ms, rounds.every, rounds.ticks),
        every: rounds.every,
        ticks: rounds.ticks,
        zone: rounds.zone,
        zone_name: context.clock.zone_name(),
        messages: done.messages,
        told: done.told,
        jobs: done.jobs,
    };
    Ok(match options.format {
        Format::Text => render::render_simulated(&simulated, !options.summary),
        Format::Json => render::render_simulated_json(&simulated),
    })
}

fn check_size(jobs: usize, ticks: u64) -> Result<(), Failure> {
    let steps = ticks.saturating_mul(u64::try_from(jobs.max(1)).unwrap_or(u64::MAX));
    if steps <= limits::SIMULATED_STEPS {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "{jobs} jobs × {ticks} ticks are too many: {} is the most. Give fewer --days, a longer \
         --every, or name the jobs that matter",
        limits::SIMULATED_STEPS
    )))
}

/// The course of what is supposed.
fn suppose(
    context: &Context,
    options: &SimulateArgs,
    compiled: &Compiled,
    kinds: &Kinds,
) -> Result<Plan, Failure> {
    let now_ms = context.clock.at().wall_ms;
    let from_ms = from_of(context, options)?.unwrap_or_else(|| now_ms - now_ms.rem_euclid(60_000));
    let span = DAY * options.days.unwrap_or(DAYS);
    let rounds = rounds_of(context, options, from_ms, span)?;
    let until_ms = until_ms(from_ms, rounds.every, rounds.ticks);
    let steadily = format!(
        "each watched job is started at the beginning, makes progress at every tick and completes \
         after {} of work; each check passes",
        span_text(limits::SIMULATED_WORK)
    );
    let (basis, assumptions, note) = match &options.assume {
        None => (Basis::Steady, Assumptions::default(), format!("assumed: {steadily}")),
        Some(path) => {
            let zone = &rounds.zone;
            let assumptions = read_assumptions(path, kinds, (from_ms, until_ms), zone)?;
            let shown = path.display();
            let note = format!("assumed: what {shown} says, and where it says nothing: {steadily}");
            (Basis::Assumed, assumptions, note)
        }
    };
    let course = Box::new(AssumedCourse::new(compiled, &assumptions, from_ms));
    Ok(Plan { basis, course, rounds, notes: vec![note] })
}

fn read_assumptions(
    path: &Path,
    jobs: &Kinds,
    (from_ms, until_ms): (i64, i64),
    zone: &TimeZone,
) -> Result<Assumptions, Failure> {
    let file = load_file(path).map_err(|e| match e {
        ConfigFileError::NotFound(path) => {
            Failure::refused(format!("there is no file {} to assume", path.display()))
        }
        ConfigFileError::NotRegular(_)
        | ConfigFileError::EmptyFolder(_)
        | ConfigFileError::TooManyFiles(_)
        | ConfigFileError::Unreadable { .. } => Failure::refused(e.to_string()),
    })?;
    let supposed = Supposed { jobs, from_ms, until_ms, zone };
    let (assumptions, sources, sink) = parse_assumptions(file, &supposed);
    if sink.is_empty() {
        return Ok(assumptions);
    }
    Err(Failure::refused(format!(
        "what {} assumes is not clear; nothing was simulated\n{}",
        path.display(),
        render::render_findings(&sink, &sources)
    )))
}

/// The course of what is recorded. Jobs that nothing is recorded of are left out.
fn replay(
    context: &Context,
    options: &SimulateArgs,
    compiled: &mut Compiled,
    kinds: &Kinds,
) -> Result<Plan, Failure> {
    let then = options.recorded_stall.as_deref().map(|text| span_of("--recorded-stall", text));
    let then = then.transpose()?;
    let (events, last_ms, pruned) = journal_of(context)?;
    // The making of the store says nothing of any job.
    let first = events.iter().find(|event| event.job.is_some());
    let (Some(first), Some(last)) = (first, events.last()) else {
        return Err(Failure::refused("nothing is recorded yet; there is nothing to replay"));
    };
    let end_ms = last_ms.max(last.at.wall_ms).saturating_add(1);
    let asked = options.days.map(|days| DAY * days);
    let from_ms = match (from_of(context, options)?, asked) {
        (Some(from_ms), _) => from_ms,
        (None, Some(span)) => first.at.wall_ms.max(end_ms.saturating_sub(millis(span))),
        (None, None) => first.at.wall_ms,
    };
    let whole = Duration::from_millis(u64::try_from(end_ms.saturating_sub(from_ms)).unwrap_or(0));
    if whole.is_zero() {
        return Err(Failure::refused("nothing is recorded of that time or after it"));
    }
    let mut rounds = rounds_of(context, options, from_ms, asked.map_or(whole, |s| s.min(whole)))?;
    // One more, so that what was recorded last is seen too.
    rounds.ticks += u64::from(asked.is_none_or(|span| span >= whole));
    let stall = |id: &JobId| {
        let today = compiled.job(id).map(|job| job.job().policy.stall);
        then.or(today).unwrap_or(limits::STALL)
    };
    let course = Box::new(ReplayedCourse::new(&events, from_ms, &stall));
    let unseen = course.unseen(compiled);
    *compiled = std::mem::take(compiled).without(&unseen);
    let mut notes = replay_notes(&events, then, kinds);
    if !unseen.is_empty() {
        let unseen = listed(unseen.iter().map(JobId::as_str).collect());
        notes.push(format!("never recorded as started or seen at work: {unseen}"));
    }
    if pruned > 0 {
        notes.push(format!("{pruned} older events were pruned, and are not replayed"));
    }
    Ok(Plan { basis: Basis::History, course, rounds, notes })
}

/// The store's events, the time of its last tick, and how many events were pruned.
fn journal_of(context: &Context) -> Result<(Vec<Event>, i64, u64), Failure> {
    let place = context.store_place()?;
    if !place.path.exists() {
        let path = place.path.display();
        return Err(Failure::refused(format!(
            "there is no store {path} yet, so there is nothing to replay; a first tick makes it"
        )));
    }
    let mut store = context.open_any_store()?;
    let last_ms = {
        let world = store.world()?;
        if context.is_foreign(world)? {
            let owner = world.snapshot.config_path.clone().unwrap_or_default();
            return Err(context.foreign_config(&owner, &context.canonical_config()?));
        }
        world.meta.last_tick.as_ref().map_or(i64::MIN, |at| at.wall_ms)
    };
    let events = store.last_events(&EventFilter::default(), limits::SIMULATED_EVENTS)?;
    let left_out = events.first().map_or(0, |(seq, _)| seq.saturating_sub(1));
    Ok((events.into_iter().map(|(_, event)| event).collect(), last_ms, left_out))
}

/// What a replay is, and what a journal does not keep.
fn replay_notes(events: &[Event], then: Option<Duration>, kinds: &Kinds) -> Vec<String> {
    let began = then.map_or_else(
        || "today's stallSeconds before it was recorded (if that was another then: --recorded-stall)".to_owned(),
        |span| format!("{} before it was recorded", span_text(span)),
    );
    let mut notes = vec![
        format!("replayed: {} recorded events, against today's config", events.len()),
        "the journal keeps how a job's state changed, not how it went in between: a job that ran is \
         taken to have moved, so a standstill that was no stall then is not seen"
            .to_owned(),
        format!("a stall is taken to have begun {began}"),
        "warnings, alerts and unreadable statuses are not in the journal, nor what a check printed; \
         writes are not replayed; a check that was run by hand is told as by `run --report`"
            .to_owned(),
    ];
    let named = events.iter().filter_map(|event| event.job.as_ref());
    let gone: BTreeSet<&str> =
        named.filter(|id| !kinds.contains_key(*id)).map(JobId::as_str).collect();
    if !gone.is_empty() {
        notes.push(format!("recorded, but not in today's config: {}", listed(gone)));
    }
    notes
}

/// What is not simulated of this config.
fn left_out(compiled: &Compiled) -> Vec<String> {
    let jobs = || compiled.jobs().map(CompiledJob::job);
    let mut notes = Vec::new();
    if jobs().any(|job: &Job| job.enabled && job.kind() == Kind::OneShotWrite) {
        notes.push("writes: what asks for one is shown; nobody approves it".to_owned());
    }
    let idle: BTreeSet<&str> = jobs().filter(|j| !j.enabled).map(|j| j.id.as_str()).collect();
    if !idle.is_empty() {
        notes.push(format!("left out: {}", listed(idle)));
    }
    notes
}

/// Names as a note shows them: not all of many.
fn listed(names: BTreeSet<&str>) -> String {
    const SHOWN: usize = 10;
    let more = names.len().saturating_sub(SHOWN);
    let mut text = names.into_iter().take(SHOWN).map(clean_text).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn rounds_of(
    context: &Context,
    options: &SimulateArgs,
    from_ms: i64,
    span: Duration,
) -> Result<Rounds, Failure> {
    let every = span_of("--every", &options.every)?;
    if every < Duration::from_millis(1) {
        return Err(Failure::refused("`--every` must be a millisecond or more, as in 1m"));
    }
    if from_ms < limits::CLOCK_FLOOR_MS || span > limits::SIMULATED_SPAN {
        return Err(Failure::refused(
            "a simulation begins in 2020 or later, and takes ten years at most",
        ));
    }
    let ticks = span.as_millis().div_ceil(every.as_millis());
    let (zone, zone_fault) = context.clock.zone();
    let ticks = u64::try_from(ticks).unwrap_or(u64::MAX);
    Ok(Rounds { from_ms, ticks, every, zone, zone_fault })
}

fn until_ms(from_ms: i64, every: Duration, ticks: u64) -> i64 {
    let ticks = i64::try_from(ticks).unwrap_or(i64::MAX);
    from_ms.saturating_add(millis(every).saturating_mul(ticks))
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn from_of(context: &Context, options: &SimulateArgs) -> Result<Option<i64>, Failure> {
    let Some(text) = &options.from else { return Ok(None) };
    let moment = parse_moment(text, &context.clock.zone().0);
    let known = moment.filter(|ms| Timestamp::from_millisecond(*ms).is_ok());
    known.map(Some).ok_or_else(|| {
        Failure::refused(format!(
            "`--from {}` is no time: give one as in 2026-11-21, 2026-11-21T22:00 or \
             2026-11-21T22:00:00Z",
            clean_text(text)
        ))
    })
}

fn span_of(flag: &str, text: &str) -> Result<Duration, Failure> {
    parse_span(text).filter(|span| !span.is_zero()).ok_or_else(|| {
        Failure::refused(format!(
            "`{flag} {}` is no span: give one as in 1m or 2h",
            clean_text(text)
        ))
    })
}
