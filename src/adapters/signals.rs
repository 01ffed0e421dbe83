//! Signals to opsfsm itself: Ctrl-C, TERM and HUP become a fact that every wait can see.
//!
//! In: signals, and what the parent process left ignored. Out: an [`Interrupt`] to poll and ask.
//! Invariant: this module never ends the process and runs no code of ours inside a handler.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Once, OnceLock};

use nix::sys::signal::SigSet;
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1,
    SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
};
use signal_hook::{flag, low_level};

/// Signals that a parent may ignore, as a shell does with QUIT for what it puts in the background:
/// caught, and so at their default in children. Those of the terminal's own are not among them: a
/// process that catches TTOU tries to write for ever.
const PASSED_ON: [i32; 8] =
    [SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGABRT, SIGXCPU, SIGVTALRM, SIGPROF];

/// Tells whether a signal asked opsfsm to end. It stays told: nothing takes it back.
#[derive(Debug)]
pub struct Interrupt {
    pipe: UnixStream,
    which: Arc<AtomicUsize>,
}

impl Interrupt {
    /// The signal that came last, if any did.
    #[must_use]
    pub fn received(&self) -> Option<i32> {
        match self.which.load(Ordering::SeqCst) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }
}

impl AsFd for Interrupt {
    /// Readable from the first signal on. Nobody reads it, so every thread that polls it wakes.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

/// Turns SIGINT, SIGTERM and SIGHUP into an [`Interrupt`]. To be called once, at program start.
///
/// SIGINT or SIGHUP that the parent ignores (`nohup opsfsm …`, a script's `opsfsm … &`) go on
/// meaning nothing to opsfsm, but they too are caught, because children start with caught
/// signals at their default and would inherit ignored ones. A mask of blocked signals is emptied
/// for this thread and those it starts: std hands it on to children, and a blocked TERM would
/// make opsfsm deaf.
pub fn install() -> io::Result<Interrupt> {
    SigSet::empty().thread_set_mask()?;
    keep_children();
    // A write beyond a limit on files is an error then, which is told, and no end without a word.
    // Caught, and not ignored: what opsfsm starts has it at its default.
    flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    for signal in PASSED_ON {
        if ignored_at_start(signal) == Some(true) {
            flag::register(signal, Arc::new(AtomicBool::new(false)))?;
        }
    }
    let (pipe, writer) = UnixStream::pair()?;
    pipe.set_nonblocking(true)?;
    let which = Arc::new(AtomicUsize::new(0));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        let deaf = signal != SIGTERM && ignored_at_start(signal) == Some(true);
        if deaf {
            flag::register(signal, Arc::new(AtomicBool::new(false)))?;
            continue;
        }
        // The flag is registered first and so runs first: whoever the pipe wakes sees it.
        flag::register_usize(signal, Arc::clone(&which), usize::try_from(signal).unwrap_or(1))?;
        low_level::pipe::register(signal, writer.try_clone()?)?;
    }
    Ok(Interrupt { pipe, which })
}

/// Has Ctrl-Z mean nothing from here on: a process that its caller may not signal otherwise must not be
/// held in the middle of what it does, with the store locked. Caught, and so at its default in children.
pub fn refuse_to_be_held() {
    // A failure leaves Ctrl-Z as it is.
    let _ = flag::register(SIGTSTP, Arc::new(AtomicBool::new(false)));
}

/// Undoes an inherited `SIGCHLD = ignore`, under which the kernel reaps children unseen and
/// their exit codes are lost. Where SIGCHLD is at its default, no handler is put in, because
/// every child's end would then wake threads for nothing.
pub(crate) fn keep_children() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        if ignored_at_start(SIGCHLD) != Some(false) {
            // A failure leaves results of `End::Lost`, which say so.
            let _ = flag::register(SIGCHLD, Arc::new(AtomicBool::new(false)));
        }
    });
}

/// Did this process ignore `signal` when it was first asked? `None`: this system doesn't tell.
fn ignored_at_start(signal: i32) -> Option<bool> {
    static MASK: OnceLock<Option<u64>> = OnceLock::new();
    let mask = (*MASK.get_or_init(ignored_now))?;
    let bit = u32::try_from(signal).ok()?.checked_sub(1)?;
    Some(mask.checked_shr(bit)? & 1 == 1)
}

fn ignored_now() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}
