//! Made-up days of jobs, for the tests of pages and screens.

use std::path::Path;

use crate::base::{BootId, JobId, LocalTime, Now, ReportId, RunId, Stamp};
use crate::compile::{ChainGraph, Compiled};
use crate::config::{Format, SourceText, Surroundings, parse_config};
use crate::journal::{
    Broken, Cause, CauseKind, Event, EventKind, Figure, Origin, Parcel, ParcelState, Report, Seen,
    World, apply,
};
use crate::machine::{CheckInput, CheckState, Input, State, WatchInput, WatchState, WriteState};
use crate::model::{End, Purpose};

const NOW_S: i64 = 1_790_000_000;

pub(crate) fn at(ago_s: i64) -> Stamp {
    let ms = (NOW_S - ago_s) * 1000;
    Stamp { wall_ms: ms, awake_ms: ms, up_ms: ms, boot: BootId::new("b") }
}

pub(crate) fn now() -> Now {
    Now { at: at(0), local: LocalTime { offset_s: 7200, ..LocalTime::UTC } }
}

/// A config with all that a page takes of it.
pub(crate) struct Site {
    pub(crate) compiled: Compiled,
    pub(crate) chains: ChainGraph,
    pub(crate) world: World,
    pub(crate) events: Vec<(u64, Event)>,
    pub(crate) parcels: Vec<Parcel>,
}

impl Site {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let format = if name.ends_with("toml") { Format::Toml } else { Format::Json };
        let (name, dir) = (name.to_owned(), Path::new("/c").to_owned());
        let file = SourceText { name, dir, format, bytes: text.as_bytes().to_vec() };
        let around = Surroundings { home: None, default_cwd: None };
        let mut parsed = parse_config(vec![file], &around);
        let chains = ChainGraph::from_outlines(&parsed.outlines);
        let model = parsed.model.take();
        let compiled =
            crate::compile::compile_model(model, &parsed.outlines, &mut parsed.sink).unwrap();
        let (events, parcels) = (Vec::new(), Vec::new());
        Self { compiled, chains, world: World::default(), events, parcels }
    }

    /// Something happened to a job so long ago.
    pub(crate) fn told(&mut self, ago_s: i64, job: &str, kind: EventKind) {
        let event = Event { at: at(ago_s), job: Some(JobId::new(job)), kind };
        apply(&mut self.world.snapshot, &event).unwrap();
        self.events.push((self.events.len() as u64 + 1, event));
    }

    pub(crate) fn moved(
        &mut self,
        ago_s: i64,
        job: &str,
        (input, to): (Input, State),
        why: Option<Cause>,
    ) {
        self.told(ago_s, job, EventKind::Moved { input, to, cause: why });
    }

    pub(crate) fn watched(&mut self, ago_s: i64, job: &str, input: WatchInput, to: WatchState) {
        self.moved(ago_s, job, (Input::Watch(input), State::Watch(to)), None);
    }

    pub(crate) fn seen(
        &mut self,
        ago_s: i64,
        job: &str,
        progress: &[(&str, &str)],
        message: Option<&str>,
    ) {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let progress: Vec<(String, String)> = progress.iter().map(own).collect();
        let notes = self.world.notes.entry(JobId::new(job)).or_default();
        if let Some(figure) = Figure::of(&progress) {
            notes.trail.add(at(ago_s).wall_ms / 1000, figure);
        }
        let message = message.map(str::to_owned);
        notes.seen = Some(Seen { running: true, progress, message, ..Seen::default() });
    }

    pub(crate) fn parcel(&mut self, id: &str, ago_s: i64, text: &str, state: ParcelState) {
        let report = Report {
            id: ReportId::new(id),
            at_ms: at(ago_s).wall_ms,
            text: text.to_owned(),
            summary: String::new(),
        };
        self.parcels.push(Parcel { state, ..Parcel::new(report) });
    }
}

pub(crate) fn because(kind: CauseKind, detail: &str) -> Cause {
    Cause { kind, detail: Some(detail.to_owned()) }
}

/// How far the jobs of [`day`] came.
fn tell_progress(site: &mut Site) {
    const H: i64 = 3600;
    for (ago, done) in [
        (19, 900),
        (17, 9300),
        (15, 18800),
        (13, 26100),
        (10, 27000),
        (7, 39500),
        (4, 52000),
        (1, 59800),
    ] {
        site.seen(ago * H, "inventory", &[("done", &done.to_string()), ("total", "90000")], None);
    }
    site.seen(
        25,
        "inventory",
        &[("done", "61250"), ("total", "90000"), ("folder", "/srv/archive/2019")],
        Some("about two hours to go"),
    );
    for (ago, done) in [(18, 20), (12, 1500), (6, 3100), (3, 4100)] {
        site.seen(ago * H, "mirror", &[("done", &done.to_string()), ("total", "9000")], None);
    }
}

/// A day of the gallery's jobs.
pub(crate) fn day() -> Site {
    const H: i64 = 3600;
    let mut site = Site::new("jobs.toml", include_str!("../../../docs/gallery/jobs.toml"));
    for job in site.compiled.jobs().map(|j| (j.job().id.clone(), j.machine())).collect::<Vec<_>>() {
        let state = job.1.initial();
        site.told(20 * H, job.0.as_str(), EventKind::Declared { state });
    }
    site.watched(19 * H, "inventory", WatchInput::Started, WatchState::Running);
    let stalled = (Input::Watch(WatchInput::SeenStopped), State::Watch(WatchState::Stalled));
    site.moved(11 * H, "inventory", stalled, Some(because(CauseKind::Stopped, "out of memory")));
    site.watched(10 * H, "inventory", WatchInput::Resume, WatchState::Resuming);
    site.watched(10 * H - 60, "inventory", WatchInput::SeenRunning, WatchState::Running);
    site.watched(18 * H, "mirror", WatchInput::SeenRunning, WatchState::Running);
    let still = (Input::Watch(WatchInput::NoProgress), State::Watch(WatchState::Stalled));
    site.moved(
        2 * H,
        "mirror",
        still,
        Some(because(CauseKind::NoProgress, "still at 4100 of 9000")),
    );
    for (n, ago) in [(1, 12 * H), (2, 6 * H), (3, H)] {
        let begin = (Input::Check(CheckInput::Begin), State::Check(CheckState::Running));
        site.moved(ago, "disk-space", begin, None);
        let ok = n < 3;
        let end = if ok {
            (CheckInput::ExitedOk, CheckState::Completed)
        } else {
            (CheckInput::ExitedErr, CheckState::Failed)
        };
        let run = RunId::new(format!("run{n}"));
        let code = i32::from(!ok) * 9;
        let ended = EventKind::RunEnded {
            run,
            purpose: Purpose::Check,
            end: End::Exited { code },
            attention: false,
        };
        site.told(ago - 40, "disk-space", ended);
        let why = (!ok).then(|| Cause::plain(CauseKind::RunFailed));
        site.moved(ago - 40, "disk-space", (Input::Check(end.0), State::Check(end.1)), why);
    }
    let origin = Origin::Chain { job: JobId::new("disk-space"), run: RunId::new("run3") };
    let request = EventKind::Requested {
        origin,
        digest: None,
        reason: Some("the disk is 93 % full".to_owned()),
    };
    site.told(H - 50, "prune", request);
    tell_progress(&mut site);
    site.parcel(
        "3f2a9c01",
        2 * H,
        "🛠️ Ops report (13:33:20)\n\n🔴 mirror [long_running_read]\n  state: stalled — no progress",
        ParcelState::Delivered { at_ms: at(2 * H).wall_ms },
    );
    site.parcel("77ab12de", H - 50, "🛠️ Ops report (14:34:10)\n\n🔴 disk-space [one_shot_read]\n  state: failed — its run failed", ParcelState::Dead { at_ms: at(600).wall_ms });
    site.world.meta.last_tick = Some(at(25));
    site
}

/// What would break out of a text, an attribute, a comment, a style sheet or a line.
pub(crate) const HOSTILE: &str = "</style></title></svg>\"'><script>alert(1)</script><img src=x onerror=alert(1)>\
    --><!--]]>&lt;&#60;\u{1b}[31m\u{202e}\u{0}\n<h1 id=\"jobs\">";

pub(crate) fn hostile() -> Site {
    let id = serde_json::Value::from(HOSTILE.replace(['\u{0}', '\u{1b}'], ""));
    let text = format!(
        r#"{{"version":1,"jobs":[
        {{"id":{id},"name":{id},"kind":"long_running_read","risk":"read_only","enabled":true,
          "commands":{{"start":["s"],"status":["t"]}},"after":[{{"jobId":"w"}}]}},
        {{"id":"w","kind":"one_shot_write","risk":"write_local","enabled":true,
          "commands":{{"run":["w"]}},"after":[{{"jobId":"v"}}]}},
        {{"id":"v","kind":"one_shot_read","risk":"read_only","enabled":true,"commands":{{"run":["v"]}}}}]}}"#
    );
    let mut site = Site::new("c.json", &text);
    let id: String = HOSTILE.replace(['\u{0}', '\u{1b}'], "");
    site.told(500, &id, EventKind::Declared { state: State::Watch(WatchState::Idle) });
    site.watched(400, &id, WatchInput::SeenRunning, WatchState::Running);
    let stalled = (Input::Watch(WatchInput::SeenStopped), State::Watch(WatchState::Stalled));
    site.moved(300, &id, stalled, Some(because(CauseKind::Stopped, HOSTILE)));
    site.told(200, "w", EventKind::Declared { state: State::Write(WriteState::Blocked) });
    let reason = Some(HOSTILE.to_owned());
    site.told(100, "w", EventKind::Requested { origin: Origin::Person, digest: None, reason });
    site.told(90, "w", EventKind::WriteRefused { why: HOSTILE.to_owned(), run: None });
    site.seen(25, &id, &[(HOSTILE, HOSTILE), ("done", "1"), ("total", "3")], Some(HOSTILE));
    let broken =
        Broken { since: at(50), cause: HOSTILE.to_owned(), detail: HOSTILE.to_owned(), times: 1 };
    if let Some(notes) = site.world.notes.get_mut(&JobId::new(id.as_str())) {
        notes.broken = Some(broken);
    }
    site.parcel("abc", 60, HOSTILE, ParcelState::Pending);
    site
}
