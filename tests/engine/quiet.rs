//! Quiet hours over a year of ticks in real zones: nothing routine in them, nothing that they hold
//! back is lost, and one digest after each.

use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Time, date, time};
use opsfsm::decide::{Verdict, Why};
use opsfsm::ports::Clock as _;
use opsfsm::sim::SimJob;

use crate::support::{Scene, check, job, watch};
use crate::zones::{nights, zone};

/// A watched job that is quiet in these hours.
fn quiet_watch(id: &str, (start, end): (Time, Time), policy: &str) -> String {
    let hours = |at: Time| format!("\"{:02}:{:02}\"", at.hour(), at.minute());
    let never = "quietHours = { start = \"00:00\", end = \"00:00\" }";
    let then = format!("quietHours = {{ start = {}, end = {} }}", hours(start), hours(end));
    watch(id, policy).replace(never, &then)
}

/// One job in its year, and what should have been told of it.
struct Year {
    id: &'static str,
    nights: Vec<Range<Timestamp>>,
    /// The night that is, or is next.
    night: usize,
    /// What is held back, as the digest is to have it.
    held: Vec<String>,
    due: bool,
    digests: usize,
    owed: usize,
}

impl Year {
    fn is_quiet(&mut self, now: Timestamp) -> bool {
        while self.nights.get(self.night).is_some_and(|night| night.end <= now) {
            self.night += 1;
            if std::mem::take(&mut self.due) {
                self.owed += 1;
            }
        }
        self.nights.get(self.night).is_some_and(|night| night.contains(&now))
    }

    /// Holds one tick's word about the job against what should have been said.
    fn judge(&mut self, at: (Timestamp, &str), verdict: Verdict, text: &str, completes: bool) {
        let (now, clock) = at;
        let why = verdict.reported.then_some(verdict.why);
        let owed = self.owed;
        let quiet = self.is_quiet(now);
        let digest = text.contains("held back in quiet hours: ");
        if quiet {
            assert!(!digest, "{} at {now}:\n{text}", self.id);
            let urgent = [None, Some(Why::Anomaly), Some(Why::AnomalyRepeated)];
            assert!(urgent.contains(&why), "{} at {now}: {why:?} in quiet hours", self.id);
            match (completes, why) {
                (true, None) => {
                    self.held.push(format!("{} completed", &clock[..5]));
                    self.due = true;
                }
                (true, Some(_)) => assert!(text.contains("state: completed"), "{text}"),
                (false, _) => {}
            }
            self.due |= verdict.why == Why::QuietHours;
            return;
        }
        // It may come with an alert of the same moment, but never later than the first tick.
        assert_eq!(digest, self.owed > owed, "{} at {now}: {why:?}\n{text}", self.id);
        if digest {
            assert!(matches!(why, Some(Why::Digest | Why::Anomaly)), "{why:?}");
            self.digests += 1;
            for line in self.held.drain(..) {
                assert!(text.contains(&line), "{} at {now}: {line} is lost:\n{text}", self.id);
            }
        }
        if completes {
            assert!(text.contains("state: completed"), "{} at {now}:\n{text}", self.id);
        }
    }
}

/// What the jobs do: they move always, complete for a while now and then, and rarely call for help.
fn live(scene: &Scene, id: &str, tick: u64) -> bool {
    let phase = tick % 31;
    scene.set(id, |j: &mut SimJob| {
        j.progress = tick;
        (j.running, j.completed) = (phase < 29, phase >= 29);
        j.alert = tick % 203 == 101;
    });
    phase == 29
}

fn a_year_in(name: &str, year: i16) {
    let zone = zone(name);
    let hours = [
        ("a", (time(22, 30, 0, 0), time(7, 10, 0, 0))),
        // Shorter than a change of the clock, and inside of it.
        ("b", (time(1, 20, 0, 0), time(2, 40, 0, 0))),
    ];
    let policy = "reportEverySeconds = 28800, stallSeconds = 1000000";
    let config: String = hours.iter().map(|(id, h)| quiet_watch(id, *h, policy)).collect();
    let scene = Scene::new(&config);
    *scene.host.zone.borrow_mut() = zone.clone();
    let (first, last) = (date(year, 1, 1), date(year + 1, 1, 2));
    let start = first.at(12, 0, 0, 0).to_zoned(zone.clone()).expect("a time").timestamp();
    scene.host.set_wall(start.as_millisecond());
    let mut years = hours.map(|(id, hours)| {
        let nights = nights(&zone, first..last, hours);
        Year { id, nights, night: 0, held: vec![], due: false, digests: 0, owed: 0 }
    });
    for tick in 0..365 * 48 - 24 {
        let completes = hours.map(|(id, _)| live(&scene, id, tick));
        let now = scene.host.now();
        let outcome = scene.host.tick(&scene.compiled).expect("a tick");
        let text = scene.told().join("\n");
        let at = Timestamp::from_millisecond(now.at.wall_ms).expect("a time");
        for (year, completes) in years.iter_mut().zip(completes) {
            let verdict = outcome.jobs[&job(year.id)].verdict;
            let own = text.split("\n\n").find(|s| s.contains(&format!(" {} [", year.id)));
            year.judge((at, &now.clock_text()), verdict, own.unwrap_or_default(), completes);
        }
        scene.host.pass(Duration::from_mins(30));
    }
    for year in &years {
        assert_eq!(year.digests, year.owed, "{name} {}", year.id);
        assert!(year.digests >= 40, "{name} {}: {}", year.id, year.digests);
    }
}

#[test]
fn a_year_in_berlin() {
    a_year_in("Europe/Berlin", 2026);
}

#[test]
fn a_year_in_new_york() {
    a_year_in("America/New_York", 2026);
}

#[test]
fn a_year_on_lord_howe_whose_summer_is_half_an_hour() {
    a_year_in("Australia/Lord_Howe", 2026);
}

#[test]
fn a_year_in_casablanca_which_puts_its_clocks_back_for_ramadan() {
    a_year_in("Africa/Casablanca", 2026);
}

#[test]
fn a_year_in_kolkata_which_never_does() {
    a_year_in("Asia/Kolkata", 2026);
}

#[test]
fn the_year_in_apia_that_had_no_30th_of_december() {
    a_year_in("Pacific/Apia", 2011);
}

/// From a quarter past two in the afternoon, two minutes after a scene begins, to four.
const AFTERNOON: (Time, Time) = (time(14, 15, 0, 0), time(16, 0, 0, 0));
const SILENT: &str = "reportEverySeconds = 100000, stallSeconds = 100000";

/// Ticks once a minute until something is told, which must be when it has ceased to be quiet.
fn morning(scene: &Scene) -> String {
    for _ in 0..200 {
        scene.tick_after(60);
        let told = scene.told();
        if !told.is_empty() {
            assert_eq!(told.len(), 1, "one digest");
            assert!(told[0].contains("(16:00:"), "{}", told[0]);
            return told[0].clone();
        }
    }
    panic!("nothing is ever told");
}

#[test]
fn all_that_happened_in_quiet_hours_stands_in_one_digest() {
    let config: String = ["a", "b", "c"].map(|id| quiet_watch(id, AFTERNOON, SILENT)).concat();
    let scene = Scene::new(&config);
    for id in ["a", "b", "c"] {
        scene.set(id, |j| j.running = true);
    }
    scene.tick();
    scene.told();
    // It completes and runs again: its state is the one that was told.
    scene.tick_after(300);
    scene.set("a", |j| j.completed = true);
    scene.tick_after(60);
    scene.set("a", |j| j.completed = false);
    scene.set("b", |j| (j.warn, j.message) = (true, Some("92 % full".to_owned())));
    scene.tick_after(60);
    scene.set("b", |j| j.message = Some("93 % full".to_owned()));
    scene.tick_after(60);
    scene.set("b", |j| (j.warn, j.message) = (false, None));
    scene.tick_after(60);
    assert_eq!(scene.told(), Vec::<String>::new());
    scene.set("c", |j| j.alert = true);
    scene.tick_after(60);
    assert_eq!(scene.told().len(), 1, "trouble goes out at once");
    scene.set("c", |j| j.alert = false);
    let digest = morning(&scene);
    for line in [
        "held back in quiet hours: 14:19 completed · 14:20 running\n",
        "held back in quiet hours: 14:20 warning (93 % full)\n",
        "recovered\n  held back in quiet hours: 14:24 recovered",
    ] {
        assert!(digest.contains(line), "{line}\n{digest}");
    }
    for _ in 0..200 {
        scene.tick_after(60);
    }
    assert_eq!(scene.told(), Vec::<String>::new(), "once");
}

#[test]
fn a_recovery_and_the_same_trouble_again_in_one_night_are_all_told() {
    let scene = Scene::new(&quiet_watch("a", AFTERNOON, SILENT));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.told();
    for alert in [true, false, true] {
        scene.set("a", |j| j.alert = alert);
        scene.tick_after(300);
        assert_eq!(scene.told().len(), usize::from(alert), "trouble at once, and nothing else");
    }
    let digest = morning(&scene);
    assert!(digest.contains("held back in quiet hours: 14:23 recovered"), "{digest}");
    assert!(digest.contains("it calls for help"), "and how it is now: {digest}");
}

#[test]
fn a_check_that_recovered_stands_in_the_same_digest() {
    let hours = "quietHours = { start = \"14:15\", end = \"16:00\" }";
    let config = quiet_watch("a", AFTERNOON, SILENT)
        + &check("c", &format!("everySeconds = 600\npolicy = {{ {hours} }}"));
    let scene = Scene::new(&config);
    scene.set("c", |j| j.exit = 1);
    scene.tick();
    scene.told();
    scene.host.pass(Duration::from_mins(2));
    scene.set("c", |j| j.exit = 0);
    scene.set("a", |j| j.completed = true);
    let digest = morning(&scene);
    assert!(digest.contains(" a [") && digest.contains(" c ["), "{digest}");
    assert!(digest.contains("held back in quiet hours: 14:23 recovered"), "{digest}");
}

#[test]
fn a_routine_report_that_is_due_all_night_stands_in_the_digest_once() {
    let policy = "reportEverySeconds = 600, stallSeconds = 100000";
    for (moves, warns, line) in [
        (false, false, None),
        (true, false, Some("held back in quiet hours: 14:23 routine progress\n")),
        (true, true, Some("held back in quiet hours: 14:18 warning · 14:23 routine progress\n")),
    ] {
        let scene = Scene::new(&quiet_watch("a", AFTERNOON, policy));
        scene.set("a", |j| j.running = true);
        scene.tick();
        scene.told();
        scene.host.pass(Duration::from_mins(4));
        scene.set("a", |j| j.warn = warns);
        for n in 1..=110 {
            scene.tick_after(60);
            scene.set("a", |j| j.progress = if moves { n } else { 0 });
        }
        let told = scene.told().concat();
        match line {
            Some(line) => assert!(told.contains(line), "{told}"),
            None => assert_eq!(told, ""),
        }
    }
}

#[test]
fn a_check_that_recovered_and_failed_again_is_not_told_to_be_well() {
    let hours = "quietHours = { start = \"14:15\", end = \"16:00\" }";
    for fails_again in [false, true] {
        let policy = format!("policy = {{ {hours}, reportEverySeconds = 100000 }}");
        let scene = Scene::new(&check("c", &format!("everySeconds = 600\n{policy}")));
        scene.set("c", |j| j.exit = 1);
        scene.tick();
        assert_eq!(scene.told().len(), 1);
        for exits in [0, i32::from(fails_again)] {
            scene.set("c", |j| j.exit = exits);
            scene.tick_after(700);
            assert_eq!(scene.told().len(), usize::from(exits != 0));
        }
        let digest = morning(&scene);
        assert!(digest.contains("held back in quiet hours: 14:25 recovered"), "{digest}");
        assert_eq!(digest.contains("\n  recovered\n"), !fails_again, "{digest}");
    }
}

#[test]
fn what_is_held_back_is_told_though_the_job_is_disabled_or_gone_by_then() {
    let held = quiet_watch("a", AFTERNOON, SILENT);
    let other = watch("z", SILENT);
    for edited in [held.replace("enabled = true", "enabled = false") + &other, other.clone()] {
        let mut scene = Scene::new(&(held.clone() + &other));
        scene.set("a", |j| j.running = true);
        scene.tick();
        scene.tick_after(120);
        scene.set("a", |j| (j.running, j.completed) = (false, true));
        scene.tick_after(60);
        scene.told();
        scene.edit(&edited);
        let (mut told, mut why) = (Vec::new(), Vec::new());
        for _ in 0..150 {
            let outcome = scene.tick_after(60);
            why.extend(outcome.told.iter().filter(|t| t.held > 0).map(|t| t.why));
            told.extend(scene.told());
        }
        let text = told.join("\n");
        assert_eq!(text.matches("held back in quiet hours: 14:16 completed").count(), 1, "{text}");
        assert!(!text.contains("\n  recovered\n"), "nothing was wrong: {text}");
        assert_eq!(why, [Why::Digest], "{text}");
    }
}

#[test]
fn what_a_night_holds_back_is_bounded_and_says_so() {
    let scene = Scene::new(&quiet_watch("a", AFTERNOON, SILENT));
    scene.set("a", |j| j.running = true);
    scene.tick();
    scene.told();
    scene.host.pass(Duration::from_mins(2));
    for n in 0..60 {
        scene.set("a", |j| j.completed = n % 2 == 0);
        scene.tick_after(60);
    }
    let digest = morning(&scene);
    assert!(digest.contains("held back in quiet hours: … (+40) · "), "{digest}");
    assert_eq!(digest.matches(" completed").count(), 10, "{digest}");
}

/// Ticks every ten minutes through a night of Berlin, with something new each time: when was it
/// told (in UTC), and at which of these came a digest?
fn told_in_berlin(from: &str, hours: (Time, Time)) -> Vec<String> {
    let policy = "reportEverySeconds = 600, stallSeconds = 100000";
    let scene = Scene::new(&quiet_watch("a", hours, policy));
    *scene.host.zone.borrow_mut() = zone("Europe/Berlin");
    let from: Timestamp = from.parse().expect("a time");
    scene.host.set_wall(from.as_millisecond());
    let mut told = Vec::new();
    for tick in 0..24 {
        scene.set("a", |j| (j.running, j.progress) = (true, tick));
        scene.tick();
        let now = Timestamp::from_millisecond(scene.host.now().at.wall_ms).expect("a time");
        for text in scene.told() {
            let digest = if text.contains("held back in quiet hours") { " digest" } else { "" };
            told.push(format!("{}{digest}", now.strftime("%H:%M")));
        }
        scene.host.pass(Duration::from_mins(10));
    }
    told
}

#[test]
fn in_the_night_that_has_an_hour_twice_quiet_hours_end_once() {
    // Half past two, summer time, is 00:30 UTC; at 01:00 UTC it is two o'clock again.
    let told =
        told_in_berlin("2026-10-24T22:50:00Z", (time(1, 0, 0, 0), time(2, 30, 0, 0))).join(" ");
    let after = "00:40 00:50 01:00 01:10 01:20 01:30 01:40 01:50 02:00 02:10 02:20 02:30 02:40";
    assert_eq!(told, format!("22:50 00:30 digest {after}"));
}

#[test]
fn in_the_night_that_lacks_an_hour_quiet_hours_end_when_it_is_skipped() {
    // At 01:00 UTC it is three o'clock.
    let told =
        told_in_berlin("2026-03-28T23:50:00Z", (time(1, 0, 0, 0), time(2, 30, 0, 0))).join(" ");
    let after = "01:10 01:20 01:30 01:40 01:50 02:00 02:10 02:20 02:30 02:40 02:50 03:00 03:10";
    assert_eq!(told, format!("23:50 01:00 digest {after} 03:20 03:30 03:40"));
}
