//! What `explain` says in situations that differ in one thing: each thing that is known, that comes
//! next or that holds a job back stands there when it is so, and only then.

use std::collections::BTreeSet;

use expect_test::expect_file;
use opsfsm::base::{BootId, JobId, LocalTime, Now, RunId, Stamp, limits};
use opsfsm::compile::Compiled;
use opsfsm::config::Format;
use opsfsm::decide::{Known, explain_job};
use opsfsm::journal::{
    Broken, Cause, CauseKind, ItemEnd, ItemState, JobRecord, LastRun, Notes, Origin, Queued,
    RunPhase, RunRow, Seen, World,
};
use opsfsm::machine::State;
use opsfsm::model::{End, ProcessId, Purpose, RunSpec};
use opsfsm::render::render_explained_job;
use opsfsm::sim::compile_text;

use crate::support::{check, job, watch};

/// Jobs that differ in one line of their config.
fn config() -> String {
    let usual = "autoResume = true, maxResumes = 2, autoResumeBackoffSeconds = 300, \
         startGraceSeconds = 60, stallSeconds = 600, reportEverySeconds = 900";
    let restart = format!("{usual}, onStall = \"restart\"");
    let write = |id: &str, verified_by: &str| {
        format!(
            "[[jobs]]\nid = \"{id}\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
             enabled = true\ncommands = {{ run = [\"/w\"] }}\nafter = [{{ jobId = \"{verified_by}\" }}]\n"
        )
    };
    let quiet = "{ start = \"00:00\", end = \"00:00\" }";
    [
        watch("scan", &restart),
        watch("report", usual),
        watch("hand", &usual.replace("= true", "= false")),
        watch("silent", &format!("{restart}, reportWhileRunning = false")),
        watch("off", &restart).replace("enabled = true", "enabled = false"),
        watch("writing", &restart)
            .replace("read_only", "write_local")
            .replace("autoResume = true, ", ""),
        watch("night", &restart).replace(quiet, "{ start = \"16:00\", end = \"17:00\" }"),
        check("disk", "everySeconds = 3600"),
        check("later", "everySeconds = 3600").replace("enabled = true", "enabled = false"),
        check("proof", ""),
        write("move", "proof"),
        write("copy", "disk"),
    ]
    .concat()
}

/// A moment so many seconds before the present, 16:13:20 UTC.
fn ago(seconds: i64) -> Stamp {
    let ms = 1_790_007_200_000 - seconds * 1000;
    Stamp { wall_ms: ms, awake_ms: ms, up_ms: ms, boot: BootId::new("b") }
}

/// A job, and all that is known of it.
struct Case {
    id: JobId,
    world: World,
    in_flight: BTreeSet<JobId>,
    now: Now,
}

impl Case {
    /// A job that came into this state an hour ago; the last tick was 10 s ago.
    fn new(compiled: &Compiled, id: &str, state: &str) -> Self {
        let id = job(id);
        let machine = compiled.job(&id).expect("a job").machine();
        let state = machine.states().iter().copied().find(|s: &State| s.as_str() == state);
        let mut world = World::default();
        world.meta.last_tick = Some(ago(10));
        let record = JobRecord::new(state.expect("a state"), &ago(3600));
        world.snapshot.jobs.insert(id.clone(), record);
        world.notes.insert(id.clone(), Notes::default());
        let now = Now { at: ago(0), local: LocalTime::UTC };
        Self { id, world, in_flight: BTreeSet::new(), now }
    }

    fn record(&mut self) -> &mut JobRecord {
        self.world.snapshot.jobs.get_mut(&self.id).expect("a record")
    }

    fn notes(&mut self) -> &mut Notes {
        self.world.notes.get_mut(&self.id).expect("notes")
    }

    /// Its last status: what it said, and its progress key.
    fn seen(&mut self, (running, completed): (bool, bool), key: Option<&str>) {
        let progress_key = key.map(str::to_owned);
        self.notes().seen = Some(Seen { running, completed, progress_key, ..Seen::default() });
    }

    /// It hangs.
    fn hangs(&mut self) {
        self.record().cause = Some(Cause::plain(CauseKind::NoProgress));
    }

    fn started(&mut self, seconds_ago: i64, attempts: u32) {
        let record = self.record();
        (record.last_start, record.attempts) = (Some(ago(seconds_ago)), attempts);
    }

    fn breaks(&mut self, times: u32) {
        let (cause, detail) = ("timeout".to_owned(), "it hangs".to_owned());
        self.notes().broken = Some(Broken { since: ago(300), cause, detail, times });
    }

    /// A run is queued, of this job.
    fn queued(&mut self, id: &str, origin: Origin, state: ItemState) {
        let item = Queued { job: job(id), at: ago(20), delay_ms: 60_000, origin, state };
        let key = format!("q{}", self.world.snapshot.queue.len());
        self.world.snapshot.queue.insert(opsfsm::base::ItemId::new(key), item);
    }

    /// A run of a job is so far.
    fn runs(&mut self, id: &str, purpose: Purpose, (phase, limit_ms): (RunPhase, Option<u64>)) {
        let spec = RunSpec { limit_ms, ..spec_of(id, purpose) };
        let row = RunRow { spec, phase, claimed_at: ago(40), claimer: process(8) };
        self.world.runs.insert(row.spec.run.clone(), row);
    }

    fn text(&self, compiled: &Compiled) -> String {
        let known = Known {
            compiled,
            world: &self.world,
            events: &[],
            in_flight: &self.in_flight,
            exposed: None,
            now: &self.now,
        };
        let declared = compiled.job(&self.id).expect("a job");
        render_explained_job(declared, &explain_job(declared, known), &self.now, "opsfsm")
    }
}

fn process(pid: u32) -> ProcessId {
    ProcessId { pid, start_ticks: 1, boot: BootId::new("b") }
}

fn spec_of(id: &str, purpose: Purpose) -> RunSpec {
    RunSpec {
        run: RunId::new(format!("run-of-{id}")),
        job: job(id),
        purpose,
        item: None,
        argv: vec!["/r".to_owned()],
        cwd: "/".into(),
        env: std::collections::BTreeMap::new(),
        limit_ms: None,
        sandboxed: false,
        verifies: None,
    }
}

fn executing(seconds_ago: i64) -> RunPhase {
    RunPhase::Executing { executor: process(77), at: ago(seconds_ago) }
}

/// A situation: what differs from a job in this state of which nothing else is known.
type Situation<'a> = (&'a str, fn(&mut Case));

/// What is said of a job in this state of which nothing else is known, and which lines come (+) or
/// go (-) in each situation.
fn told(found: &mut String, (id, state): (&str, &str), situations: &[Situation<'_>]) {
    let compiled = compile_text(&format!("version = 1\n{}", config()), Format::Toml);
    let compiled = compiled.expect("a sound config");
    let lines = |case: &Case| -> Vec<String> {
        let text = case.text(&compiled);
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let bare = lines(&Case::new(&compiled, id, state));
    found.push_str(&format!("{}\n", bare.join("\n")));
    for (what, change) in situations {
        let mut case = Case::new(&compiled, id, state);
        change(&mut case);
        let now = lines(&case);
        let differs = |sign: &str, some: &[String], others: &[String]| -> String {
            let new = some.iter().filter(|line| !others.contains(line));
            new.map(|line| format!("  {sign} {}\n", line.trim_start())).collect()
        };
        let (gone, come) = (differs("-", &bare, &now), differs("+", &now, &bare));
        found.push_str(&format!("* {what}\n{gone}{come}"));
    }
    found.push('\n');
}

/// A job that runs.
const RUNNING: &[Situation<'_>] = &[
    ("it says that it runs, and how far it is", |c| c.seen((true, false), Some("7"))),
    ("it has stood still for 200 s", |c| {
        c.seen((true, false), Some("7"));
        c.notes().still_since = Some(ago(200));
    }),
    ("the same without a key", |c| {
        c.seen((true, false), None);
        c.notes().still_since = Some(ago(200));
    }),
    ("the same, last seen stopped", |c| {
        c.seen((false, false), Some("7"));
        c.notes().still_since = Some(ago(200));
    }),
    ("it has run for 100 s since a resume", |c| {
        c.notes().running_since = Some(ago(100));
        c.started(120, 1);
    }),
    ("it has run for 100 s, and no resume was needed", |c| {
        c.notes().running_since = Some(ago(100));
        c.started(120, 0);
    }),
    ("it was started 20 s ago", |c| c.started(20, 0)),
    ("it was started just as long ago as the grace is", |c| c.started(60, 0)),
    ("its status is broken", |c| {
        c.seen((true, false), Some("7"));
        c.breaks(3);
    }),
    ("its status never was anything but broken", |c| c.breaks(1)),
    ("it was told 100 s ago", |c| c.notes().told.at = Some(ago(100))),
    ("it runs, and that was told 100 s ago", |c| {
        c.seen((true, false), Some("7"));
        c.notes().told.at = Some(ago(100));
    }),
    ("an anomaly was told 100 s ago", |c| {
        c.seen((true, false), Some("7"));
        c.notes().told.at = Some(ago(100));
        (c.notes().told.anomaly, c.notes().told.anomaly_at) =
            (Some("alert".to_owned()), Some(ago(100)));
    }),
    ("its start is claimed", |c| c.runs("scan", Purpose::Start, (RunPhase::Claimed, None))),
    ("its stop has a limit and runs for 20 s", |c| {
        c.runs("scan", Purpose::Stop, (executing(20), Some(60_000)));
    }),
    ("its stop runs without a limit", |c| {
        c.runs("scan", Purpose::Stop, (executing(20), None));
    }),
    ("another job's run is under way", |c| {
        c.runs("disk", Purpose::Check, (executing(20), Some(60_000)));
    }),
];

#[test]
fn of_a_job_that_runs() {
    let mut found = String::new();
    told(&mut found, ("scan", "running"), RUNNING);
    told(
        &mut found,
        ("silent", "running"),
        &[("it runs, and that was told 100 s ago", |c| {
            c.seen((true, false), Some("7"));
            c.notes().told.at = Some(ago(100));
        })],
    );
    expect_file!["explain/running.txt"].assert_eq(&found);
}

/// Stopped, and so for a person or a tick to start again.
const STOPPED: &[Situation<'_>] = &[
    ("it was started 100 s ago", |c| c.started(100, 1)),
    ("its resumes are used up, and it has stopped", |c| {
        c.seen((false, false), None);
        c.started(700, 2);
    }),
    ("it hangs", |c| {
        c.seen((true, false), Some("7"));
        c.hangs();
    }),
    ("it hangs, and its resumes are used up", |c| {
        c.seen((false, false), None);
        c.hangs();
        c.started(700, 2);
    }),
];

/// More of that, of a job that a tick starts.
const RESUMED: &[Situation<'_>] = &[
    ("it says that it has stopped", |c| c.seen((false, false), None)),
    ("it was started 20 s ago", |c| c.started(20, 1)),
    ("it was started just as long ago as its back-off is", |c| c.started(300, 1)),
    ("its second start was 20 s ago, and it has stopped", |c| {
        c.seen((false, false), None);
        c.started(20, 2);
    }),
    ("its resumes are used up, and it runs", |c| {
        c.seen((true, false), None);
        c.started(700, 2);
    }),
    ("its resumes are used up, and it has completed", |c| {
        c.seen((false, true), None);
        c.started(700, 2);
    }),
    ("it hangs, and was stopped for a restart 50 s ago", |c| {
        c.hangs();
        c.started(200, 1);
        c.record().last_restart_stop = Some(ago(50));
    }),
    ("its status is broken", |c| c.breaks(2)),
    ("its status is broken, and a run of it is queued", |c| {
        c.breaks(2);
        c.queued("scan", Origin::Person, ItemState::Pending);
    }),
];

#[test]
fn of_a_job_that_has_stopped() {
    let mut found = String::new();
    told(&mut found, ("scan", "stalled"), &[STOPPED, RESUMED].concat());
    told(&mut found, ("scan", "idle"), STOPPED);
    told(&mut found, ("report", "stalled"), STOPPED);
    told(&mut found, ("hand", "stalled"), STOPPED);
    expect_file!["explain/stopped.txt"].assert_eq(&found);
}

/// A job that a person stopped.
const PAUSED: &[Situation<'_>] = &[
    ("it runs still", |c| c.seen((true, false), None)),
    ("it has completed meanwhile", |c| c.seen((true, true), None)),
    ("it has ceased to run since, and runs again", |c| {
        c.seen((true, false), None);
        c.notes().stopped_since_stop = true;
    }),
    ("it runs still, which was told", |c| {
        c.seen((true, false), None);
        c.notes().told.anomaly = Some("alert".to_owned());
    }),
    ("it runs still, and was stopped 100 s ago", |c| {
        c.seen((true, false), None);
        c.record().since = ago(100);
    }),
    ("it was started 20 s ago", |c| c.started(20, 2)),
];

#[test]
fn of_a_job_that_no_tick_starts() {
    let mut found = String::new();
    told(&mut found, ("scan", "paused"), PAUSED);
    told(&mut found, ("scan", "resuming"), &[("it was started 20 s ago", |c| c.started(20, 1))]);
    told(
        &mut found,
        ("scan", "failed"),
        &[
            ("its resumes are used up", |c| c.started(700, 2)),
            ("a person's start was 20 s ago", |c| c.started(20, 0)),
        ],
    );
    told(&mut found, ("hand", "failed"), &[("its resumes are used up", |c| c.started(700, 2))]);
    told(&mut found, ("scan", "completed"), &[("it was started 20 s ago", |c| c.started(20, 0))]);
    told(&mut found, ("writing", "stalled"), &[]);
    told(
        &mut found,
        ("off", "running"),
        &[("it stands still, was started 20 s ago, and told 100 s ago", |c| {
            c.seen((true, false), Some("7"));
            c.notes().still_since = Some(ago(200));
            c.notes().told.at = Some(ago(100));
            c.started(20, 1);
        })],
    );
    told(&mut found, ("off", "stalled"), &[]);
    expect_file!["explain/not_started.txt"].assert_eq(&found);
}

/// A check that has nothing to do.
const IDLE: &[Situation<'_>] = &[
    ("it ran 600 s ago", |c| ran(c, 600, false)),
    ("it ran 4000 s ago and asks for attention", |c| ran(c, 4000, true)),
    ("a run is queued by the end of another", |c| {
        let (job, run) = (job("proof"), RunId::new("r9"));
        c.queued("disk", Origin::Chain { job, run }, ItemState::Pending);
    }),
    ("a queued run is over", |c| {
        c.queued("disk", Origin::Person, ItemState::Settled(ItemEnd::Done));
    }),
    ("a run of another is queued", |c| {
        c.queued("proof", Origin::Person, ItemState::Pending);
    }),
    ("it is known as a job of another kind", |c| {
        ran(c, 600, false);
        c.record().state = opsfsm::machine::Machine::Watch.initial();
        c.seen((true, false), None);
    }),
];

#[test]
fn of_checks_and_what_they_wait_for() {
    let mut found = String::new();
    told(&mut found, ("disk", "idle"), IDLE);
    told(&mut found, ("later", "idle"), &[]);
    told(
        &mut found,
        ("proof", "queued"),
        &[
            ("the write that it verifies still runs", |c| {
                c.in_flight.insert(job("move"));
            }),
            ("another write still runs", |c| {
                c.in_flight.insert(job("copy"));
            }),
        ],
    );
    told(
        &mut found,
        ("proof", "running"),
        &[("the write that it verifies still runs, and its limit is known", |c| {
            c.in_flight.insert(job("move"));
            c.runs("proof", Purpose::Verify, (executing(20), Some(60_000)));
        })],
    );
    expect_file!["explain/checks.txt"].assert_eq(&found);
}

fn ran(case: &mut Case, seconds_ago: i64, attention: bool) {
    let (run, end) = (Some(RunId::new("r5")), End::Exited { code: 0 });
    case.record().last_run = Some(LastRun { at: ago(seconds_ago), run, end, attention });
}

/// The present is so many seconds later by the wall clock, and so many by that of the boot.
fn later(case: &mut Case, wall: i64, up: i64) {
    let Stamp { wall_ms, up_ms, .. } = ago(0);
    case.now.at = Stamp { wall_ms: wall_ms + wall * 1000, up_ms: up_ms + up * 1000, ..ago(0) };
}

/// The present, and when a tick last came.
const CLOCKS: &[Situation<'_>] = &[
    ("no tick ever came", |c| c.world.meta.last_tick = None),
    ("the last was three minutes ago", |c| later(c, 170, 170)),
    ("the last was a second more ago", |c| later(c, 171, 171)),
    ("ticks come every ten minutes, and the last was half an hour ago", |c| {
        c.world.meta.tick_gaps = vec![600_000; 5];
        later(c, 1790, 1790);
    }),
    ("it was a second more ago", |c| {
        c.world.meta.tick_gaps = vec![600_000; 5];
        later(c, 1791, 1791);
    }),
    ("the clocks disagree by a minute", |c| later(c, 60, 0)),
    ("they disagree by a second more", |c| later(c, 61, 0)),
    ("by a second more the other way", |c| later(c, 0, 61)),
    ("the clock was never set", |c| {
        c.now.at.wall_ms = limits::CLOCK_FLOOR_MS - 1;
        c.world.meta.last_tick = Some(c.now.at.clone());
    }),
    ("it shows the first moment that can be", |c| {
        c.now.at.wall_ms = limits::CLOCK_FLOOR_MS;
        c.world.meta.last_tick = Some(c.now.at.clone());
    }),
];

#[test]
fn of_the_clocks_and_the_ticks() {
    let mut found = String::new();
    told(&mut found, ("scan", "completed"), CLOCKS);
    let over: Situation<'_> = ("its quiet hours are over", |c| later(c, 2800, 2800));
    told(&mut found, ("night", "completed"), &[over]);
    expect_file!["explain/clocks.txt"].assert_eq(&found);
}
