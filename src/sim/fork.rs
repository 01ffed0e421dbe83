//! A copy of a simulated host that shares nothing with it: from one moment, several futures.
//!
//! Invariant: what happens on either is not seen on the other. What was to happen between an
//! observation and its decision happens on the first one only.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::SimHost;

fn cell<T: Copy>(from: &Rc<Cell<T>>) -> Rc<Cell<T>> {
    Rc::new(Cell::new(from.get()))
}

fn content<T: Clone>(from: &Rc<RefCell<T>>) -> Rc<RefCell<T>> {
    Rc::new(RefCell::new(from.borrow().clone()))
}

impl SimHost {
    /// The copy.
    #[must_use]
    pub fn fork(&self) -> Self {
        let now = content(&self.now);
        Self {
            jobs: content(&self.jobs),
            ran: content(&self.ran),
            told: content(&self.told),
            executors_die: cell(&self.executors_die),
            launches_fail: cell(&self.launches_fail),
            executors_late: cell(&self.executors_late),
            on_their_way: content(&self.on_their_way),
            unreachable: cell(&self.unreachable),
            deliveries: content(&self.deliveries),
            route: cell(&self.route),
            delivery_takes: cell(&self.delivery_takes),
            dies: cell(&self.dies),
            wrote: content(&self.wrote),
            nothing_opens: cell(&self.nothing_opens),
            in_flight: content(&self.in_flight),
            files: self.files.fork(),
            store: self.store.fork().with_clock(&now),
            zone: content(&self.zone),
            zone_fault: cell(&self.zone_fault),
            style: content(&self.style),
            now,
            drawn: cell(&self.drawn),
            own_pid: cell(&self.own_pid),
            own_birth: cell(&self.own_birth),
            births: cell(&self.births),
            looked: content(&self.looked),
            meanwhile: Rc::default(),
            alive: content(&self.alive),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::base::JobId;
    use crate::ports::Clock as _;

    #[test]
    fn what_happens_on_a_copy_stays_there() {
        let host = SimHost::new();
        host.begin_store();
        let copy = host.fork();
        copy.pass(Duration::from_secs(1));
        copy.files.edit("/f", 1);
        copy.set(&JobId::new("a"), |job| job.exit = 1);
        copy.store.tamper(|world| world.snapshot.epoch = None);
        assert_ne!(host.now().at, copy.now().at);
        assert!(host.jobs.borrow().is_empty());
        assert!(host.store.snapshot().world().snapshot.epoch.is_some());
        assert_eq!(host.store.snapshot().events_from(1), []);
    }
}
