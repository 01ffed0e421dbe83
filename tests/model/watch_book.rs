//! The reference model of one watched job: what may be concluded from what was there to be seen, and
//! what a tick that nothing disturbed must conclude.

use opsfsm::base::Stamp;
use opsfsm::model::{BrokenCause, End, Purpose, RunSpec};
use opsfsm::sim::SimJob;

use crate::book::{Verdict, clock_is_well, delay, wrong};
use crate::met::Met;
use crate::play::Deed;
use crate::step::Order;
use crate::world::{BACKOFF, DELTA, GRACE, STALL, index};

/// What is known of it. `maybe_` is at least as long ago as the engine can know of, `sure_` at most.
#[derive(Default)]
pub(crate) struct WatchBook {
    attempts: u32,
    last_start: Option<Stamp>,
    last_restart: Option<Stamp>,
    /// Not running, since a person has stopped it.
    seen_stopped: bool,
    /// A person has stopped it in this step.
    stopped_here: bool,
    hung: bool,
    resume_failed: bool,
    maybe_still: Option<Stamp>,
    maybe_ran: Option<Stamp>,
    sure_still: Option<Stamp>,
    /// The progress key that a good tick has seen last, if nobody has looked since.
    sure_key: Option<Option<u64>>,
    key_before: Option<Option<u64>>,
    busy_before: bool,
    busy: bool,
}

fn runs(job: &SimJob) -> bool {
    job.running && !job.completed && !job.broken
}

/// A file that is not there yet is what a job that never ran would have.
fn stands(job: &SimJob) -> bool {
    let unwritten = job.broken && job.broken_by == Some(BrokenCause::FileMissing);
    unwritten || (!job.running && !job.completed && !job.broken)
}

fn key(job: &SimJob) -> Option<u64> {
    (!job.keyless).then_some(job.progress)
}

/// Observed time: within one boot, or since this one began.
fn watched(now: &Stamp, since: Option<&Stamp>) -> i64 {
    since.map_or(-1, |since| {
        let from = if since.boot == now.boot { since.awake_ms } else { 1_000 };
        now.awake_ms - from
    })
}

fn back_off(attempts: u32) -> i64 {
    BACKOFF * i64::from(2_u32.pow(attempts.saturating_sub(1).min(8)).min(8))
}

impl WatchBook {
    fn both(deed: &Deed, job: usize, is: impl Fn(&SimJob) -> bool) -> bool {
        is(&deed.before[job]) || is(&deed.after[job])
    }

    /// It stood still at some moment that several processes may have seen.
    fn stood(deed: &Deed, job: usize) -> bool {
        let stopped = |spec: &RunSpec| {
            matches!(spec.purpose, Purpose::Stop | Purpose::RestartStop)
                && index(spec.job.as_str()) == Some(job)
        };
        Self::both(deed, job, stands) || (deed.acts.len() > 1 && deed.ran.iter().any(stopped))
    }

    /// Somebody may have looked at it.
    pub(crate) fn look(&mut self, job: usize, deed: &Deed) {
        let seen = &deed.before[job];
        let now = if deed.good_tick { &deed.looked } else { &deed.from };
        self.stopped_here = false;
        self.key_before = self.sure_key;
        self.busy_before = self.busy;
        if !deed.good_tick {
            self.sure_key = None;
            self.sure_still = None;
            for since in [&mut self.maybe_still, &mut self.maybe_ran] {
                let other_boot = since.as_ref().is_none_or(|since| since.boot != now.boot);
                if Self::both(deed, job, runs) && other_boot {
                    *since = Some(now.clone());
                }
            }
            self.seen_stopped |= Self::stood(deed, job);
            return;
        }
        if seen.broken {
            return;
        }
        self.seen_stopped |= stands(seen);
        let same = self.sure_key == Some(key(seen));
        let known = self.sure_key.is_some();
        self.sure_key = Some(key(seen));
        if !runs(seen) {
            (self.maybe_still, self.maybe_ran, self.sure_still) = (None, None, None);
            return;
        }
        for since in [&mut self.maybe_still, &mut self.maybe_ran, &mut self.sure_still] {
            if since.as_ref().is_some_and(|since| since.boot != now.boot) {
                *since = None;
            }
        }
        self.maybe_ran.get_or_insert_with(|| now.clone());
        if !same {
            self.sure_still = Some(now.clone());
            if known {
                self.maybe_still = Some(now.clone());
            }
        }
        self.sure_still.get_or_insert_with(|| now.clone());
        self.maybe_still.get_or_insert_with(|| now.clone());
    }

    /// May it have moved like this?
    pub(crate) fn moved(
        &mut self,
        job: usize,
        deed: &Deed,
        (from, input): (&str, &str),
        end: Option<&(Purpose, End, Stamp)>,
    ) -> Verdict {
        let ordered = |order: Order| deed.gave(|given| *given == order);
        let looked =
            ordered(Order::Tick) || ordered(Order::Start(job)) || ordered(Order::Stop(job));
        let saw = |is: fn(&SimJob) -> bool| looked && Self::both(deed, job, is);
        let stood = looked && Self::stood(deed, job);
        let at_rest =
            self.last_start.as_ref().is_none_or(|start| delay(deed.seen_at(), start) >= GRACE);
        let lawful = match input {
            "started" => {
                let ended = end.is_some_and(|(p, end, _)| *p == Purpose::Start && end.is_success());
                // Who looked before another one stopped it has not seen it run since.
                let runs_on = saw(runs) && (!self.stopped_here || runs(&deed.after[job]));
                ended || (ordered(Order::Start(job)) && from == "paused" && runs_on)
            }
            "seen_running" => saw(runs) && (from != "paused" || self.seen_stopped),
            "progressed" => {
                let still = self.key_before == Some(key(&deed.before[job]));
                saw(runs) && !(deed.good_tick && still)
            }
            "no_progress" => {
                let still = watched(deed.seen_at(), self.maybe_still.as_ref());
                saw(runs) && !deed.before[job].keyless && still >= STALL
            }
            "seen_stopped" => stood && at_rest,
            "seen_completed" => saw(|job| job.completed && !job.broken),
            "resume" => ordered(Order::Tick) && deed.decls.resumes(job) && stood,
            "resume_failed" => std::mem::take(&mut self.resume_failed),
            "give_up" => {
                let most = deed.decls.most_resumes(job);
                stood && at_rest && most.is_some_and(|most| self.attempts >= most)
            }
            "stop" => ordered(Order::Stop(job)),
            _ => false,
        };
        if input == "stop" {
            (self.seen_stopped, self.stopped_here) = (false, true);
        }
        self.hung = input == "no_progress";
        if lawful { Ok(()) } else { wrong(format!("job {job} in {from}: why {input}?")) }
    }

    /// May one of its commands have been claimed?
    pub(crate) fn claimed(
        &mut self,
        job: usize,
        deed: &Deed,
        (purpose, state): (Purpose, &str),
        at: &Stamp,
    ) -> Verdict {
        let ordered = |order: Order| deed.gave(|given| *given == order);
        let rested = |since: &Option<Stamp>, least: i64| {
            since.as_ref().is_none_or(|since| delay(at, since) >= least)
        };
        let pause = back_off(self.attempts);
        let left = deed.decls.most_resumes(job).is_none_or(|most| self.attempts < most);
        let clock = deed.acts.len() > 1 || clock_is_well(deed);
        let by_tick = ordered(Order::Tick) && deed.decls.enabled(job) && left && clock;
        let lawful = match purpose {
            Purpose::Resume => {
                let rested = rested(&self.last_start, pause.max(GRACE));
                let start = self.last_start.as_ref();
                let at_rest = start.is_none_or(|start| delay(deed.seen_at(), start) >= GRACE);
                by_tick && state == "resuming" && deed.decls.resumes(job) && rested && at_rest
            }
            Purpose::RestartStop => {
                let rested = rested(&self.last_start, pause) && rested(&self.last_restart, pause);
                by_tick && state == "stalled" && deed.decls.restarts(job) && self.hung && rested
            }
            Purpose::Start => ordered(Order::Start(job)) && job != DELTA,
            Purpose::Stop => ordered(Order::Stop(job)) && deed.decls.has_stop(job),
            Purpose::Check | Purpose::Verify | Purpose::Write => false,
        };
        let account = format!("{} attempts, {:?}", self.attempts, self.last_start);
        match purpose {
            Purpose::Resume => {
                self.attempts += 1;
                self.last_start = Some(at.clone());
            }
            Purpose::Start => self.last_start = Some(at.clone()),
            Purpose::RestartStop => self.last_restart = Some(at.clone()),
            Purpose::Stop => self.seen_stopped = false,
            Purpose::Check | Purpose::Verify | Purpose::Write => {}
        }
        self.busy = true;
        if lawful {
            return Ok(());
        }
        wrong(format!("job {job} in {state}: why {purpose:?} at {at:?}? {account}"))
    }

    /// A claim of it was dropped: nothing was started.
    pub(crate) fn dropped(&mut self, purpose: Purpose) {
        self.busy = false;
        if purpose == Purpose::Resume {
            self.attempts = self.attempts.saturating_sub(1);
            self.resume_failed = true;
        }
    }

    /// A command of it is over.
    pub(crate) fn run_over(&mut self, purpose: Purpose, end: &End, at: &Stamp) {
        self.busy = false;
        if matches!(purpose, Purpose::Start | Purpose::Resume) {
            self.last_start = Some(at.clone());
        }
        self.resume_failed |= purpose == Purpose::Resume && !end.is_success();
    }

    pub(crate) fn attempts_reset(&mut self, job: usize, deed: &Deed) -> Verdict {
        let ran = watched(deed.seen_at(), self.maybe_ran.as_ref());
        let attempts = std::mem::take(&mut self.attempts);
        if attempts > 0 && ran >= STALL && Self::both(deed, job, runs) {
            return Ok(());
        }
        wrong(format!("job {job}: {attempts} attempts are forgotten after {ran} ms"))
    }

    /// What a good tick must have made of what it saw.
    pub(crate) fn after(
        &mut self,
        job: usize,
        deed: &Deed,
        (before, state): (Option<&str>, &'static str),
        met: &mut Met,
    ) -> Verdict {
        let seen = &deed.before[job];
        // One of several processes may have seen it so after another had stopped it.
        self.seen_stopped |= deed.acts.len() > 1 && Self::stood(deed, job);
        if !deed.good_tick || !deed.decls.enabled(job) || seen.broken {
            return Ok(());
        }
        let before = before.unwrap_or("idle");
        let started = self.last_start.as_ref().is_some_and(|s| delay(&deed.looked, s) < GRACE);
        let lawful = if seen.completed {
            state == "completed"
        } else if seen.running {
            let hangs = before == "running"
                && !seen.keyless
                && watched(&deed.looked, self.sure_still.as_ref()) >= STALL;
            match state {
                "running" => !hangs,
                "stalled" => self.hung,
                "paused" => before == "paused",
                _ => false,
            }
        } else {
            self.resumes_when_due(job, deed, before, state)?;
            match state {
                "running" => started || self.busy || self.busy_before,
                "completed" => before == "completed",
                _ => true,
            }
        };
        self.meet_self_edges(job, deed, (before, state), met);
        if lawful {
            return Ok(());
        }
        wrong(format!("job {job} was {before}, is {state} after a tick that saw {seen:?}"))
    }

    fn resumes_when_due(&self, job: usize, deed: &Deed, before: &str, state: &str) -> Verdict {
        let waits = matches!(before, "stalled" | "idle");
        let left = deed.decls.most_resumes(job).is_none_or(|most| self.attempts < most);
        let pause = back_off(self.attempts).max(GRACE);
        let due = self
            .last_start
            .as_ref()
            .is_none_or(|s| delay(&deed.looked, s) >= pause && delay(&deed.decided, s) >= pause);
        let may = deed.decls.resumes(job) && clock_is_well(deed) && !self.busy_before;
        if waits && left && due && may && state == before {
            return wrong(format!("job {job} is {state}, stopped, and was not resumed"));
        }
        let spent = deed.decls.most_resumes(job).is_some_and(|most| self.attempts >= most);
        let grace = self.last_start.as_ref().is_some_and(|s| delay(&deed.looked, s) < GRACE);
        if before == "stalled" && state == "stalled" && spent && !grace && may && !self.busy {
            return wrong(format!("job {job} has no resume left, and is not given up"));
        }
        Ok(())
    }

    /// What changes no state is no event: that it was met is known from what was seen.
    fn meet_self_edges(
        &self,
        job: usize,
        deed: &Deed,
        (before, state): (&str, &'static str),
        met: &mut Met,
    ) {
        let seen = &deed.before[job];
        if before != state {
            return;
        }
        if stands(seen) && matches!(state, "idle" | "stalled" | "completed" | "failed") {
            met.edge(job, state, "seen_stopped");
        }
        let moved = self.key_before.is_some_and(|before| before != key(seen));
        if runs(seen) && moved && state == "running" {
            met.edge(job, state, "progressed");
        }
    }
}
