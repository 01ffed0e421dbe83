//! The processes of a simulated host: who decides, who lives on beside it, and who is gone.
//!
//! Invariant: two processes are never taken for one, even where the second has the first one's pid.

use super::SimHost;
use crate::base::JobId;
use crate::model::ProcessId;
use crate::ports::{Liveness, Processes};

impl SimHost {
    /// The deciding process dies and another takes its place.
    pub fn next_process(&self) {
        self.own_pid.set(self.own_pid.get() + 1);
        self.reuse_pid();
    }

    /// The deciding process dies, and another of the same pid takes its place.
    pub fn reuse_pid(&self) {
        self.births.set(self.births.get() + 1);
        self.own_birth.set(self.births.get());
    }

    /// Another process takes the place of the deciding one, which lives on.
    pub fn beside(&self) {
        self.alive.borrow_mut().insert(self.own_id().start_ticks);
        self.next_process();
    }

    /// Another process does this while the deciding one waits; then it is gone.
    pub fn as_another(&self, what: impl FnOnce(&Self)) {
        let (pid, birth, own) = (self.own_pid.get(), self.own_birth.get(), self.own_id());
        let known = !self.alive.borrow_mut().insert(own.start_ticks);
        self.next_process();
        what(self);
        self.own_pid.set(pid);
        self.own_birth.set(birth);
        if !known {
            self.alive.borrow_mut().remove(&own.start_ticks);
        }
    }

    /// This process becomes one with a pid so far above its own; says which it was.
    pub(super) fn become_pid(&self, above: u32) -> u32 {
        let before = self.own_pid.get();
        self.own_pid.set(before + above);
        before
    }

    pub(super) fn return_to_pid(&self, pid: u32) {
        self.own_pid.set(pid);
    }

    pub(super) fn process(&self, pid: u32) -> ProcessId {
        let start_ticks = self.own_birth.get() << 32 | u64::from(pid);
        ProcessId { pid, start_ticks, boot: self.now.borrow().boot.clone() }
    }
}

impl Processes for SimHost {
    fn own_id(&self) -> ProcessId {
        self.process(self.own_pid.get())
    }

    fn liveness(&self, process: &ProcessId) -> Liveness {
        let same_boot = process.boot == self.now.borrow().boot;
        let alive = *process == self.own_id() || self.alive.borrow().contains(&process.start_ticks);
        if same_boot && alive { Liveness::Alive } else { Liveness::Dead }
    }

    fn is_in_flight(&self, write: &JobId) -> bool {
        self.in_flight.borrow().contains(write)
    }
}
