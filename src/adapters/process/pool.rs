//! Many children at once: a few threads that each start some, poll them and collect results.
//!
//! In: specs and what stops them. Out: one result for each.
//! Invariant: this module never drops a spec: it is queued, in flight, or has its result.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, RawFd};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, getrlimit};

use super::clock::{after, earlier, now};
use super::flight::{Flight, Part};
use super::spawn::{self, Attempt};
use super::{ChildResult, ChildSpec, Control, Deadline};
use crate::base::limits;
use crate::model::{End, SpawnFault};

/// What becomes of each result.
type Take<'a, T> = &'a (dyn Fn(usize, ChildResult) -> T + Sync);

/// Runs `specs`; see [`super::run_children_with`].
pub(super) fn run<T: Send>(
    specs: &[ChildSpec],
    control: &Control<'_>,
    take: Take<'_, T>,
) -> Vec<T> {
    let threads = thread_count(specs.len());
    let cap = in_flight_cap();
    if threads > 1 {
        grow_file_table(specs.len().min(cap));
    }
    let queue = Queue::new(specs.len());
    let share = (cap / threads).max(1);
    let work = || Spawner::new(specs, control, &queue, share, take).work();
    let mut found: Vec<Option<T>> = specs.iter().map(|_| None).collect();
    thread::scope(|scope| {
        // A thread that can't be had is done without: this one works in any case.
        let others: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let own = work();
        let theirs = others.into_iter().filter_map(|other| other.join().ok()).flatten();
        for (index, result) in own.into_iter().chain(theirs) {
            found[index] = Some(result);
        }
    });
    let lost = |index| take(index, ChildResult::without_output(End::Lost));
    let found = found.into_iter().enumerate();
    found.map(|(index, result)| result.unwrap_or_else(|| lost(index))).collect()
}

fn thread_count(specs: usize) -> usize {
    // Without pipe2 (macOS) a pipe is not close-on-exec from birth, and two threads that start
    // children would leak pipes into each other's.
    if specs <= 1 {
        // How many cores there are takes reading the limits of a cgroup.
        return 1;
    }
    let cores = if cfg!(target_os = "linux") {
        thread::available_parallelism().map_or(1, usize::from)
    } else {
        1
    };
    cores.min(limits::SPAWNERS).min(specs).max(1)
}

/// Children in flight that the table of open files has room for. The limit is never raised:
/// children would inherit it.
fn in_flight_cap() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    limits::CHILDREN.min(files.saturating_sub(limits::FILES_KEPT) / limits::FILES_PER_CHILD)
}

/// Makes the table of open files as long as so many children in flight need it, while no other thread
/// shares it: where one does, Linux waits for a grace period of RCU, some 10 ms, each time that it
/// grows the table (`expand_fdtable` in fs/file.c).
fn grow_file_table(children: usize) {
    let last = children * limits::FILES_PER_CHILD + limits::FILES_KEPT - 1;
    if let Ok(last) = RawFd::try_from(last) {
        // A table that does not grow here grows later, which costs time only.
        let _ = fcntl_dupfd_cloexec(io::stdin(), last);
    }
}

/// A spec that waits for its start.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    index: usize,
    /// When it was first held up by a shortage.
    since: Option<Instant>,
}

/// Specs not yet started, shared by the threads.
struct Queue(Mutex<VecDeque<Waiting>>);

impl Queue {
    fn new(specs: usize) -> Self {
        Self(Mutex::new((0..specs).map(|index| Waiting { index, since: None }).collect()))
    }

    fn with<T>(&self, act: impl FnOnce(&mut VecDeque<Waiting>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_empty(&self) -> bool {
        self.with(|queue| queue.is_empty())
    }
}

/// One thread's children.
struct Spawner<'a, T> {
    specs: &'a [ChildSpec],
    control: &'a Control<'a>,
    queue: &'a Queue,
    share: usize,
    flights: Vec<Flight>,
    take: Take<'a, T>,
    results: Vec<(usize, T)>,
    stopped: bool,
    /// No start is tried before this, after a shortage.
    retry_at: Option<Instant>,
    pause: Duration,
    buffer: Vec<u8>,
}

impl<'a, T> Spawner<'a, T> {
    fn new(
        specs: &'a [ChildSpec],
        control: &'a Control<'a>,
        queue: &'a Queue,
        share: usize,
        take: Take<'a, T>,
    ) -> Self {
        Self {
            specs,
            control,
            queue,
            share,
            flights: Vec::new(),
            take,
            results: Vec::new(),
            stopped: false,
            retry_at: None,
            pause: limits::SPAWN_RETRY_MIN,
            buffer: vec![0; 64 << 10],
        }
    }

    fn work(mut self) -> Vec<(usize, T)> {
        loop {
            self.launch();
            if self.flights.is_empty() && (self.stopped || self.queue.is_empty()) {
                return self.results;
            }
            self.wait();
            self.collect();
        }
    }

    /// Starts children while there is room and few of them are newborn.
    fn launch(&mut self) {
        loop {
            if self.control.stops() {
                return self.stop();
            }
            let at = now();
            if self.launch_at(at).is_none_or(|open| open > at) {
                return;
            }
            let Some(waiting) = self.queue.with(VecDeque::pop_front) else { return };
            self.start(waiting, at);
        }
    }

    /// When the next start may be tried; `None`: not before a child has ended.
    fn launch_at(&self, now: Instant) -> Option<Instant> {
        if self.flights.len() >= self.share {
            return None;
        }
        let newborn =
            |flight: &Flight| after(flight.born, limits::NEWBORN).filter(|grown| *grown > now);
        let grown = self.flights.iter().filter_map(newborn);
        let gate = if grown.clone().count() < limits::NEWBORNS { None } else { grown.min() };
        let open = gate.unwrap_or(now);
        Some(self.retry_at.map_or(open, |retry| open.max(retry)))
    }

    fn start(&mut self, waiting: Waiting, at: Instant) {
        let Some(spec) = self.specs.get(waiting.index) else { return };
        match spawn::start(spec) {
            Attempt::Started(started) => {
                let graces = self.control.graces;
                self.flights.push(Flight::new(waiting.index, spec, graces, at, started));
                self.calm();
            }
            Attempt::Refused((fault, detail)) => self.not_started(waiting.index, fault, detail),
            Attempt::Short((fault, detail)) => {
                let since = waiting.since.unwrap_or(at);
                let patience = spec.limit.unwrap_or(limits::SPAWN_WAIT);
                if at.saturating_duration_since(since) >= patience {
                    return self.not_started(waiting.index, fault, detail);
                }
                let again = Waiting { index: waiting.index, since: Some(since) };
                self.queue.with(|queue| queue.push_front(again));
                self.retry_at = after(at, self.pause);
                self.pause = (self.pause * 2).min(limits::SPAWN_RETRY_MAX);
            }
        }
    }

    fn not_started(&mut self, index: usize, fault: SpawnFault, detail: String) {
        let end = End::NotStarted { fault, detail };
        self.give(index, ChildResult::without_output(end));
    }

    fn give(&mut self, index: usize, result: ChildResult) {
        self.results.push((index, (self.take)(index, result)));
    }

    /// Ends the running and gives up the waiting, once.
    fn stop(&mut self) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        for waiting in self.queue.with(std::mem::take) {
            self.give(waiting.index, ChildResult::without_output(End::Cancelled));
        }
        let at = now();
        for flight in &mut self.flights {
            flight.cancel(at, &mut self.buffer);
        }
    }

    /// A child has ended or started: whatever was short may be free again.
    fn calm(&mut self) {
        self.retry_at = None;
        self.pause = limits::SPAWN_RETRY_MIN;
    }

    /// Sleeps until something is ready or due, and takes up what is ready.
    fn wait(&mut self) {
        let at = now();
        let until = self.wake_at(at);
        let mut tags: Vec<Option<(usize, Part)>> = Vec::new();
        let mut fds: Vec<PollFd<'_>> = Vec::new();
        if let (Some(interrupt), false) = (self.control.cancel, self.stopped) {
            tags.push(None);
            fds.push(PollFd::from_borrowed_fd(interrupt.as_fd(), PollFlags::IN));
        }
        for (place, flight) in self.flights.iter().enumerate() {
            for (part, fd) in flight.polled(at) {
                tags.push(Some((place, part)));
                fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
            }
        }
        let ready = poll_until(&mut fds, until.map(|until| until.saturating_duration_since(at)));
        let ready: Vec<(usize, Part)> = tags
            .into_iter()
            .zip(&fds)
            .filter_map(|(tag, fd)| tag.filter(|_| ready == Ready::All || !fd.revents().is_empty()))
            .collect();
        drop(fds);
        let at = now();
        for (place, part) in ready {
            if let Some(flight) = self.flights.get_mut(place) {
                flight.on_ready(part, at, &mut self.buffer);
            }
        }
    }

    fn wake_at(&self, at: Instant) -> Option<Instant> {
        let flights = self.flights.iter().map(|flight| flight.wake_at(at)).fold(None, earlier);
        if self.stopped {
            return flights;
        }
        // Without children of its own this thread must not sleep on, even if another one takes
        // the last spec just now: then it comes back at once and finds that all is over.
        let starts = self.flights.is_empty() || !self.queue.is_empty();
        let start = if starts { self.launch_at(at) } else { None };
        earlier(flights, earlier(start, self.control.deadline.and_then(Deadline::at)))
    }

    /// Does what is due, and takes the results of children that are done.
    fn collect(&mut self) {
        let at = now();
        for flight in &mut self.flights {
            flight.on_time(at, &mut self.buffer);
        }
        let done: Vec<Flight> = self.flights.extract_if(.., |flight| flight.is_done()).collect();
        if !done.is_empty() {
            self.calm();
        }
        for flight in done {
            self.give(flight.index, flight.into_result());
        }
    }
}

/// What a poll told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// What each entry says.
    Told,
    /// It failed: everything is to be looked at, which is safe because nothing blocks.
    All,
}

pub(super) fn poll_until(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> Ready {
    let timeout = timeout.map(|span| Timespec {
        tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: span.subsec_nanos().into(),
    });
    match poll(fds, timeout.as_ref()) {
        Ok(_) => Ready::Told,
        Err(rustix::io::Errno::INTR) => {
            for fd in fds {
                fd.clear_revents();
            }
            Ready::Told
        }
        Err(_) => {
            thread::sleep(limits::EXIT_POLL);
            Ready::All
        }
    }
}
