//! The guard of the watch machine: which input, if any, an observation is.
//!
//! In: the job's record, its notes and a good status. Out: at most one input, and the cause that
//! goes with it.
//! Invariant: this module chooses and changes nothing; where an input leads is the table's affair.

use super::news::clean_text;
use crate::base::Stamp;
use crate::journal::{Cause, CauseKind, JobRecord, Notes};
use crate::machine::{State, WatchInput, WatchState};
use crate::model::{Policy, Status};

pub(super) const fn is_stopped(status: &Status) -> bool {
    !status.running && !status.completed
}

pub(super) const fn is_running(status: &Status) -> bool {
    status.running && !status.completed
}

/// The guard of the watch machine: which input, if any, this status is in this state.
///
/// `notes` are those after the status was noted; `moved` says whether its progress key changed,
/// `early` whether a start is still at work, or so recent that "stopped" means nothing.
pub(super) fn choose_input(
    record: &JobRecord,
    notes: &Notes,
    status: &Status,
    (moved, early): (bool, bool),
    policy: &Policy,
    now: &Stamp,
) -> Option<(WatchInput, Option<Cause>)> {
    let State::Watch(state) = record.state else { return None };
    if status.completed {
        return (state != WatchState::Completed).then_some((WatchInput::SeenCompleted, None));
    }
    if !status.running {
        return stopped_input(state, record, status, early);
    }
    match state {
        WatchState::Idle | WatchState::Resuming | WatchState::Completed | WatchState::Failed => {
            Some((WatchInput::SeenRunning, None))
        }
        WatchState::Running | WatchState::Stalled if moved => Some((WatchInput::Progressed, None)),
        WatchState::Running => {
            let still = notes.still_since.as_ref().and_then(|s| now.watched_since(s));
            let stalled = status.progress_key.is_some() && still >= Some(policy.stall);
            stalled.then(|| (WatchInput::NoProgress, Some(Cause::plain(CauseKind::NoProgress))))
        }
        WatchState::Stalled => {
            let hung = record.cause.as_ref().is_some_and(|c| c.kind == CauseKind::NoProgress);
            (!hung).then_some((WatchInput::SeenRunning, None))
        }
        WatchState::Paused => notes.stopped_since_stop.then_some((WatchInput::SeenRunning, None)),
    }
}

fn stopped_input(
    state: WatchState,
    record: &JobRecord,
    status: &Status,
    early: bool,
) -> Option<(WatchInput, Option<Cause>)> {
    let reason = status.stop_reason.as_deref().map(clean_text).filter(|r| !r.is_empty());
    let stopped = Cause { kind: CauseKind::Stopped, detail: reason };
    match state {
        WatchState::Running | WatchState::Resuming => {
            (!early).then_some((WatchInput::SeenStopped, Some(stopped)))
        }
        WatchState::Stalled => {
            // A failed resume is the better news while nothing else has happened.
            let failed = record.cause.as_ref().is_some_and(|c| c.kind == CauseKind::ResumeFailed);
            (!failed).then_some((WatchInput::SeenStopped, Some(stopped)))
        }
        WatchState::Idle | WatchState::Completed | WatchState::Failed => {
            Some((WatchInput::SeenStopped, None))
        }
        WatchState::Paused => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::expect;

    use super::*;
    use crate::base::BootId;
    use crate::machine::{self, Input};
    use crate::model::Level;

    const STATUSES: [(&str, bool, bool); 4] = [
        ("stopped", false, false),
        ("running", true, false),
        ("completed", false, true),
        ("both", true, true),
    ];

    fn at(seconds: i64) -> Stamp {
        let ms = seconds * 1000;
        Stamp { wall_ms: ms, awake_ms: ms, up_ms: ms, boot: BootId::new("b") }
    }

    fn status(running: bool, completed: bool, key: bool) -> Status {
        Status {
            running,
            completed,
            pid: None,
            stop_reason: None,
            progress: serde_json::Map::new(),
            progress_key: key.then(|| "k".to_owned()),
            level: Level::Ok,
            message: None,
        }
    }

    /// Everything that the guard can be asked: state × cause × status × key × moved × early ×
    /// how long it stands still × seen stopped since the stop.
    fn every_case(mut each: impl FnMut(WatchState, &str, String, Option<WatchInput>)) {
        let policy = Policy { stall: Duration::from_secs(100), ..Policy::default() };
        let causes = [
            None,
            Some(CauseKind::NoProgress),
            Some(CauseKind::Stopped),
            Some(CauseKind::ResumeFailed),
        ];
        let bits = [false, true];
        for &state in WatchState::ALL {
            for (name, running, completed) in STATUSES {
                for cause in causes {
                    for n in 0..32_usize {
                        let bit = |i: usize| bits[n >> i & 1];
                        let (key, moved, early, still, since_stop) =
                            (bit(0), bit(1), bit(2), bit(3), bit(4));
                        let mut record = JobRecord::new(State::Watch(state), &at(0));
                        record.cause = cause.map(Cause::plain);
                        let notes = Notes {
                            still_since: Some(at(if still { 900 } else { 901 })),
                            stopped_since_stop: since_stop,
                            ..Notes::default()
                        };
                        let status = status(running, completed, key);
                        let chosen = choose_input(
                            &record,
                            &notes,
                            &status,
                            (moved, early),
                            &policy,
                            &at(1000),
                        );
                        let case = format!(
                            "{cause:?} key={key} moved={moved} early={early} still={still} since_stop={since_stop}"
                        );
                        each(state, name, case, chosen.map(|(input, _)| input));
                    }
                }
            }
        }
    }

    #[test]
    fn every_input_chosen_is_an_edge_of_the_table() {
        let mut asked = 0;
        every_case(|state, status, case, chosen| {
            asked += 1;
            if let Some(input) = chosen {
                let taken = machine::takes(State::Watch(state), Input::Watch(input));
                assert!(taken, "{state} takes no {input} ({status}, {case})");
            }
        });
        assert_eq!(asked, 7 * 4 * 4 * 32);
    }

    #[test]
    fn completed_beats_running_in_every_state() {
        every_case(|state, status, case, chosen| {
            if matches!(status, "completed" | "both") {
                let wanted = (state != WatchState::Completed).then_some(WatchInput::SeenCompleted);
                assert_eq!(chosen, wanted, "{state} {case}");
            }
        });
    }

    #[test]
    fn nothing_but_a_persons_or_a_ticks_own_act_starts_or_stops_a_job() {
        let acts = [
            WatchInput::Started,
            WatchInput::Resume,
            WatchInput::ResumeFailed,
            WatchInput::GiveUp,
            WatchInput::Stop,
        ];
        every_case(|state, status, case, chosen| {
            assert!(
                chosen.is_none_or(|c| !acts.contains(&c)),
                "{state} {status} {case}: {chosen:?}"
            );
        });
    }

    /// Which inputs each pair of state and status can come to, over all other circumstances.
    #[test]
    fn the_guard_is_the_design() {
        let mut found: std::collections::BTreeMap<
            (WatchState, &str),
            std::collections::BTreeSet<&str>,
        > = std::collections::BTreeMap::new();
        every_case(|state, status, _, chosen| {
            if !matches!(status, "both" | "completed") {
                let name = chosen.map_or("-", WatchInput::as_str);
                let status = if status == "running" { "running" } else { "stopped" };
                found.entry((state, status)).or_default().insert(name);
            }
        });
        let line = |((state, status), inputs): (
            &(WatchState, &str),
            &std::collections::BTreeSet<&str>,
        )| {
            let inputs: Vec<&str> = inputs.iter().copied().collect();
            format!("{state} × {status}: {}\n", inputs.join(" "))
        };
        expect![[r#"
            idle × running: seen_running
            idle × stopped: seen_stopped
            running × running: - no_progress progressed
            running × stopped: - seen_stopped
            stalled × running: - progressed seen_running
            stalled × stopped: - seen_stopped
            resuming × running: seen_running
            resuming × stopped: - seen_stopped
            paused × running: - seen_running
            paused × stopped: -
            completed × running: seen_running
            completed × stopped: seen_stopped
            failed × running: seen_running
            failed × stopped: seen_stopped
        "#]]
        .assert_eq(&found.iter().map(line).collect::<String>());
    }

    #[test]
    fn an_early_stop_is_none_and_a_failed_resume_stays_the_cause() {
        every_case(|state, status, case, chosen| {
            let wanted = match state {
                WatchState::Running | WatchState::Resuming => case.contains("early=false"),
                WatchState::Stalled => !case.starts_with("Some(ResumeFailed)"),
                WatchState::Idle | WatchState::Completed | WatchState::Failed => true,
                WatchState::Paused => false,
            };
            if status == "stopped" {
                assert_eq!(chosen, wanted.then_some(WatchInput::SeenStopped), "{state} {case}");
            }
        });
    }

    #[test]
    fn a_job_that_hung_runs_again_when_it_moves_and_a_paused_one_when_it_had_stopped() {
        every_case(|state, status, case, chosen| {
            let seen = Some(WatchInput::SeenRunning);
            let wanted = match state {
                WatchState::Running => return,
                WatchState::Stalled if case.contains("moved=true") => Some(WatchInput::Progressed),
                WatchState::Stalled => seen.filter(|_| !case.starts_with("Some(NoProgress)")),
                WatchState::Paused => seen.filter(|_| case.contains("since_stop=true")),
                WatchState::Idle
                | WatchState::Resuming
                | WatchState::Completed
                | WatchState::Failed => seen,
            };
            if status == "running" {
                assert_eq!(chosen, wanted, "{state} {case}");
            }
        });
    }

    #[test]
    fn a_stop_says_why_in_words_that_say_something() {
        let record = JobRecord::new(State::Watch(WatchState::Running), &at(0));
        let cause_of = |reason: Option<&str>| {
            let status = Status { stop_reason: reason.map(str::to_owned), ..Status::default() };
            let (notes, policy) = (Notes::default(), Policy::default());
            choose_input(&record, &notes, &status, (false, false), &policy, &at(1))
        };
        for (reason, detail) in [(None, None), (Some(" \n"), None), (Some("oom\n"), Some("oom"))] {
            let cause = Cause { kind: CauseKind::Stopped, detail: detail.map(str::to_owned) };
            assert_eq!(cause_of(reason), Some((WatchInput::SeenStopped, Some(cause))));
        }
    }

    #[test]
    fn completed_is_neither_running_nor_stopped() {
        for (name, running, completed) in STATUSES {
            let status = status(running, completed, true);
            assert_eq!(is_running(&status), name == "running");
            assert_eq!(is_stopped(&status), name == "stopped");
        }
    }

    #[test]
    fn a_stall_takes_a_key_and_the_whole_time() {
        every_case(|state, status, case, chosen| {
            let stands = case.contains("key=true moved=false") && case.contains("still=true");
            if state == WatchState::Running && status == "running" {
                assert_eq!(chosen == Some(WatchInput::NoProgress), stands, "{case}: {chosen:?}");
            }
        });
    }
}
