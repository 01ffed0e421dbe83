//! What the live view shows, as data: lines about each job, what waits, what happened.
//!
//! In: a config, the world as it stands, events. Out: a [`View`].
//! Invariant: pure, and whatever a job says is on one line, cleaned and bounded.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::time::span_text;
use crate::base::{JobId, Now};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{Standing, clean_text, standings};
use crate::journal::{
    Answer, Event, Figure, ItemState, Notes, Parcel, ParcelState, Snapshot, Trail, World,
};
use crate::machine::{State, WatchState};
use crate::model::{Kind, Language, Risk};
use crate::render::{self, Span, Tone};

/// Hours that a strip of states goes back, a cell each.
pub(super) const STRIP_HOURS: i64 = 12;
/// Most events of a job in its details.
const JOB_EVENTS: usize = 50;
/// Most events in the list below.
const LAST_EVENTS: usize = 8;

/// All that is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) clock: String,
    pub(super) tick: String,
    pub(super) counts: Vec<(Tone, String)>,
    pub(super) jobs: Vec<JobLine>,
    /// What waits for a person.
    pub(super) waiting: Vec<String>,
    pub(super) queue: Vec<String>,
    /// Newest last.
    pub(super) events: Vec<String>,
}

/// One job.
#[derive(Clone, Debug)]
pub(super) struct JobLine {
    pub(super) id: JobId,
    pub(super) shown: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) tone: Tone,
    pub(super) state: &'static str,
    pub(super) age: String,
    pub(super) why: Option<String>,
    pub(super) percent: Option<u16>,
    pub(super) fields: String,
    pub(super) message: Option<String>,
    pub(super) next: Vec<String>,
    pub(super) strip: String,
    pub(super) trail: Trail,
    /// When that begins, and until when its last figure stands, in Unix seconds.
    pub(super) trail_since: String,
    pub(super) trail_until: i64,
    pub(super) events: Vec<String>,
    pub(super) may_start: bool,
    pub(super) may_stop: bool,
}

/// What a view is made of.
pub(super) struct Sources<'a> {
    pub(super) compiled: &'a Compiled,
    pub(super) world: &'a World,
    pub(super) events: &'a [(u64, Event)],
    pub(super) parcels: &'a [Parcel],
    pub(super) now: &'a Now,
    pub(super) invocation: &'a str,
}

/// Makes the view.
pub(super) fn view_of(sources: &Sources<'_>) -> View {
    let Sources { compiled, world, events, now, .. } = sources;
    let mut standings = standings(compiled, &world.snapshot, now);
    let moves = render::states_of(events);
    let mut told: BTreeMap<&JobId, Vec<String>> = BTreeMap::new();
    for (_, event) in events.iter().rev() {
        let Some(job) = &event.job else { continue };
        let lines = told.entry(job).or_default();
        if lines.len() < JOB_EVENTS {
            lines.push(event_line(event, now, false));
        }
    }
    let mut jobs = Vec::with_capacity(compiled.len());
    for job in compiled.jobs() {
        let id = &job.job().id;
        let Some(standing) = standings.remove(id) else { continue };
        let last = standing.since_ms.map(|ms| (ms, standing.state));
        let to = now.at.wall_ms;
        let range = (to.saturating_sub(STRIP_HOURS * 3_600_000), to);
        let spans = render::spans(moves.get(id).map_or(&[], Vec::as_slice), last, range);
        let line = job_line(job, &standing, world.notes.get(id), now);
        let mut events = told.remove(id).unwrap_or_default();
        events.reverse();
        jobs.push(JobLine { strip: strip_of(&spans, range), events, ..line });
    }
    let skipped = events.len().saturating_sub(LAST_EVENTS);
    View {
        clock: now.clock_text(),
        tick: world.meta.last_tick.as_ref().map_or_else(
            || "no tick yet".to_owned(),
            |tick| format!("last tick {} ago", span_text(now.at.age_of(tick))),
        ),
        counts: counts_of(&jobs),
        jobs,
        waiting: waiting_of(sources),
        queue: queue_of(&world.snapshot, now),
        events: events[skipped..].iter().map(|(_, e)| event_line(e, now, true)).collect(),
    }
}

/// A moment of the local clock, without the year.
fn short_time(wall_ms: i64, now: &Now) -> String {
    let when = render::local_text(wall_ms, now.local);
    when.get(5..).unwrap_or(&when).to_owned()
}

fn event_line(event: &Event, now: &Now, named: bool) -> String {
    let clock = short_time(event.at.wall_ms, now);
    let said = clean_text(&render::event_text(&event.kind));
    let job = event.job.as_ref().filter(|_| named);
    match job {
        Some(job) => format!("{clock} {}: {said}", clean_text(job.as_str())),
        None => format!("{clock} {said}"),
    }
}

fn counts_of(jobs: &[JobLine]) -> Vec<(Tone, String)> {
    let mut counts: BTreeMap<(Tone, &str), usize> = BTreeMap::new();
    for job in jobs {
        *counts.entry((job.tone, job.state)).or_default() += 1;
    }
    // What is in trouble comes first: a narrow line loses its end.
    counts.iter().rev().map(|((tone, state), n)| (*tone, format!("{n} {state}"))).collect()
}

fn job_line(job: &CompiledJob, standing: &Standing, notes: Option<&Notes>, now: &Now) -> JobLine {
    let declared = job.job();
    let seen = notes.and_then(|notes| notes.seen.as_ref());
    let figure = seen.and_then(|seen| Figure::of(&seen.progress));
    let field = |(k, v): &(String, String)| format!("{}={}", clean_text(k), clean_text(v));
    let fields: Vec<String> = seen.into_iter().flat_map(|s| s.progress.iter().map(field)).collect();
    let broken = notes.and_then(|notes| notes.broken.as_ref());
    let mut why = standing.cause.as_ref().map(|c| clean_text(&render::cause_text(c, Language::En)));
    if let Some(broken) = broken {
        why = Some(clean_text(&format!("status {}: {}", broken.cause, broken.detail)));
    }
    let mut next = render::due_lines(standing);
    next.extend(stall_line(job, standing, notes, now));
    if !declared.enabled {
        next.push("disabled".to_owned());
    }
    let alert = broken.is_some() || seen.is_some_and(|seen| seen.alert);
    let watched = declared.kind() == Kind::LongRunningRead;
    let trail = notes.map(|notes| notes.trail.clone()).unwrap_or_default();
    let (begun, runs) = (trail.figures().next(), seen.filter(|seen| seen.running));
    JobLine {
        id: declared.id.clone(),
        shown: clean_text(declared.id.as_str()),
        name: clean_text(&declared.name),
        kind: declared.kind().as_str(),
        tone: if alert { Tone::Trouble } else { Tone::of(standing.state) },
        state: standing.state.as_str(),
        age: standing.since_ms.map(|_| span_text(standing.age)).unwrap_or_default(),
        why,
        percent: figure.and_then(|f| u16::try_from(f.thousandths()? / 10).ok()),
        fields: fields.join(" · "),
        message: seen.and_then(|seen| seen.message.as_deref()).map(clean_text),
        next,
        strip: String::new(),
        trail_since: begun
            .map(|(at, _)| short_time(at.saturating_mul(1000), now))
            .unwrap_or_default(),
        trail_until: runs.map_or(i64::MIN, |_| now.at.wall_ms / 1000),
        trail,
        events: Vec::new(),
        may_start: watched && declared.risk == Risk::ReadOnly,
        may_stop: watched,
    }
}

/// How long a job that stands still has until it counts as stalled.
fn stall_line(
    job: &CompiledJob,
    standing: &Standing,
    notes: Option<&Notes>,
    now: &Now,
) -> Option<String> {
    let still = notes?.still_since.as_ref()?;
    let runs = standing.state == State::Watch(WatchState::Running);
    let left = job.job().policy.stall.saturating_sub(now.at.watched_since(still)?);
    runs.then(|| match left {
        Duration::ZERO => "stalls at the next tick".to_owned(),
        left => format!("stalls in {}", span_text(left)),
    })
}

/// One cell an hour: the state in it that matters most.
fn strip_of(spans: &[Span], (from, to): (i64, i64)) -> String {
    let hour = (to - from) / STRIP_HOURS;
    let cell = |n: i64| {
        let (begin, end) = (from + n * hour, from + (n + 1) * hour);
        let inside = spans.iter().filter(|s| s.from_ms < end && s.to_ms > begin);
        inside.filter_map(|s| s.state.map(|s| height(Tone::of(s)))).max().unwrap_or('·')
    };
    (0..STRIP_HOURS).map(cell).collect()
}

const fn height(tone: Tone) -> char {
    match tone {
        Tone::Calm => '▁',
        Tone::Done => '▃',
        Tone::Busy => '▅',
        Tone::Trouble => '█',
    }
}

fn waiting_of(sources: &Sources<'_>) -> Vec<String> {
    let Sources { world, parcels, now, invocation, .. } = sources;
    let pending = world.snapshot.requests.iter().filter(|(_, r)| r.answer == Answer::Pending);
    let asked = |(id, request): (&JobId, &crate::journal::Request)| {
        let (shown, word) = (clean_text(id.as_str()), render::shell_quote(id.as_str()));
        let age = span_text(now.at.age_of(&request.at));
        let reason = request.reason.as_deref().map(|r| format!(" ({})", clean_text(r)));
        let how = clean_text(&format!("{invocation} approve {word}"));
        format!("{shown}: asked for {age} ago{}: {how}", reason.unwrap_or_default())
    };
    let mut lines: Vec<String> = pending.map(asked).collect();
    let dead = parcels.iter().filter(|p| matches!(p.state, ParcelState::Dead { .. })).count();
    if dead > 0 {
        let were =
            if dead == 1 { "1 report was".to_owned() } else { format!("{dead} reports were") };
        lines.push(format!("{were} given up: {} outbox", clean_text(invocation)));
    }
    lines
}

fn queue_of(snapshot: &Snapshot, now: &Now) -> Vec<String> {
    let mut lines: Vec<(Duration, String)> = Vec::new();
    for item in snapshot.queue.values() {
        let left =
            Duration::from_millis(item.delay_ms).saturating_sub(now.at.delay_since(&item.at));
        let how = match &item.state {
            ItemState::Pending if left.is_zero() => "due".to_owned(),
            ItemState::Pending => format!("in {}", span_text(left)),
            ItemState::Running(_) => "runs".to_owned(),
            ItemState::Settled(_) => continue,
        };
        lines.push((left, format!("{} {how}", clean_text(item.job.as_str()))));
    }
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}
