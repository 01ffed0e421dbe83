//! Knowing that a child has exited, without reaping it: until it is reaped, its pid and its
//! group's id can't be given to anyone else.
//!
//! In: the pid of our own child. Out: something to poll, or the advice to look again soon.
//! Invariant: this module never reaps.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// How the exit of one child is learned.
#[derive(Debug)]
pub(super) enum ExitWatch {
    /// A pidfd, readable once the child is gone.
    #[cfg_attr(any(not(target_os = "linux"), opsfsm_portable), expect(dead_code))]
    Fd(OwnedFd),
    /// No pidfd here (another system, or a full file table): ask every `limits::EXIT_POLL`.
    Ask,
}

impl ExitWatch {
    #[cfg(all(target_os = "linux", not(opsfsm_portable)))]
    pub(super) fn new(pid: Pid) -> Self {
        use rustix::process::{PidfdFlags, pidfd_open};
        // No race: the child is ours and unreaped, so the pid is still its own.
        pidfd_open(pid, PidfdFlags::empty()).map_or(Self::Ask, Self::Fd)
    }

    #[cfg(any(not(target_os = "linux"), opsfsm_portable))]
    pub(super) fn new(_pid: Pid) -> Self {
        Self::Ask
    }

    /// What to poll for the exit, if it can be polled.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Fd(fd) => Some(fd.as_fd()),
            Self::Ask => None,
        }
    }
}

/// Where one of our children stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It runs.
    Running,
    /// It has exited and waits to be reaped.
    Zombie,
    /// It is no child of ours any more: someone else reaped it, and its pid is free for others.
    Gone,
}

/// Looks where our child stands, and leaves it there.
pub(super) fn standing(pid: Pid) -> Standing {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(pid), options) {
        Err(Errno::CHILD) => Standing::Gone,
        Ok(Some(_)) => Standing::Zombie,
        Ok(None) | Err(_) => Standing::Running,
    }
}
