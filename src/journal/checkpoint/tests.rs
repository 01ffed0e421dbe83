//! How far a journal may be pruned, and that a checkpoint follows events as a replay does.

use super::*;
use crate::base::{BootId, JobId};
use crate::journal::{EventKind, encode_event};
use crate::machine::{Input, State, WatchInput, WatchState};

const DAY_MS: i64 = 86_400_000;

fn at(wall_days: i64, up_days: i64, boot: &str) -> Stamp {
    let up = up_days * DAY_MS;
    Stamp { wall_ms: wall_days * DAY_MS, awake_ms: up, up_ms: up, boot: BootId::new(boot) }
}

/// A journal of so many events, nothing of it pruned, all of its events at one moment.
fn through(events: u64, keep: Retention, was: &Stamp, now: &Stamp) -> Option<u64> {
    let overgrown = Overgrown { keep, pruned: 0, last: events, came: 0, jobs: 1, now };
    let all = |seq| Ok::<_, ()>((1..=events).contains(&seq).then(|| was.clone()));
    overgrown.prune_through(&mut { all }).unwrap()
}

const KEEP: Retention = Retention { keep_days: 10, keep_events: 1000 };
const LEAST: u64 = limits::PRUNE_LEAST;
const MOST: u64 = LEAST * limits::PRUNE_FASTER;

#[test]
fn what_is_too_many_goes_in_steps() {
    let (was, now) = (at(100, 1, "a"), at(100, 1, "b"));
    for (events, wanted) in [
        (1000, None),
        (1000 + LEAST - 1, None),
        (1000 + LEAST, Some(LEAST)),
        (1000 + MOST - 1, Some(LEAST)),
        (1000 + MOST, Some(MOST)),
        (9_000_000, Some(MOST)),
    ] {
        assert_eq!(through(events, KEEP, &was, &now), wanted, "{events}");
    }
}

#[test]
fn what_is_too_old_goes_but_for_the_newest() {
    let stays = limits::HISTORY_STAYS;
    for (days, events, wanted) in [
        (10, 900, None),
        (11, 900, Some(MOST)),
        (11, stays + LEAST, Some(LEAST)),
        (11, stays + LEAST - 1, None),
        (11, 1, None),
    ] {
        let (was, now) = (at(100, 1, "a"), at(100 + days, 1, "b"));
        assert_eq!(through(events, KEEP, &was, &now), wanted, "{days} {events}");
    }
}

/// While an approval could serve, nothing goes that shows it to be spent.
#[test]
fn what_is_of_the_last_day_of_this_boot_stays() {
    let now = at(100, 50, "a");
    let hour = DAY_MS / 24;
    for (up_ms, wanted) in [
        (now.up_ms - 24 * hour, None),
        (now.up_ms - 24 * hour - 1, Some(MOST)),
        (now.up_ms + hour, None),
    ] {
        // Whatever the wall clock said then.
        for wall_ms in [0, now.wall_ms, 2 * now.wall_ms] {
            let was = Stamp { wall_ms, up_ms, ..now.clone() };
            assert_eq!(through(5000, KEEP, &was, &now), wanted, "{was:?}");
        }
    }
    for boot in ["", "b"] {
        let was = Stamp { boot: BootId::new(boot), ..now.clone() };
        assert_eq!(through(5000, KEEP, &was, &now), Some(MOST), "another boot");
    }
    let nowhere = Stamp { boot: BootId::unknown(), ..at(200, 99, "") };
    for was in [at(100, 1, "a"), at(100, 1, "")] {
        assert_eq!(through(5000, KEEP, &was, &nowhere), None, "no boot is known");
    }
}

#[test]
fn a_step_is_larger_than_what_came() {
    let (was, now) = (at(100, 1, "a"), at(100, 1, "b"));
    let overgrown =
        Overgrown { keep: KEEP, pruned: 7, last: 90_000, came: 5000, jobs: 3000, now: &now };
    let asked = std::cell::RefCell::new(Vec::new());
    let mut at = |seq| {
        asked.borrow_mut().push(seq);
        Ok::<_, ()>((seq < 9_000).then(|| was.clone()))
    };
    assert_eq!(overgrown.prune_through(&mut at), Ok(Some(3007)), "one for each job");
    assert_eq!(*asked.borrow(), [10_007, 3007]);
    let came = Overgrown { came: 7000, ..overgrown };
    assert_eq!(came.prune_through(&mut |_| Ok::<_, ()>(Some(was.clone()))), Ok(Some(14_007)));
    assert_eq!(came.prune_through(&mut |_| Err("disk")), Err("disk"));
}

/// Whatever the limits, boots and clocks are: a step goes nowhere near the end.
#[test]
fn the_newest_events_stay_whatever_is_said() {
    let now = at(1_000_000, 1000, "b");
    for events in 0..2000_u64 {
        for jobs in [0, 1, 500, usize::MAX] {
            let came = if events % 2 == 0 { events } else { u64::MAX };
            let keep = Retention { keep_days: 0, keep_events: 0 };
            let overgrown = Overgrown { keep, pruned: 0, last: events, came, jobs, now: &now };
            let step = overgrown.prune_through(&mut |_| Ok::<_, ()>(Some(at(0, 0, "a")))).unwrap();
            assert!(step.is_none_or(|n| n + limits::HISTORY_STAYS <= events), "{events} {step:?}");
        }
    }
}

fn story() -> Vec<String> {
    let job = Some(JobId::new("scan"));
    let moved = |input, to| EventKind::Moved {
        input: Input::Watch(input),
        to: State::Watch(to),
        cause: None,
    };
    let kinds = [
        EventKind::Declared { state: State::Watch(WatchState::Idle) },
        moved(WatchInput::SeenRunning, WatchState::Running),
        moved(WatchInput::NoProgress, WatchState::Stalled),
    ];
    let events = kinds.map(|kind| Event { at: at(1, 1, "a"), job: job.clone(), kind });
    events.iter().map(|event| encode_event(event).unwrap()).collect()
}

#[test]
fn a_checkpoint_follows_what_follows_and_nothing_else() {
    let texts = story();
    let mut heads = vec![Head::default()];
    for text in &texts {
        heads.push(next_head(heads.last().unwrap(), text));
    }
    let mut checkpoint = Checkpoint::default();
    for (text, head) in texts.iter().zip(&heads[1..]) {
        checkpoint.follow(head.seq, text, &head.hash).unwrap();
        assert_eq!(checkpoint.head, *head);
    }
    let state = checkpoint.snapshot.jobs["scan"].state;
    assert_eq!(state, State::Watch(WatchState::Stalled));
    let first = || {
        let mut checkpoint = Checkpoint::default();
        checkpoint.follow(1, &texts[0], &heads[1].hash).unwrap();
        checkpoint
    };
    let hash = |n: usize| heads[n].hash;
    assert_eq!(first().follow(3, &texts[2], &hash(3)), Err(BrokenJournal::Chain(3)), "a hole");
    assert_eq!(first().follow(2, &texts[2], &hash(2)), Err(BrokenJournal::Chain(2)), "another");
    assert_eq!(first().follow(2, &texts[1], &hash(2)[1..]), Err(BrokenJournal::Chain(2)), "cut");
    let odd = next_head(&heads[1], "{}");
    let found = first().follow(2, "{}", &odd.hash);
    assert!(matches!(found, Err(BrokenJournal::Unreadable(2, _))), "{found:?}");
    let early = next_head(&heads[1], &texts[2]);
    let found = first().follow(2, &texts[2], &early.hash);
    assert!(matches!(found, Err(BrokenJournal::Impossible(2, _))), "{found:?}");
}
