//! Quiet hours on the clocks of real zones: the rule for the hour that a clock skips, and for the
//! one that it shows twice. The zones come from this host's tzdata.

use std::ops::Range;

use jiff::civil::{Date, Time, date, time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};
use opsfsm::base::{LocalTime, ZoneFault};
use opsfsm::model::QuietHours;

use crate::support::{Scene, watch};

pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("this test needs the host's tzdata")
}

/// When the clock first shows this time of a day, or jumps over it. The rule in another form than
/// the engine's: by the calendar, and not by how far the clock has been put back.
fn first_shown(zone: &TimeZone, day: Date, at: Time) -> Timestamp {
    let wanted = day.to_datetime(at);
    match zone.to_ambiguous_timestamp(wanted).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wanted).expect("in range"),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wanted).expect("in range"),
        AmbiguousOffset::Gap { before, after } => {
            // The jump lies between the two readings of the same missing time.
            let late = before.to_timestamp(wanted).expect("in range");
            let early = after.to_timestamp(wanted).expect("in range");
            let jump = zone.following(early - 1.second()).next().expect("a jump").timestamp();
            assert!(early <= jump && jump <= late, "{wanted}: {early} {jump} {late}");
            jump
        }
    }
}

/// The quiet hours of these days, in order, as moments.
pub(crate) fn nights(
    zone: &TimeZone,
    days: Range<Date>,
    (start, end): (Time, Time),
) -> Vec<Range<Timestamp>> {
    let days = days.start.series(1.day()).take_while(|day| *day < days.end);
    let night = |day: Date| {
        let last = if start < end { day } else { day.tomorrow().expect("a day") };
        first_shown(zone, day, start)..first_shown(zone, last, end)
    };
    let mut all: Vec<Range<Timestamp>> = Vec::new();
    for night in days.map(night).filter(|night| night.start < night.end) {
        match all.last_mut() {
            // Over a day that never was, one night goes on into the next.
            Some(last) if last.end == night.start => last.end = night.end,
            _ => all.push(night),
        }
    }
    all
}

fn minutes(time: Time) -> u16 {
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).expect("a day's minutes")
}

fn is_quiet(zone: &TimeZone, hours: QuietHours, at: Timestamp) -> bool {
    let wall_ms = at.as_millisecond();
    hours.contains(LocalTime::in_zone(zone, wall_ms).furthest_second_of_day(wall_ms))
}

type Day = (i16, i8, i8);

/// Zones, and days around which their clocks do something.
const CHANGES: &[(&str, &[Day])] = &[
    ("Europe/Berlin", &[(2026, 3, 29), (2026, 10, 25)]),
    ("America/New_York", &[(2026, 3, 8), (2026, 11, 1)]),
    // Half an hour.
    ("Australia/Lord_Howe", &[(2026, 4, 5), (2026, 10, 4)]),
    // Put back for Ramadan, and forward after it.
    ("Africa/Casablanca", &[(2026, 2, 15), (2026, 3, 22)]),
    ("Asia/Kolkata", &[(2026, 3, 29)]),
    // 30 December 2011 never was.
    ("Pacific/Apia", &[(2011, 12, 30), (2011, 4, 2)]),
    // At midnight, so that days begin at one, or end twice.
    ("America/Havana", &[(2026, 3, 8), (2026, 11, 1)]),
    ("UTC", &[(2026, 3, 29)]),
];

#[test]
fn quiet_hours_begin_and_end_once_a_night_in_every_zone() {
    let hours = [
        (time(23, 0, 0, 0), time(8, 0, 0, 0)),
        (time(0, 0, 0, 0), time(2, 30, 0, 0)),
        (time(2, 30, 0, 0), time(8, 0, 0, 0)),
        (time(2, 10, 0, 0), time(2, 40, 0, 0)),
        (time(1, 45, 0, 0), time(3, 0, 0, 0)),
        (time(23, 30, 0, 0), time(0, 30, 0, 0)),
    ];
    let mut asked = 0;
    for (name, days) in CHANGES {
        let zone = zone(name);
        for (year, month, day) in *days {
            let day = date(*year, *month, *day);
            let around = (day - 3.days())..(day + 3.days());
            for (start, end) in hours {
                let rule = QuietHours::new(minutes(start), minutes(end)).expect("two times");
                let nights = nights(&zone, around.clone(), (start, end));
                let from = nights[1].end;
                let to = nights[nights.len() - 2].start;
                let mut at = from;
                while at < to {
                    let by_calendar = nights.iter().any(|night| night.contains(&at));
                    let quiet = is_quiet(&zone, rule, at);
                    assert_eq!(quiet, by_calendar, "{name} {at} {start}-{end}");
                    at += 5.minutes();
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 30_000, "{asked}");
}

#[test]
fn a_clock_that_is_put_back_stands_still_for_quiet_hours() {
    let berlin = zone("Europe/Berlin");
    let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_millisecond();
    let furthest = |text| {
        let local = LocalTime::in_zone(&berlin, at(text));
        (local.clock_text(at(text)), local.furthest_second_of_day(at(text)))
    };
    let second = |hour: u32, minute: u32| hour * 3600 + minute * 60;
    assert_eq!(furthest("2026-10-25T00:30:00Z"), ("02:30:00".to_owned(), second(2, 30)));
    // An hour later the same again; the clock has been almost at three.
    assert_eq!(furthest("2026-10-25T01:00:00Z"), ("02:00:00".to_owned(), second(3, 0) - 1));
    assert_eq!(furthest("2026-10-25T01:30:00Z"), ("02:30:00".to_owned(), second(3, 0) - 1));
    assert_eq!(furthest("2026-10-25T02:00:00Z"), ("03:00:00".to_owned(), second(3, 0)));
    // And in spring it is never half past two.
    assert_eq!(furthest("2026-03-29T00:59:59Z"), ("01:59:59".to_owned(), second(2, 0) - 1));
    assert_eq!(furthest("2026-03-29T01:00:00Z"), ("03:00:00".to_owned(), second(3, 0)));
}

#[test]
fn a_zone_that_cannot_be_used_is_told_once_a_day_until_it_can() {
    let mut scene = Scene::new(&watch("a", ""));
    scene.edit(&format!("defaults = {{ timezone = \"Mars/Olympus\" }}\n{}", watch("a", "")));
    scene.host.zone_fault.set(Some(ZoneFault::UnknownZone));
    let told = |scene: &Scene| {
        let all = scene.told();
        all.iter().filter(|text| text.contains("time zone Mars/Olympus")).count()
    };
    scene.tick();
    assert_eq!(told(&scene), 1);
    for _ in 0..23 {
        scene.tick_after(3600);
    }
    assert_eq!(told(&scene), 0);
    scene.tick_after(3600);
    assert_eq!(told(&scene), 1);
    scene.host.zone_fault.set(None);
    scene.tick_after(60);
    scene.host.zone_fault.set(Some(ZoneFault::UnknownZone));
    scene.tick_after(60);
    assert_eq!(told(&scene), 1, "gone and back");
}
