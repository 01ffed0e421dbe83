//! The outbox: order, delivery, room.

use super::*;

fn tell(store: &mut SqliteStore, reports: &[Report]) {
    let told = store.transact(&mut |world| {
        let change = Change { world, ..Change::default() };
        Ok(Commit { change, reports: reports.to_vec() })
    });
    told.unwrap();
}

#[test]
fn reports_wait_in_order_until_they_are_delivered() {
    let place = Place::new();
    let mut store = place.open();
    tell(&mut store, &[report(3), report(1)]);
    tell(&mut store, &[report(2)]);
    assert_eq!(store.pending_reports().unwrap(), [report(3), report(1), report(2)]);
    store.mark_delivered(&ReportId::new("p1"), 5).unwrap();
    store.mark_delivered(&ReportId::new("p1"), 6).unwrap();
    store.mark_delivered(&ReportId::new("none"), 6).unwrap();
    drop(store);
    let mut store = place.open();
    assert_eq!(store.pending_reports().unwrap(), [report(3), report(2)]);
    let when = "SELECT delivered_ms FROM outbox WHERE id = 'p1'";
    let when: i64 = store.connection.query_row(when, [], |r| r.get(0)).unwrap();
    assert_eq!(when, 5);
}

#[test]
fn delivered_reports_make_room_and_waiting_ones_never_do() {
    let place = Place::new();
    let mut store = place.open();
    tell(&mut store, &[report(0), report(1)]);
    store.mark_delivered(&ReportId::new("p1"), 5).unwrap();
    let many = limits::REPORTS_KEPT + 5;
    tell(&mut store, &(2..many).map(report).collect::<Vec<_>>());
    let pending = store.pending_reports().unwrap();
    assert_eq!(pending.len(), many - 1);
    assert_eq!(pending[0], report(0));
    let all = "SELECT COUNT(*) FROM outbox WHERE delivered_ms IS NOT NULL";
    let delivered: usize = store.connection.query_row(all, [], |r| r.get(0)).unwrap();
    assert_eq!(delivered, 0);
}
