//! Why the gate refuses, whatever is asked of it, and what every order there looks at first.
//!
//! Invariant: nothing here decides, starts anything or spends an approval.

use super::Decision;
use super::ledger::Ledger;
use crate::approval::{CodeUnfit, Level, Unfit};
use crate::base::JobId;
use crate::compile::CompiledJob;
use crate::journal::{GrantFate, GrantRecord, ReplayFault, Voided};
use crate::machine::{State, WriteState};
use crate::model::{Kind, Purpose};

/// Why something is refused at the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateRefused {
    /// The job is no one_shot_write.
    NotAWrite,
    /// Its config says `enabled: false`.
    Disabled,
    /// There is no approval, or none that serves.
    NoApproval(Option<Voided>),
    /// What would run is not what was approved, and the approval is void; what has changed.
    PlanChanged(String),
    /// The approval would be of a lower level than the job asks for.
    LevelTooLow {
        /// What it asks for.
        least: Level,
    },
    /// The last outcome is not settled: a person has to take note of it first.
    Unsettled(State),
    /// Another process is at work on it.
    Busy {
        /// What it does.
        purpose: Purpose,
        /// Its pid.
        pid: u32,
    },
    /// A process of an earlier run still runs.
    InFlight,
    /// The clock can't be trusted with an approval: never set, or of a boot without a name.
    NoClock,
    /// Nobody asks for it.
    NoRequest,
    /// There is no approval to take back.
    NothingToRevoke(State),
    /// There is nothing to acknowledge or verify in this state.
    NotNow(State),
    /// Nothing of this id was ever marked a write, or it is declared one today.
    NotMarked,
    /// No code was sent for it, or the code that was typed does not serve.
    Code(Option<CodeUnfit>),
    /// Something of it is open: an approval, a run, or an outcome that nobody has taken note of.
    Open(State),
}

impl GateRefused {
    /// Why an approval that was there does not serve; `None`: it is refused for another reason.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::NoApproval(voided) => voided.map(Voided::words),
            Self::PlanChanged(changes) => {
                Some(Voided::Unfit(Unfit::OtherPlan).words_with(Some(changes)))
            }
            Self::NoClock => Some(Unfit::NoBoot.to_string()),
            Self::NotAWrite
            | Self::Disabled
            | Self::LevelTooLow { .. }
            | Self::Unsettled(_)
            | Self::Busy { .. }
            | Self::InFlight
            | Self::NoRequest
            | Self::NothingToRevoke(_)
            | Self::NotNow(_)
            | Self::NotMarked
            | Self::Code(_)
            | Self::Open(_) => None,
        }
    }
}

pub(super) type Answered<T> = Result<(Decision, Result<T, GateRefused>), ReplayFault>;

#[expect(clippy::unnecessary_wraps, reason = "it ends every order, which can fail otherwise")]
pub(super) fn refuse<T>(ledger: Ledger<'_>, why: GateRefused) -> Answered<T> {
    Ok((ledger.into_decision(), Err(why)))
}

pub(super) fn state_of(ledger: &Ledger<'_>, id: &JobId) -> State {
    ledger.job_record(id).map_or(State::Write(WriteState::Blocked), |r| r.state)
}

/// The live approval of a write.
pub(super) fn live_grant<'a>(ledger: &'a Ledger<'_>, id: &JobId) -> Option<&'a GrantRecord> {
    let grants = ledger.world().snapshot.grants.values();
    grants.into_iter().find(|g| g.grant.job == *id && g.fate == GrantFate::Live)
}

/// A job that nothing can be approved or started of, whoever asks.
pub(super) fn check_job(job: &CompiledJob) -> Result<(), GateRefused> {
    if job.job().kind() != Kind::OneShotWrite {
        return Err(GateRefused::NotAWrite);
    }
    if job.job().enabled { Ok(()) } else { Err(GateRefused::Disabled) }
}
