//! What is taken over of ops-monitor v1's state file, in situations that differ in one thing.

use std::collections::BTreeSet;

use expect_test::expect;
use opsfsm::base::{BootId, LocalTime, Now, Stamp};
use opsfsm::compile::Compiled;
use opsfsm::config::Format;
use opsfsm::decide::{Decision, Facts, V1State, begin_store};
use opsfsm::journal::{EventKind, World};
use opsfsm::model::ProcessId;
use opsfsm::sim::compile_text;
use serde_json::{Value, json};

use crate::support::{check, job, watch};

const NOW_MS: i64 = 1_790_000_000_000;
const CONFIG: &str = "/etc/ops.toml";

fn compiled() -> Compiled {
    let write = "[[jobs]]\nid = \"prune\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
         enabled = true\ncommands = { run = [\"/w\"] }\nafter = [{ jobId = \"disk\" }]\n";
    let config = [watch("scan", ""), check("disk", ""), write.to_owned()].concat();
    compile_text(&format!("version = 1\n{config}"), Format::Toml).expect("a sound config")
}

/// Unix seconds, as v1 has them: so long ago, and a quarter of a second less.
fn ago(seconds: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "v1's times are floats")]
    let at = (NOW_MS / 1000 - seconds) as f64 + 0.25;
    json!(at)
}

fn taken_into(world: World, state: &Value) -> (Decision, usize) {
    let at = Stamp { wall_ms: NOW_MS, awake_ms: 5000, up_ms: 5000, boot: BootId::new("b") };
    let now = Now { at, local: LocalTime::UTC };
    let claimer = ProcessId { pid: 8, start_ticks: 1, boot: BootId::new("b") };
    let (dead, in_flight) = (BTreeSet::new(), BTreeSet::new());
    let facts = Facts { now: &now, seed: [7; 32], claimer, dead, in_flight };
    let old = V1State::parse(state.to_string().as_bytes()).expect("a state file");
    let import = ("/old.json".to_owned(), old);
    begin_store(&compiled(), world, Some(&import), CONFIG, &facts).expect("taken over")
}

fn taken(state: &Value) -> (Decision, usize) {
    taken_into(World::default(), state)
}

/// Every moment as seconds before the present; what is of every record is left out.
fn short(value: &Value) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    if let Some(wall) = object.get("wall") {
        assert_eq!(object["boot"], json!(""), "v1's moments are known by the wall clock alone");
        return json!(format!("-{} ms", NOW_MS - wall.as_i64().expect("a time")));
    }
    let told = object.iter().filter(|(key, _)| !["since", "touched"].contains(&key.as_str()));
    told.map(|(key, value)| (key.clone(), short(value))).collect()
}

/// What a job of v1's comes to: its record and its notes.
fn becomes(id: &str, old: &Value) -> String {
    let (decision, count) = taken(&json!({"jobs": {id: old}}));
    let world = decision.change.world;
    if count == 0 {
        assert!(!world.notes.contains_key(&job(id)));
        return "nothing is taken over".to_owned();
    }
    let record = json!(world.snapshot.jobs[&job(id)]);
    let notes = json!(world.notes.get(&job(id)));
    format!("{}\n    {}", short(&record), short(&notes))
}

fn seen(running: bool, completed: bool) -> Value {
    json!({"running": running, "completed": completed})
}

/// A table of situations, each with what it comes to.
fn table(id: &str, situations: &[(&str, Value)]) -> String {
    let line = |(what, old): &(&str, Value)| format!("* {what}\n    {}\n", becomes(id, old));
    situations.iter().map(line).collect()
}

#[test]
fn how_a_watched_job_stands() {
    let told = table(
        "scan",
        &[
            ("v1 never saw it", json!({"lastReportAt": ago(60)})),
            ("it runs", json!({"lastSeen": seen(true, false)})),
            ("it has completed", json!({"lastSeen": seen(false, true)})),
            ("it has stopped", json!({"lastSeen": seen(false, false)})),
            (
                "it has stopped and says why",
                json!({"lastSeen":
                {"running": false, "completed": false, "stopReason": " full\u{1b}[2J disk "}}),
            ),
            (
                "it has stopped and says nothing",
                json!({"lastSeen":
                {"running": false, "completed": false, "stopReason": " "}}),
            ),
            (
                "it was started by both",
                json!({"lastSeen": seen(true, false),
                "lastAutoResumeAt": ago(300), "lastManualStartAt": ago(200)}),
            ),
            (
                "a tick started it last",
                json!({"lastSeen": seen(true, false),
                "lastAutoResumeAt": ago(100), "lastManualStartAt": ago(200)}),
            ),
            (
                "a run of it is known, as of a check",
                json!({"lastSeen": seen(true, false),
                "lastRunAt": ago(50), "lastRun": {"exitCode": 3}}),
            ),
        ],
    );
    expect![[r#"
        * v1 never saw it
            nothing is taken over
        * it runs
            {"attempts":0,"state":{"watch":"running"}}
            {"seen":{"running":true}}
        * it has completed
            {"attempts":0,"state":{"watch":"completed"}}
            {"seen":{"completed":true},"stoppedSinceStop":true}
        * it has stopped
            {"attempts":0,"cause":{"kind":"stopped"},"state":{"watch":"stalled"}}
            {"seen":{},"stoppedSinceStop":true}
        * it has stopped and says why
            {"attempts":0,"cause":{"detail":"full[2J disk","kind":"stopped"},"state":{"watch":"stalled"}}
            {"seen":{},"stoppedSinceStop":true}
        * it has stopped and says nothing
            {"attempts":0,"cause":{"kind":"stopped"},"state":{"watch":"stalled"}}
            {"seen":{},"stoppedSinceStop":true}
        * it was started by both
            {"attempts":0,"last_start":"-199750 ms","state":{"watch":"running"}}
            {"seen":{"running":true}}
        * a tick started it last
            {"attempts":0,"last_start":"-99750 ms","state":{"watch":"running"}}
            {"seen":{"running":true}}
        * a run of it is known, as of a check
            {"attempts":0,"last_run":{"at":"-49750 ms","attention":false,"end":{"code":3,"how":"exited"}},"state":{"watch":"running"}}
            {"seen":{"running":true}}
    "#]].assert_eq(&told);
}

#[test]
fn whether_a_person_had_stopped_it() {
    let stopped = |running: bool, stop: i64, start: Option<i64>, progress: Option<i64>| {
        let mut old = json!({"lastSeen": seen(running, false), "lastStopAt": ago(stop)});
        old["lastManualStartAt"] = start.map_or(Value::Null, ago);
        old["lastProgressAt"] = progress.map_or(Value::Null, ago);
        let (decision, _) = taken(&json!({"jobs": {"scan": old}}));
        decision.change.world.snapshot.jobs[&job("scan")].state.as_str()
    };
    // Stopped so long ago; started, and moved, so long ago.
    for (running, stop, start, progress, state) in [
        (false, 100, None, None, "paused"),
        (false, 100, Some(200), None, "paused"),
        (false, 100, Some(50), None, "stalled"),
        (false, 100, Some(100), None, "stalled"),
        (false, 100, Some(200), Some(50), "paused"),
        (true, 100, None, None, "paused"),
        (true, 100, Some(200), Some(150), "paused"),
        (true, 100, Some(200), Some(50), "running"),
        (true, 100, Some(200), Some(100), "running"),
        (true, 100, Some(50), Some(150), "running"),
    ] {
        let found = stopped(running, stop, start, progress);
        assert_eq!(found, state, "{running} {stop} {start:?} {progress:?}");
    }
}

#[test]
fn what_was_told_of_it() {
    let told = table(
        "scan",
        &[
            (
                "that it runs, and how far",
                json!({"lastSeen": {"running": true, "completed": false,
                "progressKey": "n=5"}, "lastReportAt": ago(60), "lastProgressKey": "n=4"}),
            ),
            (
                "that it runs; its key is noted apart",
                json!({"lastSeen": seen(true, false), "lastReportAt": ago(60), "lastProgressKey": "n=4"}),
            ),
            (
                "that it has completed",
                json!({"lastSeen": seen(false, true),
                "lastReportAt": ago(60), "reportedCompleted": true}),
            ),
            (
                "not yet that it has completed",
                json!({"lastSeen": seen(false, true),
                "lastReportAt": ago(60), "reportedCompleted": false}),
            ),
            (
                "that it has stopped",
                json!({"lastSeen": seen(false, false), "lastReportAt": ago(60),
                "lastAnomalyKey": "paused:gone", "lastAnomalyReportAt": ago(90)}),
            ),
            (
                "that it had stopped, and it runs again",
                json!({"lastSeen": seen(true, false),
                "lastAnomalyKey": "paused:gone", "lastAnomalyReportAt": ago(90)}),
            ),
        ],
    );
    expect![[r#"
        * that it runs, and how far
            {"attempts":0,"state":{"watch":"running"}}
            {"seen":{"progressKey":"n=5","running":true},"told":{"at":"-59750 ms","progressKey":"n=5","state":{"watch":"running"}}}
        * that it runs; its key is noted apart
            {"attempts":0,"state":{"watch":"running"}}
            {"seen":{"progressKey":"n=4","running":true},"told":{"at":"-59750 ms","progressKey":"n=4","state":{"watch":"running"}}}
        * that it has completed
            {"attempts":0,"state":{"watch":"completed"}}
            {"seen":{"completed":true},"stoppedSinceStop":true,"told":{"at":"-59750 ms","state":{"watch":"completed"}}}
        * not yet that it has completed
            {"attempts":0,"state":{"watch":"completed"}}
            {"seen":{"completed":true},"stoppedSinceStop":true,"told":{"at":"-59750 ms"}}
        * that it has stopped
            {"attempts":0,"cause":{"kind":"stopped"},"state":{"watch":"stalled"}}
            {"seen":{},"stoppedSinceStop":true,"told":{"anomaly":"stopped","anomalyAt":"-89750 ms","at":"-59750 ms","state":{"watch":"stalled"}}}
        * that it had stopped, and it runs again
            {"attempts":0,"state":{"watch":"running"}}
            {"seen":{"running":true}}
    "#]].assert_eq(&told);
}

#[test]
fn how_checks_and_writes_ended() {
    let told = table(
        "disk",
        &[
            ("it never ran", json!({})),
            ("it exited 3", json!({"lastRunAt": ago(50), "lastRun": {"exitCode": 3}})),
            ("it exited 3, nobody knows when", json!({"lastRun": {"exitCode": 3}})),
            ("it ran, nobody knows how", json!({"lastRunAt": ago(50)})),
            (
                "it ran and was seen, as a watched job",
                json!({"lastRunAt": ago(50),
                "lastRun": {"exitCode": 0}, "lastSeen": seen(true, false)}),
            ),
        ],
    );
    expect![[r#"
        * it never ran
            nothing is taken over
        * it exited 3
            {"attempts":0,"last_run":{"at":"-49750 ms","attention":false,"end":{"code":3,"how":"exited"}},"state":{"check":"idle"}}
            null
        * it exited 3, nobody knows when
            nothing is taken over
        * it ran, nobody knows how
            nothing is taken over
        * it ran and was seen, as a watched job
            {"attempts":0,"last_run":{"at":"-49750 ms","attention":false,"end":{"code":0,"how":"exited"}},"state":{"check":"idle"}}
            null
    "#]].assert_eq(&told);
    let ran = json!({"lastRunAt": ago(50), "lastRun": {"exitCode": 0}});
    assert_eq!(becomes("prune", &ran), "nothing is taken over", "v1's writes were none of these");
}

#[test]
fn a_time_that_can_be_none_is_none() {
    let told = |at: Value| {
        let old = json!({"lastSeen": seen(true, false), "lastReportAt": at});
        let (decision, _) = taken(&json!({"jobs": {"scan": old}}));
        decision.change.world.notes[&job("scan")].told.at.as_ref().map(|at| at.wall_ms)
    };
    for (at, ms) in [
        (json!(0), Some(0)),
        (json!(1.5), Some(1500)),
        (json!(99_999_999_999.0), Some(99_999_999_999_000)),
        (json!(1e11), None),
        (json!(-1), None),
        (json!("soon"), None),
    ] {
        assert_eq!(told(at.clone()), ms, "{at}");
    }
}

#[test]
fn how_many_jobs_it_brought_and_which_config_it_belongs_to_is_recorded() {
    let jobs = json!({"jobs": {" scan ": {"lastSeen": seen(true, false)}, "ghost": {"lastSeen": seen(true, false)},
        "disk": {"lastRunAt": ago(50), "lastRun": {"exitCode": 0}}, "prune": {}},
        "lastConfigErrorAt": ago(600)});
    let recorded = |decision: &Decision| -> Vec<String> {
        let told = decision.change.events.iter().filter_map(|event| {
            if let EventKind::Imported { path, jobs } = &event.kind {
                Some(format!("{jobs} of {path}"))
            } else if let EventKind::ConfigAdopted { path } = &event.kind {
                Some(path.clone())
            } else {
                None
            }
        });
        told.collect()
    };
    let (decision, count) = taken(&jobs);
    assert_eq!(
        (count, recorded(&decision)),
        (2, vec!["2 of /old.json".to_owned(), CONFIG.to_owned()])
    );
    let alert = decision.change.world.meta.config_alert.expect("when it was told");
    assert_eq!(alert.wall_ms, NOW_MS - 599_750);
    let mut bound = World::default();
    bound.snapshot.config_path = Some(CONFIG.to_owned());
    let (decision, _) = taken_into(bound, &json!({}));
    assert_eq!(recorded(&decision), ["0 of /old.json"], "it belongs to it already");
}

#[test]
fn what_waits_in_its_queue_waits_on() {
    let item = |id: &str, at: Value, status: &str| json!({"id": format!("of {id}"), "jobId": id, "notBefore": at, "reason": "by hand", "status": status});
    let queue = json!([
        item("disk", ago(-100), "pending"),
        item("scan", ago(100), "pending"),
        item("prune", ago(100), "pending"),
        item("ghost", ago(100), "pending"),
        item("disk", ago(100), "done"),
        item("disk", ago(100), "running"),
    ]);
    let (decision, count) = taken(&json!({"queue": queue}));
    assert_eq!(count, 0);
    let snapshot = decision.change.world.snapshot;
    let mut told: Vec<String> = snapshot
        .queue
        .values()
        .map(|item| {
            format!("{} in {} ms: {:?} {:?}\n", item.job, item.delay_ms, item.state, item.origin)
        })
        .collect();
    told.sort();
    told.extend(snapshot.requests.iter().map(|(id, asked)| format!("{id}: {:?}\n", asked.origin)));
    expect![[r#"
        disk in 100250 ms: Pending Import { id: "of disk", reason: "by hand" }
        scan in 0 ms: Pending Import { id: "of scan", reason: "by hand" }
        prune: Import { id: "of prune", reason: "by hand" }
    "#]]
    .assert_eq(&told.concat());
}

#[test]
fn what_is_no_state_file_of_v1_is_said_to_be_none() {
    for (text, why) in [
        ("", "EOF"),
        ("[]", "expected a map"),
        ("{\"version\": 2}", "its version is 2, and only 1 is known"),
        ("{\"queue\": {}}", "expected a sequence"),
    ] {
        let error = V1State::parse(text.as_bytes()).expect_err(text);
        assert!(error.contains(why), "{text}: {error}");
    }
    for text in ["{}", "{\"version\": 1}", "{\"version\": \"one\"}"] {
        assert!(V1State::parse(text.as_bytes()).is_ok(), "{text}");
    }
}
