//! The borders between one process's steps, its calls of the store and its looks at jobs: there time may
//! pass, and another process come between; and at those of the store a process may be killed.
//!
//! Invariant: what comes between does so once, and never inside a transaction; who is dead does
//! nothing more, neither to the store nor to the world outside.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use crate::ports::StoreError;

type Visit = Box<dyn FnOnce()>;

/// What waits at the borders to come.
#[derive(Clone, Default)]
pub struct Borders {
    visits: Rc<RefCell<VecDeque<(u32, Visit)>>>,
    /// So many calls still succeed.
    life: Rc<Cell<Option<u32>>>,
    /// Somebody else has the store, after so many calls and for so many.
    held: Rc<Cell<(u32, u32)>>,
}

impl fmt::Debug for Borders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let visits: Vec<u32> = self.visits.borrow().iter().map(|(after, _)| *after).collect();
        let mut shown = f.debug_struct("Borders");
        shown.field("visits", &visits).field("life", &self.life).field("held", &self.held).finish()
    }
}

impl Borders {
    /// This happens once, before the step that follows so many others; they count from what comes
    /// between before it.
    pub fn visit_after(&self, steps: u32, visit: impl FnOnce() + 'static) {
        self.visits.borrow_mut().push_back((steps, Box::new(visit)));
    }

    /// Somebody else has the store after so many calls, and for as many as `times`: these get nothing.
    pub fn hold_after(&self, calls: u32, times: u32) {
        self.held.set((calls, times));
    }

    /// Nobody comes any more.
    pub fn calm(&self) {
        self.visits.borrow_mut().clear();
    }

    /// The process at work is killed as soon as so many calls have succeeded.
    pub fn kill_after(&self, calls: u32) {
        self.life.set(Some(calls));
    }

    /// Is it dead?
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.life.get() == Some(0)
    }

    /// Another process is at work: whatever was to become of the one before. Says what that was.
    #[must_use]
    pub fn hand_over(&self) -> Option<u32> {
        self.life.take()
    }

    /// The one before goes on.
    pub fn take_back(&self, life: Option<u32>) {
        self.life.set(life);
    }

    /// Whoever is due comes between.
    pub(super) fn come_between(&self) {
        let due = match self.visits.borrow_mut().front_mut() {
            None => return,
            Some((0, _)) => true,
            Some((after, _)) => {
                *after -= 1;
                false
            }
        };
        let visit = due.then(|| self.visits.borrow_mut().pop_front()).flatten();
        let Some((_, visit)) = visit else { return };
        // The others wait for the process that they come to, and not for the one that is here now.
        let others = self.visits.take();
        let life = self.hand_over();
        visit();
        self.take_back(life);
        *self.visits.borrow_mut() = others;
    }

    pub(super) fn cross(&self) -> Result<(), StoreError> {
        self.come_between();
        match self.life.get() {
            None => {}
            Some(0) => return Err(StoreError::Refused("killed".to_owned())),
            Some(left) => self.life.set(Some(left - 1)),
        }
        match self.held.get() {
            (_, 0) => return Ok(()),
            (0, times) => self.held.set((0, times - 1)),
            (after, times) => {
                self.held.set((after - 1, times));
                return Ok(());
            }
        }
        Err(StoreError::Busy("held by another process".to_owned()))
    }
}
