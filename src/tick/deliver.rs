//! The order of deliveries: what waits in the outbox, oldest first.
//!
//! In: a store, a notifier. Out: what arrived, and why the rest did not.
//! Invariant: what does not arrive stays, and so does everything after it; where a report may have
//! gone is durable before it goes.

use std::time::Duration;

use crate::base::limits;
use crate::decide::delivery::{
    Deliveries, arrived, attempted, bound_elsewhere, failed, given_up_text, no_time_text,
    pause_left, waiting_text,
};
use crate::journal::{Parcel, ParcelState};
use crate::ports::{Clock, Notifier, Parcels, Store, StoreError};

/// How much time a round of deliveries has.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// No delivery begins that might not end within this.
    pub within: Duration,
    /// But for the first: somebody whose time is always used up has to hear of it too.
    pub at_least_one: bool,
}

impl Default for Round {
    fn default() -> Self {
        Self { within: limits::DELIVER_WITHIN, at_least_one: true }
    }
}

/// Delivers what waits, oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn deliver_pending(
    store: &mut dyn Store,
    notifier: &mut dyn Notifier,
    clock: &dyn Clock,
    time: Round,
) -> Result<Deliveries, StoreError> {
    let mut round = Deliveries::default();
    let begun = clock.at();
    let parcels = store.parcels(Parcels::Unsettled)?;
    let (waiting, given_up): (Vec<_>, Vec<_>) =
        parcels.into_iter().partition(|parcel| parcel.state == ParcelState::Pending);
    round.given_up = given_up.len();
    for (n, parcel) in waiting.into_iter().enumerate() {
        let now = clock.at();
        let left = pause_left(&parcel, now.wall_ms);
        // Whoever prints does not want to wait for what another way has failed at.
        if !left.is_zero() && notifier.route().leaves_the_host() {
            round.undelivered.get_or_insert(waiting_text(&parcel, left));
            break;
        }
        let ends = now.delay_since(&begun) + notifier.patience();
        if ends > time.within && (n > 0 || !time.at_least_one) {
            round.undelivered.get_or_insert_with(|| no_time_text(&parcel));
            break;
        }
        let kept = deliver_one(&parcel, store, notifier, clock)?;
        match kept.state {
            ParcelState::Delivered { .. } => round.delivered.push(parcel.report),
            ParcelState::Dead { .. } => {
                round.undelivered.get_or_insert(given_up_text(&kept));
                round.given_up += 1;
            }
            ParcelState::Pending | ParcelState::Dropped { .. } => {
                round.undelivered.get_or_insert(kept.error.unwrap_or_default());
                break;
            }
        }
    }
    Ok(round)
}

/// Sends one report, and keeps how far it came.
fn deliver_one(
    parcel: &Parcel,
    store: &mut dyn Store,
    notifier: &mut dyn Notifier,
    clock: &dyn Clock,
) -> Result<Parcel, StoreError> {
    let route = notifier.route();
    // To print what may have arrived elsewhere doubles no message.
    let bound = bound_elsewhere(parcel, route).filter(|_| route.leaves_the_host());
    let sent = if let Some(bound) = bound {
        Err(bound)
    } else {
        if route.leaves_the_host() {
            store.save_parcel(&attempted(parcel, route))?;
        }
        notifier.deliver(&parcel.report)
    };
    let now_ms = clock.at().wall_ms;
    let kept = match &sent {
        Ok(()) => arrived(parcel, now_ms),
        Err(why) => failed(parcel, route, why, now_ms),
    };
    if sent.is_err() || !notifier.hands_over() {
        store.save_parcel(&kept)?;
    }
    Ok(kept)
}
