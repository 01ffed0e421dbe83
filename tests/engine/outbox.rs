//! Reports on their way: whatever fails, none is lost, none overtakes another, and every copy
//! bears the same id.

use std::time::Duration;

use opsfsm::base::limits;
use opsfsm::journal::{Parcel, ParcelState};
use opsfsm::model::{Route, UndeliveredKind};
use opsfsm::ports::{Clock as _, Parcels, Store as _};
use opsfsm::sim::Delivery;

use crate::support::{Scene, watch};

const PASSING: Delivery = Delivery::Fails(UndeliveredKind::Passing { after: None });

/// A scene whose job gives one report a tick.
fn talking() -> Scene {
    let scene = Scene::new(&watch("a", "reportEverySeconds = 60"));
    scene.set("a", |j| j.running = true);
    scene
}

/// The job moves on, a minute passes, a tick tells it.
fn next(scene: &Scene) {
    scene.set("a", |j| j.progress += 1);
    scene.tick_after(60);
}

fn outbox(scene: &Scene) -> Vec<Parcel> {
    scene.host.store.clone().parcels(Parcels::All).expect("the outbox")
}

fn arrived(scene: &Scene) -> Vec<String> {
    scene.host.told.borrow().iter().map(|r| r.id.to_string()).collect()
}

fn written(scene: &Scene) -> Vec<String> {
    outbox(scene).iter().map(|p| p.report.id.to_string()).collect()
}

#[test]
fn an_hour_without_a_network_loses_nothing_and_the_order_is_kept() {
    let scene = talking();
    scene.host.unreachable.set(true);
    for _ in 0..60 {
        next(&scene);
    }
    let attempts: u32 = outbox(&scene).iter().map(|p| p.attempts).sum();
    assert!((10..25).contains(&attempts), "{attempts} attempts in an hour");
    scene.host.unreachable.set(false);
    while outbox(&scene).iter().any(|p| p.state == ParcelState::Pending) {
        next(&scene);
    }
    assert!(arrived(&scene).len() > 60);
    assert_eq!(arrived(&scene), written(&scene));
    let errors: Vec<String> = outbox(&scene).into_iter().filter_map(|p| p.error).collect();
    assert_eq!(errors, Vec::<String>::new(), "nothing is wrong any more");
}

#[test]
fn what_can_never_arrive_is_given_up_and_the_next_goes_on() {
    let scene = talking();
    scene.host.deliveries.borrow_mut().push_back(Delivery::Fails(UndeliveredKind::Impossible));
    let outcome = scene.tick();
    assert_eq!((outcome.given_up, arrived(&scene).len()), (1, 0));
    assert!(outcome.undelivered.expect("it says so").contains("given up"));
    scene.set("a", |j| j.progress += 1);
    let outcome = scene.tick_after(60);
    assert_eq!((outcome.given_up, outcome.undelivered), (1, None), "loud until a person acts");
    assert_eq!(arrived(&scene), written(&scene)[1..]);
}

#[test]
fn who_asks_for_a_pause_gets_it_in_every_later_process_too() {
    let scene = talking();
    let after = Some(Duration::from_mins(15));
    let busy = Delivery::Fails(UndeliveredKind::Passing { after });
    scene.host.deliveries.borrow_mut().push_back(busy);
    scene.tick();
    for _ in 0..14 {
        next(&scene);
        assert_eq!(scene.host.told.borrow().len(), 0);
    }
    next(&scene);
    assert_eq!(arrived(&scene), written(&scene));
}

#[test]
fn what_may_have_arrived_is_never_sent_by_another_route() {
    let scene = talking();
    scene.host.deliveries.borrow_mut().push_back(Delivery::ArrivesUnknown);
    scene.tick();
    let first = arrived(&scene);
    scene.host.route.set(Route::Openclaw);
    for _ in 0..5 {
        next(&scene);
    }
    assert_eq!(arrived(&scene), first, "nothing goes by the other route, nor overtakes it");
    assert!(outbox(&scene)[0].error.as_deref().expect("why").contains("outbox retry"));
    scene.host.route.set(Route::Telegram);
    next(&scene);
    let all = arrived(&scene);
    assert_eq!(all[0], all[1], "the copy bears the same id");
    assert_eq!(all[1..], written(&scene));
}

#[test]
fn a_person_unbinds_or_drops_what_hangs() {
    let scene = talking();
    scene.host.deliveries.borrow_mut().push_back(Delivery::ArrivesUnknown);
    scene.tick();
    scene.host.route.set(Route::Webhook);
    next(&scene);
    let parcel = outbox(&scene).remove(0);
    let dropped = Parcel { state: ParcelState::Dropped { at_ms: 1 }, ..parcel };
    scene.host.store.clone().save_parcel(&dropped).expect("dropped");
    next(&scene);
    assert_eq!(arrived(&scene).len(), 3, "what waited behind it goes");
    assert_eq!(arrived(&scene), written(&scene));
}

#[test]
fn whoever_prints_gets_all_whatever_became_of_it_elsewhere() {
    let scene = talking();
    scene.host.deliveries.borrow_mut().push_back(Delivery::ArrivesUnknown);
    scene.tick();
    scene.host.deliveries.borrow_mut().push_back(PASSING);
    next(&scene);
    scene.host.route.set(Route::Stdout);
    scene.set("a", |j| j.progress += 1);
    let outcome = scene.tick_after(1);
    assert_eq!(outcome.undelivered, None);
    assert_eq!(arrived(&scene)[1..], written(&scene));
}

#[test]
fn a_network_that_hangs_keeps_a_tick_for_one_delivery_and_no_more() {
    let scene = talking();
    scene.host.unreachable.set(true);
    for _ in 0..5 {
        next(&scene);
    }
    scene.host.unreachable.set(false);
    scene.host.delivery_takes.set(Duration::from_secs(10));
    scene.set("a", |j| (j.alert, j.progress) = (true, 99));
    scene.host.pass(Duration::from_hours(1));
    let before = scene.host.now().at;
    let outcome = scene.tick();
    assert_eq!(scene.host.now().at.delay_since(&before), Duration::from_secs(10));
    assert!(outcome.undelivered.expect("others wait").contains("no time was left"));
    assert_eq!(arrived(&scene).len(), 1);
    scene.host.delivery_takes.set(Duration::from_secs(2));
    let before = scene.host.now().at;
    scene.tick();
    assert!(scene.host.now().at.delay_since(&before) <= limits::DELIVER_WITHIN);
    assert!(arrived(&scene).len() > 5);
    assert_eq!(arrived(&scene), written(&scene)[..arrived(&scene).len()]);
}

/// A note that can't be kept is what a crash between two steps leaves behind.
#[test]
fn whichever_note_is_lost_no_report_is() {
    for lost in 0.. {
        let scene = talking();
        scene.host.deliveries.borrow_mut().extend([Delivery::Arrives, PASSING]);
        scene.host.store.fail_save(lost);
        for _ in 0..6 {
            scene.set("a", |j| j.progress += 1);
            scene.host.pass(Duration::from_mins(1));
            // The tick whose note is lost fails; the next one goes on.
            let _ = scene.host.tick(&scene.compiled);
        }
        let all_kept = scene.host.store.save_is_to_fail();
        scene.tick_after(60);
        let mut told = arrived(&scene);
        told.dedup();
        assert_eq!(told, written(&scene), "note {lost} lost");
        assert!(arrived(&scene).len() <= told.len() + 1, "one copy at most");
        if all_kept {
            assert!(lost > 6, "few notes only: {lost}");
            return;
        }
    }
}
