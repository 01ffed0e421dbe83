//! Why a job is in its state, and what moves it out of it, in words.

use super::{Calls, Line};
use crate::base::time::span_text;
use crate::compile::CompiledJob;
use crate::decide::{DueKind, Explanation, Next, NextKind, clean_text};
use crate::journal::{Cause, CauseKind};
use crate::machine::{CheckInput, CheckState, Input, State, WatchInput, WatchState};
use crate::machine::{WriteInput, WriteState};
use crate::render::report::origin_words;

/// Why a job is in its state, in one sentence.
pub(super) fn why_text(job: &CompiledJob, all: &Explanation) -> String {
    let cause = all.cause.as_ref();
    match all.state {
        State::Watch(state) => why_watch(job, state, cause, all),
        State::Check(state) => why_check(state, cause),
        State::Write(state) => why_write(state, cause),
    }
}

fn why_watch(
    job: &CompiledJob,
    state: WatchState,
    cause: Option<&Cause>,
    all: &Explanation,
) -> String {
    let input = all.moved.as_ref().and_then(|moved| moved.input);
    let text = match state {
        WatchState::Idle => "it was never started by opsfsm, nor seen running or completed",
        WatchState::Running => match input {
            Some(Input::Watch(WatchInput::Started)) => "a person started it",
            Some(Input::Watch(WatchInput::Progressed)) => "its progress key moves again",
            Some(_) | None => "its status says that it runs",
        },
        WatchState::Stalled => match cause.map(|c| c.kind) {
            Some(CauseKind::NoProgress) => {
                let stall = span_text(job.job().policy.stall);
                return format!("it runs, but its progress key has not moved for {stall}");
            }
            Some(CauseKind::ResumeFailed) => "the start command of its resume failed",
            Some(_) | None => "its status says that it neither runs nor has completed",
        },
        WatchState::Resuming => "a tick has started it again; it was not seen running since",
        WatchState::Paused => "a person stopped it",
        WatchState::Completed => "its status says that it has completed",
        WatchState::Failed => "its resumes are used up, so it was given up",
    };
    text.to_owned()
}

fn why_check(state: CheckState, cause: Option<&Cause>) -> String {
    let text = match (state, cause.map(|c| c.kind)) {
        (CheckState::Idle, _) => "it has not run yet, or its queued run was dropped",
        (CheckState::Queued, _) => "a run of it is queued",
        (CheckState::Running, _) => "an executor runs it",
        (CheckState::Completed, _) => "its last run exited 0",
        (CheckState::Failed, Some(CauseKind::Lost)) => {
            "the executor of its last run vanished without a result"
        }
        (CheckState::Failed, _) => "its last run did not exit 0, or could not be started",
    };
    text.to_owned()
}

fn why_write(state: WriteState, cause: Option<&Cause>) -> String {
    let kind = cause.map(|c| c.kind);
    let text = match (state, kind) {
        (WriteState::Blocked, Some(CauseKind::ApprovalVoid)) => "its approval serves no more",
        (WriteState::Blocked, Some(CauseKind::RunFailed)) => {
            "its program could not be started; the approval is spent"
        }
        (WriteState::Blocked, _) => "a write runs only when a person has approved its exact plan",
        (WriteState::Approved, _) => "a person approved its exact plan, for one start",
        (WriteState::Running, _) => "its executor has spent the approval and runs the plan",
        (WriteState::Verifying, _) => "it exited 0, and its checks are still to confirm it",
        (WriteState::Verified, _) => "it exited 0, and all its checks confirmed it",
        (WriteState::Failed, _) => "its command did not exit 0",
        (WriteState::Unverified, Some(CauseKind::NotVerifiedInTime)) => {
            "its checks did not pass in time"
        }
        (WriteState::Unverified, _) => "a check did not confirm it",
        (WriteState::Unknown, Some(CauseKind::Lost)) => {
            "its executor vanished without a result, so nobody can say how it ended"
        }
        (WriteState::Unknown, _) => "it ended in a way that proves nothing",
    };
    text.to_owned()
}

/// The state that a step leads to.
pub(super) fn target_of(next: &Next) -> Option<&'static str> {
    match &next.what {
        NextKind::Move(edge) => Some(edge.to.as_str()),
        NextKind::Stall => Some(WatchState::Stalled.as_str()),
        NextKind::GiveUp => Some(WatchState::Failed.as_str()),
        NextKind::Due(_)
        | NextKind::VerificationDue(_)
        | NextKind::GraceEnds
        | NextKind::AttemptsForgotten
        | NextKind::Restart
        | NextKind::Limit(_)
        | NextKind::StillRunning
        | NextKind::Report(_)
        | NextKind::AnomalyAgain
        | NextKind::Reminder
        | NextKind::Nothing => None,
    }
}

pub(super) fn line_of(next: &Next, job: &CompiledJob, calls: &Calls<'_>) -> Line {
    match &next.what {
        NextKind::Due(due) => due_line(due),
        NextKind::VerificationDue(check) => {
            Line::new("verification", format!("its check {} is due", clean_text(check.as_str())))
        }
        NextKind::Stall => {
            Line::new("stall", "it counts as stalled, if its progress key has not moved by then")
        }
        NextKind::GraceEnds => Line::new("grace_ends", "\"stopped\" counts again"),
        NextKind::AttemptsForgotten => {
            Line::new("attempts_forgotten", "its resumes are forgotten, if it runs until then")
        }
        NextKind::Restart => Line::new("restart", "a tick stops it, to start it again"),
        NextKind::GiveUp => Line::new("give_up", "a tick gives it up"),
        NextKind::Limit(purpose) => {
            Line::new("limit", format!("its {} is ended at its limit", purpose.as_str()))
        }
        NextKind::StillRunning => {
            Line::new("still_running", "it is told that it still runs although a person stopped it")
        }
        NextKind::Report(true) => {
            Line::new("report", "its routine report, if it has moved or warns by then")
        }
        NextKind::Report(false) => Line::new("report", "its routine report"),
        NextKind::AnomalyAgain => Line::new("anomaly_again", "what is wrong is told again"),
        NextKind::Reminder => Line::new("reminder", "that it waits for a person is told again"),
        NextKind::Move(edge) => {
            let again = edge.from == State::Watch(WatchState::Paused)
                && edge.input == Input::Watch(WatchInput::SeenRunning);
            let first = if again { "after it was seen stopped, " } else { "" };
            let input = input_text(edge.input, job, calls);
            Line::new("move", format!("{first}{input} → {}", edge.to))
        }
        NextKind::Nothing => {
            Line::new("nothing", "nothing: opsfsm never runs it, whatever is asked")
        }
    }
}

fn due_line(due: &DueKind) -> Line {
    match due {
        DueKind::Queued(by) => {
            Line::new("queued", format!("its queued run, asked for by {}", origin_words(by)))
        }
        DueKind::Scheduled => Line::new("schedule", "its run by everySeconds"),
        DueKind::Resume => Line::new("resume", "a tick starts it, if it is seen stopped"),
        DueKind::ApprovalEnds => Line::new("approval_ends", "its approval runs out unused"),
        DueKind::VerificationEnds => {
            Line::new("verification_ends", "the time for its verification is over")
        }
        DueKind::Answer => Line::new("answer", "a person's answer to the request"),
    }
}

fn input_text(input: Input, job: &CompiledJob, calls: &Calls<'_>) -> String {
    match input {
        Input::Watch(input) => watch_input(input, job, calls),
        Input::Check(input) => check_input(input, calls),
        Input::Write(input) => write_input(input, calls),
    }
}

fn watch_input(input: WatchInput, job: &CompiledJob, calls: &Calls<'_>) -> String {
    let text = match input {
        WatchInput::Started => return format!("a person starts it ({})", calls.of("start")),
        WatchInput::Stop => return format!("a person stops it ({})", calls.of("stop")),
        WatchInput::NoProgress => {
            let stall = span_text(job.job().policy.stall);
            return format!("its progress key stands still for {stall} while it runs");
        }
        WatchInput::SeenRunning => "its status says that it runs",
        WatchInput::Progressed => "its progress key moves",
        WatchInput::SeenStopped => "its status says that it neither runs nor has completed",
        WatchInput::SeenCompleted => "its status says that it has completed",
        WatchInput::Resume => "a tick starts it",
        WatchInput::ResumeFailed => "its start command fails",
        WatchInput::GiveUp => "its resumes are used up",
    };
    text.to_owned()
}

fn check_input(input: CheckInput, calls: &Calls<'_>) -> String {
    let text = match input {
        CheckInput::Enqueue => "a chain or its schedule queues it",
        CheckInput::Begin => return format!("it is run, by a tick or by {}", calls.of("run")),
        CheckInput::Drop => "its queued run is dropped",
        CheckInput::ExitedOk => "it exits 0",
        CheckInput::ExitedErr => "it does not exit 0",
        CheckInput::Lost => "its executor vanishes",
    };
    text.to_owned()
}

fn write_input(input: WriteInput, calls: &Calls<'_>) -> String {
    let text = match input {
        WriteInput::Approve => {
            return format!("a person approves its plan ({})", calls.of("approve"));
        }
        WriteInput::Begin => return format!("it is run ({})", calls.of("run")),
        WriteInput::Revoke => {
            return format!("the approval is taken back ({})", calls.of("revoke"));
        }
        WriteInput::Acknowledge => {
            return format!("a person takes note of it ({})", calls.of("acknowledge"));
        }
        WriteInput::Expire => "the approval runs out",
        WriteInput::PlanChanged => "what would run is not what was approved any more",
        WriteInput::ExitedOk => "it exits 0",
        WriteInput::ExitedErr => "it does not exit 0",
        WriteInput::NotStarted => "its program can't be started",
        WriteInput::Lost => "its executor vanishes, or it is killed",
        WriteInput::VerifyPassed => "all its checks pass",
        WriteInput::VerifyFailed => "a check fails",
        WriteInput::VerifyOverdue => "its checks have not passed in time",
    };
    text.to_owned()
}
