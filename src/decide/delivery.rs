//! When a report is sent, and what follows from how that went.
//!
//! In: a parcel, the present, what a notifier said. Out: the parcel as it is to be kept.
//! Invariant: an attempt whose outcome nobody knows binds the report to its route; only a person
//! unbinds it.

use std::time::Duration;

use crate::base::limits;
use crate::base::time::span_text;
use crate::journal::{Parcel, ParcelState, Report};
use crate::model::{Route, Undelivered, UndeliveredKind};

/// What became of the outbox in one round.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    /// What arrived, or was handed over.
    pub delivered: Vec<Report>,
    /// Why something did not, the first of all.
    pub undelivered: Option<String>,
    /// How many were given up, now or before, and wait for a person.
    pub given_up: usize,
}

/// How long until it may be sent; zero: now. A pause that is longer than any that is ever taken
/// comes from a clock that has gone back since, and is over.
#[must_use]
pub fn pause_left(parcel: &Parcel, now_ms: i64) -> Duration {
    let left = parcel.next_ms.saturating_sub(now_ms);
    let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
    if left > limits::DELIVER_AFTER_MAX { Duration::ZERO } else { left }
}

/// Why it can't go by `route`, though another attempt is due.
#[must_use]
pub fn bound_elsewhere(parcel: &Parcel, route: Route) -> Option<Undelivered> {
    let pinned = parcel.pinned.filter(|pinned| *pinned != route)?;
    let detail = format!(
        "report {id} may have arrived by {pinned} already, so it is not sent by {route}: bring \
         {pinned} back, or say `opsfsm outbox retry {id}` or `opsfsm outbox drop {id}`",
        id = parcel.report.id,
        pinned = pinned.as_str(),
        route = route.as_str(),
    );
    Some(Undelivered { kind: UndeliveredKind::NoRoute, detail })
}

/// The parcel while an attempt is under way: who dies here has said where it may have arrived.
#[must_use]
pub fn attempted(parcel: &Parcel, route: Route) -> Parcel {
    let attempts = parcel.attempts.saturating_add(1);
    Parcel { attempts, pinned: Some(route), ..parcel.clone() }
}

/// The parcel of a report that arrived.
#[must_use]
pub fn arrived(parcel: &Parcel, now_ms: i64) -> Parcel {
    Parcel { state: ParcelState::Delivered { at_ms: now_ms }, error: None, ..parcel.clone() }
}

/// The parcel after an attempt that failed; `before` is as it was before that attempt.
#[must_use]
pub fn failed(before: &Parcel, route: Route, why: &Undelivered, now_ms: i64) -> Parcel {
    let tried = attempted(before, route);
    let error = Some(why.detail.clone());
    let since = before.failed_since_ms.unwrap_or(now_ms);
    let next = |pause: Duration| now_ms.saturating_add(millis(pause));
    let kept = Parcel {
        pinned: before.pinned,
        failed_since_ms: Some(since),
        error: error.clone(),
        next_ms: next(pause_after(tried.attempts)),
        ..tried
    };
    // To print again costs nobody anything.
    let kept = if route.leaves_the_host() { kept } else { Parcel { next_ms: now_ms, ..kept } };
    let kept = match why.kind {
        UndeliveredKind::NoRoute => return Parcel { error, ..before.clone() },
        UndeliveredKind::Impossible => {
            return Parcel { state: ParcelState::Dead { at_ms: now_ms }, ..kept };
        }
        UndeliveredKind::Passing { after: Some(after) } => {
            let after = after.min(limits::DELIVER_AFTER_MAX);
            Parcel { next_ms: kept.next_ms.max(next(after)), ..kept }
        }
        UndeliveredKind::Ambiguous => {
            let unknowns = kept.unknowns.saturating_add(1);
            let kept = Parcel { pinned: Some(route), unknowns, ..kept };
            // More copies help nobody, and what waits behind it matters too.
            if unknowns >= limits::DELIVER_UNKNOWNS {
                return Parcel { state: ParcelState::Dead { at_ms: now_ms }, ..kept };
            }
            kept
        }
        UndeliveredKind::Passing { after: None } | UndeliveredKind::Refused => kept,
    };
    let failing = now_ms.saturating_sub(since) >= millis(limits::DELIVER_PATIENCE);
    if failing && kept.attempts >= limits::DELIVER_ATTEMPTS {
        return Parcel { state: ParcelState::Dead { at_ms: now_ms }, ..kept };
    }
    kept
}

/// The parcel that a person wants to be sent again, whatever became of it before.
#[must_use]
pub fn retried(parcel: &Parcel) -> Parcel {
    Parcel::new(parcel.report.clone())
}

/// Why a report waits, for people.
#[must_use]
pub fn waiting_text(parcel: &Parcel, left: Duration) -> String {
    let why = parcel.error.as_deref().unwrap_or("it was not tried yet");
    format!("{why}; the next attempt is due in {}", span_text(left))
}

/// Why a report was not tried, for people.
#[must_use]
pub fn no_time_text(parcel: &Parcel) -> String {
    format!("no time was left to send report {} and those behind it", parcel.report.id)
}

/// What a report that is given up makes of itself, for people.
#[must_use]
pub fn given_up_text(parcel: &Parcel) -> String {
    let why = parcel.error.as_deref().unwrap_or("it could not be sent");
    let id = &parcel.report.id;
    format!("report {id} is given up: {why}; `opsfsm outbox` shows it")
}

/// The pause after this many attempts.
fn pause_after(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    (limits::DELIVER_PAUSE_MIN * 2_u32.pow(doublings)).min(limits::DELIVER_PAUSE_MAX)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ReportId;

    const MINUTE: i64 = 60_000;

    fn parcel() -> Parcel {
        let text = String::new();
        Parcel::new(Report { id: ReportId::new("r"), at_ms: 0, summary: text.clone(), text })
    }

    fn why(kind: UndeliveredKind) -> Undelivered {
        Undelivered { kind, detail: "because".to_owned() }
    }

    const PASSING: UndeliveredKind = UndeliveredKind::Passing { after: None };

    #[test]
    fn pauses_grow_to_a_bound_and_an_hour_of_refusals_gives_nothing_up() {
        let (mut parcel, mut now, mut pauses) = (parcel(), 0, Vec::new());
        while now < 60 * MINUTE {
            assert_eq!(pause_left(&parcel, now), Duration::ZERO);
            parcel = failed(&parcel, Route::Telegram, &why(PASSING), now);
            assert_eq!(parcel.state, ParcelState::Pending);
            pauses.push(pause_left(&parcel, now).as_secs());
            now = parcel.next_ms;
        }
        assert_eq!(pauses[..6], [30, 60, 120, 240, 300, 300]);
        let again = pause_left(&parcel, now - 1000);
        assert_eq!(again, Duration::from_secs(1));
    }

    #[test]
    fn what_could_not_be_printed_is_printed_by_the_next_tick() {
        let kept = failed(&parcel(), Route::Stdout, &why(PASSING), 7);
        assert_eq!((pause_left(&kept, 7), kept.pinned), (Duration::ZERO, None));
    }

    #[test]
    fn what_fails_for_days_is_given_up_but_not_after_a_few_attempts() {
        let day = 24 * 60 * MINUTE;
        let mut parcel = failed(&parcel(), Route::Telegram, &why(PASSING), 0);
        for attempt in 2..limits::DELIVER_ATTEMPTS {
            parcel = failed(&parcel, Route::Telegram, &why(PASSING), 3 * day);
            assert_eq!((parcel.state, parcel.attempts), (ParcelState::Pending, attempt));
        }
        let dead = failed(&parcel, Route::Telegram, &why(UndeliveredKind::Refused), 3 * day);
        assert_eq!(dead.state, ParcelState::Dead { at_ms: 3 * day });
        assert_eq!(dead.error.as_deref(), Some("because"));
        assert_eq!(retried(&dead), Parcel::new(dead.report.clone()));
    }

    #[test]
    fn what_can_never_arrive_is_given_up_at_once_and_no_route_costs_nothing() {
        let dead = failed(&parcel(), Route::Webhook, &why(UndeliveredKind::Impossible), 7);
        assert_eq!(dead.state, ParcelState::Dead { at_ms: 7 });
        let kept = failed(&parcel(), Route::Webhook, &why(UndeliveredKind::NoRoute), 7);
        assert_eq!((kept.attempts, pause_left(&kept, 7)), (0, Duration::ZERO));
        assert_eq!(kept.error.as_deref(), Some("because"));
    }

    #[test]
    fn who_asks_to_be_left_alone_is_but_not_for_ever() {
        let after = |secs| UndeliveredKind::Passing { after: Some(Duration::from_secs(secs)) };
        let left = |secs| {
            let kept = failed(&parcel(), Route::Telegram, &why(after(secs)), 0);
            pause_left(&kept, 0).as_secs()
        };
        assert_eq!((left(1), left(45), left(4000)), (30, 45, 4000));
        assert_eq!(left(u64::MAX), limits::DELIVER_AFTER_MAX.as_secs());
    }

    #[test]
    fn a_clock_that_went_back_holds_nothing_up() {
        let day = 24 * 60 * MINUTE;
        let kept = failed(&parcel(), Route::Telegram, &why(PASSING), 3 * day);
        assert_eq!(pause_left(&kept, 0), Duration::ZERO);
    }

    #[test]
    fn what_may_have_arrived_is_sent_a_few_times_and_no_more() {
        let mut parcel = failed(&parcel(), Route::Telegram, &why(PASSING), 0);
        for _ in 1..limits::DELIVER_UNKNOWNS {
            parcel = failed(&parcel, Route::Telegram, &why(UndeliveredKind::Ambiguous), 0);
            assert_eq!(parcel.state, ParcelState::Pending);
        }
        let dead = failed(&parcel, Route::Telegram, &why(UndeliveredKind::Ambiguous), 9);
        assert_eq!(dead.state, ParcelState::Dead { at_ms: 9 });
        assert_eq!(retried(&dead).unknowns, 0);
    }

    #[test]
    fn an_unknown_outcome_binds_to_its_route_until_a_person_says_otherwise() {
        let underway = attempted(&parcel(), Route::Telegram);
        assert!(bound_elsewhere(&underway, Route::Openclaw).is_some(), "who died may have sent it");
        let passed = failed(&parcel(), Route::Telegram, &why(PASSING), 0);
        assert!(bound_elsewhere(&passed, Route::Openclaw).is_none());
        let unknown = failed(&passed, Route::Telegram, &why(UndeliveredKind::Ambiguous), 0);
        let refused = failed(&unknown, Route::Telegram, &why(UndeliveredKind::Refused), 0);
        for bound in [unknown, refused] {
            assert!(bound_elsewhere(&bound, Route::Telegram).is_none());
            assert!(bound_elsewhere(&bound, Route::Openclaw).is_some());
            assert!(bound_elsewhere(&retried(&bound), Route::Openclaw).is_none());
        }
    }
}
