//! A store's beginning: it is bound to its config, and the state of ops-monitor v1 is taken over.
//!
//! In: the bytes of v1's state file. Out: events and notes that stand for the same: what was last
//! seen and told, last starts and runs, pending queue items (those of writes become requests).
//! Invariant: nothing of v1's file is trusted to be whole: what is missing or odd is left out, and
//! nothing is started by an import.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::ledger::Ledger;
use super::news::clean_text;
use super::{Decision, Facts, declare_jobs, queue, request};
use crate::base::{JobId, Stamp};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{Cause, CauseKind, EventKind, Notes, Origin, ReplayFault, Seen, Told, World};
use crate::machine::{State, WatchState};
use crate::model::{End, Kind, Work};

/// The state file of ops-monitor v1, as far as it is taken over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct V1State {
    #[serde(deserialize_with = "lenient")]
    version: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    last_config_error_at: Option<f64>,
    jobs: BTreeMap<String, Lenient<V1Job>>,
    queue: Vec<Lenient<V1Item>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct V1Job {
    #[serde(deserialize_with = "lenient")]
    last_seen: Option<V1Seen>,
    #[serde(deserialize_with = "lenient")]
    last_progress_key: Option<String>,
    #[serde(deserialize_with = "lenient")]
    last_progress_at: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    last_report_at: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    reported_completed: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    last_anomaly_key: Option<String>,
    #[serde(deserialize_with = "lenient")]
    last_anomaly_report_at: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    last_auto_resume_at: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    last_manual_start_at: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    last_stop_at: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    last_run_at: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    last_run: Option<V1Run>,
}

/// Without both of its truths it says nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct V1Seen {
    running: bool,
    completed: bool,
    #[serde(default, deserialize_with = "lenient")]
    progress_key: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    stop_reason: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct V1Run {
    exit_code: i32,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct V1Item {
    #[serde(deserialize_with = "lenient")]
    id: String,
    #[serde(deserialize_with = "lenient")]
    job_id: String,
    #[serde(deserialize_with = "lenient")]
    not_before: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    reason: Option<String>,
    #[serde(deserialize_with = "lenient")]
    status: String,
}

/// A value that counts as its default where it is not what it should be.
#[derive(Clone, Debug, Default)]
struct Lenient<T>(T);

impl<'de, T: DeserializeOwned + Default> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient(deserializer).map(Self)
    }
}

fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).unwrap_or_default())
}

impl V1State {
    /// Reads v1's state file.
    ///
    /// # Errors
    /// A sentence, where it is no JSON of this shape, or of another version.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        // Read as an object first: serde would take an array for a struct, too.
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let state =
            Self::deserialize(serde_json::Value::Object(object)).map_err(|e| e.to_string())?;
        match state.version {
            Some(1) | None => Ok(state),
            Some(other) => Err(format!("its version is {other}, and only 1 is known")),
        }
    }
}

/// Binds a store to its config, and takes over v1's state if there is one. Says how many jobs
/// that brought.
///
/// # Errors
/// [`ReplayFault`], as everywhere.
pub fn begin_store(
    compiled: &Compiled,
    world: World,
    import: Option<&(String, V1State)>,
    config: &str,
    facts: &Facts<'_>,
) -> Result<(Decision, usize), ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    let mut taken = 0;
    if let Some((path, state)) = import {
        for (id, Lenient(job)) in &state.jobs {
            if let Some(declared) = compiled.job(&JobId::new(id.trim())) {
                taken += usize::from(import_job(&mut ledger, declared, job)?);
            }
        }
        declare_jobs(&mut ledger)?;
        for Lenient(item) in state.queue.iter().filter(|item| item.0.status == "pending") {
            import_item(&mut ledger, item)?;
        }
        ledger.meta_mut().config_alert = state.last_config_error_at.and_then(stamp);
        ledger.record(None, EventKind::Imported { path: path.clone(), jobs: taken })?;
    }
    if ledger.world().snapshot.config_path.as_deref() != Some(config) {
        ledger.record(None, EventKind::ConfigAdopted { path: config.to_owned() })?;
    }
    Ok((ledger.into_decision(), taken))
}

/// A moment of v1's: Unix seconds, known by the wall clock alone. What is no time is none.
fn stamp(seconds: f64) -> Option<Stamp> {
    let sane = seconds.is_finite() && (0.0..1e11).contains(&seconds);
    sane.then(|| Stamp::wall_only(millis(seconds)))
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be a sane number of seconds")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

fn import_job(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    old: &V1Job,
) -> Result<bool, ReplayFault> {
    let id = &job.job().id;
    let last_start = latest(old.last_auto_resume_at, old.last_manual_start_at);
    let last_run = old
        .last_run
        .as_ref()
        .zip(old.last_run_at.and_then(stamp))
        .map(|(run, at)| (at, End::Exited { code: run.exit_code }));
    let (state, cause) = match (job.job().kind(), &old.last_seen) {
        (Kind::LongRunningRead, Some(seen)) => watch_state(seen, old),
        (Kind::OneShotRead, _) if last_run.is_some() => (job.machine().initial(), None),
        (Kind::LongRunningRead | Kind::OneShotRead | Kind::OneShotWrite, _) => return Ok(false),
    };
    let last_start = last_start.and_then(stamp);
    ledger.record(Some(id), EventKind::ImportedState { state, cause, last_start, last_run })?;
    if let Some(seen) = old.last_seen.as_ref().filter(|_| job.job().kind() == Kind::LongRunningRead)
    {
        ledger.set_notes(id, notes_of(state, seen, old));
    }
    Ok(true)
}

fn latest(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    [a, b].into_iter().flatten().reduce(f64::max)
}

/// The state that v1 last saw. A stop later than every start was a person's: v1's `stop` did not
/// look again, so "running" then counts only if the job has moved since.
fn watch_state(seen: &V1Seen, old: &V1Job) -> (State, Option<Cause>) {
    let start = latest(old.last_auto_resume_at, old.last_manual_start_at);
    let after = |stop: f64, at: Option<f64>| at.is_none_or(|at| stop > at);
    let by_person = old.last_stop_at.is_some_and(|stop| {
        after(stop, start) && (!seen.running || after(stop, old.last_progress_at))
    });
    if seen.completed {
        (State::Watch(WatchState::Completed), None)
    } else if by_person {
        (State::Watch(WatchState::Paused), Some(Cause::plain(CauseKind::ByPerson)))
    } else if seen.running {
        (State::Watch(WatchState::Running), None)
    } else {
        let detail = seen.stop_reason.as_deref().map(clean_text).filter(|r| !r.is_empty());
        (State::Watch(WatchState::Stalled), Some(Cause { kind: CauseKind::Stopped, detail }))
    }
}

fn notes_of(state: State, seen: &V1Seen, old: &V1Job) -> Notes {
    let told_at = old.last_report_at.and_then(stamp);
    let completion_owed = seen.completed && old.reported_completed != Some(true);
    let stalled = state == State::Watch(WatchState::Stalled);
    let anomaly = old.last_anomaly_key.as_ref().filter(|_| stalled).map(|_| "stopped".to_owned());
    let key = seen.progress_key.clone().or_else(|| old.last_progress_key.clone());
    Notes {
        seen: Some(Seen {
            running: seen.running,
            completed: seen.completed,
            progress_key: key.clone(),
            ..Seen::default()
        }),
        stopped_since_stop: !seen.running,
        told: Told {
            state: told_at.as_ref().filter(|_| !completion_owed).map(|_| state),
            at: told_at,
            progress_key: key,
            anomaly_at: anomaly.as_ref().and(old.last_anomaly_report_at).and_then(stamp),
            anomaly,
            ..Told::default()
        },
        ..Notes::default()
    }
}

/// A pending item goes on waiting; one of a write is a request.
fn import_item(ledger: &mut Ledger<'_>, item: &V1Item) -> Result<(), ReplayFault> {
    let target = JobId::new(item.job_id.trim());
    let Some(job) = ledger.compiled().job(&target) else { return Ok(()) };
    let origin = Origin::Import {
        id: clean_text(&item.id),
        reason: clean_text(item.reason.as_deref().unwrap_or_default()),
    };
    if matches!(job.job().work, Work::Write { .. }) {
        return request::request_write(ledger, job, &origin);
    }
    let due = item.not_before.and_then(stamp).map_or(0, |at| at.wall_ms);
    let wait = due.saturating_sub(ledger.now().at.wall_ms).max(0);
    queue::enqueue(ledger, &target, &origin, Duration::from_millis(wait.unsigned_abs()))
}
