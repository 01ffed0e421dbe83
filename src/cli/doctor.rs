//! `opsfsm doctor`: is everything there that opsfsm needs on this host, and does it work together?
//!
//! In: what other commands find out as well. Out: a line for each thing, with the way to mend it; exit
//! 1 if one has failed.
//! Invariant: nothing is recorded or sent (a store of an older version is migrated when it is opened, as
//! by every command), nothing is started but the questions to cron and systemd, each with a time
//! limit, and one thing that fails keeps no other from being looked at.

use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use super::args::{CheckArgs, DoctorArgs, Format};
use super::checked::Checked;
use super::context::{Context, Failure, LoadedConfig};
use super::doctor_host::{host_checks, install_call, timer_checks};
use super::doctor_system::split_user_check;
use super::explain::looked;
use super::history::proved;
use super::io;
use super::places;
use super::routes::{Ways, look_for_ways};
use crate::adapters::exposure::Exposures;
use crate::base::time::span_text;
use crate::base::{Exit, limits};
use crate::decide::tick_period;
use crate::journal::{Parcel, ParcelState, World};
use crate::lint::Levels;
use crate::model::{Kind, ReportSettings, Route};
use crate::ports::{Parcels, Store as _};
use crate::render::{self, Checkup, Health, Looked, shell_quote};

/// Looks at everything.
pub(super) fn doctor(context: &Context, options: &DoctorArgs) -> Result<Exit, Failure> {
    let mut checks = vec![program(context), config(context)];
    let config = context.config_path().ok().and_then(|path| context.load_config(path).ok());
    let (store, kept) = store(context);
    checks.push(store);
    checks.extend(config.as_ref().map(|config| exposure(context, config)));
    let settings = config.as_ref().map(|config| config.compiled.report());
    let last = kept.as_ref().and_then(|(world, _)| world.meta.report.as_ref());
    checks.extend(reports(context, settings.or(last).unwrap_or(&ReportSettings::default())));
    let (timers, is_called) = timer_checks(context);
    if let Some((world, parcels)) = &kept {
        checks.push(outbox(context, parcels));
        checks.push(tick(context, world, is_called));
    }
    checks.extend(timers);
    checks.extend(host_checks(context));
    checks.extend(split_user_check(context));
    checks.extend(config.as_ref().map(|config| approvals(context, config)));
    let text = match options.format {
        Format::Text => render::render_doctor(&checks),
        Format::Json => render::render_doctor_json(&checks, context.now().at.wall_ms),
    };
    io::answer(&text)?;
    let failed = checks.iter().any(|check| check.health == Health::Fail);
    Ok(if failed { Exit::JobFailed } else { Exit::Done })
}

fn program(context: &Context) -> Checkup {
    let version = env!("CARGO_PKG_VERSION");
    let path = match context.program() {
        Ok(path) => path,
        Err(why) => return Checkup::fail("program", why.message, "install opsfsm anew"),
    };
    let shown = format!("opsfsm {version} at {}", path.display());
    if !path.exists() {
        let mend = "it was replaced meanwhile: call it again";
        return Checkup::warn("program", format!("{shown}, which is gone"), mend);
    }
    match Exposures::default().of(&path) {
        None => Checkup::ok("program", shown),
        Some(found) => Checkup::warn(
            "program",
            format!("{shown}; others may change it: {}: {}", found.path, found.how),
            format!("chmod go-w {}, or chown it", shell_quote(&found.path)),
        ),
    }
}

fn config(context: &Context) -> Checkup {
    let path = match context.config_path() {
        Ok(path) => path,
        Err(why) => {
            return Checkup::fail("config", why.message, format!("{} init", context.called));
        }
    };
    let checked = Checked::of(context, path.to_owned(), &CheckArgs::default(), &Levels::new(false));
    let shown = path.display();
    let mend = format!("{} check", context.invocation);
    if let Some(why) = checked.unreadable() {
        return Checkup::fail("config", why, format!("{} init", context.called));
    }
    match checked.count() {
        (0, 0) => Checkup::ok("config", format!("{shown}: {}", checked.sizes())),
        (0, warnings) => {
            let text = format!("{shown}: {}; warnings: {warnings}", checked.sizes());
            Checkup::warn("config", text, mend)
        }
        (errors, _) => {
            let text = format!("{shown} can't be run; errors: {errors}");
            Checkup::fail("config", text, mend)
        }
    }
}

/// The store, and what it holds if that can be read.
fn store(context: &Context) -> (Checkup, Option<(World, Vec<Parcel>)>) {
    let failed = |why: Failure, mend: &str| (Checkup::fail("store", why.message, mend), None);
    let place = match context.store_place() {
        Ok(place) => place,
        Err(why) => return failed(why, "set HOME, or name it with --state-file"),
    };
    let shown = place.path.display();
    match fs::symlink_metadata(&place.path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let text = format!("none yet; the first tick makes {shown}");
            return (Checkup::ok("store", text), None);
        }
        Ok(_) | Err(_) => {}
    }
    let looked = context.open_any_store().and_then(|mut store| {
        let head = proved(&mut store, limits::VERIFY_TRIES)?;
        let parcels = store.parcels(Parcels::Unsettled)?;
        Ok((store.view()?, parcels, head))
    });
    let call = &context.invocation;
    let (world, parcels, head) = match looked {
        Ok(all) => all,
        Err(Failure { exit: Exit::Busy, message }) => {
            return (Checkup::warn("store", message, "ask again in a minute"), None);
        }
        Err(why) => {
            return failed(
                why,
                &format!(
                    "as that says; if nothing else helps, {call} restore FILE, out of a backup"
                ),
            );
        }
    };
    let check = match context.is_foreign(&world) {
        Ok(true) => {
            let owner = world.snapshot.config_path.clone().unwrap_or_default();
            let text = format!("{shown} belongs to another config, {owner}: nothing is run");
            Checkup::fail("store", text, format!("{call} adopt, or another --state-file"))
        }
        Ok(false) | Err(_) => {
            Checkup::ok("store", format!("{shown}: its journal is whole, {} events", head.seq))
        }
    };
    (check, Some((world, parcels)))
}

/// Who else may change what opsfsm goes by.
fn exposure(context: &Context, config: &LoadedConfig) -> Checkup {
    let Some(found) = places::fault(context, config) else {
        let text = "nobody else may change config or store, nor the folders above them";
        return Checkup::ok("exposure", text);
    };
    let text = format!("{}; no write starts from there", found.what());
    let mend = "as that says; until then jobs are watched, and nothing else";
    let check = if has_writes(config) { Checkup::fail } else { Checkup::warn };
    check("exposure", text, mend)
}

fn has_writes(config: &LoadedConfig) -> bool {
    config.compiled.jobs().any(|job| job.job().enabled && job.job().kind() == Kind::OneShotWrite)
}

fn reports(context: &Context, settings: &ReportSettings) -> Vec<Checkup> {
    let Ways { found, choice } = look_for_ways(settings, None);
    let mend = format!("{} config explain: what is looked for, and where", context.invocation);
    let mend = mend.as_str();
    let way = match (&choice.missing, choice.route) {
        (Some(missing), _) => Checkup::fail("reports", format!("they wait: {missing}"), mend),
        (None, Route::Stdout) => Checkup::warn(
            "reports",
            format!(
                "go to standard output ({}): of a timer's ticks into its log or mail",
                choice.why
            ),
            "set report.telegram or report.webhook, if they are to reach a person",
        ),
        (None, route) => {
            Checkup::ok("reports", format!("go by {} ({})", route.as_str(), choice.why))
        }
    };
    let thing = |id, thing: Looked| match thing {
        Looked::Found { value, source } if source.is_empty() => Checkup::ok(id, value),
        Looked::Found { value, source } => Checkup::ok(id, format!("{value} ({source})")),
        Looked::Nowhere => Checkup::ok(id, "none"),
        Looked::Unusable { why } => Checkup::fail(id, why, mend),
    };
    let token = looked(&found.token, |token| (token.token.to_string(), token.source.clone()));
    let chat = looked(&found.chat, |chat| (chat.value.to_string(), chat.source.clone()));
    let program = found.program.map(|path| path.display().to_string());
    let file = looked(&found.config, |path| (path.display().to_string(), String::new()));
    let openclaw = match (file, program) {
        (Looked::Nowhere, Some(program)) => Checkup::ok("openclaw", program),
        (Looked::Found { value, .. }, Some(program)) => {
            Checkup::ok("openclaw", format!("{program}, with {value}"))
        }
        (file, _) => thing("openclaw", file),
    };
    vec![way, thing("token", token), thing("chat", chat), openclaw]
}

fn outbox(context: &Context, parcels: &[Parcel]) -> Checkup {
    let dead = parcels.iter().filter(|p| matches!(p.state, ParcelState::Dead { .. })).count();
    let waiting = parcels.len() - dead;
    let call = &context.invocation;
    match (waiting, dead) {
        (0, 0) => Checkup::ok("outbox", "no report waits, and none was given up"),
        (_, 0) => Checkup::warn(
            "outbox",
            format!("reports that wait for the next tick: {waiting}"),
            format!("{call} outbox says why"),
        ),
        (_, _) => Checkup::fail(
            "outbox",
            format!("reports that were given up: {dead}; that wait: {waiting}"),
            format!("{call} outbox says why; then outbox retry, or outbox drop"),
        ),
    }
}

fn tick(context: &Context, world: &World, is_called: bool) -> Checkup {
    let age = world.meta.last_tick.as_ref().map(|last| context.now().at.age_of(last));
    judge_tick(age, tick_period(world), is_called, install_call(context))
}

/// Do ticks come? `is_called`: there is something that should call them.
fn judge_tick(
    age: Option<Duration>,
    usual: Option<Duration>,
    is_called: bool,
    install: String,
) -> Checkup {
    let Some(age) = age else {
        return Checkup::warn("tick", "there was none yet", install);
    };
    let period = usual.unwrap_or_default().max(limits::GAP_PERIOD_MIN);
    let ago = format!("the last one was {} ago", span_text(age));
    if age <= period * limits::GAP_PERIODS {
        let every = usual.map(|usual| format!("; one comes every {}", span_text(usual)));
        return Checkup::ok("tick", ago + &every.unwrap_or_default());
    }
    let text = format!("{ago}: nothing is watched");
    if is_called {
        let mend = "the timer does not call it: is the cron daemon running? what does systemctl [--user] \
                    status opsfsm-tick.timer say?";
        return Checkup::fail("tick", text, mend);
    }
    Checkup::warn("tick", text, install)
}

/// What an approval is worth here.
fn approvals(context: &Context, config: &LoadedConfig) -> Checkup {
    let by_hand = |job: &&crate::compile::CompiledJob| {
        let job = job.job();
        job.enabled && job.kind() == Kind::OneShotWrite && !job.approval.takes_codes_only()
    };
    if !has_writes(config) {
        return Checkup::ok("approvals", "no write is enabled, so none is needed");
    }
    if context.is_systems() {
        let text = "split-user: whoever may approve does so through sudo, as themselves";
        return Checkup::ok("approvals", text);
    }
    let open: Vec<&str> =
        config.compiled.jobs().filter(by_hand).map(|job| job.job().id.as_str()).collect();
    if open.is_empty() {
        return Checkup::ok("approvals", "every enabled write takes one-time codes only");
    }
    Checkup::warn(
        "approvals",
        format!(
            "{} may be approved by the account that runs the jobs: advice to an honest agent, no wall",
            open.join(", ")
        ),
        "install --system, which gives the agent another account than the jobs; or approval.level = \"confirmed\", which asks your own chat",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_that_stays_away_is_told_and_fails_where_something_should_call_it() {
        let judge = |age: Option<u64>, usual: Option<u64>, is_called| {
            let span = |seconds: Option<u64>| seconds.map(Duration::from_secs);
            judge_tick(span(age), span(usual), is_called, String::new()).health
        };
        assert_eq!(judge(None, None, true), Health::Warn);
        assert_eq!(judge(Some(180), None, true), Health::Ok);
        assert_eq!(judge(Some(181), None, true), Health::Fail);
        assert_eq!(judge(Some(181), None, false), Health::Warn);
        assert_eq!(judge(Some(900), Some(300), true), Health::Ok);
        assert_eq!(judge(Some(901), Some(300), true), Health::Fail);
    }
}
