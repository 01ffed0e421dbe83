//! `run --report`, for checks that cron runs: the attention rules, and nothing lost on the way.

use opsfsm::ports::StoreError;

use crate::support::{Scene, check, job};

/// From a quarter past two in the afternoon, two minutes after a scene begins, to four.
const QUIET: &str = "policy = { quietHours = { start = \"14:15\", end = \"16:00\" } }";

fn run(scene: &Scene, after: u64) -> Vec<String> {
    scene.host.pass(std::time::Duration::from_secs(after));
    scene.host.run_and_report(&scene.compiled, &job("c")).expect("a store").expect("a check");
    scene.told()
}

#[test]
fn a_complaint_is_repeated_no_oftener_than_an_anomaly() {
    let scene = Scene::new(&check("c", "policy = { reportEverySeconds = 1800 }"));
    assert_eq!(run(&scene, 0), Vec::<String>::new());
    scene.set("c", |j| j.exit = 3);
    let told: Vec<usize> = (0..8).map(|_| run(&scene, 600).len()).collect();
    assert_eq!(told, [1, 0, 0, 1, 0, 0, 1, 0], "every half hour");
    scene.set("c", |j| (j.exit, j.attention) = (0, true));
    assert!(run(&scene, 60).concat().contains("asks for attention"), "another complaint");
    scene.set("c", |j| j.attention = false);
    assert!(run(&scene, 60).concat().contains("recovered"));
    assert_eq!(run(&scene, 60), Vec::<String>::new());
}

#[test]
fn without_any_tick_a_recovery_in_quiet_hours_is_told_by_the_first_run_after_them() {
    let scene = Scene::new(&check("c", QUIET));
    scene.set("c", |j| j.exit = 1);
    assert_eq!(run(&scene, 180).len(), 1, "trouble is told in quiet hours");
    scene.set("c", |j| j.exit = 0);
    for _ in 0..10 {
        assert_eq!(run(&scene, 600), Vec::<String>::new());
    }
    let told = run(&scene, 600).concat();
    assert!(told.contains("held back in quiet hours: 14:26 recovered"), "{told}");
    assert_eq!(run(&scene, 600), Vec::<String>::new());
}

#[test]
fn the_report_is_recorded_with_the_end_of_the_run_or_not_at_all() {
    // The record fails for good: the run counts as lost, and that is told, once.
    let scene = Scene::new(&check("c", ""));
    scene.set("c", |j| j.exit = 3);
    scene.host.store.fail_at(1, StoreError::Refused("killed".to_owned()), false);
    let ran = scene.host.run_and_report(&scene.compiled, &job("c"));
    assert!(ran.is_err() && scene.told().is_empty());
    scene.host.next_process();
    scene.tick_after(60);
    let told = scene.told();
    assert!(told.len() == 1 && told[0].contains("lost"), "{told:?}");
    // It is durable though whoever ran it is dead: the next tick delivers it.
    let scene = Scene::new(&check("c", ""));
    scene.set("c", |j| j.exit = 3);
    scene.host.store.fail_at(1, StoreError::Refused("killed".to_owned()), true);
    let ran = scene.host.run_and_report(&scene.compiled, &job("c"));
    assert!(ran.is_err() && scene.told().is_empty());
    scene.host.next_process();
    scene.tick_after(60);
    scene.tick_after(60);
    let told = scene.told();
    assert!(told.len() == 1 && told[0].contains("exit=3"), "{told:?}");
}

#[test]
fn what_a_person_runs_by_hand_is_told_nobody_and_changes_no_rule() {
    let scene = Scene::new(&check("c", ""));
    scene.set("c", |j| j.exit = 3);
    drop(scene.host.run(&scene.compiled, &job("c")));
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new());
    assert_eq!(run(&scene, 60).len(), 1);
}
