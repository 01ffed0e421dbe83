//! Metrics: how the jobs and opsfsm itself stand, as numbers for Prometheus and its like.
//!
//! In: the config, the world as it stands now, the outbox, the present. Out: the text of metrics.
//! Invariant: nothing here asks a job; what is not known has no sample. Nothing that a job says of
//! itself is a label: labels are what the config says.

mod text;

pub use text::Exposition;

use std::time::Duration;

use crate::approval::judge_alive;
use crate::base::{Now, Stamp};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{Answer, GrantFate, ItemState, JobRecord, Notes, Parcel, ParcelState, World};
use crate::machine::{Machine, State, WatchState, WriteState};
use text::{Kind, Writer};

/// What metrics are made of.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// The config.
    pub compiled: &'a Compiled,
    /// The store as it stands now.
    pub world: &'a World,
    /// What waits in the outbox, or was given up.
    pub parcels: &'a [Parcel],
    /// How large the store's file is; `None`: there is none.
    pub store_bytes: Option<u64>,
    /// The present.
    pub now: &'a Now,
}

/// One job and what is known of it.
struct Row<'a> {
    job: &'a CompiledJob,
    record: Option<&'a JobRecord>,
    notes: Option<&'a Notes>,
}

impl Row<'_> {
    fn id(&self) -> &str {
        self.job.job().id.as_str()
    }

    fn state(&self) -> State {
        self.record.map_or(self.job.machine().initial(), |r| r.state)
    }
}

/// Renders all metrics.
#[must_use]
pub fn render_metrics(all: &Measured<'_>, syntax: Exposition) -> String {
    let rows: Vec<Row<'_>> = all
        .compiled
        .jobs()
        .map(|job| {
            let id = &job.job().id;
            let record =
                all.world.snapshot.jobs.get(id).filter(|r| r.state.machine() == job.machine());
            Row { job, record, notes: all.world.notes.get(id).filter(|_| record.is_some()) }
        })
        .collect();
    let mut writer = Writer::new(syntax);
    of_opsfsm(&mut writer, all);
    of_jobs(&mut writer, &rows);
    of_watched_jobs(&mut writer, &rows, all);
    of_runs(&mut writer, &rows);
    writer.finish()
}

fn seconds(span: Duration) -> String {
    thousandths(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}

/// Unix time in seconds.
fn moment(at: &Stamp) -> String {
    thousandths(at.wall_ms)
}

fn thousandths(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1000, ms % 1000)
}

fn bit(fact: bool) -> &'static str {
    if fact { "1" } else { "0" }
}

fn of_opsfsm(writer: &mut Writer, all: &Measured<'_>) {
    let (world, snapshot) = (all.world, &all.world.snapshot);
    let one = |writer: &mut Writer, name, unit, help, value: String| {
        writer.family((name, Kind::Gauge), unit, help).sample(&[], &value);
    };
    writer
        .family(("opsfsm_build", Kind::Info), "", "The opsfsm that wrote this.")
        .sample(&[("version", env!("CARGO_PKG_VERSION"))], "1");
    if let Some(at) = &world.meta.last_tick {
        let help = "When the last tick recorded what it saw, in Unix time.";
        one(writer, "opsfsm_last_tick_timestamp_seconds", "seconds", help, moment(at));
    }
    let jobs = all.compiled.len().to_string();
    one(writer, "opsfsm_jobs", "", "Jobs in the config.", jobs);
    let queued = snapshot.queue.values().filter(|q| q.state == ItemState::Pending).count();
    one(writer, "opsfsm_queue_items", "", "Runs that wait in the queue.", queued.to_string());
    let help = "Reports that wait to be sent, and those that were given up.";
    let mut family = writer.family(("opsfsm_outbox_reports", Kind::Gauge), "", help);
    let waiting = all.parcels.iter().filter(|p| p.state == ParcelState::Pending).count();
    let given_up =
        all.parcels.iter().filter(|p| matches!(p.state, ParcelState::Dead { .. })).count();
    family.sample(&[("state", "waiting")], &waiting.to_string());
    family.sample(&[("state", "given_up")], &given_up.to_string());
    let asked = snapshot.requests.values().filter(|r| r.answer == Answer::Pending).count();
    let help = "Writes that are asked for and wait for a person.";
    one(writer, "opsfsm_approvals_pending", "", help, asked.to_string());
    let epoch = snapshot.epoch.as_deref().unwrap_or_default();
    let alive = |g: &&crate::journal::GrantRecord| {
        g.fate == GrantFate::Live && judge_alive(&g.grant, epoch, &all.now.at).is_ok()
    };
    let live = snapshot.grants.values().filter(alive).count();
    one(
        writer,
        "opsfsm_approvals_live",
        "",
        "Approvals that serve and were not used.",
        live.to_string(),
    );
    let help = "Writes by state, those that have left the config included.";
    let mut family = writer.family(("opsfsm_writes", Kind::Gauge), "", help);
    for state in WriteState::ALL {
        let so = |r: &&JobRecord| r.state == State::Write(*state);
        let many = snapshot.jobs.values().filter(so).count();
        family.sample(&[("state", state.as_str())], &many.to_string());
    }
    writer
        .family(
            ("opsfsm_journal_events", Kind::Counter),
            "",
            "Events in the journal, pruned ones too.",
        )
        .sample(&[], &world.head.seq.to_string());
    if let Some(bytes) = all.store_bytes {
        let help = "Size of the store's file.";
        one(writer, "opsfsm_store_size_bytes", "bytes", help, bytes.to_string());
    }
}

fn of_jobs(writer: &mut Writer, rows: &[Row<'_>]) {
    let mut family =
        writer.family(("opsfsm_job", Kind::Info), "", "What the config says of a job.");
    for row in rows {
        let job = row.job.job();
        let labels = [
            ("job", row.id()),
            ("name", job.name.as_str()),
            ("kind", job.kind().as_str()),
            ("risk", job.risk.as_str()),
        ];
        family.sample(&labels, "1");
    }
    let help = "1 for a job that ticks look at, 0 for a disabled one.";
    let mut family = writer.family(("opsfsm_job_enabled", Kind::Gauge), "", help);
    for row in rows {
        family.sample(&[("job", row.id())], bit(row.job.job().enabled));
    }
    let help = "1 for the state that a job is in, 0 for the others of its machine.";
    let mut family = writer.family(("opsfsm_job_state", Kind::StateSet), "", help);
    for row in rows {
        for state in row.job.machine().states() {
            let labels = [("job", row.id()), ("opsfsm_job_state", state.as_str())];
            family.sample(&labels, bit(state == row.state()));
        }
    }
    let help = "Since when a job is in its state, in Unix time.";
    let name = "opsfsm_job_state_since_timestamp_seconds";
    let mut family = writer.family((name, Kind::Gauge), "seconds", help);
    for row in rows {
        if let Some(record) = row.record {
            family.sample(&[("job", row.id())], &moment(&record.since));
        }
    }
}

fn of_watched_jobs(writer: &mut Writer, rows: &[Row<'_>], all: &Measured<'_>) {
    let watched = |row: &&Row<'_>| row.job.machine() == Machine::Watch;
    let now = &all.now.at;
    let help = "1 for a watched job without progress, or stopped without having completed.";
    let mut family = writer.family(("opsfsm_job_stalled", Kind::Gauge), "", help);
    for row in rows.iter().filter(watched) {
        let stalled = row.state() == State::Watch(WatchState::Stalled);
        family.sample(&[("job", row.id())], bit(stalled));
    }
    let help = "1 for a watched job whose status can't be read.";
    let mut family = writer.family(("opsfsm_job_status_broken", Kind::Gauge), "", help);
    for row in rows.iter().filter(watched) {
        let broken = row.notes.is_some_and(|n| n.broken.is_some());
        family.sample(&[("job", row.id())], bit(broken));
    }
    let help = "Resumes since a watched job last ran for long enough.";
    let mut family = writer.family(("opsfsm_job_resume_attempts", Kind::Gauge), "", help);
    for row in rows.iter().filter(watched) {
        let attempts = row.record.map_or(0, |r| r.attempts);
        family.sample(&[("job", row.id())], &attempts.to_string());
    }
    let help = "Time since a tick last had a good status of a watched job.";
    let name = "opsfsm_job_observation_age_seconds";
    let mut family = writer.family((name, Kind::Gauge), "seconds", help);
    for row in rows.iter().filter(watched).filter(|row| row.job.job().enabled) {
        let notes = row.notes.filter(|n| n.seen.is_some() && n.broken.is_none());
        let tick = all.world.meta.last_tick.as_ref().filter(|_| notes.is_some());
        if let Some(tick) = tick {
            family.sample(&[("job", row.id())], &seconds(now.age_of(tick)));
        }
    }
    let help =
        "Time since the progress key of a running job last moved, the machine's sleep left out.";
    let name = "opsfsm_job_progress_age_seconds";
    let mut family = writer.family((name, Kind::Gauge), "seconds", help);
    for row in rows.iter().filter(watched) {
        let keyed = |n: &&Notes| n.seen.as_ref().is_some_and(|s| s.progress_key.is_some());
        let still = row.notes.filter(keyed).and_then(|n| n.still_since.as_ref());
        if let Some(still) = still.and_then(|since| now.watched_since(since)) {
            family.sample(&[("job", row.id())], &seconds(still));
        }
    }
}

fn of_runs(writer: &mut Writer, rows: &[Row<'_>]) {
    let ran = |row: &&Row<'_>| row.record.is_some_and(|r| r.last_run.is_some());
    let help = "When the last run of a one-shot job ended, in Unix time.";
    let name = "opsfsm_job_last_run_timestamp_seconds";
    let mut family = writer.family((name, Kind::Gauge), "seconds", help);
    for row in rows.iter().filter(ran) {
        if let Some(last) = row.record.and_then(|r| r.last_run.as_ref()) {
            family.sample(&[("job", row.id())], &moment(&last.at));
        }
    }
    let help = "1 if the last run of a one-shot job exited 0.";
    let mut family = writer.family(("opsfsm_job_last_run_success", Kind::Gauge), "", help);
    for row in rows.iter().filter(ran) {
        let good = row.record.and_then(|r| r.last_run.as_ref()).is_some_and(|l| l.end.is_success());
        family.sample(&[("job", row.id())], bit(good));
    }
    let help = "1 if the last run of a one-shot job asked for attention.";
    let mut family = writer.family(("opsfsm_job_last_run_attention", Kind::Gauge), "", help);
    for row in rows.iter().filter(ran) {
        let asks = row.record.and_then(|r| r.last_run.as_ref()).is_some_and(|l| l.attention);
        family.sample(&[("job", row.id())], bit(asks));
    }
}
