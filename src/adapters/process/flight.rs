//! One child from its start to its result: running, asked to end, killed, drained.
//!
//! In: a started child, readiness, the time. Out: signals to its group, and its result.
//! Invariant: this module never signals the group after its leader was reaped, and every phase
//! but an unlimited run has an end.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::capture::{Keep, Sink};
use super::clock::{after, earlier};
use super::log::Log;
use super::spawn::Started;
use super::watch::{ExitWatch, Standing, standing};
use super::{Capture, ChildResult, ChildSpec, Graces};
use crate::base::limits;
use crate::model::End;

/// A child in flight.
#[derive(Debug)]
pub(super) struct Flight {
    /// Its place among the specs.
    pub(super) index: usize,
    /// When it started.
    pub(super) born: Instant,
    limit: Option<Duration>,
    graces: Graces,
    child: Child,
    pid: Pid,
    watch: ExitWatch,
    ask_at: Option<Instant>,
    pipes: [Pipe; 2],
    log: Option<Log>,
    phase: Phase,
}

#[derive(Debug)]
struct Pipe {
    fd: Option<OwnedFd>,
    sink: Sink,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Limit,
    Cancel,
}

#[derive(Debug)]
enum Phase {
    /// As it likes, until its limit.
    Running,
    /// Its group was sent TERM.
    Asked { why: Why, kill_at: Option<Instant> },
    /// Its group was sent KILL.
    Killed { why: Why, give_up_at: Option<Instant> },
    /// It is reaped; a descendant may still hold a pipe.
    Draining { end: End, took: Duration, until: Option<Instant> },
    /// All is known.
    Done { end: End, took: Duration, leaked: bool },
}

/// Something of a flight that can become ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Exit,
    Stdout,
    Stderr,
}

impl Flight {
    pub(super) fn new(
        index: usize,
        spec: &ChildSpec,
        graces: Graces,
        born: Instant,
        started: Started,
    ) -> Self {
        let pid = Pid::from_child(&started.child);
        let watch = ExitWatch::new(pid);
        let ask_at = if watch.fd().is_none() { after(born, limits::EXIT_POLL) } else { None };
        let tail = Keep::Tail(limits::TAIL_BYTES);
        let head = match spec.capture {
            Capture::Head(most) => Keep::Head(most),
            Capture::Tail | Capture::Log { .. } => tail,
        };
        Self {
            index,
            born,
            limit: spec.limit,
            graces,
            child: started.child,
            pid,
            watch,
            ask_at,
            pipes: [
                Pipe { fd: started.stdout, sink: Sink::new(head) },
                Pipe { fd: started.stderr, sink: Sink::new(tail) },
            ],
            log: started.log,
            phase: Phase::Running,
        }
    }

    /// What to poll now.
    pub(super) fn polled(&self, now: Instant) -> impl Iterator<Item = (Part, BorrowedFd<'_>)> {
        let exit = if self.is_reaped() { None } else { self.watch.fd() };
        let quiet = self.quiet_until().is_some_and(|until| now < until);
        let pipes = [Part::Stdout, Part::Stderr].into_iter().zip(&self.pipes);
        let pipes = pipes.filter_map(move |(part, pipe)| {
            pipe.fd.as_ref().filter(|_| !quiet).map(|fd| (part, fd.as_fd()))
        });
        exit.map(|fd| (Part::Exit, fd)).into_iter().chain(pipes)
    }

    /// When to look at this flight again even if nothing of it becomes ready.
    pub(super) fn wake_at(&self, now: Instant) -> Option<Instant> {
        let phase = match &self.phase {
            Phase::Running => self.limit.and_then(|limit| after(self.born, limit)),
            Phase::Asked { kill_at, .. } => *kill_at,
            Phase::Killed { give_up_at, .. } => *give_up_at,
            Phase::Draining { until, .. } => *until,
            Phase::Done { .. } => Some(now),
        };
        let quiet = self.quiet_until().filter(|until| now < *until);
        let ask = if self.is_reaped() { None } else { self.ask_at };
        earlier(phase, earlier(quiet, ask))
    }

    /// Takes up what became ready.
    pub(super) fn on_ready(&mut self, part: Part, now: Instant, buffer: &mut [u8]) {
        match part {
            Part::Exit => self.on_exit(now, buffer),
            Part::Stdout => self.pipes[0].pump(buffer),
            Part::Stderr => self.pipes[1].pump(buffer),
        }
        self.settle();
    }

    /// Does what is due by now.
    pub(super) fn on_time(&mut self, now: Instant, buffer: &mut [u8]) {
        if !self.is_reaped() && self.ask_at.is_some_and(|at| at <= now) {
            self.ask_at = after(now, limits::EXIT_POLL);
            if standing(self.pid) != Standing::Running {
                self.on_exit(now, buffer);
            }
        }
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        match &self.phase {
            Phase::Running => {
                if due(self.limit.and_then(|limit| after(self.born, limit))) {
                    self.ask_to_end(Why::Limit, now, buffer);
                }
            }
            Phase::Asked { why, kill_at } => {
                let why = *why;
                if due(*kill_at) {
                    self.signal_group(Signal::KILL);
                    self.phase = Phase::Killed { why, give_up_at: after(now, self.graces.reap) };
                }
            }
            Phase::Killed { give_up_at, .. } => {
                if due(*give_up_at) {
                    let end = End::Unkillable { pid: self.child.id() };
                    let took = now.saturating_duration_since(self.born);
                    self.phase = Phase::Done { end, took, leaked: false };
                }
            }
            Phase::Draining { .. } | Phase::Done { .. } => {}
        }
        self.settle();
        if let Phase::Draining { end, took, until } = &self.phase
            && due(*until)
        {
            self.phase = Phase::Done { end: end.clone(), took: *took, leaked: true };
        }
    }

    /// Ends it from outside.
    pub(super) fn cancel(&mut self, now: Instant, buffer: &mut [u8]) {
        match self.phase {
            Phase::Running => self.ask_to_end(Why::Cancel, now, buffer),
            Phase::Asked { .. }
            | Phase::Killed { .. }
            | Phase::Draining { .. }
            | Phase::Done { .. } => {}
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Done { .. })
    }

    /// The result; a flight that is not done has none and counts as lost.
    pub(super) fn into_result(self) -> ChildResult {
        let [out, err] = self.pipes;
        let ((mut stdout, first), (stderr, second)) = (out.sink.finish(), err.sink.finish());
        let mut attention = first || second;
        if let Some(log) = &self.log {
            (stdout, attention) = log.read_back();
        }
        let (end, took, leaked) = match self.phase {
            Phase::Done { end, took, leaked } => (end, took, leaked),
            Phase::Draining { end, took, .. } => (end, took, true),
            Phase::Running | Phase::Asked { .. } | Phase::Killed { .. } => {
                (End::Lost, Duration::ZERO, false)
            }
        };
        ChildResult { end, took, stdout, stderr, attention, leaked }
    }

    fn is_reaped(&self) -> bool {
        matches!(self.phase, Phase::Draining { .. } | Phase::Done { .. })
    }

    /// Until when the pipes of a young child are left alone, if its exit can be polled instead.
    fn quiet_until(&self) -> Option<Instant> {
        match self.phase {
            Phase::Running => self.watch.fd().and_then(|_| after(self.born, limits::QUIET)),
            Phase::Asked { .. }
            | Phase::Killed { .. }
            | Phase::Draining { .. }
            | Phase::Done { .. } => None,
        }
    }

    fn ask_to_end(&mut self, why: Why, now: Instant, buffer: &mut [u8]) {
        // One that has just ended by itself did so: its own exit is the better answer.
        if standing(self.pid) != Standing::Running {
            return self.on_exit(now, buffer);
        }
        self.signal_group(Signal::TERM);
        self.phase = Phase::Asked { why, kill_at: after(now, self.graces.kill) };
    }

    /// Reaps a child that has exited and reads what it left in its pipes.
    fn on_exit(&mut self, now: Instant, buffer: &mut [u8]) {
        let why = match self.phase {
            Phase::Running => None,
            Phase::Asked { why, .. } | Phase::Killed { why, .. } => Some(why),
            Phase::Draining { .. } | Phase::Done { .. } => return,
        };
        if why.is_some() {
            // What is left of the group must not outlive its limit. The zombie leader still
            // holds the group's id, so this can hit nobody else.
            self.signal_group(Signal::KILL);
        }
        let status = match self.child.try_wait() {
            Ok(Some(status)) => Some(status),
            // Not yet, after all: it stays in its phase and is looked at again.
            Ok(None) => return,
            // Someone else reaped it: how it ended is not to be known.
            Err(_) => None,
        };
        let end = match (why, self.limit) {
            (Some(Why::Limit), Some(limit)) => End::TimedOut { limit_ms: millis(limit) },
            (Some(_), _) => End::Cancelled,
            (None, _) => status.map_or(End::Lost, end_of),
        };
        let took = now.saturating_duration_since(self.born);
        self.phase = Phase::Draining { end, took, until: after(now, self.graces.leak) };
        for pipe in &mut self.pipes {
            pipe.pump(buffer);
        }
    }

    /// A drained child whose pipes are closed is done.
    fn settle(&mut self) {
        if let Phase::Draining { end, took, .. } = &self.phase
            && self.pipes.iter().all(|pipe| pipe.fd.is_none())
        {
            self.phase = Phase::Done { end: end.clone(), took: *took, leaked: false };
        }
    }

    /// Signals the group, as long as the unreaped leader keeps its id from being reused.
    fn signal_group(&self, signal: Signal) {
        if standing(self.pid) == Standing::Gone {
            return;
        }
        // A leader that moved itself to another group left this one empty: then signal it alone.
        if kill_process_group(self.pid, signal).is_err() {
            let _ = kill_process(self.pid, signal);
        }
    }
}

impl Pipe {
    /// Reads what is there, up to one turn's worth; closes at the end of the stream.
    fn pump(&mut self, buffer: &mut [u8]) {
        let mut read = 0;
        while let Some(fd) = &self.fd
            && read < limits::READ_TURN
        {
            match rustix::io::read(fd, &mut *buffer) {
                Ok(0) => self.fd = None,
                Ok(count) => {
                    self.sink.push(&buffer[..count]);
                    read += count;
                }
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                Err(_) => self.fd = None,
            }
        }
    }
}

fn end_of(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exited { code },
        (None, Some(signal)) => End::Signaled { signal },
        (None, None) => End::Lost,
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
