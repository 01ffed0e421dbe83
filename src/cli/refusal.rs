//! What a refusal at the gate says to a person, and its exit code.
//!
//! Invariant: every refusal names the way on, if there is one.

use super::context::Context;
use super::failure::Failure;
use crate::adapters::flight_lock;
use crate::approval::CodeUnfit;
use crate::base::{Exit, JobId, limits};
use crate::decide::GateRefused;
use crate::machine::{State, WriteState};
use crate::model::Kind;
use crate::render::shell_quote;

fn unapproved(why: Option<String>, way: &str) -> String {
    let why = why.unwrap_or_else(|| "it has no approval".to_owned());
    format!(
        "{why}; nothing was run. Its plan is requested: a person reads and approves it with `{way}`"
    )
}

/// Something of it still runs, or that can't be told, which counts as much and is mended otherwise.
fn in_flight(context: &Context, job: &JobId, call: &str, id: &str) -> (Exit, String) {
    let flights = context.processes.flights.as_ref();
    match flights.and_then(|folder| flight_lock::fault(folder, job)) {
        Some(why) => (
            Exit::Refused,
            format!("whether an earlier run of it still runs can't be told: {why}; mend that"),
        ),
        None => (
            Exit::Busy,
            format!(
                "a process that an earlier run of it started still runs; wait for its end, or end it: \
                 `{call} stop {id}`, or by hand what it left behind"
            ),
        ),
    }
}

/// What a refusal at the gate says, and its exit code.
pub(super) fn refusal(
    context: &Context,
    (job, kind): (&JobId, Option<Kind>),
    refused: &GateRefused,
) -> Failure {
    let (id, call) = (shell_quote(job.as_str()), &context.invocation);
    let (exit, why) = match refused {
        GateRefused::NotAWrite => (
            Exit::Refused,
            format!(
                "it is a {}: only a one_shot_write has approvals and verifications",
                kind.map_or("read job", Kind::as_str)
            ),
        ),
        GateRefused::Disabled => {
            (Exit::Refused, "its config says `enabled: false`; enable it first".to_owned())
        }
        GateRefused::NoApproval(_) | GateRefused::PlanChanged(_) => (
            Exit::ApprovalNeeded,
            unapproved(refused.words(), &format!("{} approve {id}", context.persons_call())),
        ),
        GateRefused::LevelTooLow { least } => (
            Exit::Refused,
            format!(
                "it asks for an approval of the level {}, which this way can't give",
                least.as_str()
            ),
        ),
        GateRefused::Unsettled(state) => (
            Exit::ApprovalNeeded,
            format!(
                "it is {state}: how the last run came out is not settled. {}",
                way_to_settle(*state, call, &id)
            ),
        ),
        GateRefused::Busy { purpose, pid } => (
            Exit::Busy,
            format!("another process (pid {pid}) is at its {}; try again later", purpose.as_str()),
        ),
        GateRefused::InFlight => in_flight(context, job, call, &id),
        GateRefused::NoClock => (
            Exit::Refused,
            "this host's clock was never set, or it does not name its boots: an approval could \
             not be told from an old one"
                .to_owned(),
        ),
        GateRefused::NoRequest => (
            Exit::Refused,
            format!("nobody asks for it; an approval is taken back with `{call} revoke {id}`"),
        ),
        GateRefused::NothingToRevoke(state) => {
            (Exit::Refused, nothing_to_revoke(*state, call, &id))
        }
        GateRefused::NotNow(state) => (
            Exit::Refused,
            format!("it is {state}: there is no unproved outcome to verify or acknowledge"),
        ),
        GateRefused::NotMarked => {
            (Exit::Refused, "it is declared a one_shot_write today, or never was one".to_owned())
        }
        GateRefused::Code(unfit) => (Exit::Refused, code_text(*unfit, call, &id)),
        GateRefused::Open(state) => (Exit::Refused, still_open(*state, call, &id)),
    };
    Failure { exit, message: format!("`{id}`: {why}") }
}

fn code_text(unfit: Option<CodeUnfit>, call: &str, id: &str) -> String {
    match unfit {
        None => format!(
            "no code was sent for its plan, or it was used; `{call} request {id}` sends one where \
             reports go to Telegram directly"
        ),
        Some(why @ CodeUnfit::Wrong) => {
            format!("{why}; it stays blocked. After {} wrong ones none serves", limits::CODE_TRIES)
        }
        Some(why @ (CodeUnfit::Expired | CodeUnfit::UsedUp | CodeUnfit::OtherPlan)) => format!(
            "{why}; it stays blocked. A new one is sent on `{call} request {id}`, {} minutes after \
             the last at the earliest",
            limits::CODE_LIFE.as_secs() / 60
        ),
    }
}

/// What settles the outcome of a write in this state.
fn way_to_settle(state: State, call: &str, id: &str) -> String {
    match state {
        State::Write(WriteState::Running) => {
            format!("See `{call} status`; wait for its end, or end it with `{call} stop {id}`")
        }
        State::Write(WriteState::Verifying) => {
            format!("The next tick verifies it, or: `{call} verify {id} --wait`")
        }
        State::Write(_) | State::Watch(_) | State::Check(_) => format!(
            "See `{call} history {id}`; then `{call} verify {id}`, or take note of it with `{call} \
             acknowledge {id}`"
        ),
    }
}

fn nothing_to_revoke(state: State, call: &str, id: &str) -> String {
    if state == State::Write(WriteState::Running) {
        return format!("its approval is spent, and it runs; end it with `{call} stop {id}`");
    }
    format!("it is {state}: there is no approval to take back")
}

fn still_open(state: State, call: &str, id: &str) -> String {
    if state == State::Write(WriteState::Approved) {
        return format!("an approval of it is live; take that back first: `{call} revoke {id}`");
    }
    format!("it is {state}, and stays a write. {}", way_to_settle(state, call, id))
}
