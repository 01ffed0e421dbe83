//! The reference model of writes: what was approved, by its own list; what began, and how it was
//! verified.

use std::collections::{BTreeMap, BTreeSet};

use opsfsm::approval::{Level, Unfit};
use opsfsm::base::{RunId, Stamp};
use opsfsm::journal::{Event, EventKind, Voided};
use opsfsm::model::{End, Purpose};
use opsfsm::sim::SimJob;

use crate::book::{Run, Verdict, delay, wrong};
use crate::met::Met;
use crate::play::{Deed, Stage};
use crate::step::Order;
use crate::world::{VERIFY_WITHIN, WRITES, id, index};

/// What would run: the write's words and file, and those of its verifications.
#[derive(Clone, Debug, PartialEq)]
struct Content {
    argv: Vec<String>,
    version: u64,
    checks: Vec<(usize, Vec<String>, u64)>,
}

#[derive(Clone, Debug)]
struct Approval {
    write: usize,
    content: Content,
    at: Stamp,
    life: i64,
    level: Level,
    open: bool,
}

#[derive(Clone, Debug)]
struct GateRun {
    write: usize,
    content: Content,
    /// How its command behaved when it was started; `None`: it was not.
    wrote: Option<SimJob>,
    passed: BTreeSet<usize>,
    failed: bool,
    queued: Option<Stamp>,
}

#[derive(Default)]
pub(crate) struct GateBook {
    approvals: BTreeMap<String, Approval>,
    runs: BTreeMap<String, GateRun>,
    /// Runs whose outcome nobody has proved, or taken note of.
    open: BTreeMap<usize, String>,
    /// What each verification was of, whether it was well, and the version of its file.
    verified: BTreeMap<String, (String, usize, bool, u64)>,
    last_over: String,
    last_void: Option<(usize, &'static str)>,
}

fn content(stage: &Stage, write: usize) -> Option<Content> {
    let decls = stage.decls();
    let gone = |job: &usize| stage.gone.get(job).copied().unwrap_or(false);
    let version = |job: usize| stage.versions.get(&job).copied().unwrap_or(0);
    let links = decls.links(write).into_iter().filter(|(_, success, _)| *success);
    let checks: Vec<_> =
        links.map(|(job, ..)| (job, decls.argv(job, "run"), version(job))).collect();
    let whole = decls.has(write) && !gone(&write) && !checks.iter().any(|(job, ..)| gone(job));
    let argv = decls.argv(write, "run");
    (whole && !checks.is_empty()).then(|| Content { argv, version: version(write), checks })
}

impl Approval {
    /// Within its time by either clock, on the boot that it was given on.
    fn is_alive(&self, now: &Stamp) -> bool {
        let within = |now: i64, then: i64| now >= then && now - then < self.life;
        now.boot == self.at.boot
            && within(now.wall_ms, self.at.wall_ms)
            && within(now.up_ms, self.at.up_ms)
    }
}

impl GateBook {
    pub(crate) fn event_of_store(&mut self, stage: &Stage, event: &Event) -> Verdict {
        if let EventKind::StoreRestored { .. } = &event.kind {
            if !stage.losses {
                return wrong("the store is doubted, and nothing has failed");
            }
            self.approvals.values_mut().for_each(|approval| approval.open = false);
        }
        Ok(())
    }

    pub(crate) fn over(&mut self, run: &RunId) {
        self.last_over = run.to_string();
    }

    pub(crate) fn event(
        &mut self,
        stage: &Stage,
        deed: &Deed,
        (write, event): (usize, &Event),
        states: &BTreeMap<usize, &'static str>,
        met: &mut Met,
    ) -> Verdict {
        match &event.kind {
            EventKind::Approved { grant, .. } => {
                if states.get(&write) == Some(&"approved") {
                    met.edge(write, "approved", "approve");
                }
                self.approved(stage, deed, write, (grant.id.as_str(), grant.level), &event.at)
            }
            EventKind::GrantVoided { grant, why, .. } => {
                met.thing(&format!("an approval is void: {why:?}"));
                self.voided(stage, deed, write, (grant.as_str(), *why), &event.at)
            }
            EventKind::GrantSpent { grant, run } => {
                self.spent(stage, deed, write, (grant.as_str(), run), &event.at)
            }
            EventKind::VerificationQueued { run, .. } => {
                let known =
                    self.runs.get_mut(run.as_str()).ok_or("what never began is verified")?;
                if self.open.get(&write) != Some(&run.to_string()) {
                    return wrong(format!("{run} is settled, and verified"));
                }
                known.passed.clear();
                known.failed = false;
                known.queued.get_or_insert_with(|| event.at.clone());
                Ok(())
            }
            EventKind::VerificationEnded { run, index, passed, .. } => {
                let found = self.verified.get(&self.last_over);
                let known =
                    self.runs.get_mut(run.as_str()).ok_or("what never began is verified")?;
                let approved = known.content.checks.get(*index).map(|(.., version)| *version);
                let same = found.is_some_and(|(of, n, well, version)| {
                    let well = *well && approved == Some(*version);
                    of == run.as_str() && n == index && well == *passed
                });
                // A check whose files have changed does not run, and has not passed.
                if !same && (*passed || found.is_some()) {
                    return wrong(format!("{event:?}, but {found:?}"));
                }
                if *passed {
                    known.passed.insert(*index);
                }
                known.failed |= !passed;
                Ok(())
            }
            EventKind::Acknowledged { .. } => {
                let said = deed.gave(|order| *order == Order::Acknowledge(write));
                if said { Ok(()) } else { wrong("nobody has acknowledged that") }
            }
            _ => Ok(()),
        }
    }

    fn approved(
        &mut self,
        stage: &Stage,
        deed: &Deed,
        write: usize,
        (grant, level): (&str, Level),
        at: &Stamp,
    ) -> Verdict {
        let given = deed.acts.iter().find_map(|act| match act.order {
            Order::Approve(w, life, l) if w == write && l == level => Some(life),
            _ => None,
        });
        let life = given.ok_or_else(|| format!("nobody has approved {write} as {level:?}"))?;
        let content = content(stage, write).ok_or("there was nothing to approve")?;
        let least = deed.decls.least(write).ok_or("it can't be approved")?;
        if level < least || self.open.contains_key(&write) || at.wall_ms < 1_577_836_800_000 {
            return wrong(format!("{write} is approved: {level:?}, {least:?}, {:?}", self.open));
        }
        if self.approvals.values().any(|a| a.write == write && a.open) {
            return wrong("an approval beside a live one");
        }
        let life = i64::try_from(life.min(86_400) * 1000).map_err(|e| e.to_string())?;
        let at = at.clone();
        let fresh = Approval { write, content, at, life, level, open: true };
        self.approvals.insert(grant.to_owned(), fresh);
        Ok(())
    }

    fn voided(
        &mut self,
        stage: &Stage,
        deed: &Deed,
        write: usize,
        (grant, why): (&str, Voided),
        at: &Stamp,
    ) -> Verdict {
        let ordered = |wanted: fn(usize) -> Order| deed.gave(|order| *order == wanted(write));
        let approves = deed.gave(|o| matches!(o, Order::Approve(w, ..) if *w == write));
        let known = self.approvals.get_mut(grant).ok_or("an approval that nobody gave is void")?;
        let was_open = std::mem::replace(&mut known.open, false);
        let (kind, lawful) = match why {
            Voided::Revoked => ("revoke", ordered(Order::Revoke) || ordered(Order::Deny)),
            Voided::Replaced => ("", approves),
            Voided::Unfit(Unfit::OtherPlan) => {
                ("plan_changed", content(stage, write).as_ref() != Some(&known.content))
            }
            Voided::Unfit(Unfit::LevelTooLow) => {
                ("revoke", deed.decls.least(write).is_none_or(|least| known.level < least))
            }
            Voided::Unfit(Unfit::OtherStore) => ("expire", !was_open),
            Voided::Unfit(Unfit::Expired | Unfit::OtherBoot | Unfit::ClockWentBack) => {
                ("expire", !known.is_alive(at))
            }
            Voided::Unfit(Unfit::NoBoot | Unfit::OtherJob) => ("", false),
        };
        self.last_void = Some((write, kind));
        if lawful { Ok(()) } else { wrong(format!("{why:?} at {at:?}: {known:?}")) }
    }

    fn spent(
        &mut self,
        stage: &Stage,
        deed: &Deed,
        write: usize,
        (grant, run): (&str, &RunId),
        at: &Stamp,
    ) -> Verdict {
        let now = content(stage, write);
        let known = self.approvals.get_mut(grant).ok_or("it begins, and nobody approved it")?;
        let executes = deed.gave(|order| matches!(order, Order::Execute(..)));
        let fits = known.write == write
            && Some(&known.content) == now.as_ref()
            && deed.decls.least(write).is_some_and(|least| known.level >= least);
        if !(known.open && known.is_alive(at) && fits && executes) {
            return wrong(format!("it begins at {at:?} by {known:?}, and would run {now:?}"));
        }
        known.open = false;
        if let Some(other) = self.open.insert(write, run.to_string()) {
            return wrong(format!("it begins, and {other} is not settled"));
        }
        let wrote = deed.wrote.iter().any(|w| w.run == *run).then(|| deed.after[write].clone());
        let content = known.content.clone();
        let fresh =
            GateRun { write, content, wrote, passed: BTreeSet::new(), failed: false, queued: None };
        if self.runs.insert(run.to_string(), fresh).is_some() {
            return wrong("a run begins twice");
        }
        Ok(())
    }

    /// May it have moved like this?
    pub(crate) fn moved(
        &mut self,
        deed: &Deed,
        write: usize,
        (from, input): (&str, &str),
        (end, at, losses): (Option<&(Purpose, End, Stamp)>, &Stamp, bool),
    ) -> Verdict {
        let run = self.open.get(&write).and_then(|run| self.runs.get(run));
        let wrote = run.and_then(|run| run.wrote.as_ref());
        let clean = wrote.filter(|j| !j.killed && !j.leaves_running);
        let end = end.filter(|(purpose, ..)| *purpose == Purpose::Write).map(|(_, end, _)| end);
        let exits = |well: bool| {
            let said = matches!(end, Some(End::Exited { code }) if (*code == 0) == well);
            said && clean.is_some_and(|job| (job.exit == 0) == well)
        };
        let since = run.and_then(|run| run.queued.as_ref());
        let void = self.last_void.is_some_and(|(job, kind)| job == write && kind == input);
        let lawful = match input {
            "approve" => deed.gave(|o| matches!(o, Order::Approve(w, ..) if *w == write)),
            "begin" => run.is_some(),
            "revoke" | "expire" | "plan_changed" => void,
            "exited_ok" => exits(true),
            "exited_err" => exits(false),
            "not_started" => run.is_some() && wrote.is_none(),
            "lost" => losses || wrote.is_some_and(|j| j.killed || j.leaves_running),
            "verify_passed" => run.is_some_and(|run| {
                let checks = run.content.checks.len();
                !run.failed && checks > 0 && (0..checks).all(|n| run.passed.contains(&n))
            }),
            "verify_failed" => run.is_some_and(|run| run.failed),
            "verify_overdue" => since.is_some_and(|since| delay(at, since) >= VERIFY_WITHIN),
            "acknowledge" => deed.gave(|order| *order == Order::Acknowledge(write)),
            _ => false,
        };
        if matches!(input, "exited_err" | "not_started" | "verify_passed" | "acknowledge") {
            self.open.remove(&write);
        }
        if lawful { Ok(()) } else { wrong(format!("{write} in {from}: why {input}? {end:?}")) }
    }

    /// Verifications are the approved ones, as they were approved, of a write that is over.
    pub(crate) fn verified(&mut self, deed: &Deed, runs: &BTreeMap<String, Run>) -> Verdict {
        for spec in deed.ran.iter().filter(|spec| spec.purpose == Purpose::Verify) {
            let of = spec.verifies.as_ref().ok_or("a verification of nothing")?;
            let known = self.runs.get(of.run.as_str()).ok_or("it verifies what never began")?;
            let job = runs.get(spec.run.as_str()).map(|run| run.job).ok_or("unclaimed")?;
            let (check, argv, _) = known.content.checks.get(of.index).ok_or("not a check of it")?;
            if *check != job || *argv != spec.argv {
                return wrong(format!("not the approved verification: {spec:?}"));
            }
            if deed.acts.len() == 1 && deed.flying.contains(&id(known.write)) {
                return wrong(format!("verified while it still runs: {spec:?}"));
            }
        }
        Ok(())
    }

    /// Before anything is judged: which verifications ran, and how they went.
    pub(crate) fn note_verified(&mut self, stage: &Stage, deed: &Deed) {
        for spec in deed.ran.iter().filter(|spec| spec.purpose == Purpose::Verify) {
            let (Some(of), Some(job)) = (&spec.verifies, index(spec.job.as_str())) else {
                continue;
            };
            let behaves = &deed.after[job];
            let version = stage.versions.get(&job).copied().unwrap_or(0);
            let well = behaves.exit == 0 && !behaves.attention;
            let entry = (of.run.to_string(), of.index, well, version);
            self.verified.insert(spec.run.to_string(), entry);
        }
    }

    /// Whatever was written had begun just so, and once.
    pub(crate) fn started(&mut self, deed: &Deed, met: &mut Met) -> Verdict {
        for start in &deed.wrote {
            met.thing("a write is started");
            let known =
                self.runs.get(start.run.as_str()).ok_or("a write was started unapproved")?;
            let began = deed
                .events
                .iter()
                .any(|e| matches!(&e.kind, EventKind::GrantSpent { run, .. } if *run == start.run));
            let twice = deed.wrote.iter().filter(|w| w.run == start.run).count() > 1;
            if !began || twice || known.content.argv != start.argv || !WRITES.contains(&known.write)
            {
                return wrong(format!("not what was approved, or twice: {start:?} {known:?}"));
            }
            if deed.acts.len() == 1 && deed.flying.contains(&start.job) {
                return wrong(format!("it starts beside its forerunner: {start:?}"));
            }
        }
        Ok(())
    }
}
