//! The reference model of what people are told: every change of state once, and nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use opsfsm::base::Stamp;
use opsfsm::journal::{EventKind, ParcelState};
use opsfsm::sim::SimJob;

use crate::book::{Verdict, delay, wrong};
use crate::met::Met;
use crate::play::{Deed, Stage};
use crate::world::{CHECKS, ECHO, WATCHES, WRITES, index};

/// The least time between two mentions of a job that has nothing new.
const REPEAT: i64 = 900_000;
const DAY: i64 = 86_400_000;

struct Mention {
    state: String,
    line: String,
    /// When: at one of these moments.
    at: Vec<Stamp>,
    /// How the job was, where a good tick has told it.
    truth: Option<SimJob>,
}

impl Mention {
    /// Whenever it was, and whenever it is now, is it less than so long ago?
    fn all_within(&self, span: i64, deed: &Deed, ago: fn(&Stamp, &Stamp) -> i64) -> bool {
        self.at.iter().all(|then| deed.begun.iter().all(|(now, _)| ago(now, then) < span))
    }
}

#[derive(Default)]
pub(crate) struct ToldBook {
    last: BTreeMap<usize, Mention>,
    /// Jobs whose state has changed since they were told, by whatever.
    moved: BTreeSet<usize>,
    arrived: BTreeSet<String>,
}

/// `🔴 alpha: stalled — no progress` names a job and its state.
fn read(line: &str) -> Option<(usize, String)> {
    let (_, rest) = line.split_once(' ')?;
    let (name, rest) = rest.split_once(": ")?;
    let job = index(name)?;
    let words = rest.split(" — ").next()?.split(" (").next()?;
    let state = match words {
        "not started" | "not queued" => "idle",
        other => other,
    };
    Some((job, state.to_owned()))
}

fn age(now: &Stamp, then: &Stamp) -> i64 {
    if now.boot == then.boot {
        now.up_ms - then.up_ms
    } else {
        (now.wall_ms - then.wall_ms).max(now.up_ms)
    }
}

impl ToldBook {
    pub(crate) fn judge(
        &mut self,
        deed: &Deed,
        states: &BTreeMap<usize, &'static str>,
        met: &mut Met,
    ) -> Verdict {
        let moves = deed.events.iter().filter(|e| matches!(e.kind, EventKind::Moved { .. }));
        self.moved.extend(moves.filter_map(|e| e.job.as_ref().and_then(|id| index(id.as_str()))));
        for line in &deed.lines {
            let Some((job, state)) = read(line) else {
                met.thing("a notice");
                continue;
            };
            met.thing("a job is told");
            self.not_twice(deed, job, (&state, line))?;
            let sure = deed.good_tick && deed.decls.has(job);
            let truth = sure.then(|| deed.before[job].clone());
            let at = deed.begun.iter().map(|(at, _)| at.clone()).collect();
            let line = line.clone();
            self.last.insert(job, Mention { state, line, at, truth });
            self.moved.remove(&job);
        }
        if !deed.good_tick {
            return Ok(());
        }
        for (job, last) in &mut self.last {
            // What has passed is news when it comes again.
            let same = |truth: &SimJob| same_to_see(truth, &deed.before[*job]);
            last.truth = last.truth.take().filter(same);
        }
        self.all_told(deed, states)
    }

    /// Nothing is told again before its time where nothing is new.
    fn not_twice(&self, deed: &Deed, job: usize, (state, line): (&str, &str)) -> Verdict {
        let Some(last) = self.last.get(&job) else { return Ok(()) };
        let touched = deed
            .events
            .iter()
            .any(|event| event.job.as_ref().and_then(|id| index(id.as_str())) == Some(job));
        let news = touched
            || self.moved.contains(&job)
            || !deed.good_tick
            || last.line != line
            || CHECKS.contains(&job);
        if news || last.truth.is_none() {
            return Ok(());
        }
        if WATCHES.contains(&job) {
            let seen = &deed.before[job];
            let same = last.truth.as_ref().is_some_and(|truth| same_to_see(truth, seen));
            let stopping = state == "paused" && seen.running;
            let hours = job == ECHO || !deed.decls.enabled(job);
            if same && !stopping && !hours && last.all_within(REPEAT, deed, delay) {
                return wrong(format!("told twice, with nothing new: {line}"));
            }
        }
        let asks = line.contains("requested");
        if WRITES.contains(&job) && !asks && last.all_within(DAY, deed, age) && !deed.orphan {
            return wrong(format!("told twice in a day: {line}"));
        }
        Ok(())
    }

    /// After a good tick, people know the state of every job.
    fn all_told(&self, deed: &Deed, states: &BTreeMap<usize, &'static str>) -> Verdict {
        for (job, state) in states {
            let seen = &deed.before[*job];
            let due = if WATCHES.contains(job) {
                let waits = *job == ECHO && deed.quiet != Some(false);
                deed.decls.enabled(*job) && !seen.broken && !seen.alert && !waits
            } else {
                matches!(*state, "verified" | "unverified" | "unknown")
                    || (*state == "failed" && WRITES.contains(job))
            };
            let told = self.last.get(job).map(|last| last.state.as_str());
            // A stall that is known is not told anew because a command of it failed meanwhile.
            let failed =
                self.last.get(job).is_some_and(|last| last.line.contains("command failed"));
            let due = due && !(failed && matches!(*state, "stalled" | "failed"));
            if due && told != Some(state) {
                return wrong(format!("job {job} is {state}, and people know of {told:?}"));
            }
        }
        Ok(())
    }

    /// What arrived was sent, and once, unless nobody could know that it had arrived.
    pub(crate) fn arrived(&mut self, stage: &Stage) -> Verdict {
        let told: Vec<_> = stage.host.told.borrow_mut().drain(..).collect();
        for report in told {
            let known = stage
                .host
                .store
                .look(|store| store.outbox().iter().rev().any(|parcel| parcel.report == report));
            if !known {
                return wrong(format!("a report from nowhere: {}", report.summary));
            }
            if !self.arrived.insert(report.id.to_string()) && !stage.doubles {
                return wrong(format!("a report has arrived twice: {}", report.summary));
            }
        }
        Ok(())
    }

    /// At the end of a life, when all is well, everything has arrived or is given up.
    pub(crate) fn all_arrived(&self, stage: &Stage) -> Verdict {
        stage.host.store.look(|store| {
            let mut ids = BTreeSet::new();
            for parcel in store.outbox() {
                let id = parcel.report.id.as_str();
                let arrived = self.arrived.contains(id);
                let well = match parcel.state {
                    ParcelState::Pending => false,
                    ParcelState::Delivered { .. } => arrived,
                    ParcelState::Dead { .. } | ParcelState::Dropped { .. } => true,
                };
                if !well || !ids.insert(id) {
                    return wrong(format!("a report is lost, or there twice: {parcel:?}"));
                }
            }
            Ok(())
        })
    }
}

/// Says its status the same?
fn same_to_see(a: &SimJob, b: &SimJob) -> bool {
    let seen = |job: &SimJob| {
        let flags = (job.running, job.completed, job.broken, job.alert, job.warn, job.keyless);
        (flags, job.progress, job.broken_by, job.message.clone(), job.stop_reason.clone())
    };
    seen(a) == seen(b)
}
