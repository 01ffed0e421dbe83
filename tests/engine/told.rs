//! What happened while nobody looked is told, whoever settles it.

use opsfsm::model::Purpose;

use crate::support::{Scene, check, job, watch};

/// A tick has claimed a check whose executor arrives only after the tick: it fails, and its end
/// waits to be settled.
fn check_that_failed_after_its_tick() -> Scene {
    let scene = Scene::new(&(check("c", "everySeconds = 3600") + &watch("a", "")));
    scene.set("c", |j| j.exit = 1);
    scene.host.executors_late.set(true);
    scene.tick();
    scene.host.executors_late.set(false);
    scene.host.executors_arrive();
    assert_eq!(scene.ran("c", Purpose::Check), 1);
    scene.told();
    scene
}

#[test]
fn a_failed_check_that_a_persons_start_settles_is_told_all_the_same() {
    let scene = check_that_failed_after_its_tick();
    drop(scene.host.start(&scene.compiled, &job("a")));
    scene.tick_after(60);
    let told = scene.told().concat();
    assert!(told.contains("(c)") || told.contains("🔴 c"), "the failure is lost: {told}");
}

#[test]
fn a_failed_check_that_a_persons_run_of_it_settles_is_told_all_the_same() {
    let scene = check_that_failed_after_its_tick();
    scene.set("c", |j| j.exit = 0);
    drop(scene.host.run(&scene.compiled, &job("c")));
    scene.tick_after(60);
    let told = scene.told().concat();
    assert!(told.contains("exit 1"), "the failure is lost: {told}");
}

#[test]
fn a_second_stop_counts_anew_even_while_the_status_is_broken() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.running = true);
    scene.tick();
    drop(scene.host.stop(&scene.compiled, &job("a")));
    scene.tick_after(60);
    // Somebody starts it by hand, and thinks better of it; its status can't be read just then, and
    // the stop command takes its time.
    scene.set("a", |j| (j.running, j.broken, j.exit) = (true, true, 1));
    drop(scene.host.stop(&scene.compiled, &job("a")));
    scene.set("a", |j| j.broken = false);
    scene.tick_after(60);
    assert_eq!(scene.state("a"), "paused", "a person's stop was undone");
}

#[test]
fn a_job_that_left_the_config_twice_is_told_twice() {
    let mut scene = Scene::new(&(watch("a", "") + &watch("b", "")));
    scene.set("a", |j| j.running = true);
    scene.tick();
    for time in 1..=2 {
        scene.edit(&watch("b", ""));
        scene.told();
        scene.tick_after(60);
        assert_eq!(scene.told().len(), 1, "time {time}");
        scene.edit(&(watch("a", "") + &watch("b", "")));
        scene.tick_after(60);
    }
}

#[test]
fn a_stall_is_news_to_whoever_heard_that_the_job_runs_and_has_left_the_config() {
    let mut scene = Scene::new(&(watch("a", "") + &watch("b", "")));
    scene.set("a", |j| (j.running, j.start_is_idle) = (true, true));
    scene.tick();
    scene.set("a", |j| j.running = false);
    scene.tick_after(60);
    assert_eq!(scene.state("a"), "stalled");
    scene.host.start(&scene.compiled, &job("a")).expect("a start");
    scene.edit(&watch("b", ""));
    scene.told();
    scene.tick_after(60);
    assert!(scene.told()[0].contains("running"));
    scene.edit(&(watch("a", "") + &watch("b", "")));
    scene.tick_after(60);
    assert_eq!((scene.state("a"), scene.told().len()), ("stalled", 1));
}

#[test]
fn an_alert_that_comes_back_beside_another_anomaly_is_told_at_once() {
    let scene = Scene::new(&watch("a", "stallSeconds = 60"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.tick_after(60);
    scene.set("a", |j| j.alert = true);
    scene.tick_after(60);
    scene.told();
    scene.set("a", |j| j.alert = false);
    scene.tick_after(60);
    assert_eq!(scene.told().len(), 0);
    scene.set("a", |j| j.alert = true);
    scene.tick_after(60);
    assert_eq!(scene.told().len(), 1, "a new alert waits for the old anomaly's interval");
}

#[test]
fn an_alert_that_says_something_else_is_told_at_once_and_another_number_is_not() {
    let scene = Scene::new(&watch("a", "reportEverySeconds = 3600"));
    let told_of = |message: &str| {
        scene
            .set("a", |j| (j.running, j.alert, j.message) = (true, true, Some(message.to_owned())));
        scene.tick_after(60);
        scene.told().concat().contains(message)
    };
    assert!(told_of("disk 95% full"));
    assert!(!told_of("disk 96% full"));
    assert!(!told_of("disk 1,100.5 % full"));
    assert!(told_of("database is down, data loss"), "held back for an hour");
    assert!(!told_of("database is down, data loss"));
    assert!(told_of("磁盘已满 95%"));
    assert!(!told_of("磁盘已满 96%"));
    assert!(told_of("网络中断 95%"));
}

#[test]
fn a_stop_that_says_something_else_is_told_at_once() {
    let scene = Scene::new(&watch("a", "reportEverySeconds = 3600"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.told();
    let told_of = |reason: &str| {
        scene.set("a", |j| (j.running, j.stop_reason) = (false, Some(reason.to_owned())));
        scene.tick_after(60);
        scene.told().concat().contains(reason)
    };
    assert!(told_of("retry 3 of 9"));
    assert!(!told_of("retry 4 of 9"));
    assert!(told_of("the source is gone"), "held back for an hour");
    scene.set("a", |j| j.broken = true);
    scene.tick_after(60);
    scene.tick_after(60);
    let told = scene.told().concat();
    scene.set("a", |j| j.broken = false);
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new(), "the same stop; before: {told}");
}

#[test]
fn a_status_is_an_anomaly_after_so_many_broken_ones_in_a_row() {
    let scene =
        Scene::new(&watch("a", "alertAfter = 3, reportEverySeconds = 60, onlyOnChange = false"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.told();
    let broken_for = |ticks: usize| {
        scene.set("a", |j| (j.broken, j.progress) = (true, j.progress + 1));
        for _ in 0..ticks {
            scene.tick_after(60);
        }
        scene.told()
    };
    assert_eq!(broken_for(2), Vec::<String>::new(), "a tick or two may miss it");
    scene.set("a", |j| j.broken = false);
    scene.tick_after(60);
    let told = scene.told().concat();
    assert!(!told.contains("recovered"), "nothing was told, so nothing is over: {told}");
    assert_eq!(broken_for(2), Vec::<String>::new(), "in a row: it counts anew");
    let told = broken_for(1).concat();
    assert!(told.contains("its status can't be read"), "{told}");
    assert_eq!(broken_for(5), Vec::<String>::new(), "told once");
    scene.set("a", |j| j.broken = false);
    scene.tick_after(60);
    assert!(scene.told().concat().contains("recovered"));
}

#[test]
fn a_status_that_may_yet_be_broken_ends_no_alert() {
    let scene = Scene::new(&watch("a", "alertAfter = 3"));
    scene.set("a", |j| (j.running, j.alert) = (true, true));
    scene.tick();
    assert!(scene.told().concat().contains("it calls for help"));
    scene.set("a", |j| j.broken = true);
    scene.tick_after(60);
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new(), "neither recovered nor broken");
    scene.set("a", |j| j.broken = false);
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new(), "the same alert");
    scene.set("a", |j| j.alert = false);
    scene.tick_after(60);
    assert!(scene.told().concat().contains("recovered"));
}

#[test]
fn more_patience_with_a_broken_status_mends_none() {
    let mut scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| (j.running, j.broken) = (true, true));
    scene.tick();
    assert!(scene.told().concat().contains("its status can't be read"));
    scene.edit(&watch("a", "alertAfter = 5"));
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new(), "it has not recovered");
    scene.set("a", |j| j.broken = false);
    scene.tick_after(60);
    assert!(scene.told().concat().contains("recovered"));
}

/// A check that ticks may not run is no less due at every tick: a person is not told as often.
#[test]
fn a_scheduled_check_that_may_not_run_is_not_told_at_every_tick() {
    let scene =
        Scene::new(&check("c", "everySeconds = 3600").replace("read_only", "write_external"));
    for _ in 0..59 {
        scene.tick_after(60);
    }
    assert_eq!(scene.told().len(), 1);
    scene.tick_after(120);
    assert_eq!(scene.told().len(), 1, "its time has come again");
}

/// A stop that was lost is told with the state of that moment; what comes of the job then is news.
#[test]
fn a_state_that_follows_a_told_one_is_told_too() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.running = true);
    scene.tick();
    // Its stop command never ran: who gave the order is gone.
    scene.host.store.borders().kill_after(1);
    assert!(scene.host.stop(&scene.compiled, &job("a")).is_err());
    let _ = scene.host.store.borders().hand_over();
    scene.host.next_process();
    drop(scene.host.start(&scene.compiled, &job("a")));
    scene.tick_after(60);
    let told = scene.told().concat();
    assert!(told.contains("state: paused") && told.contains("state: running, for"), "{told}");
}

#[test]
fn what_became_of_a_job_while_it_was_out_of_the_config_is_told() {
    let (whole, less) = (watch("a", "") + &watch("b", ""), watch("b", ""));
    let mut scene = Scene::new(&whole);
    scene.set("a", |j| j.completed = true);
    scene.tick();
    drop(scene.host.start(&scene.compiled, &job("a")));
    scene.edit(&less);
    scene.tick_after(60);
    assert!(scene.told().concat().contains("state: running"));
    scene.edit(&whole);
    scene.tick_after(60);
    assert!(scene.told().concat().contains("state: completed"), "people know that it runs");
}

/// A clock that is put back shows a moment twice: a schedule is kept all the same.
#[test]
fn a_moment_that_the_clock_shows_twice_is_two() {
    let scene = Scene::new(&check("c", "everySeconds = 60"));
    scene.tick();
    let at = opsfsm::ports::Clock::now(&scene.host).at.wall_ms;
    scene.host.reboot();
    scene.host.pass(std::time::Duration::from_mins(2));
    scene.host.set_wall(at);
    scene.tick();
    assert_eq!(scene.ran("c", Purpose::Check), 2);
}
