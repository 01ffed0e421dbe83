//! `history`: how much of what happened is kept.
//!
//! In: its table. Out: [`Retention`], findings for what it can't be.
//! Invariant: without its table everything has its default.

use super::context::Context;
use super::cursor::Cursor;
use crate::base::limits;
use crate::model::Retention;

/// Reads `history`.
pub(super) fn read_history(ctx: &mut Context, mut table: Cursor<'_>) -> Retention {
    let usual = Retention::default();
    let days = table.count(ctx, "keepDays", 1);
    let events = table.count(ctx, "keepEvents", limits::HISTORY_EVENTS_LEAST);
    table.finish(ctx);
    Retention {
        keep_days: days.unwrap_or(usual.keep_days),
        keep_events: events.unwrap_or(usual.keep_events),
    }
}
