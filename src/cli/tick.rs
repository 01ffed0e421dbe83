//! `opsfsm tick`: one cycle.

use std::fs;
use std::mem::ManuallyDrop;
use std::time::Duration;

use super::args::{Format, TickArgs};
use super::context::{BrokenConfig, Context, Failure, LoadedConfig};
use super::io::{self, StdoutNotifier};
use super::places;
use super::routes;
use crate::adapters::executors::OsLauncher;
use crate::adapters::sqlite::SqliteStore;
use crate::adapters::status::OsStatusRunner;
use crate::adapters::tick_lock::{self, Holder, TickLock};
use crate::adapters::webhook::send_sign_of_life;
use crate::base::{Exit, Now, ReportId, limits};
use crate::decide::delivery::arrived;
use crate::decide::{Detail, TickOutcome};
use crate::journal::{Change, Head, Parcel, Report, World};
use crate::model::ReportSettings;
use crate::ports::{Commit, Decide, Notifier, Parcels, Store, StoreError};
use crate::render::{self, Style};
use crate::tick::{Ports, Round, deliver_pending, dry_run, hung_after, run_tick};

/// What a chat gateway that posts a command's output takes for nothing to post.
const NO_REPLY: &str = "NO_REPLY\n";

/// Runs one tick.
pub(super) fn tick(context: &Context, options: &TickArgs) -> Result<Exit, Failure> {
    let ended = cycle(context, options);
    // Also after a failure, which the exit code and standard error tell.
    if options.no_reply && !io::has_written() {
        let silent = io::out(NO_REPLY);
        return ended.and_then(|exit| {
            silent.map_err(|message| Failure { exit: Exit::Undelivered, message })?;
            Ok(exit)
        });
    }
    ended
}

fn cycle(context: &Context, options: &TickArgs) -> Result<Exit, Failure> {
    let path = context.config_path()?;
    let is_large = fs::metadata(path).is_ok_and(|f| f.is_file() && f.len() >= limits::CONFIG_LARGE);
    let load = || context.load_config(path);
    let loaded = if is_large { context.beside_store(load) } else { load() };
    let loaded = loaded.and_then(|c| context.refuse_hidden_writes(c));
    let config = match loaded {
        // The process ends with the tick: ten thousand jobs are not given back one by one.
        Ok(config) => ManuallyDrop::new(config),
        Err(broken) => return tell_broken(context, &broken, options),
    };
    let style = context.style(config.compiled.report().language);
    if options.dry_run {
        return dry(context, options, &config, &style);
    }
    let mut store = context.open_store(&config.compiled)?;
    let now = context.now();
    let lock: TickLock = match tick_lock::take(store.path(), &now.at)? {
        Ok(lock) => lock,
        Err(holder) => return Ok(step_aside(&holder, &now, &config)),
    };
    let settings = config.compiled.report();
    places::warn_daily(context, &config, &mut store)?;
    // Somebody who only delivers keeps no tick from watching.
    let outbox = routes::lock_outbox(context, store.path(), Duration::ZERO)?;
    let mut notifier = match &outbox {
        Some(_) => routes::notifier_on_demand(context, settings, options.into()),
        None => routes::delivered_by_another(),
    };
    let detail = match options.format {
        Format::Text => Detail::Told,
        Format::Json => Detail::EveryJob,
    };
    let store_path = std::path::absolute(store.path()).unwrap_or_else(|_| store.path().to_owned());
    let outcome = with_ports(context, &mut store, store_path, &mut *notifier, &config, |ports| {
        run_tick(&config.compiled, ports, &style, detail)
    })?;
    let exit = finish(options, &outcome, &now, (&mut store, &mut *notifier))?;
    drop((outbox, lock));
    tell_that_it_lives(settings);
    Ok(exit)
}

/// A complete tick is told to whoever watches that opsfsm lives.
fn tell_that_it_lives(settings: &ReportSettings) {
    let told = settings.deadman.as_ref().map_or(Ok(()), send_sign_of_life);
    if let Err(why) = told {
        io::note(&why);
    }
}

/// Prints what is left to print and says how it went. Reports inside a JSON answer have arrived
/// once it is printed.
fn finish(
    options: &TickArgs,
    outcome: &TickOutcome,
    now: &Now,
    (store, notifier): (&mut dyn Store, &mut dyn Notifier),
) -> Result<Exit, Failure> {
    for note in outcome.launch_faults.iter().chain(&notifier.take_notes()) {
        io::note(note);
    }
    if options.format == Format::Json {
        let text = render::render_tick_json(outcome, now, options.dry_run);
        if let Err(why) = io::out(&text) {
            return Err(Failure { exit: Exit::Undelivered, message: why });
        }
        let handed_over = outcome.reports.iter().filter(|_| notifier.hands_over());
        for report in handed_over {
            store.save_parcel(&arrived(&Parcel::new(report.clone()), now.at.wall_ms))?;
        }
    }
    if let Some(why) = &outcome.undelivered {
        let message =
            format!("a report could not be delivered and is kept for the next tick: {why}");
        return Err(Failure { exit: Exit::Undelivered, message });
    }
    if outcome.given_up > 0 {
        let message = format!(
            "given up, and kept: {}; `opsfsm outbox` shows what, `opsfsm outbox retry` sends it \
             again, `opsfsm outbox drop` never does",
            render::counted(outcome.given_up, "report")
        );
        return Err(Failure { exit: Exit::Undelivered, message });
    }
    Ok(Exit::Done)
}

/// Another tick has the lock: no harm, unless it should have ended long ago.
fn step_aside(holder: &Holder, now: &Now, config: &LoadedConfig) -> Exit {
    let pid = holder.pid.map_or("another process".to_owned(), |pid| format!("pid {pid}"));
    let Some(since) = &holder.since else {
        io::note(&format!("another tick is at work ({pid}); this one steps aside"));
        return Exit::Done;
    };
    let age = now.at.delay_since(since);
    let limit = hung_after(config.compiled.tick_limit());
    if age <= limit {
        let seconds = age.as_secs();
        io::note(&format!(
            "another tick is at work ({pid}, for {seconds} s); this one steps aside"
        ));
        return Exit::Done;
    }
    io::error(&format!(
        "a tick has been at work for {} s, past its limit of {} s ({pid}); nothing is watched until \
         it ends: look at it, or end it with `kill {}`",
        age.as_secs(),
        limit.as_secs(),
        holder.pid.map_or("PID".to_owned(), |pid| pid.to_string())
    ));
    Exit::Busy
}

fn with_ports<T>(
    context: &Context,
    store: &mut dyn Store,
    store_path: std::path::PathBuf,
    notifier: &mut dyn Notifier,
    config: &LoadedConfig,
    work: impl FnOnce(&mut Ports<'_>) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    let program = context.program()?;
    let cancel = context.interrupt.as_ref();
    let jobs = config.compiled.len();
    let _waiting = io::waiting(format!("waiting for the commands of {jobs} jobs"));
    let mut status = OsStatusRunner { clock: &context.clock, cancel };
    let mut launcher = OsLauncher { program, store: store_path, cancel };
    let mut ports = Ports {
        clock: &context.clock,
        entropy: &context.entropy,
        processes: &context.processes,
        status: &mut status,
        launcher: &mut launcher,
        notifier,
        store,
    };
    Ok(work(&mut ports)?)
}

/// Observes and decides as a tick would, on a copy of what is recorded.
fn dry(
    context: &Context,
    options: &TickArgs,
    config: &LoadedConfig,
    style: &Style,
) -> Result<Exit, Failure> {
    let world = context.read_world(&config.compiled)?;
    let as_of = options.now.map(|time| as_of(context, time));
    let now = as_of.clone().unwrap_or_else(|| context.now());
    let mut notifier = StdoutNotifier { silent: true, printed: false };
    let mut nothing = NoStore;
    let outcome = with_ports(
        context,
        &mut nothing,
        std::path::PathBuf::new(),
        &mut notifier,
        config,
        |ports| dry_run(&config.compiled, ports, style, as_of.as_ref(), world),
    )?;
    if options.format == Format::Text {
        let text = dry_text(&outcome);
        io::out(&text).map_err(|message| Failure { exit: Exit::Undelivered, message })?;
    }
    finish(options, &outcome, &now, (&mut nothing, &mut notifier))
}

fn dry_text(outcome: &TickOutcome) -> String {
    let mut text = String::from("dry run: nothing was recorded, started or sent\n");
    for report in &outcome.reports {
        text.push_str(&format!("\n{}\n", report.text));
    }
    text.push('\n');
    for (id, view) in &outcome.jobs {
        for started in &view.started {
            text.push_str(&format!("would start: {id} ({})\n", started.purpose.as_str()));
        }
    }
    if outcome.reports.is_empty() {
        text.push_str("would report: nothing\n");
    }
    text
}

/// The present moved to another time: all clocks by the same span.
fn as_of(context: &Context, time: jiff::Timestamp) -> Now {
    let mut now = context.now();
    let shift = time.as_millisecond().saturating_sub(now.at.wall_ms);
    now.at.wall_ms = time.as_millisecond();
    now.at.awake_ms = now.at.awake_ms.saturating_add(shift);
    now.at.up_ms = now.at.up_ms.saturating_add(shift);
    now.local = context.clock.local_at(now.at.wall_ms);
    now
}

/// A dry run has nothing to record to.
struct NoStore;

impl Store for NoStore {
    fn read(&mut self) -> Result<World, StoreError> {
        Ok(World::default())
    }

    fn transact(&mut self, _: &mut Decide<'_>) -> Result<Head, StoreError> {
        Err(StoreError::Failed("a dry run records nothing".to_owned()))
    }

    fn parcels(&mut self, _: Parcels) -> Result<Vec<Parcel>, StoreError> {
        Ok(Vec::new())
    }

    fn save_parcel(&mut self, _: &Parcel) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A broken config runs nothing and says so at most once an hour: in between the tick is silent,
/// unless somebody sits at a terminal.
fn tell_broken(
    context: &Context,
    broken: &BrokenConfig,
    options: &TickArgs,
) -> Result<Exit, Failure> {
    let path = context.config_path()?;
    let full = Failure::refused(Context::broken_text(path, broken));
    // A mistyped path is no reason to make a store.
    let mistyped = broken.unreadable.is_some() && !context.store_place()?.path.exists();
    if options.dry_run || mistyped {
        return Err(full);
    }
    let now = context.now();
    let seed = context.seed()?;
    let mut store = context.open_any_store()?;
    let world = store.read()?;
    if context.is_foreign(&world)? {
        // The alert would be another config's.
        return Err(full);
    }
    // It goes the way that the last good config named, in its language.
    let settings = world.meta.report.unwrap_or_default();
    let style = context.style(settings.language);
    let mut due = false;
    store.transact(&mut |mut world| {
        let last = world.meta.config_alert.as_ref();
        due = last.is_none_or(|at| now.at.delay_since(at) >= limits::ALERT_EVERY);
        let alert = due.then(|| alert_of(broken, &now, seed, &style));
        if due {
            world.meta.config_alert = Some(now.at.clone());
        }
        let change = Change { world, ..Change::default() };
        Ok(Commit { change, reports: alert.unwrap_or_default() })
    })?;
    deliver_alert(context, options, &settings, &mut store)?;
    if due || io::stderr_is_terminal() {
        return Err(full);
    }
    Ok(Exit::Refused)
}

/// Delivers what waits while the config is broken, unless another process is about it.
fn deliver_alert(
    context: &Context,
    options: &TickArgs,
    settings: &ReportSettings,
    store: &mut SqliteStore,
) -> Result<(), Failure> {
    let mut outcome = TickOutcome::default();
    let mut notifier = routes::notifier_of(context, settings, options.into());
    let lock = routes::lock_outbox(context, store.path(), Duration::ZERO)?;
    if lock.is_some() {
        let time = Round::default();
        outcome.take_round(deliver_pending(store, &mut *notifier, &context.clock, time)?);
    }
    // The broken config is the worse news: its exit code stands, whatever became of the alert.
    let told = finish(options, &outcome, &context.now(), (store, &mut *notifier));
    if let Err(undelivered) = told {
        io::error(&undelivered.message);
    }
    Ok(())
}

fn alert_of(broken: &BrokenConfig, now: &Now, seed: [u8; 32], style: &Style) -> Vec<Report> {
    let BrokenConfig { sink, sources, unreadable } = broken;
    let mut bits = [0; 8];
    bits.copy_from_slice(&seed[..8]);
    let id = ReportId::from_bits(bits);
    render::render_config_alert(unreadable.as_deref(), (sink, sources), now, style, &id)
}
