//! What waits for a person is told again once a day; a tick that comes late says so once.

use std::time::Duration;

use opsfsm::base::limits;

use crate::support::{Scene, check, job, watch};

const WRITE: &str = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
    enabled = true\ncwd = \"/d\"\ncommands = { run = [\"/w\"] }\nafter = [{ jobId = \"v\" }]\n\
    policy = { reportEverySeconds = 60 }\n";

fn scene() -> Scene {
    let scene = Scene::new(&(WRITE.to_owned() + &check("v", "")));
    scene.host.begin_store();
    scene.tick();
    scene.told();
    scene
}

/// Ticks once an hour for so long; in which of those hours was something told that has these words?
fn hours_with(scene: &Scene, words: &str, hours: u32) -> Vec<u32> {
    let mut told = Vec::new();
    for hour in 1..=hours {
        scene.tick_after(3600);
        let texts = scene.told();
        assert!(texts.iter().all(|text| text.contains(words)), "nothing else: {texts:?}");
        assert!(texts.len() <= 1, "{texts:?}");
        told.extend(texts.iter().map(|_| hour));
    }
    told
}

fn run_write(scene: &Scene) {
    let (host, compiled) = (&scene.host, &scene.compiled);
    host.approve(compiled, &job("w"), limits::GRANT_LIFE).expect("a store").expect("approved");
    host.run_write(compiled, &job("w")).expect("a store").expect("claimed").expect("begun");
}

#[test]
fn an_unverified_write_is_an_alarm_once_a_day_until_somebody_takes_note() {
    let scene = scene();
    scene.set("v", |j| j.exit = 1);
    run_write(&scene);
    scene.tick_after(60);
    assert!(scene.told().concat().contains("the write is not verified"));
    assert_eq!(hours_with(&scene, "the write is not verified", 75), [24, 48, 72]);
    // Nobody's orders make it more.
    for _ in 0..5 {
        drop(scene.host.run(&scene.compiled, &job("v")));
        scene.tick_after(60);
    }
    assert_eq!(scene.told(), Vec::<String>::new());
    scene.host.acknowledge(&scene.compiled, &job("w")).expect("a store").expect("noted");
    assert_eq!(hours_with(&scene, "", 75), Vec::<u32>::new());
}

/// Seed 22112 of the random lives.
#[test]
fn the_same_end_of_another_run_is_told_too_though_no_tick_came_between() {
    for (exit, words) in [(1, "the write failed"), (0, "state: verified")] {
        let scene = scene();
        scene.set("w", |j| j.exit = exit);
        run_write(&scene);
        scene.tick_after(60);
        assert!(scene.told().concat().contains(words));
        // Approved anew and run again, and over before anybody looked.
        run_write(&scene);
        scene.tick_after(60);
        assert!(scene.told().concat().contains(words), "{words}: the second time is lost");
        scene.tick_after(60);
        assert_eq!(scene.told(), Vec::<String>::new());
    }
}

#[test]
fn an_unknown_write_is_an_alarm_once_a_day() {
    let scene = scene();
    scene.set("w", |j| (j.killed, j.leaves_running) = (true, true));
    run_write(&scene);
    scene.tick_after(60);
    let words = "nobody can prove how the write ended";
    assert!(scene.told().concat().contains(words));
    assert_eq!(scene.state("w"), "unknown", "something of it still runs, so nothing verifies it");
    assert_eq!(hours_with(&scene, words, 50), [24, 48]);
}

#[test]
fn a_laptop_that_sleeps_is_reminded_by_the_day_too() {
    let scene = scene();
    scene.host.request(&scene.compiled, &job("w")).expect("a store").expect("asked");
    scene.tick_after(60);
    scene.told();
    scene.host.suspend(Duration::from_hours(24));
    scene.tick_after(60);
    assert!(scene.told().concat().contains("a write is requested"));
    scene.set("v", |j| j.exit = 1);
    run_write(&scene);
    scene.tick_after(60);
    scene.told();
    scene.host.suspend(Duration::from_hours(24));
    scene.tick_after(60);
    assert!(scene.told().concat().contains("the write is not verified"));
}

#[test]
fn a_request_is_repeated_once_a_day_until_it_is_answered() {
    let scene = scene();
    let ask = || scene.host.request(&scene.compiled, &job("w")).expect("a store").expect("asked");
    ask();
    scene.tick_after(60);
    let words = "a write is requested";
    let told = scene.told().concat();
    assert!(told.contains(words) && told.contains("opsfsm approve w"), "{told}");
    assert_eq!(hours_with(&scene, words, 50), [24, 48]);
    // Asked for again, which is no new request, and then for another plan, which is one.
    ask();
    assert_eq!(hours_with(&scene, words, 10), Vec::<u32>::new());
    scene.host.files.edit("/w", 1);
    ask();
    scene.tick_after(60);
    assert_eq!(scene.told().len(), 1);
    assert_eq!(hours_with(&scene, words, 30), [24], "a day after that");
    scene.host.deny(&scene.compiled, &job("w")).expect("a store").expect("denied");
    assert_eq!(hours_with(&scene, "", 50), Vec::<u32>::new());
}

#[test]
fn a_request_is_repeated_with_its_plan_after_a_reboot() {
    let scene = scene();
    scene.host.request(&scene.compiled, &job("w")).expect("a store").expect("asked");
    scene.tick_after(60);
    let told = scene.told().concat();
    let plan = told.lines().find(|line| line.contains("plan: ")).expect("a plan").to_owned();
    scene.host.pass(Duration::from_hours(23));
    scene.host.reboot();
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new());
    scene.tick_after(3600);
    let told = scene.told().concat();
    assert!(told.contains("a write is requested") && told.contains(&plan), "{told}");
}

/// A scene whose ticks came once a minute, and said nothing.
fn minutely() -> Scene {
    let scene = Scene::new(&watch("a", "reportEverySeconds = 10000000, stallSeconds = 10000000"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.told();
    for _ in 0..20 {
        scene.tick_after(60);
    }
    assert_eq!(scene.told(), Vec::<String>::new());
    scene
}

const GAP: &str = "nothing was watched for 4h 1m: no tick did its work, and one comes every 1m";

#[test]
fn a_tick_after_a_long_gap_says_so_once() {
    let scene = minutely();
    for time in 1..=2 {
        scene.tick_after(4 * 3600 + 60);
        let told = scene.told();
        assert_eq!(told.len(), 1, "time {time}");
        assert!(told[0].contains(&format!("⚠ {GAP}\n\n#")), "{}", told[0]);
        for _ in 0..20 {
            scene.tick_after(60);
        }
        assert_eq!(scene.told(), Vec::<String>::new());
    }
}

#[test]
fn a_gap_is_a_gap_whether_the_machine_slept_was_off_or_cron_was() {
    let scene = minutely();
    scene.host.suspend(Duration::from_hours(4));
    scene.tick_after(60);
    let told = scene.told().concat();
    assert!(told.contains(&format!("{GAP}; the machine slept for 4h of it\n\n#")), "{told}");
    let scene = minutely();
    scene.host.pass(Duration::from_mins(239));
    scene.host.reboot();
    scene.set("a", |j| j.running = true);
    scene.tick_after(90);
    let told = scene.told().concat();
    assert!(told.contains(&format!("{GAP}; the machine has booted meanwhile\n\n#")), "{told}");
}

#[test]
fn a_gap_that_could_not_be_told_is_kept_with_its_report() {
    let scene = minutely();
    scene.host.unreachable.set(true);
    scene.tick_after(4 * 3600 + 60);
    scene.host.unreachable.set(false);
    for _ in 0..10 {
        scene.tick_after(60);
    }
    let told = scene.told();
    assert_eq!(told.iter().filter(|text| text.contains(GAP)).count(), 1, "{told:?}");
}

#[test]
fn what_is_no_gap_is_not_told_as_one() {
    // Cron is late now and then, and a tick may take its time.
    let scene = minutely();
    for seconds in [60, 170, 5, 180, 60, 100, 1, 1, 1, 179] {
        scene.tick_after(seconds);
    }
    assert_eq!(scene.told(), Vec::<String>::new(), "late");
    // A timer of every ten seconds, of which a slow tick leaves out a few.
    for seconds in [10; 20].into_iter().chain([55, 10, 179]) {
        scene.tick_after(seconds);
    }
    assert_eq!(scene.told(), Vec::<String>::new(), "slow");
    // The wall clock is set.
    scene.host.set_wall(1_790_000_000_000 + 40 * 86_400_000);
    scene.tick_after(60);
    let told = scene.told().concat();
    assert!(told.contains("disagree") && !told.contains("nothing was watched"), "{told}");
    // A person ticks by hand, many times, under a cron of every ten minutes.
    let scene = Scene::new(&watch("a", "stallSeconds = 10000000, reportWhileRunning = false"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.told();
    for _ in 0..5 {
        scene.tick_after(600);
    }
    for _ in 0..50 {
        scene.tick_after(2);
    }
    scene.tick_after(600);
    assert_eq!(scene.told(), Vec::<String>::new(), "by hand");
}

#[test]
fn two_ticks_say_nothing_of_how_often_they_come() {
    let scene = Scene::new(&watch("a", "reportWhileRunning = false, stallSeconds = 10000000"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.tick_after(60);
    scene.tick_after(60);
    scene.told();
    scene.tick_after(86_400);
    assert_eq!(scene.told(), Vec::<String>::new());
}

#[test]
fn whoever_ticks_less_often_from_now_on_hears_of_it_once() {
    let scene = minutely();
    for _ in 0..50 {
        scene.tick_after(600);
    }
    let told = scene.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("nothing was watched for 10m"), "{told:?}");
    scene.tick_after(3600);
    let told = scene.told().concat();
    assert!(told.contains("for 1h: no tick did its work, and one comes every 10m"), "{told}");
}
