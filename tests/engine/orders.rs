//! The orders to the engine among the moves of a stage, and what their answers prove to the
//! witness.

#![allow(clippy::wildcard_enum_match_arm, reason = "each of these takes a few moves of many")]

use opsfsm::approval::{Level, Unfit};
use opsfsm::base::{RunId, Stamp};
use opsfsm::decide::GateRefused;
use opsfsm::journal::Voided;
use opsfsm::ports::StoreError;
use opsfsm::sim::Death;

use crate::stage::{CHECKS, Move, Stage, WRITES};
use crate::support::job;
use crate::witness::{Before, Ending};

type Answer<T> = Result<Result<T, GateRefused>, StoreError>;

/// A failed commit says in its text whether it is durable: only the test reads it.
pub(crate) fn fault(recorded: bool, refused: bool) -> StoreError {
    let text = if recorded { "simulated: durable" } else { "simulated: nothing" }.to_owned();
    if refused { StoreError::Refused(text) } else { StoreError::Failed(text) }
}

fn is_durable(error: &StoreError) -> bool {
    error.to_string().contains("simulated: durable")
}

/// Whether an order was carried out.
#[derive(Clone, Copy, PartialEq)]
enum Done {
    Yes,
    No,
    /// Its commit was called failed, and is durable: it was, unless it was refused.
    Perhaps,
}

fn done<T>(answer: &Answer<T>) -> Done {
    match answer {
        Ok(Ok(_)) => Done::Yes,
        Err(error) if is_durable(error) => Done::Perhaps,
        Ok(Err(_)) | Err(_) => Done::No,
    }
}

fn reason(refused: &GateRefused) -> String {
    match refused {
        GateRefused::NoApproval(Some(Voided::Unfit(unfit))) => format!("{unfit:?}"),
        GateRefused::NoApproval(why) => format!("NoApproval({why:?})"),
        GateRefused::Unsettled(state) | GateRefused::NotNow(state) => {
            let full = format!("{refused:?}");
            format!("{}({state})", full.split('(').next().unwrap_or_default())
        }
        other => {
            let full = format!("{other:?}");
            full.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
        }
    }
}

impl Stage {
    /// One move, and what must hold after it.
    ///
    /// # Errors
    /// What does not, in a sentence.
    pub(crate) fn play(&mut self, act: &Move) -> Result<(), String> {
        let before = Before::of(self);
        if !self.turn(act) {
            self.order(act, &before)?;
        }
        self.find_claims();
        let told = self.hold(&before, act);
        told.map_err(|why| format!("after {act:?}: {why}"))
    }

    fn order(&mut self, act: &Move, before: &Before) -> Result<(), String> {
        let (host, compiled) = (self.host.clone(), self.compiled());
        match act {
            Move::Tick => {
                if host.tick(&compiled).is_ok() {
                    self.witness.clocks_seen(&before.now);
                }
                Ok(())
            }
            Move::ExecutorsArrive => {
                host.executors_arrive();
                Ok(())
            }
            Move::RunCheck(check) => {
                drop(host.run(&compiled, &job(CHECKS[*check])));
                Ok(())
            }
            Move::Approve(write, life, level) => {
                let answer = host.approve_as(&compiled, &job(WRITES[*write]), *life, *level);
                self.told("approve", &before.now, &answer);
                self.approved(*write, (*life, *level), before, done(&answer))
            }
            Move::Execute(n, death) => self.execute(*n, *death, before),
            Move::Claim(write) => {
                let answer = host.claim(&compiled, &job(WRITES[*write]));
                self.told("claim", &before.now, &answer);
                self.claimed(*write, before, &answer)
            }
            _ => self.small_order(act, before),
        }
    }

    fn small_order(&mut self, act: &Move, before: &Before) -> Result<(), String> {
        let (host, compiled) = (self.host.clone(), self.compiled());
        match *act {
            Move::Request(write) => {
                let answer = host.request(&compiled, &job(WRITES[write]));
                self.told("request", &before.now, &answer);
            }
            Move::Deny(write) => {
                let answer = host.deny(&compiled, &job(WRITES[write]));
                self.told("deny", &before.now, &answer);
            }
            Move::Revoke(write) => {
                let answer = host.revoke(&compiled, &job(WRITES[write]));
                self.told("revoke", &before.now, &answer);
                if done(&answer) != Done::No {
                    self.witness.void(WRITES[write], "revoked");
                }
            }
            Move::Acknowledge(write) => {
                let answer = host.acknowledge(&compiled, &job(WRITES[write]));
                self.told("acknowledge", &before.now, &answer);
            }
            Move::Reverify(write) => {
                let answer = host.reverify(&compiled, &job(WRITES[write]));
                self.told("reverify", &before.now, &answer);
                if done(&answer) == Done::Yes {
                    self.witness.verified_anew(WRITES[write]);
                }
            }
            _ => return Err(format!("nobody plays {act:?}")),
        }
        Ok(())
    }

    /// Every order that was answered has looked at the clocks first.
    fn told<T>(&mut self, order: &str, now: &Stamp, answer: &Answer<T>) {
        let what = match answer {
            Ok(Ok(_)) => "yes".to_owned(),
            Ok(Err(refused)) => reason(refused),
            Err(_) => return,
        };
        self.witness.count(&format!("{order}: {what}"));
        self.witness.clocks_seen(now);
    }

    fn approved(
        &mut self,
        write: usize,
        (life, level): (std::time::Duration, Level),
        before: &Before,
        done: Done,
    ) -> Result<(), String> {
        let id = WRITES[write];
        if done == Done::No {
            return Ok(());
        }
        let (content, least) = (self.truth.content(id), self.truth.least(id));
        let lawful = content.is_some() && least.is_some_and(|least| level >= least);
        if done == Done::Yes && !lawful {
            return Err(format!("{id} was approved as {level:?}, with {least:?}, {content:?}"));
        }
        let Some(content) = content.filter(|_| lawful) else { return Ok(()) };
        self.witness.approve(id, content, (&before.now, life, level), done == Done::Yes);
        Ok(())
    }

    fn claimed(
        &mut self,
        write: usize,
        before: &Before,
        answer: &Answer<opsfsm::model::RunSpec>,
    ) -> Result<(), String> {
        let id = WRITES[write];
        match answer {
            Ok(Ok(spec)) => {
                self.claims.push(spec.run.clone());
                let why = "a claim was given without an approval that serves";
                let serving = self.witness.serving(id, &before.now, &self.truth);
                if serving.is_empty() { Err(why.to_owned()) } else { Ok(()) }
            }
            // Whatever is called void once is void for good.
            Ok(Err(GateRefused::NoApproval(Some(_)))) => {
                self.witness.void(id, "unfit at a claim");
                Ok(())
            }
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    fn execute(&mut self, n: usize, death: Option<Death>, before: &Before) -> Result<(), String> {
        if self.claims.is_empty() {
            return Ok(());
        }
        let run = self.claims[self.claims.len() - 1 - n % self.claims.len()].clone();
        let host = self.host.clone();
        host.dies.set(death);
        self.witness.failed |= death.is_some();
        let answer = host.execute_write(&self.compiled(), &run);
        host.dies.set(None);
        let wrote = host.wrote.borrow().iter().any(|w| w.run == run);
        match answer {
            Ok(Ok(_)) => {
                let ending = self.ending_of(&run)?;
                self.witness.ended(&run, vec![ending]);
            }
            Ok(Err(why)) => self.refused(&run, &why),
            Err(error) if before.begun.contains(&run) => {
                return Err(format!("what had begun was tried again: {error}"));
            }
            Err(error) => {
                let dead = if error.to_string().contains("killed") { "killed" } else { "commit" };
                self.witness.count(&format!("executor: {dead} {death:?} wrote={wrote}"));
                let mut endings = vec![Ending::Unproved];
                // Only the record of the end was called failed; it may stand all the same.
                let own = self.ending_of(&run);
                endings.extend(own.ok().filter(|ending| {
                    is_durable(&error) && (wrote || *ending == Ending::NotStarted)
                }));
                self.witness.ended(&run, endings);
            }
        }
        Ok(())
    }

    /// How a run must end, by what its write does in these days.
    fn ending_of(&self, run: &RunId) -> Result<Ending, String> {
        let events = self.host.store.snapshot().events();
        let claimed = |e: &&opsfsm::journal::Event| matches!(&e.kind, opsfsm::journal::EventKind::RunClaimed { run: r, .. } if r == run);
        let of = events.iter().find(claimed).and_then(|e| e.job.clone());
        let id = of.ok_or_else(|| format!("nobody claimed {run}"))?;
        let behaves = self.behaves(&id);
        Ok(if behaves.not_started {
            Ending::NotStarted
        } else if behaves.killed || behaves.leaves_running {
            Ending::Unproved
        } else {
            Ending::Exit(behaves.exit)
        })
    }

    fn refused(&mut self, run: &RunId, why: &str) {
        let unfit = [
            Unfit::Expired,
            Unfit::OtherBoot,
            Unfit::ClockWentBack,
            Unfit::OtherPlan,
            Unfit::LevelTooLow,
        ];
        self.witness.count(&format!("begin: {why}"));
        // Whatever is called void once is void for good.
        if unfit.iter().any(|u| u.to_string() == why) {
            let events = self.host.store.snapshot().events();
            let refusal = events.iter().rev().find(|e| {
                matches!(&e.kind, opsfsm::journal::EventKind::WriteRefused { run: Some(r), .. } if r == run)
            });
            if let Some(id) = refusal.and_then(|e| e.job.clone()) {
                self.witness.void(id.as_str(), "unfit at the beginning");
            }
        }
    }
}
