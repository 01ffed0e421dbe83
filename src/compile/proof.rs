//! The proof that a job's compiled machine starts a write only behind an approval.
//!
//! In: the edges that a job's config leaves open. Out: nothing, or the first check that fails,
//! with the path that shows it. Four checks, because each alone lets broken tables pass:
//! strict dominance of `approved` over `running` (a table where `running` can't be reached fails
//! too: its proof would be empty), freshness (no second start without a second approval), a sole
//! predecessor, and balance (every way through the table has an unspent approval at each start).
//! Invariant: the checks read the edges they are given and nothing else: no state is special but
//! by its place in the write machine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::machine::{Edge, Input, State, WriteInput, WriteState};

const GATE: State = State::Write(WriteState::Approved);
const TARGET: State = State::Write(WriteState::Running);

/// What [`prove_gated`] proves of a machine, each check by its name and in words.
pub const PROOFS: [(&str, &str); 4] = [
    ("dominance", "`running` is reached only through `approved`"),
    ("freshness", "every start has an approval of its own"),
    ("sole predecessor", "nothing but an approved `begin` leads to `running`"),
    ("balance", "on every way each start finds an unspent approval"),
];

/// Why a machine is not proved safe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// Nothing leads to `running`: a proof about it would be empty.
    #[error("dominance: nothing leads to `{TARGET}`, so nothing is proved about it")]
    Unreachable,
    /// `running` is reached around `approved`.
    #[error("dominance: `{TARGET}` is reached without `{GATE}`: {0}")]
    Around(String),
    /// `running` is reached again without a new approval.
    #[error("freshness: `{TARGET}` is reached without a new approval: {0}")]
    Stale(String),
    /// Something else than an approved begin leads to `running`.
    #[error("sole predecessor: {0}")]
    OtherPredecessor(String),
    /// A start finds no unspent approval.
    #[error("balance: a start without an unspent approval: {0}")]
    Unspent(String),
}

/// Proves that `edges`, from `initial`, start a write only behind an approval.
///
/// # Errors
/// [`Unproved`], with the path that shows it.
pub fn prove_gated(initial: State, edges: &[Edge]) -> Result<(), Unproved> {
    if path_to_target(&[initial], edges, |_| true).is_none() {
        return Err(Unproved::Unreachable);
    }
    if let Some(path) = path_to_target(&[initial], edges, |e| e.from != GATE && e.to != GATE) {
        return Err(Unproved::Around(path));
    }
    let start_only_if_fresh = |e: &Edge| e.input != Input::Write(WriteInput::Approve);
    let without_approval: Vec<State> =
        reachable(initial, edges).into_iter().filter(|s| *s != GATE).collect();
    if let Some(path) = path_to_target(&without_approval, edges, start_only_if_fresh) {
        return Err(Unproved::Stale(path));
    }
    let lawful = |e: &&Edge| e.from == GATE && e.input == Input::Write(WriteInput::Begin);
    if let Some(edge) = edges.iter().find(|e| e.to == TARGET && !lawful(e)) {
        return Err(Unproved::OtherPredecessor(arrow(*edge)));
    }
    check_balance(initial, edges)
}

/// All states that any run of the machine can come to.
fn reachable(initial: State, edges: &[Edge]) -> BTreeSet<State> {
    let mut found = BTreeSet::from([initial]);
    let mut open = VecDeque::from([initial]);
    while let Some(at) = open.pop_front() {
        for edge in edges.iter().filter(|e| e.from == at) {
            if found.insert(edge.to) {
                open.push_back(edge.to);
            }
        }
    }
    found
}

/// A shortest path of at least one edge from any of `starts` to the target, over edges that `open`
/// lets through.
fn path_to_target(
    starts: &[State],
    edges: &[Edge],
    open: impl Fn(&Edge) -> bool,
) -> Option<String> {
    let mut came_by: BTreeMap<State, Edge> = BTreeMap::new();
    let mut seen: BTreeSet<State> = starts.iter().copied().collect();
    let mut queue: VecDeque<State> = starts.iter().copied().collect();
    while let Some(at) = queue.pop_front() {
        for edge in edges.iter().filter(|e| e.from == at && open(e)) {
            if edge.to == TARGET {
                return Some(tell(at, &came_by, *edge));
            }
            if seen.insert(edge.to) {
                came_by.insert(edge.to, *edge);
                queue.push_back(edge.to);
            }
        }
    }
    None
}

fn tell(at: State, came_by: &BTreeMap<State, Edge>, last: Edge) -> String {
    let mut path = vec![arrow(last)];
    let mut at = at;
    while let Some(edge) = came_by.get(&at) {
        path.push(arrow(*edge));
        at = edge.from;
    }
    path.reverse();
    path.join(", ")
}

fn arrow(edge: Edge) -> String {
    format!("{} --{}--> {}", edge.from, edge.input, edge.to)
}

/// Searches (state, unspent approval?): approving sets it; a start spends it; whatever takes an
/// approval back clears it. A start, that is any edge into the target, must find it set.
fn check_balance(initial: State, edges: &[Edge]) -> Result<(), Unproved> {
    let mut seen = BTreeSet::from([(initial, false)]);
    let mut open = VecDeque::from([(initial, false)]);
    while let Some((at, unspent)) = open.pop_front() {
        for edge in edges.iter().filter(|e| e.from == at) {
            if edge.to == TARGET && !unspent {
                return Err(Unproved::Unspent(arrow(*edge)));
            }
            let next = (edge.to, unspent_after(*edge, unspent));
            if seen.insert(next) {
                open.push_back(next);
            }
        }
    }
    Ok(())
}

fn unspent_after(edge: Edge, before: bool) -> bool {
    let Input::Write(input) = edge.input else { return before };
    match input {
        WriteInput::Approve => true,
        WriteInput::Begin
        | WriteInput::Revoke
        | WriteInput::Expire
        | WriteInput::PlanChanged
        | WriteInput::NotStarted => false,
        WriteInput::ExitedOk
        | WriteInput::ExitedErr
        | WriteInput::Lost
        | WriteInput::VerifyPassed
        | WriteInput::VerifyFailed
        | WriteInput::VerifyOverdue
        | WriteInput::Acknowledge => before && edge.to != TARGET,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Machine, edges};

    fn table() -> Vec<Edge> {
        edges(Machine::Write)
    }

    fn prove(edges: &[Edge]) -> Result<(), Unproved> {
        prove_gated(Machine::Write.initial(), edges)
    }

    #[test]
    fn the_table_as_it_is_is_proved() {
        assert_eq!(prove(&table()), Ok(()));
    }

    #[test]
    fn every_edge_that_could_be_added_into_running_is_caught() {
        let real = table();
        let mut added = 0;
        for from in Machine::Write.states() {
            for input in Machine::Write.inputs() {
                if real.iter().any(|e| e.from == from && e.input == input) {
                    continue;
                }
                let mut broken = real.clone();
                broken.push(Edge { from, input, to: TARGET });
                added += 1;
                assert!(prove(&broken).is_err(), "{from} --{input}--> running passes");
            }
        }
        assert!(added > 80, "{added}");
    }

    #[test]
    fn every_edge_into_approved_that_is_no_approval_is_caught() {
        let real = table();
        let mut added = 0;
        for from in Machine::Write.states() {
            for input in Machine::Write.inputs() {
                let taken = real.iter().any(|e| e.from == from && e.input == input);
                if taken || input == Input::Write(WriteInput::Approve) || from == GATE {
                    continue;
                }
                let mut broken = real.clone();
                broken.push(Edge { from, input, to: GATE });
                added += 1;
                let told = prove(&broken);
                assert!(
                    matches!(told, Err(Unproved::Stale(_))),
                    "{from} --{input}--> approved: {told:?}"
                );
            }
        }
        assert!(added > 70, "{added}");
    }

    #[test]
    fn every_edge_turned_towards_running_is_caught() {
        for (i, edge) in table().iter().enumerate().filter(|(_, e)| e.to != TARGET) {
            let mut broken = table();
            broken[i].to = TARGET;
            assert!(prove(&broken).is_err(), "{}", arrow(*edge));
        }
    }

    #[test]
    fn a_table_without_a_start_proves_nothing() {
        let broken: Vec<Edge> = table().into_iter().filter(|e| e.to != TARGET).collect();
        assert_eq!(prove(&broken), Err(Unproved::Unreachable));
        let ungated: Vec<Edge> = table().into_iter().filter(|e| e.to != GATE).collect();
        assert_eq!(prove(&ungated), Err(Unproved::Unreachable));
    }

    #[test]
    fn the_path_that_breaks_a_proof_is_told() {
        let mut broken = table();
        let verified = State::Write(WriteState::Verified);
        let input = Input::Write(WriteInput::ExitedOk);
        broken.push(Edge { from: verified, input, to: TARGET });
        let told = prove(&broken).expect_err("broken").to_string();
        assert!(told.contains("verified --exited_ok--> running"), "{told}");
    }
}
