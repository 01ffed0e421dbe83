//! Executors: children of ours that outlive us, each watching over one run.
//!
//! In: our own program and its arguments. Out: a handle to wait on for a while.
//! Invariant: this module never signals an executor and never keeps one from going on.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags};
use rustix::process::Pid;
use std::os::fd::AsFd as _;

use super::clock::{after, earlier, now};
use super::pool::poll_until;
use super::watch::ExitWatch;
use super::{Deadline, Interrupt, spawn};
use crate::base::limits;

/// An executor that was started. Dropping it lets it run on.
#[derive(Debug)]
pub struct Detached {
    child: Child,
    watch: ExitWatch,
    status: Option<ExitStatus>,
    reaped: bool,
}

impl Detached {
    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Has it been seen to end?
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.reaped
    }

    /// How it ended, if that was seen.
    #[must_use]
    pub fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    fn look(&mut self) {
        match self.child.try_wait() {
            Ok(None) => {}
            Ok(status) => (self.reaped, self.status) = (true, status),
            Err(_) => self.reaped = true,
        }
    }
}

/// Starts `exe` with nothing on its standard streams and our environment. `exe` has to be a path,
/// and to call [`leave_terminal`] first of all: the leader of a group could not.
pub fn spawn_detached<A: AsRef<OsStr>>(exe: &Path, args: &[A]) -> io::Result<Detached> {
    let exe = std::path::absolute(exe)?;
    let mut command = spawn::detached(&exe);
    let child = command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let watch = ExitWatch::new(Pid::from_child(&child));
    Ok(Detached { child, watch, status: None, reaped: false })
}

/// Puts this process into a session of its own, and so away from whoever's terminal started it:
/// Ctrl-C there is not meant for it, and what it starts can't stop at a question that nobody sees.
/// A process that leads a group already stays where it is.
pub fn leave_terminal() {
    let _ = rustix::process::setsid();
}

/// Waits until all have ended, `until` has come, or `cancel` comes. Those that still run are
/// left to themselves.
pub fn wait_detached(all: &mut [Detached], until: Deadline, cancel: Option<&Interrupt>) {
    loop {
        for one in all.iter_mut().filter(|one| !one.reaped) {
            one.look();
        }
        let cancelled = cancel.is_some_and(|interrupt| interrupt.received().is_some());
        if cancelled || until.passed() || all.iter().all(|one| one.reaped) {
            return;
        }
        let at = now();
        let running = all.iter().filter(|one| !one.reaped);
        let blind = running.clone().any(|one| one.watch.fd().is_none());
        let ask = if blind { after(at, limits::EXIT_POLL) } else { None };
        let fds = running.filter_map(|one| one.watch.fd());
        let fds = fds.chain(cancel.map(|interrupt| interrupt.as_fd()));
        let mut fds: Vec<_> = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        let timeout = earlier(until.at(), ask).map(|wake| wake.saturating_duration_since(at));
        // Whatever it tells, everyone still running is looked at above.
        let _ = poll_until(&mut fds, timeout);
    }
}
