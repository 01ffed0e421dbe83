//! What states each job went through, as far as events say.
//!
//! In: events. Out: spans of time, each with a state or without one.
//! Invariant: what the journal does not say is not made up.

use std::collections::BTreeMap;

use crate::base::JobId;
use crate::journal::{Event, EventKind};
use crate::machine::State;

/// Most states of one job that are looked at; older ones then count as not kept.
const SPANS_MAX: usize = 400;

/// A job was in this state; `None`: nobody knows any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which.
    pub state: Option<State>,
    /// From this moment of the wall clock, in milliseconds,
    pub from_ms: i64,
    /// to that.
    pub to_ms: i64,
}

/// The states that events brought, by job, oldest first.
#[must_use]
pub fn states_of(events: &[(u64, Event)]) -> BTreeMap<&JobId, Vec<(i64, State)>> {
    let mut found: BTreeMap<&JobId, Vec<(i64, State)>> = BTreeMap::new();
    for (_, event) in events {
        let Some(job) = &event.job else { continue };
        if let EventKind::Declared { state }
        | EventKind::ImportedState { state, .. }
        | EventKind::Moved { to: state, .. } = &event.kind
        {
            found.entry(job).or_default().push((event.at.wall_ms, *state));
        }
    }
    found
}

/// The spans between two moments. `last` is how the job stands, and since when.
#[must_use]
pub fn spans(
    moves: &[(i64, State)],
    last: Option<(i64, State)>,
    (from_ms, to_ms): (i64, i64),
) -> Vec<Span> {
    let mut marks: Vec<(i64, State)> = moves.to_vec();
    // What has ended, and nobody has recorded yet, is in no event.
    marks.extend(last.filter(|(_, state)| marks.last().is_none_or(|(_, s)| s != state)));
    let cut = marks.len().saturating_sub(SPANS_MAX);
    let mut spans: Vec<Span> = vec![Span { state: None, from_ms, to_ms }];
    for (at, state) in marks.into_iter().skip(cut) {
        let open = spans.last().map_or(from_ms, |span| span.from_ms);
        // A wall clock that was put back makes no span that ends before it begins.
        let at = at.clamp(open, to_ms);
        if let Some(span) = spans.last_mut() {
            span.to_ms = at;
        }
        spans.push(Span { state: Some(state), from_ms: at, to_ms });
    }
    spans.retain(|span| span.to_ms > span.from_ms);
    spans
}
