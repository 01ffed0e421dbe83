//! `opsfsm simulate`: what would have been told, when, and how much of it there is.
//!
//! In: a [`Simulated`]. Out: every message under its local time and a summary, or JSON as
//! `docs/json.md` says.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::json::{VERSION, pretty};
use super::printable;
use crate::base::JobId;
use crate::base::time::{limit_text, rfc3339, span_text};
use crate::decide::{ToldJob, Why};
use crate::journal::Report;

/// How a day is written.
const DAY: &str = "%Y-%m-%d";

/// What a simulation goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Jobs that go steadily.
    Steady,
    /// A file of assumptions.
    Assumed,
    /// A journal.
    History,
}

impl Basis {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Assumed => "assumed",
            Self::History => "history",
        }
    }
}

/// What came of a simulation.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// What it goes by.
    pub basis: Basis,
    /// That in words, and what it leaves out.
    pub notes: Vec<String>,
    /// When it begins, in Unix milliseconds.
    pub from_ms: i64,
    /// When it is over.
    pub until_ms: i64,
    /// How far apart ticks are.
    pub every: Duration,
    /// How many there are.
    pub ticks: u64,
    /// The zone of the local clock.
    pub zone: TimeZone,
    /// What that is called.
    pub zone_name: String,
    /// Every message, oldest first.
    pub messages: Vec<Report>,
    /// What they are about, and when.
    pub told: Vec<(i64, ToldJob)>,
    /// What became of each job that is watched or scheduled.
    pub jobs: BTreeMap<JobId, SimulatedJob>,
}

/// What became of one simulated job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulatedJob {
    /// How often it is told, by why.
    pub told: BTreeMap<Why, usize>,
    /// How often a tick starts it again.
    pub resumes: usize,
    /// How much quiet hours held back and told afterwards.
    pub held: usize,
    /// How much they still hold back at the end.
    pub still_held: usize,
}

impl Simulated {
    fn local(&self, wall_ms: i64, form: &str) -> String {
        let moment = Timestamp::from_millisecond(wall_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        moment.to_zoned(self.zone.clone()).strftime(form).to_string()
    }

    fn minute(&self, wall_ms: i64) -> String {
        self.local(wall_ms, "%a %Y-%m-%d %H:%M")
    }

    /// Every day of it, in order, and its messages.
    fn days(&self) -> BTreeMap<String, usize> {
        const HALF_DAY: i64 = 12 * 3_600_000;
        let day = |wall_ms| self.local(wall_ms, DAY);
        let mut days = BTreeMap::new();
        let mut at = self.from_ms;
        // In steps shorter than the shortest day.
        while at < self.until_ms {
            days.entry(day(at)).or_insert(0);
            at = at.saturating_add(HALF_DAY);
        }
        for message in &self.messages {
            *days.entry(day(message.at_ms)).or_insert(0) += 1;
        }
        days
    }

    /// The longest time without a message, the first such one.
    fn silence(&self) -> (i64, i64) {
        let mut marks = vec![self.from_ms];
        marks.extend(self.messages.iter().map(|message| message.at_ms));
        marks.push(self.until_ms);
        let gaps = marks.windows(2).filter_map(|pair| match pair {
            [from, until] => Some((*from, *until)),
            _ => None,
        });
        gaps.rev().max_by_key(|(from, until)| until.saturating_sub(*from)).unwrap_or_default()
    }
}

fn span(from_ms: i64, until_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(until_ms.saturating_sub(from_ms)).unwrap_or(0))
}

/// For people: with the messages, or only how much there is.
#[must_use]
pub fn render_simulated(s: &Simulated, whole: bool) -> String {
    let mut text = format!(
        "simulated: {} to {} ({}), a tick every {}: nothing was started, sent or recorded\n",
        s.minute(s.from_ms),
        s.minute(s.until_ms),
        printable::line(&s.zone_name),
        every_text(s.every)
    );
    for note in &s.notes {
        text.push_str(&format!("  {}\n", printable::line(note)));
    }
    let mut last = None;
    for message in s.messages.iter().filter(|_| whole) {
        if last == Some(message.at_ms) {
            text.push('\n');
        } else {
            let at = s.local(message.at_ms, "%a %Y-%m-%d %H:%M:%S %:z");
            text.push_str(&format!("\n── {at}{}\n", about(s, message.at_ms)));
            last = Some(message.at_ms);
        }
        text.push_str(&format!("{}\n", message.text));
    }
    text.push_str(&summary(s));
    text
}

fn every_text(every: Duration) -> String {
    let ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
    if every.subsec_millis() == 0 { span_text(every) } else { limit_text(ms) }
}

/// What is told at this moment.
fn about(s: &Simulated, at_ms: i64) -> String {
    // In order of time, as they were told.
    let first = s.told.partition_point(|(at, _)| *at < at_ms);
    let now = s.told.get(first..).unwrap_or_default().iter().take_while(|(at, _)| *at == at_ms);
    let all: Vec<String> = now.map(|(_, t)| format!("{}: {}", t.job, words(t.why))).collect();
    if all.is_empty() { String::new() } else { format!(" · {}", printable::line(&all.join(", "))) }
}

fn words(why: Why) -> String {
    why.as_str().replace('_', " ")
}

fn summary(s: &Simulated) -> String {
    let all = match s.messages.len() {
        1 => "1 message".to_owned(),
        n => format!("{n} messages"),
    };
    let mut text = format!("\n── summary: {all} in {} ticks\n", s.ticks);
    for (day, messages) in s.days() {
        let weekday = day.parse::<Date>().map(|day| day.strftime("%a ").to_string());
        text.push_str(&format!("  {}{day}  {messages:>4}\n", weekday.unwrap_or_default()));
    }
    let wide = s.jobs.keys().map(|id| id.as_str().chars().count()).max().unwrap_or(0);
    for (id, job) in &s.jobs {
        let told: usize = job.told.values().sum();
        let mut parts: Vec<String> =
            job.told.iter().map(|(why, times)| format!("{} {times}", words(*why))).collect();
        if job.resumes > 0 {
            parts.push(format!("started again {}×", job.resumes));
        }
        if job.held > 0 {
            parts.push(format!("held back in quiet hours {}", job.held));
        }
        if job.still_held > 0 {
            parts.push(format!("still held back at the end {}", job.still_held));
        }
        let id = printable::line(id.as_str());
        let told = if told == 1 { "told once".to_owned() } else { format!("told {told} times") };
        let parts = parts.join(", ");
        let gap = if parts.is_empty() { "" } else { ": " };
        text.push_str(&format!("  {id:<wide$}  {told}{gap}{parts}\n"));
    }
    let (from, until) = s.silence();
    text.push_str(&format!(
        "  longest silence: {}, from {} to {}\n",
        span_text(span(from, until)),
        s.minute(from),
        s.minute(until)
    ));
    text
}

/// For programs.
#[must_use]
pub fn render_simulated_json(s: &Simulated) -> String {
    let messages: Vec<Value> = s
        .messages
        .iter()
        .map(|m| json!({"at": rfc3339(m.at_ms), "id": m.id, "text": m.text}))
        .collect();
    let told: Vec<Value> = s
        .told
        .iter()
        .map(|(at, t)| json!({"at": rfc3339(*at), "job": t.job, "why": t.why.as_str()}))
        .collect();
    let days: Vec<Value> =
        s.days().iter().map(|(day, n)| json!({"day": day, "messages": n})).collect();
    let jobs: Vec<Value> = s.jobs.iter().map(|(id, job)| job_json(id, job)).collect();
    let (from, until) = s.silence();
    pretty(&json!({
        "version": VERSION,
        "command": "simulate",
        "basis": s.basis.as_str(),
        "notes": s.notes,
        "from": rfc3339(s.from_ms),
        "until": rfc3339(s.until_ms),
        "timezone": s.zone_name,
        "everySeconds": seconds(s.every),
        "ticks": s.ticks,
        "messages": messages,
        "told": told,
        "days": days,
        "jobs": jobs,
        "longestSilence": {
            "from": rfc3339(from),
            "until": rfc3339(until),
            "seconds": span(from, until).as_secs(),
        },
    }))
}

/// Whole where it is whole.
fn seconds(span: Duration) -> Value {
    if span.subsec_nanos() == 0 { span.as_secs().into() } else { span.as_secs_f64().into() }
}

fn job_json(id: &JobId, job: &SimulatedJob) -> Value {
    let told: Vec<Value> =
        job.told.iter().map(|(why, n)| json!({"why": why.as_str(), "times": n})).collect();
    let mut object = Map::new();
    object.insert("id".into(), id.as_str().into());
    object.insert("told".into(), told.into());
    object.insert("resumes".into(), job.resumes.into());
    object.insert("held".into(), job.held.into());
    object.insert("stillHeld".into(), job.still_held.into());
    Value::Object(object)
}
