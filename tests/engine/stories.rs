//! One story a row of the design's tables and rules.

use std::time::Duration;

use expect_test::expect;
use opsfsm::decide::StartRefused;
use opsfsm::journal::ItemState;
use opsfsm::model::Purpose;
use opsfsm::ports::StoreError;
use opsfsm::tick::{Ran, Stopped};

use crate::support::{Scene, check, job, watch};

#[test]
fn a_job_never_started_is_told_once_and_is_no_anomaly() {
    let scene = Scene::new(&watch("a", ""));
    scene.tick();
    let told = scene.told();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("not started") && !told[0].contains("ACTION"), "{}", told[0]);
    for _ in 0..100 {
        scene.tick_after(3600);
    }
    assert_eq!(scene.told(), Vec::<String>::new());
    assert_eq!(scene.state("a"), "idle");
}

#[test]
fn what_was_complete_before_opsfsm_saw_it_fires_nothing() {
    let scene = Scene::new(&(watch("a", "") + "after = [{ jobId = \"c\" }]\n" + &check("c", "")));
    scene.set("a", |j| j.completed = true);
    scene.tick();
    assert_eq!((scene.state("a"), scene.queue().len()), ("completed", 0));
    scene.set("a", |j| (j.completed, j.running) = (false, true));
    scene.tick_after(60);
    scene.set("a", |j| j.completed = true);
    scene.tick_after(60);
    assert_eq!(scene.ran("c", Purpose::Check), 1, "but a completion that was seen does");
    scene.tick_after(60);
    assert_eq!(scene.ran("c", Purpose::Check), 1, "once");
}

#[test]
fn completed_beats_running() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| (j.running, j.completed) = (true, true));
    scene.tick();
    assert_eq!(scene.state("a"), "completed");
}

#[test]
fn no_progress_is_stalled_told_and_not_resumed_while_it_runs() {
    let scene = Scene::new(&watch("a", "autoResume = true, stallSeconds = 600"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.tick_after(599);
    assert_eq!(scene.state("a"), "running");
    scene.tick_after(1);
    assert_eq!((scene.state("a"), scene.cause("a")), ("stalled", "no_progress"));
    scene.told();
    scene.tick_after(1000);
    assert_eq!(scene.ran("a", Purpose::Resume), 0, "never act on staleness alone");
    scene.set("a", |j| j.progress += 1);
    scene.tick_after(60);
    assert_eq!(scene.state("a"), "running");
    let told = scene.told();
    assert!(told[0].contains("recovered"), "{told:?}");
}

#[test]
fn suspend_and_reboot_count_for_no_stall() {
    let scene = Scene::new(&watch("a", "stallSeconds = 600"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.host.suspend(Duration::from_hours(10));
    scene.tick_after(60);
    assert_eq!(scene.state("a"), "running", "suspended");
    scene.host.reboot();
    scene.set("a", |j| j.running = true);
    scene.tick_after(590);
    assert_eq!(scene.state("a"), "running", "another boot");
    scene.tick_after(600);
    assert_eq!(scene.state("a"), "stalled");
}

#[test]
fn a_stopped_job_is_found_stalled_and_resumed_with_growing_patience() {
    let scene = Scene::new(&watch("a", "autoResume = true, maxResumes = 6"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| (j.running, j.start_is_idle) = (false, true));
    let mut waits = Vec::new();
    let mut last = 0;
    for second in 0..40_000 / 30 {
        let before = scene.ran("a", Purpose::Resume);
        scene.tick_after(30);
        if scene.ran("a", Purpose::Resume) > before {
            waits.push(second * 30 - last);
            last = second * 30;
        }
    }
    assert_eq!(waits, [0, 900, 1800, 3600, 7200, 7200]);
    assert_eq!((scene.state("a"), scene.cause("a")), ("failed", "gave_up"));
}

#[test]
fn a_resumed_job_that_runs_for_long_is_forgiven_its_resumes() {
    let scene = Scene::new(&watch("a", "autoResume = true, stallSeconds = 3600"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| j.running = false);
    scene.tick_after(60);
    assert_eq!((scene.state("a"), scene.record("a").attempts), ("resuming", 1));
    for n in 0..70 {
        scene.set("a", |j| j.progress = n);
        scene.tick_after(60);
    }
    assert_eq!((scene.state("a"), scene.record("a").attempts), ("running", 0));
    assert_eq!(scene.moves("a"), ["seen_running", "seen_stopped", "resume", "seen_running"]);
}

#[test]
fn grace_after_a_start_makes_stopped_mean_nothing() {
    let scene = Scene::new(&watch("a", "startGraceSeconds = 100"));
    scene.set("a", |j| j.start_is_idle = true);
    scene.host.start(&scene.compiled, &job("a")).expect("a start");
    assert_eq!(scene.state("a"), "running");
    scene.tick_after(99);
    assert_eq!(scene.state("a"), "running");
    scene.tick_after(1);
    assert_eq!((scene.state("a"), scene.cause("a")), ("stalled", "stopped"));
}

#[test]
fn a_failed_resume_is_told_with_what_it_said() {
    let scene = Scene::new(&watch("a", "autoResume = true"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| (j.running, j.exit) = (false, 7));
    scene.told();
    scene.tick_after(60);
    assert_eq!((scene.state("a"), scene.cause("a")), ("stalled", "resume_failed"));
    let told = scene.told();
    assert_eq!(told.len(), 2, "what was seen, then what the effect brought");
    assert!(told[1].contains("exit 7"), "{}", told[1]);
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new(), "back-off is silent");
}

#[test]
fn what_a_person_stopped_stays_stopped() {
    let scene = Scene::new(&watch("a", "autoResume = true, autoResumeBackoffSeconds = 0"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    let stopped = scene.host.stop(&scene.compiled, &job("a")).expect("a stop");
    assert!(matches!(stopped, Some(Stopped::Command { .. })));
    for _ in 0..50 {
        scene.tick_after(600);
    }
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::Resume)), ("paused", 0));
    scene.set("a", |j| j.running = true);
    scene.tick_after(60);
    assert_eq!(scene.state("a"), "running", "started by somebody else, after it was seen stopped");
}

#[test]
fn a_stop_that_does_not_stop_becomes_an_anomaly_after_ten_minutes() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| j.exit = 1);
    scene.host.stop(&scene.compiled, &job("a")).expect("a stop");
    scene.set("a", |j| j.exit = 0);
    scene.tick_after(599);
    assert_eq!(scene.state("a"), "paused", "still seen running from before the stop");
    scene.told();
    scene.tick_after(1);
    let told = scene.told();
    assert!(told[0].contains("stopping, but it still runs"), "{told:?}");
    assert_eq!(scene.state("a"), "paused");
}

#[test]
fn stopping_a_completed_job_does_nothing() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.completed = true);
    scene.tick();
    let stopped = scene.host.stop(&scene.compiled, &job("a")).expect("a stop");
    assert!(matches!(stopped, Some(Stopped::Recorded(_))));
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::Stop)), ("completed", 0));
}

#[test]
fn starting_a_running_job_does_nothing() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.running = true);
    let ran = scene.host.start(&scene.compiled, &job("a")).expect("a start");
    assert!(matches!(ran, Some(Ran::Refused(_))));
    assert_eq!((scene.ran("a", Purpose::Start), scene.state("a")), (0, "running"));
}

#[test]
fn starting_a_job_that_never_stopped_takes_the_stop_back() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| j.exit = 1);
    scene.host.stop(&scene.compiled, &job("a")).expect("a stop");
    assert_eq!(scene.state("a"), "paused");
    scene.host.pass(Duration::from_secs(1));
    let ran = scene.host.start(&scene.compiled, &job("a")).expect("a start");
    let Some(Ran::Refused(refused)) = ran else { panic!("started a second one") };
    assert_eq!(refused, StartRefused::AlreadyRunning { pid: None, unpaused: true });
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::Start)), ("running", 0));
}

#[test]
fn a_job_that_may_still_run_is_not_started_blindly() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.broken = true);
    scene.host.start(&scene.compiled, &job("a")).expect("a start");
    assert_eq!(scene.ran("a", Purpose::Start), 1, "never seen before: a first start may be blind");
    scene.host.pass(Duration::from_mins(1));
    let ran = scene.host.start(&scene.compiled, &job("a")).expect("an answer");
    assert!(matches!(ran, Some(Ran::Refused(StartRefused::MayRun))), "{ran:?}");
    scene.host.stop(&scene.compiled, &job("a")).expect("a stop");
    scene.host.start(&scene.compiled, &job("a")).expect("a start");
    assert_eq!(scene.ran("a", Purpose::Start), 2, "after a stop it may be started again");
}

#[test]
fn a_completion_is_no_reason_not_to_stop_a_job_that_cannot_be_seen() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.completed = true);
    scene.tick();
    scene.set("a", |j| j.broken = true);
    scene.host.pass(Duration::from_secs(1));
    scene.host.stop(&scene.compiled, &job("a")).expect("a stop");
    assert_eq!(scene.ran("a", Purpose::Stop), 1);
}

#[test]
fn nothing_follows_from_a_run_that_was_called_off() {
    let links = "after = [{ jobId = \"d\" }, { jobId = \"d\", when = \"failure\" }]";
    let scene = Scene::new(&(check("c", links) + &check("d", "")));
    scene.set("c", |j| j.called_off = true);
    scene.host.run(&scene.compiled, &job("c")).expect("a run");
    assert_eq!((scene.state("c"), scene.queue().len()), ("failed", 0));
}

#[test]
fn a_check_that_recovers_in_quiet_hours_is_told_after_them() {
    let quiet =
        "everySeconds = 600\npolicy = { quietHours = { start = \"14:15\", end = \"16:00\" } }";
    let scene = Scene::new(&check("c", quiet));
    scene.set("c", |j| j.exit = 1);
    scene.tick();
    assert_eq!(scene.told().len(), 1, "a failure goes out at any time");
    scene.set("c", |j| j.exit = 0);
    let mut minutes = 0;
    while scene.told().is_empty() {
        scene.tick_after(60);
        minutes += 1;
        assert!(minutes < 200, "the recovery is never told");
    }
    assert!(minutes >= 100, "told {minutes} minutes later, in quiet hours");
}

#[test]
fn a_broken_status_changes_no_state_and_starts_nothing() {
    let scene = Scene::new(&watch(
        "a",
        "autoResume = true, autoResumeBackoffSeconds = 0, stallSeconds = 100000",
    ));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| (j.broken, j.running) = (true, false));
    scene.told();
    scene.tick_after(600);
    assert!(scene.told()[0].contains("its status can't be read"));
    for _ in 0..10 {
        scene.tick_after(60);
    }
    assert_eq!((scene.state("a"), scene.host.ran.borrow().len()), ("running", 0));
    assert_eq!(scene.told(), Vec::<String>::new(), "told once, then only after its pause");
    scene.set("a", |j| (j.broken, j.running) = (false, true));
    scene.tick_after(60);
    assert!(scene.told()[0].contains("recovered"));
}

#[test]
fn a_hung_job_is_restarted_where_the_config_says_so() {
    let policy =
        "autoResume = true, onStall = \"restart\", stallSeconds = 600, startGraceSeconds = 0";
    let scene = Scene::new(&watch("a", policy));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.tick_after(600);
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::RestartStop)), ("stalled", 1));
    scene.tick_after(60);
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::Resume)), ("resuming", 1));
    scene.tick_after(60);
    assert_eq!(scene.state("a"), "running");
}

#[test]
fn an_alert_is_told_at_once_and_moves_nothing() {
    let scene = Scene::new(&watch("a", "reportEverySeconds = 3600"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.told();
    scene.set("a", |j| j.alert = true);
    scene.tick_after(60);
    assert!(scene.told()[0].contains("it calls for help"));
    assert_eq!(scene.state("a"), "running");
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new());
    scene.tick_after(3600);
    assert_eq!(scene.told().len(), 1, "still wrong");
}

#[test]
fn routine_reports_come_no_oftener_than_asked_and_only_when_something_moved() {
    let scene = Scene::new(&watch("a", "reportEverySeconds = 600, stallSeconds = 100000"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.told();
    for n in 1..=60 {
        scene.set("a", |j| j.progress = n);
        scene.tick_after(60);
    }
    assert_eq!(scene.told().len(), 6, "an hour, every ten minutes");
    for _ in 0..60 {
        scene.tick_after(60);
    }
    assert_eq!(scene.told(), Vec::<String>::new(), "nothing moved");
}

#[test]
fn quiet_hours_hold_back_routine_and_good_news_and_nothing_else() {
    let quiet = "[[jobs]]\nid = \"a\"\nkind = \"long_running_read\"\nrisk = \"read_only\"\n\
        enabled = true\ncommands = { start = [\"/s\"], status = [\"/t\"] }\n\
        policy = { reportEverySeconds = 60, quietHours = { start = \"00:00\", end = \"23:59\" } }\n";
    let scene = Scene::new(quiet);
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| j.progress = 1);
    scene.tick_after(120);
    assert_eq!(scene.told(), Vec::<String>::new());
    scene.set("a", |j| j.running = false);
    scene.tick_after(120);
    assert_eq!(scene.told().len(), 1, "an anomaly goes out");
    scene.set("a", |j| (j.running, j.completed) = (false, true));
    scene.tick_after(120);
    assert_eq!(scene.told(), Vec::<String>::new(), "completion waits");
    let mut day = 0;
    while scene.told().is_empty() {
        scene.tick_after(60);
        day += 60;
        assert!(day <= 86_400, "and is told when the quiet hours end");
    }
}

#[test]
fn a_clock_that_jumped_starts_nothing_and_says_so_once() {
    let scene = Scene::new(&watch("a", "autoResume = true"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| j.running = false);
    scene.told();
    scene.host.set_wall(1_790_000_000_000 + 365 * 86_400_000);
    scene.tick_after(60);
    assert_eq!(scene.ran("a", Purpose::Resume), 0);
    assert!(scene.told()[0].contains("clock"));
    scene.tick_after(60);
    assert_eq!(scene.ran("a", Purpose::Resume), 1, "the next tick trusts the clock again");
}

#[test]
fn a_clock_at_1970_starts_nothing_ever() {
    let scene = Scene::new(&watch("a", "autoResume = true"));
    scene.host.set_wall(0);
    for _ in 0..5 {
        scene.tick_after(600);
    }
    assert_eq!(scene.ran("a", Purpose::Resume), 0);
    assert!(scene.told()[0].contains("never set"));
}

#[test]
fn links_fill_the_queue_and_a_delay_is_kept_across_ticks() {
    let config = check("c", "after = [{ jobId = \"d\", delaySeconds = 600 }]") + &check("d", "");
    let scene = Scene::new(&config);
    scene.tick();
    scene.host.run(&scene.compiled, &job("c")).expect("a run");
    assert_eq!(scene.state("d"), "queued");
    scene.tick_after(599);
    assert_eq!(scene.ran("d", Purpose::Check), 0);
    scene.tick_after(1);
    assert_eq!((scene.ran("d", Purpose::Check), scene.state("d")), (1, "completed"));
    assert!(scene.queue().iter().all(|q| matches!(q.state, ItemState::Settled(_))));
}

#[test]
fn one_origin_queues_a_job_once_though_two_links_lead_to_it() {
    let links = "after = [{ jobId = \"d\" }, { jobId = \"d\", delaySeconds = 600 }]";
    let scene = Scene::new(&(check("c", links) + &check("d", "")));
    scene.tick();
    scene.host.run(&scene.compiled, &job("c")).expect("a run");
    let delays: Vec<u64> = scene.queue().iter().map(|q| q.delay_ms).collect();
    assert_eq!(delays, [0]);
}

#[test]
fn a_failed_check_fires_its_failure_links_and_is_told() {
    let config = check(
        "c",
        "after = [{ jobId = \"d\", when = \"failure\" }, { jobId = \"e\" }]\neverySeconds = 600",
    ) + &check("d", "")
        + &check("e", "");
    let scene = Scene::new(&config);
    scene.set("c", |j| j.exit = 3);
    scene.tick();
    assert_eq!(scene.state("c"), "failed");
    assert!(scene.told()[0].contains("exit=3"));
    scene.tick_after(1);
    assert_eq!((scene.ran("d", Purpose::Check), scene.ran("e", Purpose::Check)), (1, 0));
}

#[test]
fn a_scheduled_check_runs_when_due_and_repeats_no_complaint() {
    let scene =
        Scene::new(&check("c", "everySeconds = 60\npolicy = { reportEverySeconds = 1800 }"));
    scene.set("c", |j| j.attention = true);
    for _ in 0..30 {
        scene.tick_after(60);
    }
    assert_eq!(scene.ran("c", Purpose::Check), 30);
    assert_eq!(scene.told().len(), 1);
    scene.set("c", |j| j.attention = false);
    scene.tick_after(60);
    assert!(scene.told()[0].contains("recovered"));
}

#[test]
fn a_link_to_a_write_records_a_request_and_one_to_a_watch_is_told() {
    let write = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
        enabled = true\ncommands = { run = [\"/w\"] }\nafter = [{ jobId = \"v\" }]\n";
    let config = check("c", "everySeconds = 60\nafter = [{ jobId = \"w\" }, { jobId = \"a\" }]")
        + write
        + &check("v", "")
        + &watch("a", "");
    let scene = Scene::new(&config);
    scene.tick();
    scene.told();
    scene.tick_after(1);
    let told = scene.told().join("\n");
    assert!(told.contains("a write is requested") && told.contains("opsfsm start a"), "{told}");
    assert_eq!((scene.state("w"), scene.ran("w", Purpose::Check)), ("blocked", 0));
    assert_eq!(scene.ran("a", Purpose::Start), 0);
    let world = scene.host.store.snapshot();
    assert!(world.world().snapshot.requests.contains_key(&job("w")));
}

#[test]
fn a_write_granted_in_the_file_is_a_request_told_once() {
    let write = "[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
        enabled = true\napproval = { granted = true }\ncommands = { run = [\"/w\"] }\n\
        after = [{ jobId = \"v\" }]\n";
    let scene = Scene::new(&(write.to_owned() + &check("v", "")));
    scene.tick();
    assert!(scene.told()[0].contains("approval.granted"));
    scene.tick_after(3600);
    assert_eq!(scene.told(), Vec::<String>::new());
    assert_eq!(scene.state("w"), "blocked");
}

#[test]
fn an_executor_that_vanished_is_lost_once_and_never_run_again_by_itself() {
    let scene = Scene::new(&check("c", "everySeconds = 86400"));
    scene.host.executors_die.set(true);
    scene.tick();
    scene.host.executors_die.set(false);
    assert_eq!((scene.state("c"), scene.ran("c", Purpose::Check)), ("failed", 1));
    assert!(scene.told()[0].contains("lost"));
    scene.tick_after(600);
    assert_eq!(scene.ran("c", Purpose::Check), 1);
}

#[test]
fn a_claim_that_nobody_began_is_dropped_and_the_item_waits_again() {
    let scene = Scene::new(&check("c", "everySeconds = 86400"));
    scene.host.launches_fail.set(true);
    scene.tick();
    assert_eq!((scene.state("c"), scene.ran("c", Purpose::Check)), ("queued", 0));
    scene.host.launches_fail.set(false);
    scene.tick_after(60);
    assert_eq!((scene.state("c"), scene.ran("c", Purpose::Check)), ("completed", 1));
}

#[test]
fn a_commit_that_fails_starts_nothing_and_tells_nothing() {
    let scene = Scene::new(&watch("a", "autoResume = true"));
    scene.host.store.fail_next(StoreError::Failed("disk full".to_owned()));
    assert!(scene.host.tick(&scene.compiled).is_err());
    assert_eq!((scene.host.ran.borrow().len(), scene.told().len()), (0, 0));
    scene.tick_after(60);
    assert_eq!(scene.ran("a", Purpose::Resume), 1);
}

#[test]
fn a_report_that_does_not_arrive_is_kept_and_keeps_its_id_and_its_place() {
    let scene = Scene::new(&watch("a", "reportEverySeconds = 60"));
    scene.host.unreachable.set(true);
    scene.set("a", |j| j.running = true);
    let outcome = scene.tick();
    assert!(outcome.undelivered.is_some());
    scene.set("a", |j| j.progress = 1);
    scene.tick_after(60);
    scene.host.unreachable.set(false);
    let outcome = scene.tick_after(1);
    assert!(outcome.undelivered.expect("it waits").contains("the next attempt is due in"));
    assert_eq!(scene.host.told.borrow().len(), 0, "nothing overtakes what waits");
    scene.tick_after(120);
    let told: Vec<_> = scene.host.told.borrow().iter().map(|r| (r.at_ms, r.id.clone())).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].0 < told[1].0 && told[0].1 != told[1].1);
}

#[test]
fn a_job_that_leaves_the_config_at_work_is_told_once() {
    let mut scene = Scene::new(&(watch("a", "") + &watch("b", "")));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.told();
    scene.edit(&watch("b", ""));
    scene.tick_after(60);
    assert!(scene.told()[0].contains("no longer in the config"));
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new());
}

#[test]
fn an_id_of_another_kind_begins_anew() {
    let mut scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.edit(&check("a", ""));
    scene.tick_after(60);
    assert_eq!(scene.state("a"), "idle");
}

#[test]
fn a_job_of_write_risk_is_watched_and_never_started() {
    let config = watch("a", "autoResume = true").replace("read_only", "write_external");
    let scene = Scene::new(&config);
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| j.running = false);
    for _ in 0..20 {
        scene.tick_after(3600);
    }
    assert_eq!((scene.state("a"), scene.host.ran.borrow().len()), ("stalled", 0));
    let ran = scene.host.start(&scene.compiled, &job("a")).expect("an answer");
    assert!(matches!(ran, Some(Ran::Refused(_))));
}

#[test]
fn a_start_that_is_still_at_work_is_not_started_again() {
    let policy = "autoResume = true, autoResumeBackoffSeconds = 0, startGraceSeconds = 0";
    let scene = Scene::new(&watch("a", policy));
    scene.host.executors_late.set(true);
    scene.tick();
    scene.host.beside();
    for _ in 0..5 {
        scene.tick_after(60);
    }
    assert_eq!(scene.host.on_their_way.borrow().len(), 1, "one claim");
    scene.host.executors_arrive();
    assert_eq!(scene.ran("a", Purpose::Resume), 1);
}

#[test]
fn back_off_counts_from_when_a_late_start_was_over() {
    let scene = Scene::new(&watch("a", "autoResume = true, autoResumeBackoffSeconds = 300"));
    scene.host.executors_late.set(true);
    scene.tick();
    scene.host.beside();
    scene.host.pass(Duration::from_mins(5));
    scene.host.executors_arrive();
    scene.set("a", |j| j.running = false);
    scene.host.executors_late.set(false);
    for _ in 0..4 {
        scene.tick_after(60);
    }
    assert_eq!(scene.ran("a", Purpose::Resume), 1, "not again at once");
    scene.tick_after(120);
    assert_eq!(scene.ran("a", Purpose::Resume), 2);
}

#[test]
fn what_was_seen_before_a_persons_word_says_nothing_about_it() {
    let scene = Scene::new(&watch("a", "startGraceSeconds = 0"));
    scene.tick();
    let compiled = scene.compiled.clone();
    scene.host.meanwhile(move |host| {
        host.pass(Duration::from_secs(1));
        host.start(&compiled, &job("a")).expect("a start");
    });
    scene.tick_after(60);
    assert_eq!(scene.moves("a"), ["started"], "not stopped: it was asked before its start");
}

#[test]
fn a_stop_beside_a_tick_is_never_undone_by_what_the_tick_saw() {
    let scene = Scene::new(&watch("a", "autoResume = true, autoResumeBackoffSeconds = 0"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| j.running = false);
    let compiled = scene.compiled.clone();
    scene.host.meanwhile(move |host| {
        host.pass(Duration::from_secs(1));
        host.stop(&compiled, &job("a")).expect("a stop");
    });
    scene.tick_after(600);
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::Resume)), ("paused", 0));
}

#[test]
fn a_start_that_looked_before_a_stop_does_not_take_it_back() {
    let scene = Scene::new(&watch("a", ""));
    scene.set("a", |j| j.running = true);
    scene.tick();
    let compiled = scene.compiled.clone();
    scene.host.meanwhile(move |host| {
        host.pass(Duration::from_secs(1));
        host.stop(&compiled, &job("a")).expect("a stop");
    });
    scene.host.start(&scene.compiled, &job("a")).expect("an answer");
    assert_eq!((scene.state("a"), scene.ran("a", Purpose::Start)), ("paused", 0));
}

#[test]
fn a_run_begins_once_whoever_asks() {
    let scene = Scene::new(&check("c", "everySeconds = 86400"));
    scene.host.executors_late.set(true);
    scene.tick();
    let run = scene.host.on_their_way.borrow()[0].clone();
    assert!(scene.host.execute(&run).is_some());
    assert!(scene.host.execute(&run).is_none(), "a second executor is refused");
    assert_eq!(scene.ran("c", Purpose::Check), 1);
}

#[test]
fn an_old_claim_does_not_start_a_job_that_has_moved_on() {
    let mut scene = Scene::new(&watch("a", "autoResume = true"));
    scene.host.executors_late.set(true);
    scene.tick();
    scene.host.beside();
    scene.edit(&check("a", ""));
    scene.tick_after(1);
    scene.host.executors_arrive();
    assert_eq!(scene.host.ran.borrow().len(), 0, "its id is another job now");
}

#[test]
fn a_check_whose_run_ends_while_it_is_out_of_the_config_runs_again_when_it_is_back() {
    let (with, without) = (check("c", "everySeconds = 600") + &check("x", ""), check("x", ""));
    let mut scene = Scene::new(&with);
    scene.host.executors_late.set(true);
    scene.tick();
    scene.edit(&without);
    scene.host.executors_arrive();
    scene.host.executors_late.set(false);
    scene.tick_after(60);
    assert_eq!(scene.state("c"), "completed");
    scene.edit(&with);
    scene.tick_after(600);
    assert_eq!((scene.ran("c", Purpose::Check), scene.state("c")), (2, "completed"));
}

#[test]
fn an_executor_that_comes_after_its_claim_was_dropped_runs_nothing() {
    let scene = Scene::new(&check("c", "everySeconds = 86400"));
    scene.host.executors_late.set(true);
    scene.tick();
    scene.host.next_process();
    scene.host.executors_late.set(false);
    scene.tick_after(60);
    assert_eq!(scene.ran("c", Purpose::Check), 1, "the item was served by another run");
    scene.host.executors_arrive();
    assert_eq!(scene.ran("c", Purpose::Check), 1, "the late one is fenced");
}

/// Two executors of one run: the first one runs it, also where it dies of that.
#[test]
fn an_executor_that_is_not_the_first_of_its_run_runs_nothing() {
    for dies in [false, true] {
        let jobs = check("c", "everySeconds = 86400") + &watch("a", "autoResume = true");
        let scene = Scene::new(&jobs);
        let ran = || (scene.ran("c", Purpose::Check), scene.ran("a", Purpose::Resume));
        scene.host.executors_late.set(true);
        scene.tick();
        let again = scene.host.on_their_way.borrow().clone();
        scene.host.executors_die.set(dies);
        scene.host.executors_arrive();
        scene.host.executors_die.set(false);
        assert_eq!(ran(), (1, 1));
        scene.host.on_their_way.replace(again);
        scene.host.executors_arrive();
        assert_eq!(ran(), (1, 1), "the second one is fenced");
    }
}

#[test]
fn two_items_of_one_job_are_served_one_after_the_other() {
    let both = "everySeconds = 86400\nafter = [{ jobId = \"c\" }]";
    let scene = Scene::new(&(check("x", both) + &check("y", both) + &check("c", "")));
    scene.tick();
    assert_eq!(scene.queue().iter().filter(|q| q.job == job("c")).count(), 2);
    scene.host.executors_late.set(true);
    scene.tick_after(1);
    assert_eq!(scene.host.on_their_way.borrow().len(), 1);
    scene.host.executors_arrive();
    scene.host.executors_late.set(false);
    scene.tick_after(1);
    scene.tick_after(1);
    assert_eq!(scene.ran("c", Purpose::Check), 2);
}

#[test]
fn a_report_reads_well() {
    let scene = Scene::new(&watch("a", "autoResume = true, stallSeconds = 600"));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.set("a", |j| j.running = false);
    scene.tick_after(90);
    scene.set("a", |j| (j.alert, j.running) = (true, true));
    scene.tick_after(90);
    let told = scene.told().join("\n---\n");
    expect![[r#"
        🛠️ Ops report (14:13:20)

        🔹 a [long_running_read]
          state: running

        #c5fd2c5517ab41dc
        ---
        🛠️ Ops report (14:14:50)

        🔹 a [long_running_read]
          state: resuming — stopped without completing
          ↻ resumed: its start command was run again (attempt 1; was: stopped without completing)

        #69378d9974400d7a
        ---
        🛠️ Ops report (14:16:20)

        🔴 a [long_running_read]
          state: running
          ACTION REQUIRED: it calls for help; look at it: opsfsm status

        #c372afe218ee9328"#]]
    .assert_eq(&told);
}

/// Whatever takes a check out of the queue, it does not go on as queued.
#[test]
fn a_check_that_nothing_waits_for_is_not_queued() {
    let chain = watch("a", "") + "after = [{ jobId = \"c\", delaySeconds = 600 }]\n";
    for edited in [check("c", "").replace("read_only", "write_external"), String::new()] {
        let mut scene = Scene::new(&(chain.clone() + &check("c", "")));
        scene.set("a", |j| j.running = true);
        scene.tick();
        scene.set("a", |j| j.completed = true);
        scene.tick_after(60);
        assert_eq!(scene.state("c"), "queued");
        let link = if edited.is_empty() { watch("a", "") } else { chain.clone() };
        scene.edit(&(link + &edited));
        scene.tick_after(600);
        assert_eq!(scene.state("c"), "idle", "{edited}");
    }
}
