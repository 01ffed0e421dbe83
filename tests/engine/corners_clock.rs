//! Corners of time: the last moment of a span and the first one after it. Each was found by changing
//! the program and seeing no test go red (docs/mutants.md).

use std::time::Duration;

use opsfsm::base::limits;
use opsfsm::decide::tick_period;
use opsfsm::journal::World;
use opsfsm::model::Purpose;
use opsfsm::ports::Clock as _;

use crate::support::{Scene, check, watch};

const MINUTE: Duration = Duration::from_mins(1);

fn every_minute() -> Scene {
    Scene::new(&check("c", "everySeconds = 60"))
}

fn runs(scene: &Scene) -> usize {
    scene.ran("c", Purpose::Check)
}

fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).expect("short")
}

#[test]
fn a_clock_is_believed_from_its_first_good_moment_on() {
    for (wall, wanted) in [(limits::CLOCK_FLOOR_MS - 1, 0), (limits::CLOCK_FLOOR_MS, 1)] {
        let scene = every_minute();
        scene.host.set_wall(wall);
        scene.tick();
        assert_eq!(runs(&scene), wanted, "{wall}");
    }
}

#[test]
fn clocks_that_part_by_no_more_than_the_limit_start_what_is_due() {
    for (more, wanted) in [(0, 2), (1, 1)] {
        let scene = every_minute();
        scene.tick();
        scene.told();
        scene.host.pass(MINUTE);
        let wall = scene.host.now().at.wall_ms;
        scene.host.set_wall(wall + ms(limits::CLOCK_DRIFT) + more);
        scene.tick();
        assert_eq!((runs(&scene), scene.told().len()), (wanted, wanted % 2), "{more}");
    }
}

#[test]
fn a_clock_that_was_never_set_is_told_at_once_and_then_by_the_hour() {
    let scene = every_minute();
    scene.host.set_wall(0);
    let mut told_at = Vec::new();
    for minute in 0..=130 {
        scene.tick();
        if !scene.told().is_empty() {
            told_at.push(minute);
        }
        scene.host.pass(MINUTE);
    }
    assert_eq!(told_at, [0, 60, 120]);
}

/// The last time between two ticks that the store keeps.
fn last_gap(scene: &Scene) -> u64 {
    *scene.world().meta.tick_gaps.last().expect("a gap")
}

#[test]
fn across_boots_a_wall_clock_that_was_never_set_says_nothing_of_a_gap() {
    let up = 1_000_u64 + 60_000;
    for (before, after) in [(0, 1_790_000_000_000), (1_790_000_000_000, 0)] {
        let scene = every_minute();
        scene.host.set_wall(before);
        scene.tick();
        scene.host.reboot();
        scene.host.pass(MINUTE);
        scene.host.set_wall(after);
        scene.tick();
        assert_eq!(last_gap(&scene), up, "{before} {after}");
    }
    let scene = every_minute();
    scene.host.set_wall(limits::CLOCK_FLOOR_MS);
    scene.tick();
    scene.host.reboot();
    scene.host.pass(MINUTE);
    scene.host.set_wall(limits::CLOCK_FLOOR_MS + 9_000_000);
    scene.tick();
    assert_eq!(last_gap(&scene), 9_000_000, "both were set");
    // Within a boot the wall clock is not asked.
    scene.host.pass(MINUTE);
    scene.host.set_wall(0);
    scene.tick();
    assert_eq!(last_gap(&scene), 60_000);
}

#[test]
fn a_gap_within_a_boot_is_no_boot() {
    for (boots, wanted) in [(false, false), (true, true)] {
        let scene = every_minute();
        for _ in 0..6 {
            scene.tick_after(60);
        }
        scene.told();
        if boots {
            scene.host.reboot();
        }
        scene.tick_after(3600);
        let told = scene.told().concat();
        assert!(!told.is_empty());
        assert_eq!(told.contains("the machine has booted meanwhile"), wanted, "{told}");
    }
}

#[test]
fn a_boot_that_can_not_be_told_is_not_told_as_one() {
    let scene = every_minute();
    for _ in 0..6 {
        scene.tick_after(60);
    }
    scene.told();
    scene.host.forget_boot();
    scene.tick_after(3600);
    let told = scene.told().concat();
    assert!(!told.is_empty() && !told.contains("booted"), "{told}");
}

#[test]
fn how_often_ticks_come_is_the_middle_of_the_last_times() {
    let mut world = World::default();
    assert_eq!(tick_period(&world), None);
    world.meta.tick_gaps = vec![70_000; limits::GAPS_LEAST - 1];
    assert_eq!(tick_period(&world), None);
    world.meta.tick_gaps = vec![90_000, 10_000, 60_000, 61_000, 59_000];
    assert_eq!(tick_period(&world), Some(MINUTE));
}

#[test]
fn time_that_passes_after_a_look_is_no_time_without_progress() {
    let scene = Scene::new(&watch("a", "stallSeconds = 600"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    for (before, within, state) in [(300, 400, "running"), (0, 0, "stalled")] {
        scene.host.pass(Duration::from_secs(before));
        scene.host.meanwhile(move |host| host.pass(Duration::from_secs(within)));
        scene.tick();
        assert_eq!(scene.state("a"), state, "{before} s without progress were seen");
    }
}

#[test]
fn what_was_seen_within_a_starts_grace_means_nothing_after_it_either() {
    let grace = "autoResume = true, autoResumeBackoffSeconds = 0, startGraceSeconds = 60";
    let scene = Scene::new(&watch("a", grace));
    scene.set("a", |j| j.start_is_idle = true);
    for (before, within, resumed) in [(0, 0, 1), (59, 2, 1), (0, 0, 2)] {
        scene.host.pass(Duration::from_secs(before));
        scene.host.meanwhile(move |host| host.pass(Duration::from_secs(within)));
        scene.tick();
        assert_eq!(scene.ran("a", Purpose::Resume), resumed, "{before} s after its start");
    }
}

#[test]
fn a_job_has_run_as_long_as_it_was_seen_to() {
    let policy = "autoResume = true, stallSeconds = 600";
    let scene = Scene::new(&watch("a", policy));
    scene.tick();
    for (before, within, attempts) in [(60, 0, 1), (300, 400, 1), (0, 0, 0)] {
        scene.set("a", |j| j.progress += 1);
        scene.host.pass(Duration::from_secs(before));
        scene.host.meanwhile(move |host| host.pass(Duration::from_secs(within)));
        scene.tick();
        assert_eq!(scene.record("a").attempts, attempts, "seen running for {before} s");
    }
}

#[test]
fn a_resume_has_rested_by_the_clock_of_its_decision_too() {
    let policy = "autoResume = true, autoResumeBackoffSeconds = 300, startGraceSeconds = 0";
    let scene = Scene::new(&watch("a", policy));
    scene.set("a", |j| j.start_is_idle = true);
    scene.tick();
    // Across boots only the wall clock knows how long that was, and it is put back while a tick looks.
    scene.host.pass(Duration::from_secs(4000));
    scene.host.reboot();
    scene.host.meanwhile(|host| host.set_wall(host.at().wall_ms - 86_400_000));
    scene.tick();
    assert_eq!(scene.ran("a", Purpose::Resume), 1);
    scene.tick_after(300);
    assert_eq!(scene.ran("a", Purpose::Resume), 2, "this boot has lasted that long");
}
