//! The three state machines, and the only place where a state changes.
//!
//! Each kind of job has one rust-fsm table over opsfsm's own alphabets. [`step`] is the only
//! caller of `consume`, live and on replay alike; [`edges`] enumerates the very tables that
//! `step` uses, so a picture or a proof of them can't drift.
//!
//! In: a state and an input. Out: the next state, or [`NoEdge`].
//! Invariant: this module knows no job, no time and no config; guards live in `decide`.

mod check;
mod watch;
mod write;

pub use check::{CheckInput, CheckState};
pub use watch::{WatchInput, WatchState};
pub use write::{WriteInput, WriteState};

use std::fmt;

use rust_fsm::{StateMachine, StateMachineImpl};
use serde::{Deserialize, Serialize};

/// Declares an alphabet: an enum with an `ALL` list and the stable names used in the store.
macro_rules! alphabet {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every letter, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable name, as stored and shown.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
use alphabet;

/// A state of any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Of a long_running_read.
    Watch(WatchState),
    /// Of a one_shot_read.
    Check(CheckState),
    /// Of a one_shot_write.
    Write(WriteState),
}

/// An input of any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// To a long_running_read.
    Watch(WatchInput),
    /// To a one_shot_read.
    Check(CheckInput),
    /// To a one_shot_write.
    Write(WriteInput),
}

/// Which machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Machine {
    /// Of a long_running_read.
    Watch,
    /// Of a one_shot_read.
    Check,
    /// Of a one_shot_write.
    Write,
}

impl State {
    /// The stable name, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Watch(s) => s.as_str(),
            Self::Check(s) => s.as_str(),
            Self::Write(s) => s.as_str(),
        }
    }

    /// The machine it belongs to.
    #[must_use]
    pub const fn machine(self) -> Machine {
        match self {
            Self::Watch(_) => Machine::Watch,
            Self::Check(_) => Machine::Check,
            Self::Write(_) => Machine::Write,
        }
    }
}

impl Input {
    /// The stable name, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Watch(i) => i.as_str(),
            Self::Check(i) => i.as_str(),
            Self::Write(i) => i.as_str(),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Machine {
    /// Every machine.
    pub const ALL: [Self; 3] = [Self::Watch, Self::Check, Self::Write];

    /// The state that a job begins in.
    #[must_use]
    pub const fn initial(self) -> State {
        match self {
            Self::Watch => State::Watch(watch::table::Impl::INITIAL_STATE),
            Self::Check => State::Check(check::table::Impl::INITIAL_STATE),
            Self::Write => State::Write(write::table::Impl::INITIAL_STATE),
        }
    }

    /// All its states, initial one first.
    #[must_use]
    pub fn states(self) -> Vec<State> {
        match self {
            Self::Watch => WatchState::ALL.iter().copied().map(State::Watch).collect(),
            Self::Check => CheckState::ALL.iter().copied().map(State::Check).collect(),
            Self::Write => WriteState::ALL.iter().copied().map(State::Write).collect(),
        }
    }

    /// All its inputs.
    #[must_use]
    pub fn inputs(self) -> Vec<Input> {
        match self {
            Self::Watch => WatchInput::ALL.iter().copied().map(Input::Watch).collect(),
            Self::Check => CheckInput::ALL.iter().copied().map(Input::Check).collect(),
            Self::Write => WriteInput::ALL.iter().copied().map(Input::Write).collect(),
        }
    }
}

/// The table has no edge for this input in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no edge for input `{input}` in state `{state}`")]
pub struct NoEdge {
    /// The state that was.
    pub state: State,
    /// The input it does not take.
    pub input: Input,
}

/// Takes one step: the state that `input` leads to from `state`.
///
/// # Errors
/// [`NoEdge`] where the table has no such edge, or the two belong to different machines.
pub fn step(state: State, input: Input) -> Result<State, NoEdge> {
    let next = match (state, input) {
        (State::Watch(s), Input::Watch(i)) => {
            consume::<watch::table::Impl>(s, &i).map(State::Watch)
        }
        (State::Check(s), Input::Check(i)) => {
            consume::<check::table::Impl>(s, &i).map(State::Check)
        }
        (State::Write(s), Input::Write(i)) => {
            consume::<write::table::Impl>(s, &i).map(State::Write)
        }
        (State::Watch(_) | State::Check(_) | State::Write(_), _) => None,
    };
    next.ok_or(NoEdge { state, input })
}

/// The only call of rust-fsm's `consume` in the program.
fn consume<M: StateMachineImpl>(state: M::State, input: &M::Input) -> Option<M::State>
where
    M::State: Copy,
{
    let mut machine = StateMachine::<M>::from_state(state);
    machine.consume(input).ok()?;
    Some(*machine.state())
}

/// Would `input` be taken in `state`?
#[must_use]
pub fn takes(state: State, input: Input) -> bool {
    step(state, input).is_ok()
}

/// One row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// From here,
    pub from: State,
    /// on this,
    pub input: Input,
    /// to there.
    pub to: State,
}

/// All edges of a machine, found by trying every input in every state.
#[must_use]
pub fn edges(machine: Machine) -> Vec<Edge> {
    let inputs = machine.inputs();
    let mut edges = Vec::new();
    for from in machine.states() {
        for &input in &inputs {
            if let Ok(to) = step(from, input) {
                edges.push(Edge { from, input, to });
            }
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn table(machine: Machine) -> String {
        edges(machine).iter().fold(String::new(), |text, e| {
            text + &format!("{} --{}--> {}\n", e.from, e.input, e.to)
        })
    }

    #[test]
    fn the_watch_table_is_the_design() {
        expect![[r"
            idle --started--> running
            idle --seen_running--> running
            idle --seen_stopped--> idle
            idle --seen_completed--> completed
            idle --resume--> resuming
            idle --stop--> paused
            running --progressed--> running
            running --no_progress--> stalled
            running --seen_stopped--> stalled
            running --seen_completed--> completed
            running --stop--> paused
            stalled --started--> running
            stalled --seen_running--> running
            stalled --progressed--> running
            stalled --seen_stopped--> stalled
            stalled --seen_completed--> completed
            stalled --resume--> resuming
            stalled --give_up--> failed
            stalled --stop--> paused
            resuming --seen_running--> running
            resuming --seen_stopped--> stalled
            resuming --seen_completed--> completed
            resuming --resume_failed--> stalled
            resuming --stop--> paused
            paused --started--> running
            paused --seen_running--> running
            paused --seen_completed--> completed
            completed --started--> running
            completed --seen_running--> running
            completed --seen_stopped--> completed
            failed --started--> running
            failed --seen_running--> running
            failed --seen_stopped--> failed
            failed --seen_completed--> completed
            failed --stop--> paused
        "]]
        .assert_eq(&table(Machine::Watch));
    }

    #[test]
    fn the_check_table_is_the_design() {
        expect![[r"
            idle --enqueue--> queued
            idle --begin--> running
            queued --begin--> running
            queued --drop--> idle
            running --exited_ok--> completed
            running --exited_err--> failed
            running --lost--> failed
            completed --enqueue--> queued
            completed --begin--> running
            failed --enqueue--> queued
            failed --begin--> running
        "]]
        .assert_eq(&table(Machine::Check));
    }

    #[test]
    fn the_write_table_is_the_design() {
        expect![[r"
            blocked --approve--> approved
            approved --approve--> approved
            approved --begin--> running
            approved --revoke--> blocked
            approved --expire--> blocked
            approved --plan_changed--> blocked
            running --exited_ok--> verifying
            running --exited_err--> failed
            running --not_started--> blocked
            running --lost--> unknown
            verifying --verify_passed--> verified
            verifying --verify_failed--> unverified
            verifying --verify_overdue--> unverified
            verified --approve--> approved
            failed --approve--> approved
            unverified --verify_passed--> verified
            unverified --acknowledge--> blocked
            unknown --verify_passed--> verified
            unknown --verify_failed--> unverified
            unknown --verify_overdue--> unverified
            unknown --acknowledge--> blocked
        "]]
        .assert_eq(&table(Machine::Write));
    }

    #[test]
    fn every_state_is_reached_and_every_input_is_taken_somewhere() {
        for machine in Machine::ALL {
            let edges = edges(machine);
            let mut reached = vec![machine.initial()];
            let mut next = 0;
            while let Some(&from) = reached.get(next) {
                for e in edges.iter().filter(|e| e.from == from) {
                    if !reached.contains(&e.to) {
                        reached.push(e.to);
                    }
                }
                next += 1;
            }
            reached.sort();
            let mut all = machine.states();
            all.sort();
            assert_eq!(reached, all, "{machine:?}");
            for input in machine.inputs() {
                assert!(edges.iter().any(|e| e.input == input), "{machine:?} never takes {input}");
            }
        }
    }

    #[test]
    fn inputs_of_another_machine_are_refused() {
        for a in Machine::ALL {
            for b in Machine::ALL.into_iter().filter(|b| *b != a) {
                for state in a.states() {
                    assert!(b.inputs().into_iter().all(|i| !takes(state, i)));
                }
            }
        }
    }

    #[test]
    fn a_write_runs_only_from_approved() {
        let running = State::Write(WriteState::Running);
        let into: Vec<_> = edges(Machine::Write).into_iter().filter(|e| e.to == running).collect();
        assert_eq!(into.len(), 1);
        assert_eq!(into[0].from, State::Write(WriteState::Approved));
        assert_eq!(into[0].input, Input::Write(WriteInput::Begin));
    }
}
