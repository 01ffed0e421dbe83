//! When a job is told, and what.
//!
//! In: records and notes after everything else was decided. Out: sections and verdicts; what was
//! told is noted, so that the next tick repeats nothing.
//! Invariant: nothing here changes a state or starts anything.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::digest::{hold, hold_watch, is_quiet};
use super::ledger::Ledger;
use super::news::{Anomaly, AnomalyKind, Section, Why};
use super::section::{run_news, section_of};
use crate::base::id::hex;
use crate::base::{JobId, limits};
use crate::compile::CompiledJob;
use crate::journal::{CauseKind, Held, HeldNews, JobRecord, Notes, Origin};
use crate::machine::{CheckState, Machine, State, WatchState, WriteState};
use crate::model::{Observation, Outcome, RunSpec};

/// Digits of a wording's fingerprint.
const WORDING_DIGITS: usize = 12;

/// Tells every watched job that was observed, or that something happened to.
pub(super) fn tell_watched_jobs(ledger: &mut Ledger<'_>, observations: &[Observation]) {
    let compiled = ledger.compiled();
    let mut observed = observations.iter().map(|o| &o.job).peekable();
    for job in compiled.jobs() {
        let id = &job.job().id;
        // Both are sorted by id.
        while observed.next_if(|next| *next < id).is_some() {}
        let seen = observed.next_if_eq(&id).is_some() || ledger.touched(id);
        if !job.job().enabled {
            ledger.set_verdict(id, false, Why::NotWatched);
        } else if job.machine() == Machine::Watch && seen {
            tell_watch(ledger, job);
        } else {
            ledger.set_verdict(id, false, Why::NothingNew);
        }
    }
}

/// Tells the watched jobs that the effects of a tick brought news of.
pub(super) fn tell_settled_watches(ledger: &mut Ledger<'_>) {
    let compiled = ledger.compiled();
    for job in compiled.jobs() {
        if job.machine() == Machine::Watch && ledger.touched(&job.job().id) {
            tell_watch(ledger, job);
        }
    }
}

/// Tells one watched job, if it is time to.
fn tell_watch(ledger: &mut Ledger<'_>, job: &CompiledJob) {
    let id = &job.job().id;
    let Some(record) = ledger.job_record(id) else { return };
    let state = record.state;
    // Most jobs are not told, and their notes stay as they are.
    let mut notes = Cow::Borrowed(ledger.notes(id));
    let anomalies = anomalies_of(record, &notes, job, ledger);
    let names: BTreeSet<String> = anomalies.iter().map(|a| name_of(a, &notes)).collect();
    // A status that can't be read, as yet no anomaly itself, is no news of anything else either.
    let well = names.is_empty() && notes.broken.is_none();
    let recovered_now = well && notes.told.anomaly.is_some();
    if recovered_now {
        let told = &mut notes.to_mut().told;
        (told.anomaly, told.anomaly_at, told.recovery_owed) = (None, None, true);
    }
    let quiet = is_quiet(ledger, job);
    let why = why_told(ledger, job, record, &notes, (&names, quiet));
    // What has passed beside another is forgotten: it is news when it comes again.
    if let Some(told) = &notes.told.anomaly {
        let left = join(told.split(',').filter(|name| names.contains(*name)));
        notes.to_mut().told.anomaly = Some(left);
    }
    let reported =
        !matches!(why, Why::NothingNew | Why::QuietHours | Why::NotDue | Why::NotWatched);
    if !reported {
        if quiet {
            let held = (recovered_now, why == Why::QuietHours);
            hold_watch(notes.to_mut(), state, held, ledger.now());
        }
        if let Cow::Owned(notes) = notes {
            ledger.set_notes(id, notes);
        }
        ledger.set_verdict(id, false, why);
        return;
    }
    let mut notes = notes.into_owned();
    let recovered = notes.told.recovery_owed && names.is_empty();
    let now = ledger.now().at.clone();
    notes.told.state = Some(state);
    notes.told.at = Some(now.clone());
    notes.told.progress_key = notes.seen.as_ref().and_then(|s| s.progress_key.clone());
    notes.told.recovery_owed = false;
    notes.held.state = None;
    let held = if quiet { Held::default() } else { std::mem::take(&mut notes.held) };
    if !names.is_empty() {
        notes.told.anomaly = Some(join(names.iter().map(String::as_str)));
        notes.told.anomaly_at = Some(now);
    }
    ledger.set_notes(id, notes);
    let started = ledger.started(id).to_vec();
    if let Some(section) = section_of(ledger, job, why) {
        ledger.tell_section(Section { anomalies, recovered, held, started, ..section });
    }
}

/// People know of this state by now, whatever they were told besides: the next one is news.
pub(super) fn note_state_told(ledger: &mut Ledger<'_>, id: &JobId, state: State) {
    let mut notes = ledger.notes(id).clone();
    notes.told.state = Some(state);
    ledger.set_notes(id, notes);
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(",")
}

/// What tells an anomaly from another. A status that can't be read for a new reason is a new one;
/// so is an alert, or a stop, that says something else: "disk 95 %" may become "data lost".
fn name_of(anomaly: &Anomaly, notes: &Notes) -> String {
    let name = anomaly.kind.as_str();
    let more = if anomaly.kind == AnomalyKind::StatusBroken {
        notes.broken.as_ref().map(|broken| broken.cause.clone())
    } else if matches!(anomaly.kind, AnomalyKind::Alert | AnomalyKind::Stopped) {
        anomaly.detail.as_deref().and_then(wording)
    } else {
        None
    };
    more.map_or_else(|| name.to_owned(), |more| format!("{name}:{more}"))
}

/// The fingerprint of a text's words. Numbers are left out with the signs about them: "95 %" that
/// becomes "96.5 %" says nothing else.
fn wording(text: &str) -> Option<String> {
    let passing = |c: char| c.is_numeric() || c.is_ascii_punctuation() || c.is_whitespace();
    let words: Vec<&str> = text.split(passing).filter(|word| !word.is_empty()).collect();
    let hash = || hex(&Sha256::digest(words.join(" ")))[..WORDING_DIGITS].to_owned();
    (!words.is_empty()).then(hash)
}

/// What is wrong with a watched job now.
fn anomalies_of(
    record: &JobRecord,
    notes: &Notes,
    job: &CompiledJob,
    ledger: &Ledger<'_>,
) -> Vec<Anomaly> {
    let mut found = Vec::new();
    let mut add = |kind, detail: Option<String>| found.push(Anomaly { kind, detail });
    let broken = notes.broken.as_ref().filter(|b| b.times >= job.job().policy.alert_after);
    if let Some(broken) = broken {
        add(AnomalyKind::StatusBroken, Some(format!("{}: {}", broken.cause, broken.detail)));
    }
    // Until then, what was seen last stands.
    let seen = notes.seen.as_ref().filter(|_| broken.is_none());
    if let Some(seen) = seen.filter(|s| s.alert) {
        add(AnomalyKind::Alert, seen.message.clone());
    }
    let detail = record.cause.as_ref().and_then(|c| c.detail.clone());
    match record.state {
        State::Watch(WatchState::Stalled) => {
            let kind = match record.cause.as_ref().map(|c| c.kind) {
                Some(CauseKind::NoProgress) => AnomalyKind::NoProgress,
                Some(CauseKind::ResumeFailed) => AnomalyKind::ResumeFailed,
                Some(
                    CauseKind::Stopped
                    | CauseKind::GaveUp
                    | CauseKind::ByPerson
                    | CauseKind::RunFailed
                    | CauseKind::Lost
                    | CauseKind::Unproved
                    | CauseKind::ApprovalVoid
                    | CauseKind::VerificationFailed
                    | CauseKind::NotVerifiedInTime,
                )
                | None => AnomalyKind::Stopped,
            };
            // The cause is why it stopped at first; what it says of that may change.
            let says = notes.seen.as_ref().and_then(|s| s.stop_reason.clone());
            let says = says.filter(|_| kind == AnomalyKind::Stopped);
            add(kind, says.or(detail));
        }
        State::Watch(WatchState::Failed) => add(AnomalyKind::GaveUp, detail),
        State::Watch(WatchState::Paused) => {
            let running = seen.is_some_and(|s| s.running && !s.completed);
            let long = ledger.now().at.delay_since(&record.since) >= limits::STOPPING;
            if running && long && !notes.stopped_since_stop {
                add(AnomalyKind::StillRunning, None);
            }
        }
        State::Watch(
            WatchState::Idle | WatchState::Running | WatchState::Resuming | WatchState::Completed,
        )
        | State::Check(_)
        | State::Write(_) => {}
    }
    found
}

/// Whether to tell a watched job now: first what can't wait, then news, then the routine.
fn why_told(
    ledger: &Ledger<'_>,
    job: &CompiledJob,
    record: &JobRecord,
    notes: &Notes,
    (anomalies, quiet): (&BTreeSet<String>, bool),
) -> Why {
    let policy = &job.job().policy;
    let now = &ledger.now().at;
    let told = &notes.told;
    let known = |name: &str| told.anomaly.iter().any(|told| told.split(',').any(|t| t == name));
    let repeat = limits::ANOMALY_REPEAT.max(policy.report_every);
    if anomalies.iter().any(|name| !known(name)) {
        return Why::Anomaly;
    }
    if !ledger.started(&job.job().id).is_empty() {
        return Why::Resumed;
    }
    if !quiet && !notes.held.items.is_empty() {
        return Why::Digest;
    }
    if !anomalies.is_empty() {
        let due = told.anomaly_at.as_ref().is_none_or(|at| now.delay_since(at) >= repeat);
        return if due { Why::AnomalyRepeated } else { Why::NothingNew };
    }
    let news = if told.recovery_owed {
        Some(Why::Recovered)
    } else if told.state == Some(record.state) {
        None
    } else {
        Some(Why::StateChanged)
    };
    if let Some(news) = news {
        return if quiet { Why::QuietHours } else { news };
    }
    why_routine(notes, record, job, quiet, ledger)
}

fn why_routine(
    notes: &Notes,
    record: &JobRecord,
    job: &CompiledJob,
    quiet: bool,
    ledger: &Ledger<'_>,
) -> Why {
    let policy = &job.job().policy;
    let seen = notes.seen.as_ref();
    let running = record.state == State::Watch(WatchState::Running)
        && notes.broken.is_none()
        && seen.is_some_and(|s| s.running);
    if !running || !policy.report_while_running {
        return Why::NothingNew;
    }
    let now = &ledger.now().at;
    let due = |at| now.delay_since(at) >= policy.report_every;
    if !notes.told.at.as_ref().is_none_or(due) {
        return Why::NotDue;
    }
    let moved = seen.and_then(|s| s.progress_key.as_ref()) != notes.told.progress_key.as_ref();
    let warn = seen.is_some_and(|s| s.warn);
    match (moved || warn || !policy.only_on_change, quiet) {
        (false, _) => Why::NothingNew,
        (true, true) => Why::QuietHours,
        (true, false) => Why::Routine,
    }
}

/// Tells a finished check: always when a chain or a person asked for it and it needs attention;
/// for a scheduled one (by opsfsm, or by whoever says so), as an anomaly that is not repeated at
/// every run.
pub(super) fn tell_check(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    spec: &RunSpec,
    outcome: &Outcome,
    as_scheduled: bool,
) {
    let id = &job.job().id;
    let kind = match (outcome.end.is_success(), outcome.attention) {
        (false, _) => Some(AnomalyKind::RunFailed),
        (true, true) => Some(AnomalyKind::Attention),
        (true, false) => None,
    };
    let now = ledger.now().at.clone();
    let mut notes = ledger.notes(id).clone();
    let by_schedule = |item| {
        ledger.world().snapshot.queue.get(item).is_some_and(|q| q.origin == Origin::Schedule)
    };
    let scheduled = as_scheduled || spec.item.as_ref().is_some_and(by_schedule);
    let repeat = limits::ANOMALY_REPEAT.max(job.job().policy.report_every);
    let fresh = notes.told.anomaly_at.as_ref().is_some_and(|at| now.delay_since(at) < repeat);
    let known = fresh && notes.told.anomaly.as_deref() == kind.map(AnomalyKind::as_str);
    let recovered = kind.is_none() && notes.told.anomaly.is_some();
    if (kind.is_none() && !recovered) || (scheduled && known) {
        ledger.set_verdict(id, false, Why::NothingNew);
        return;
    }
    notes.told.anomaly = kind.map(|k| k.as_str().to_owned());
    notes.told.anomaly_at = kind.map(|_| now);
    // Good news waits for the end of the quiet hours.
    if recovered && is_quiet(ledger, job) {
        hold(&mut notes.held, HeldNews::Recovered, ledger.now());
        ledger.set_notes(id, notes);
        ledger.set_verdict(id, false, Why::QuietHours);
        return;
    }
    ledger.set_notes(id, notes);
    let why = if recovered { Why::Recovered } else { Why::RunEnded };
    let anomalies = kind.map(|kind| Anomaly { kind, detail: None }).into_iter().collect();
    let run = Some(run_news(ledger, spec, outcome));
    if let Some(section) = section_of(ledger, job, why) {
        ledger.tell_section(Section { anomalies, recovered, run, ..section });
    }
}

/// A job that was at work when it left the config is told once each time.
pub(super) fn tell_orphans(ledger: &mut Ledger<'_>) {
    let compiled = ledger.compiled();
    let told = ledger.world().notes.iter().filter(|(_, notes)| notes.told.orphan);
    let back: Vec<JobId> =
        told.map(|(id, _)| id.clone()).filter(|id| compiled.job(id).is_some()).collect();
    for id in back {
        let mut notes = ledger.notes(&id).clone();
        notes.told.orphan = false;
        ledger.set_notes(&id, notes);
    }
    let gone = |id: &JobId| ledger.compiled().job(id).is_none();
    let at_work = |state: State| {
        matches!(
            state,
            State::Watch(WatchState::Running | WatchState::Stalled | WatchState::Resuming)
                | State::Check(CheckState::Running)
                // What is unverified or unknown is told as an alarm.
                | State::Write(WriteState::Running)
        )
    };
    let orphans: Vec<(JobId, JobRecord)> = ledger
        .world()
        .snapshot
        .jobs
        .iter()
        .filter(|(id, record)| at_work(record.state) && gone(id))
        .map(|(id, record)| (id.clone(), record.clone()))
        .collect();
    for (id, record) in orphans {
        let mut notes = ledger.notes(&id).clone();
        if !notes.told.orphan {
            notes.told.orphan = true;
            notes.told.state = Some(record.state);
            let runs = matches!(record.state, State::Watch(state) if state != WatchState::Stalled);
            if runs {
                // Whoever hears that it runs knows of no anomaly any more: the same one is news.
                (notes.told.anomaly, notes.told.anomaly_at) = (None, None);
            }
            ledger.set_notes(&id, notes);
            ledger.tell_section(Section::gone(&id, &record, None));
        }
    }
}
