//! What holds a job back, in words, with the way out.

use std::time::Duration;

use super::{Calls, Line};
use crate::approval::Level;
use crate::base::time::span_text;
use crate::compile::CompiledJob;
use crate::decide::{Hold, clean_text};
use crate::journal::Voided;
use crate::machine::Machine;

const HANGS: &str = "it still runs, so it is not started again; `policy.onStall: restart` with \
     `commands.stop` would stop it first";
const BROKEN: &str = "its status can't be read: that moves no state and starts nothing; mend its status \
     command or file";
const IN_FLIGHT: &str =
    "a process of the write still runs, or may: nothing is verified or begun beside it";
const CLOCK: &str = "wall clock and monotonic clock disagree, or the clock was never set: the next tick \
     starts nothing";

pub(super) fn line_of(hold: &Hold, job: &CompiledJob, calls: &Calls<'_>) -> Line {
    match hold {
        Hold::Disabled => {
            let write = job.machine() == Machine::Write;
            let what = if write { "it is not approved or run" } else { "no tick looks at it" };
            Line::new("disabled", format!("`enabled: false`: {what}"))
        }
        Hold::Risk(risk) => Line::new(
            "risk",
            format!("its risk is {}: opsfsm starts read_only jobs only", risk.as_str()),
        ),
        Hold::Paused => {
            let text = format!("a person stopped it: no tick starts it; {}", calls.of("start"));
            Line::new("paused", text)
        }
        Hold::NoAutoResume => {
            let text =
                format!("`policy.autoResume` is off: no tick starts it; {}", calls.of("start"));
            Line::new("no_auto_resume", text)
        }
        Hold::NoRestart => Line::new("no_restart", HANGS),
        Hold::AttemptsUsedUp { attempts } => {
            let (times, start) = (attempts, calls.of("start"));
            let text = format!("its resumes are used up ({times}, `maxResumes`); {start}");
            Line::new("attempts_used_up", text)
        }
        Hold::Grace(left) => Line::new(
            "grace",
            format!(
                "it was started a moment ago: \"stopped\" counts again in {}",
                span_text(*left)
            ),
        ),
        Hold::Backoff(left) => Line::new(
            "backoff",
            format!("back-off since its last start: {} more", span_text(*left)),
        ),
        Hold::StatusBroken => Line::new("status_broken", BROKEN),
        Hold::Busy(purpose) => {
            Line::new("busy", format!("its {} is under way; one goes at a time", purpose.as_str()))
        }
        Hold::InFlight => Line::new("in_flight", IN_FLIGHT),
        Hold::NoApproval { why, least } => no_approval(*why, *least, calls),
        Hold::Unsettled => {
            let (verify, note) = (calls.of("verify"), calls.of("acknowledge"));
            Line::new("unsettled", format!("its outcome is not settled: {verify}, or {note}"))
        }
        Hold::Exposed(what) => {
            Line::new("exposed", format!("{}; no write starts from there", clean_text(what)))
        }
        Hold::QuietHours(left) => Line::new(
            "quiet_hours",
            format!("quiet hours hold back good news and routine for {} more", span_text(*left)),
        ),
        Hold::Clock => Line::new("clock", CLOCK),
        Hold::NoTick(gap) => no_tick(*gap),
    }
}

fn no_approval(why: Option<Voided>, least: Level, calls: &Calls<'_>) -> Line {
    let why = why.map(Voided::words).map_or_else(String::new, |why| format!(" ({why})"));
    let (level, plan, approve) = (least.as_str(), calls.of("plan"), calls.of("approve"));
    let text = format!(
        "no approval serves{why}: it takes one of the level {level}; read {plan}, then {approve}"
    );
    Line::new("no_approval", text)
}

fn no_tick(gap: Option<Duration>) -> Line {
    let long = gap.map_or("yet".to_owned(), |gap| format!("for {}", span_text(gap)));
    Line::new("no_tick", format!("no tick has come {long}: nothing is watched"))
}
