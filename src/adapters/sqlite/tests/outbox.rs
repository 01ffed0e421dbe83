//! The outbox: order, how far each report is, room.

use super::*;
use crate::journal::{Parcel, ParcelState, Report};
use crate::model::Route;

fn tell(store: &mut SqliteStore, reports: &[Report]) {
    let told = store.transact(&mut |world| {
        let change = Change { world, ..Change::default() };
        Ok(Commit { change, reports: reports.to_vec() })
    });
    told.unwrap();
}

fn in_state(n: usize, state: ParcelState) -> Parcel {
    Parcel { state, ..Parcel::new(report(n)) }
}

fn waiting(store: &mut SqliteStore) -> Vec<Report> {
    store.parcels(Parcels::Waiting).unwrap().into_iter().map(|p| p.report).collect()
}

#[test]
fn reports_wait_in_order_until_they_come_to_an_end() {
    let place = Place::new();
    let mut store = place.open();
    tell(&mut store, &[report(3), report(1)]);
    tell(&mut store, &[report(2)]);
    assert_eq!(waiting(&mut store), [report(3), report(1), report(2)]);
    let arrived = in_state(1, ParcelState::Delivered { at_ms: 5 });
    store.save_parcel(&arrived).unwrap();
    // What arrived stays so, whoever says otherwise.
    store.save_parcel(&in_state(1, ParcelState::Delivered { at_ms: 6 })).unwrap();
    store.save_parcel(&Parcel::new(report(1))).unwrap();
    // What is not there makes no row.
    store.save_parcel(&in_state(9, ParcelState::Delivered { at_ms: 6 })).unwrap();
    drop(store);
    let mut store = place.open();
    assert_eq!(waiting(&mut store), [report(3), report(2)]);
    let all = store.parcels(Parcels::All).unwrap();
    assert_eq!(all, [Parcel::new(report(3)), arrived, Parcel::new(report(2))]);
}

#[test]
fn all_that_is_known_of_a_parcel_is_kept() {
    let place = Place::new();
    let mut store = place.open();
    tell(&mut store, &[report(1)]);
    let mut parcel = Parcel {
        state: ParcelState::Pending,
        attempts: 3,
        unknowns: 2,
        failed_since_ms: Some(-7),
        next_ms: i64::MAX,
        pinned: None,
        error: Some("no".to_owned()),
        ..Parcel::new(report(1))
    };
    for pinned in Route::ALL.map(Some).into_iter().chain([None]) {
        parcel.pinned = pinned;
        store.save_parcel(&parcel).unwrap();
        assert_eq!(store.parcels(Parcels::Waiting).unwrap(), [parcel.clone()]);
    }
    let dead = Parcel { state: ParcelState::Dead { at_ms: 9 }, ..parcel };
    store.save_parcel(&dead).unwrap();
    assert_eq!(
        (waiting(&mut store), store.parcels(Parcels::All).unwrap()),
        (Vec::new(), vec![dead])
    );
    store.save_parcel(&Parcel::new(report(1))).unwrap();
    assert_eq!(waiting(&mut store), [report(1)], "a person may retry what was given up");
    store.save_parcel(&in_state(1, ParcelState::Dropped { at_ms: 9 })).unwrap();
    store.save_parcel(&in_state(1, ParcelState::Delivered { at_ms: 9 })).unwrap();
    let all = store.parcels(Parcels::All).unwrap();
    assert_eq!(all, [in_state(1, ParcelState::Dropped { at_ms: 9 })]);
}

#[test]
fn reports_that_are_over_make_room_and_waiting_ones_do_not() {
    let place = Place::new();
    let mut store = place.open();
    tell(&mut store, &[report(0), report(1)]);
    store.save_parcel(&in_state(1, ParcelState::Delivered { at_ms: 5 })).unwrap();
    let many = limits::REPORTS_KEPT + 5;
    tell(&mut store, &(2..many).map(report).collect::<Vec<_>>());
    assert_eq!(waiting(&mut store).len(), many - 1);
    assert_eq!(store.parcels(Parcels::All).unwrap().len(), many - 1);
}

#[test]
fn a_queue_that_is_too_long_gives_up_its_oldest_loudly() {
    let place = Place::new();
    let mut store = place.open();
    let many = limits::REPORTS_WAITING + 3;
    tell(&mut store, &(0..many).map(report).collect::<Vec<_>>());
    assert_eq!(waiting(&mut store).first(), Some(&report(3)));
    let all = store.parcels(Parcels::All).unwrap();
    let given_up: Vec<_> = all.iter().filter(|p| p.state != ParcelState::Pending).collect();
    assert_eq!(given_up.len(), 3);
    assert!(given_up.iter().all(|p| p.error.is_some() && p.state.as_str() == "dead"));
}

#[test]
fn a_row_that_nobody_wrote_is_an_error() {
    for spoil in ["state = 'lost'", "pinned = 'pigeon'"] {
        let place = Place::new();
        let mut store = place.open();
        tell(&mut store, &[report(1)]);
        store.connection.execute(&format!("UPDATE outbox SET {spoil}"), []).unwrap();
        assert!(store.parcels(Parcels::All).is_err(), "{spoil}");
    }
}
