//! Corners of watched jobs and checks that no story comes to. Each was found by changing the program
//! and seeing no test go red (docs/mutants.md).

use std::time::Duration;

use opsfsm::base::limits;
use opsfsm::journal::{Broken, EventKind, Notes};
use opsfsm::model::{BrokenCause, Purpose};
use opsfsm::ports::Clock as _;

use crate::support::{Scene, check, job, watch};

const AT_ONCE: &str = "autoResume = true, autoResumeBackoffSeconds = 0, startGraceSeconds = 0";

fn notes(scene: &Scene, id: &str) -> Notes {
    scene.host.store.snapshot().world().notes[&job(id)].clone()
}

/// How many events of this kind the journal has.
fn events(scene: &Scene, kind: fn(&EventKind) -> bool) -> usize {
    let events = scene.host.store.snapshot().events();
    events.iter().filter(|event| kind(&event.kind)).count()
}

fn resets(scene: &Scene) -> usize {
    events(scene, |kind| matches!(kind, EventKind::AttemptsReset))
}

fn break_by(scene: &Scene, cause: Option<BrokenCause>) {
    scene.set("a", |j| (j.broken, j.broken_by) = (cause.is_some(), cause));
}

#[test]
fn how_far_a_job_came_is_noted_where_it_moved_and_nowhere_else() {
    let scene = Scene::new(&watch("a", ""));
    let figures = || -> Vec<u64> {
        notes(&scene, "a").trail.figures().map(|(_, figure)| figure.done).collect()
    };
    let begun = scene.host.now().at.wall_ms / 1000;
    for progress in [3, 3, 8] {
        scene.set("a", |j| (j.running, j.counted, j.progress) = (true, true, progress));
        scene.tick_after(60);
    }
    assert_eq!(figures(), [3, 8]);
    let at: Vec<i64> = notes(&scene, "a").trail.figures().map(|(at, _)| at - begun).collect();
    assert_eq!(at, [60, 180], "when a tick saw it first");
    // What gives no status, or no number, leaves it as it is; another run begins anew.
    break_by(&scene, Some(BrokenCause::TimedOut));
    scene.tick_after(60);
    break_by(&scene, None);
    scene.set("a", |j| j.counted = false);
    scene.tick_after(60);
    assert_eq!(figures(), [3, 8]);
    scene.set("a", |j| (j.counted, j.progress) = (true, 1));
    scene.tick_after(60);
    assert_eq!(figures(), [1]);
}

#[test]
fn a_status_file_that_was_never_written_is_no_fault_and_the_job_may_be_started() {
    let missing = Some(BrokenCause::FileMissing);
    let scene = Scene::new(&watch("a", "startGraceSeconds = 0"));
    break_by(&scene, missing);
    for _ in 0..3 {
        scene.tick_after(60);
        assert_eq!((scene.state("a"), notes(&scene, "a").broken), ("idle", None));
    }
    let scene = Scene::new(&watch("a", AT_ONCE));
    break_by(&scene, missing);
    scene.tick();
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::Resume)), ("resuming", 1));
    // No other fault is believed to be a job that does not run.
    let scene = Scene::new(&watch("a", AT_ONCE));
    break_by(&scene, Some(BrokenCause::TimedOut));
    scene.tick();
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::Resume)), ("idle", 0));
    assert!(notes(&scene, "a").broken.is_some());
}

#[test]
fn a_status_file_that_is_gone_says_nothing_of_a_job_that_was_seen() {
    for seen_running in [true, false] {
        let scene = Scene::new(&watch("a", "startGraceSeconds = 0"));
        scene.set("a", |j| (j.running, j.progress) = (seen_running, 7));
        scene.tick();
        let before = scene.state("a");
        break_by(&scene, Some(BrokenCause::FileMissing));
        scene.tick_after(60);
        assert_eq!(scene.state("a"), before);
        assert!(notes(&scene, "a").broken.is_some(), "{before}");
    }
}

#[test]
fn a_broken_status_is_counted_and_dated_by_its_cause() {
    let scene = Scene::new(&watch("a", ""));
    let broken = |cause, seconds| -> Broken {
        break_by(&scene, Some(cause));
        scene.tick_after(seconds);
        notes(&scene, "a").broken.expect("it is broken")
    };
    let first = broken(BrokenCause::TimedOut, 60);
    let again = broken(BrokenCause::TimedOut, 60);
    assert_eq!((first.times, again.times, &again.since), (1, 2, &first.since));
    let other = broken(BrokenCause::Malformed, 60);
    assert_eq!((other.times, other.since.wall_ms - first.since.wall_ms), (3, 120_000));
    break_by(&scene, None);
    scene.tick_after(60);
    assert_eq!(notes(&scene, "a").broken, None);
}

#[test]
fn what_follows_a_failure_follows_a_job_that_is_given_up() {
    let policy = format!("{AT_ONCE}, maxResumes = 1");
    let mut links = watch("a", &policy);
    links += "after = [{ jobId = \"bad\", when = \"failure\" }, { jobId = \"good\" }]\n";
    let scene = Scene::new(&(links + &check("bad", "") + &check("good", "")));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| (j.running, j.start_is_idle) = (false, true));
    for _ in 0..6 {
        scene.tick_after(600);
    }
    assert_eq!(scene.state("a"), "failed");
    let ran = |id| scene.ran(id, Purpose::Check);
    assert_eq!((ran("bad"), ran("good")), (1, 0));
}

#[test]
fn resumes_are_forgotten_after_the_whole_time_and_once() {
    let scene = Scene::new(&watch("a", &format!("{AT_ONCE}, stallSeconds = 600")));
    scene.set("a", |j| (j.running, j.keyless) = (true, true));
    for _ in 0..30 {
        scene.tick_after(60);
    }
    assert_eq!(resets(&scene), 0, "there is nothing to forget");
    scene.set("a", |j| j.running = false);
    scene.tick_after(60);
    assert_eq!(scene.record("a").attempts, 1);
    // Seen running from here on.
    scene.tick_after(60);
    scene.tick_after(599);
    assert_eq!((scene.state("a"), scene.record("a").attempts), ("running", 1));
    scene.tick_after(1);
    assert_eq!((scene.state("a"), scene.record("a").attempts), ("running", 0));
    for _ in 0..30 {
        scene.tick_after(60);
    }
    assert_eq!(resets(&scene), 1);
}

#[test]
fn a_job_that_hung_and_then_stopped_is_stopped_and_that_is_recorded_once() {
    let scene = Scene::new(&watch("a", "stallSeconds = 60, startGraceSeconds = 0"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.tick_after(60);
    assert_eq!((scene.state("a"), scene.cause("a")), ("stalled", "no_progress"));
    scene.set("a", |j| j.running = false);
    for _ in 0..5 {
        scene.tick_after(60);
        assert_eq!((scene.state("a"), scene.cause("a")), ("stalled", "stopped"));
    }
    assert_eq!(events(&scene, |kind| matches!(kind, EventKind::CauseChanged { .. })), 1);
}

#[test]
fn a_job_whose_stop_is_under_way_is_not_resumed_beside_it() {
    let policy = format!("{AT_ONCE}, stallSeconds = 60, onStall = \"restart\"");
    let scene = Scene::new(&watch("a", &policy));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.host.executors_late.set(true);
    scene.tick_after(60);
    assert_eq!(scene.host.on_their_way.borrow().len(), 1, "a stop is on its way");
    scene.set("a", |j| j.running = false);
    scene.tick_after(60);
    assert_eq!((scene.state("a"), scene.host.on_their_way.borrow().len()), ("stalled", 1));
    scene.host.executors_late.set(false);
    scene.host.executors_arrive();
    scene.tick_after(60);
    scene.tick_after(60);
    assert_eq!((scene.ran("a", Purpose::RestartStop), scene.ran("a", Purpose::Resume)), (1, 1));
}

#[test]
fn a_hung_job_is_stopped_when_both_its_rests_are_over() {
    let policy = "autoResume = true, autoResumeBackoffSeconds = 1000, startGraceSeconds = 0, \
                  stallSeconds = 60, onStall = \"restart\"";
    let scene = Scene::new(&watch("a", policy));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.tick_after(60);
    let stops = || scene.ran("a", Purpose::RestartStop);
    // Never started by opsfsm, never stopped by it: there is nothing to wait for.
    assert_eq!((scene.state("a"), stops()), ("stalled", 1));
    // The stop did not help.
    scene.set("a", |j| j.running = true);
    scene.tick_after(999);
    assert_eq!(stops(), 1, "too early for another");
    scene.set("a", |j| j.running = true);
    scene.tick_after(1);
    assert_eq!(stops(), 2);
}

#[test]
fn a_tick_launches_so_many_and_the_rest_later() {
    let most = limits::LAUNCHES_PER_TICK;
    let ids: Vec<String> = (0..most + 2).map(|n| format!("c{n:03}")).collect();
    let scene =
        Scene::new(&ids.iter().map(|id| check(id, "everySeconds = 86400")).collect::<String>());
    scene.tick();
    let all = || scene.host.ran.borrow().len();
    assert_eq!(all(), most);
    scene.tick_after(60);
    assert_eq!(all(), most + 2);
}

#[test]
fn a_check_runs_in_the_sandbox_that_its_config_asks_for() {
    for (sandbox, wanted) in
        [("", false), ("sandbox = \"off\"", false), ("sandbox = \"read_only\"", true)]
    {
        let scene = Scene::new(
            &(check("c", &format!("everySeconds = 60\n{sandbox}")) + &watch("a", AT_ONCE)),
        );
        scene.tick();
        let ran = scene.host.ran.borrow();
        let boxed = |id| ran.iter().find(|spec| spec.job == job(id)).expect("a run").sandboxed;
        assert_eq!((boxed("c"), boxed("a")), (wanted, false), "{sandbox}");
    }
}

#[test]
fn a_paused_job_runs_on_only_if_it_was_seen_to() {
    for running in [true, false] {
        let scene = Scene::new(&watch("a", "alertAfter = 9, startGraceSeconds = 0"));
        scene.set("a", |j| j.running = true);
        scene.tick();
        scene.set("a", |j| j.running = running);
        scene.tick_after(60);
        scene.host.stop(&scene.compiled, &job("a")).expect("a stop");
        scene.set("a", |j| j.running = running);
        scene.told();
        // Not yet an anomaly of its own, and no news of the job.
        break_by(&scene, Some(BrokenCause::TimedOut));
        scene.tick_after(limits::STOPPING.as_secs());
        let told = scene.told().concat();
        assert_eq!(told.contains("it still runs"), running, "{told}");
    }
}

#[test]
fn a_clock_in_doubt_stops_no_job_that_hangs() {
    let policy = format!("{AT_ONCE}, stallSeconds = 60, onStall = \"restart\"");
    let scene = Scene::new(&watch("a", &policy));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.host.pass(Duration::from_mins(1));
    let wall = scene.host.now().at.wall_ms;
    scene.host.set_wall(wall + 300_000);
    scene.tick();
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::RestartStop)), ("stalled", 0));
    scene.tick_after(60);
    assert_eq!(scene.ran("a", Purpose::RestartStop), 1);
}
