//! Process facts from Linux's `/proc`, and signals through pidfds.
//!
//! In: pids. Out: what `/proc` says of them.
//! Invariant: this module never takes a missing or hidden `/proc` entry for a dead process, and
//! never signals by number alone what it has not got a pidfd on.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, getpgid, kill_process_group, pidfd_open, pidfd_send_signal,
    test_kill_process,
};

use super::evidence::{EndSignal, Evidence, Liveness, Reach, SignalRefusal};
use crate::base::{BootId, RunId, limits};
use crate::model::ProcessId;

pub(super) fn boot_id() -> BootId {
    static BOOT: OnceLock<BootId> = OnceLock::new();
    BOOT.get_or_init(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_or_else(|_| BootId::unknown(), |text| BootId::new(text.trim()))
    })
    .clone()
}

pub(super) fn process_id(pid: u32) -> Option<ProcessId> {
    let stat = Stat::read(pid).ok()?;
    Some(ProcessId { pid, start_ticks: stat.start_ticks, boot: boot_id() })
}

pub(super) fn liveness(pid: u32, start_ticks: u64) -> Liveness {
    match Stat::read(pid) {
        Ok(stat) if stat.has_ended() => Liveness::Dead,
        Ok(_) if start_ticks == 0 => Liveness::Unknown,
        Ok(stat) if stat.start_ticks == start_ticks => Liveness::Alive,
        Ok(_) => Liveness::Dead,
        // No entry can also mean that /proc hides other users' processes, or is not there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match raw(pid).map(test_kill_process) {
                Some(Err(Errno::SRCH)) | None => Liveness::Dead,
                Some(_) => Liveness::Unknown,
            }
        }
        // It ended between opening and reading.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::SRCH) => Liveness::Dead,
        Err(_) => Liveness::Unknown,
    }
}

pub(super) fn started_for(pid: u32) -> Evidence {
    let mut missing = Vec::new();
    let mut note = |what: &str, error: &io::Error| missing.push(format!("{what}: {error}"));
    let start_ticks = Stat::read(pid)
        .map(|stat| stat.start_ticks)
        .inspect_err(|error| note("start time", error))
        .ok();
    let uid = real_uid(pid).inspect_err(|error| note("user", error)).ok();
    let run = run_of(pid).inspect_err(|error| note("environment", error)).ok().flatten();
    let missing = (!missing.is_empty()).then(|| missing.join("; "));
    Evidence { run, uid, start_ticks, missing }
}

pub(super) fn age_seconds(pid: u32) -> Option<u64> {
    let started = Stat::read(pid).ok()?.start_ticks / ticks_per_second();
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let now: u64 = uptime.split('.').next()?.parse().ok()?;
    Some(now.saturating_sub(started))
}

pub(super) fn signal_if(
    process: &ProcessId,
    check: impl Fn(&Evidence) -> bool,
    reach: Reach,
    signal: EndSignal,
) -> Result<(), SignalRefusal> {
    let pid = process.pid;
    let refused = |error: Errno| match error {
        Errno::SRCH => SignalRefusal::Ended(pid),
        other => SignalRefusal::System { pid, why: io::Error::from(other).to_string() },
    };
    let target = raw(pid).ok_or(SignalRefusal::Ended(pid))?;
    // From here on the pid can't come to mean another process without the handle showing it:
    // all that is read below is about this process if the handle is still alive afterwards.
    let handle = pidfd_open(target, PidfdFlags::empty()).map_err(refused)?;
    let evidence = system_evidence(pid, process.start_ticks)?;
    if !check(&evidence) {
        return Err(SignalRefusal::Unproved(pid));
    }
    let signal = match signal {
        EndSignal::Term => Signal::TERM,
        EndSignal::Kill => Signal::KILL,
    };
    match reach {
        Reach::Process => pidfd_send_signal(&handle, signal).map_err(refused),
        Reach::Group => {
            if getpgid(Some(target)).map_err(refused)? != target {
                return Err(SignalRefusal::Unproved(pid));
            }
            let mut fds = [PollFd::new(&handle, PollFlags::IN)];
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            if poll(&mut fds, Some(&at_once)).map_err(refused)? > 0 {
                return Err(SignalRefusal::Ended(pid));
            }
            kill_process_group(target, signal).map_err(refused)
        }
    }
}

fn system_evidence(pid: u32, start_ticks: u64) -> Result<Evidence, SignalRefusal> {
    let evidence = started_for(pid);
    match evidence.start_ticks {
        Some(ticks) if ticks == start_ticks => Ok(evidence),
        Some(_) => Err(SignalRefusal::Reused(pid)),
        None => Err(SignalRefusal::Unproved(pid)),
    }
}

/// What is used of `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    state: u8,
    threads: u64,
    start_ticks: u64,
}

impl Stat {
    fn read(pid: u32) -> io::Result<Self> {
        let text = read_bounded(format!("/proc/{pid}/stat").as_ref(), 4096)?;
        Self::parse(&text).ok_or_else(|| io::Error::other("/proc/PID/stat can't be understood"))
    }

    /// Fields are counted after the last `)`: the program's name before it may hold anything.
    fn parse(text: &[u8]) -> Option<Self> {
        let close = text.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse().ok();
        Some(Self {
            state: *fields.first()?.as_bytes().first()?,
            threads: number(20)?,
            start_ticks: number(22)?,
        })
    }

    /// A zombie has ended, unless only its first thread has and others go on.
    fn has_ended(self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x') && self.threads <= 1
    }
}

fn real_uid(pid: u32) -> io::Result<u32> {
    let text = read_bounded(format!("/proc/{pid}/status").as_ref(), 16 << 10)?;
    String::from_utf8_lossy(&text)
        .lines()
        .find_map(|line| line.strip_prefix("Uid:")?.split_ascii_whitespace().next()?.parse().ok())
        .ok_or_else(|| io::Error::other("/proc/PID/status names no user"))
}

fn run_of(pid: u32) -> io::Result<Option<RunId>> {
    let path = format!("/proc/{pid}/environ");
    // In the middle of an exec it reads as empty for an instant: then it is read again.
    for _ in 0..limits::ENVIRON_TRIES {
        let text = read_bounded(path.as_ref(), limits::ENVIRON_BYTES)?;
        if !text.is_empty() {
            return Ok(run_in(&text));
        }
        std::thread::sleep(limits::ENVIRON_PAUSE);
    }
    Err(io::Error::other("it is empty"))
}

fn run_in(environ: &[u8]) -> Option<RunId> {
    environ.split(|byte| *byte == 0).find_map(|variable| {
        let value = variable.strip_prefix(RunId::ENV.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok().map(RunId::new)
    })
}

fn read_bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}

fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second().max(1)
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_program_name() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 3 18 4242 20 21";
        for name in ["sh", "a b", "x) Z 1 (y", ") )", ""] {
            let text = format!("77 ({name}) {tail}\n");
            let stat = Stat { state: b'S', threads: 3, start_ticks: 4242 };
            assert_eq!(Stat::parse(text.as_bytes()), Some(stat), "{name}");
        }
        for broken in ["", "77 (sh", "77 (sh)", "77 (sh) S 1 2", "77 (sh) S x"] {
            assert_eq!(Stat::parse(broken.as_bytes()), None);
        }
    }

    #[test]
    fn a_zombie_whose_other_threads_go_on_has_not_ended() {
        let zombie = |threads| Stat { state: b'Z', threads, start_ticks: 1 };
        assert!(zombie(1).has_ended() && zombie(0).has_ended() && !zombie(2).has_ended());
    }

    #[test]
    fn only_the_variable_itself_names_the_run() {
        let run = |text: &[u8]| run_in(text).map(|run| run.as_str().to_owned());
        assert_eq!(run(b"A=1\0OPSFSM_RUN=abc\0B=2\0"), Some("abc".to_owned()));
        assert_eq!(run(b"XOPSFSM_RUN=abc\0OPSFSM_RUNS=d\0A=OPSFSM_RUN=e\0"), None);
        assert_eq!(run(b""), None);
    }
}
