//! The borders between one process's calls of the store: there another process may come between, and
//! there a process may be killed.
//!
//! Invariant: what comes between does so once, and never inside a transaction; who is dead does
//! nothing more, neither to the store nor to the world outside.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::ports::StoreError;

type Visit = Box<dyn FnOnce()>;

/// What waits at the borders to come.
#[derive(Clone, Default)]
pub struct Borders {
    visit: Rc<RefCell<Option<(u32, Visit)>>>,
    /// So many calls still succeed.
    life: Rc<Cell<Option<u32>>>,
    /// Somebody else has the store, after so many calls and for so many.
    held: Rc<Cell<(u32, u32)>>,
}

impl fmt::Debug for Borders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let visit = self.visit.borrow().as_ref().map(|(after, _)| *after);
        let mut shown = f.debug_struct("Borders");
        shown.field("visit", &visit).field("life", &self.life).field("held", &self.held).finish()
    }
}

impl Borders {
    /// This happens once, before the call that follows so many others.
    pub fn visit_after(&self, calls: u32, visit: impl FnOnce() + 'static) {
        *self.visit.borrow_mut() = Some((calls, Box::new(visit)));
    }

    /// Somebody else has the store after so many calls, and for as many as `times`: these get nothing.
    pub fn hold_after(&self, calls: u32, times: u32) {
        self.held.set((calls, times));
    }

    /// Nobody comes any more.
    pub fn calm(&self) {
        self.visit.borrow_mut().take();
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

    pub(super) fn cross(&self) -> Result<(), StoreError> {
        let due = self.visit.borrow().as_ref().is_some_and(|(after, _)| *after == 0);
        let visit = due.then(|| self.visit.borrow_mut().take()).flatten();
        if let Some((_, visit)) = visit {
            let life = self.hand_over();
            visit();
            self.take_back(life);
        } else if let Some((after, _)) = self.visit.borrow_mut().as_mut() {
            *after -= 1;
        }
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
