//! The outbox in the store: rows for messages on their way.
//!
//! Invariant: what waits is never removed, and what arrived never waits again.

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::base::{ReportId, limits};
use crate::journal::{Parcel, ParcelState, Report};
use crate::model::Route;
use crate::ports::Parcels;

/// Puts reports into the outbox and makes room for them. More than may wait are given up, oldest
/// first: they stay to be seen.
pub(super) fn add(c: &Connection, reports: &[Report]) -> rusqlite::Result<()> {
    let Some(last) = reports.last() else { return Ok(()) };
    for report in reports {
        c.prepare_cached(
            "INSERT INTO outbox (id, at_ms, body, summary, state, attempts, unknowns, next_ms)
             VALUES (?1, ?2, ?3, ?4, 'pending', 0, 0, 0)",
        )?
        .execute(params![
            report.id.as_str(),
            report.at_ms,
            report.text,
            report.summary
        ])?;
    }
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    c.prepare_cached(
        "UPDATE outbox SET state = 'dead', ended_ms = ?1, error = 'too many reports wait'
         WHERE state = 'pending' AND n <= (SELECT n FROM outbox WHERE state = 'pending'
           ORDER BY n DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute([last.at_ms, count(limits::REPORTS_WAITING)])?;
    c.prepare_cached(
        "DELETE FROM outbox WHERE state IN ('delivered', 'dropped')
           AND n <= (SELECT MAX(n) FROM outbox) - ?1",
    )?
    .execute([count(limits::REPORTS_KEPT)])?;
    c.prepare_cached(
        "DELETE FROM outbox WHERE state = 'dead' AND n <= (SELECT n FROM outbox
           WHERE state = 'dead' ORDER BY n DESC LIMIT 1 OFFSET ?1)",
    )?
    .execute([count(limits::REPORTS_WAITING)])?;
    Ok(())
}

const COLUMNS: &str = "id, at_ms, body, summary, state, ended_ms, attempts, failed_since_ms, next_ms, pinned, error, \
     unknowns";

/// What is wanted of the outbox, oldest first.
pub(super) fn load(c: &Connection, wanted: Parcels) -> rusqlite::Result<Vec<Parcel>> {
    let which = match wanted {
        Parcels::Waiting => "WHERE state = 'pending'",
        Parcels::Unsettled => "WHERE state IN ('pending', 'dead')",
        Parcels::All => "",
    };
    let mut statement =
        c.prepare_cached(&format!("SELECT {COLUMNS} FROM outbox {which} ORDER BY n"))?;
    let rows = statement.query_map([], parcel_of)?;
    rows.collect()
}

fn parcel_of(row: &Row<'_>) -> rusqlite::Result<Parcel> {
    let unknown = |column: usize, what: String| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
    };
    let state: String = row.get(4)?;
    let state = ParcelState::of_parts(&state, row.get(5)?)
        .ok_or_else(|| unknown(4, format!("no state of a report: {state}")))?;
    let pinned: Option<String> = row.get(9)?;
    let pinned = pinned
        .map(|name| Route::of_str(&name).ok_or_else(|| unknown(9, format!("no route: {name}"))))
        .transpose()?;
    let id: String = row.get(0)?;
    let report = Report {
        id: ReportId::new(id),
        at_ms: row.get(1)?,
        text: row.get(2)?,
        summary: row.get(3)?,
    };
    Ok(Parcel {
        report,
        state,
        attempts: row.get(6)?,
        failed_since_ms: row.get(7)?,
        next_ms: row.get(8)?,
        pinned,
        error: row.get(10)?,
        unknowns: row.get(11)?,
    })
}

/// Keeps how far a report is. What arrived or was dropped stays so.
pub(super) fn save(c: &Connection, parcel: &Parcel) -> rusqlite::Result<()> {
    c.prepare_cached(
        "UPDATE outbox SET state = ?2, ended_ms = ?3, attempts = ?4, failed_since_ms = ?5,
           next_ms = ?6, pinned = ?7, error = ?8, unknowns = ?9
         WHERE id = ?1 AND state IN ('pending', 'dead')",
    )?
    .execute(params![
        parcel.report.id.as_str(),
        parcel.state.as_str(),
        parcel.state.ended_ms(),
        parcel.attempts,
        parcel.failed_since_ms,
        parcel.next_ms,
        parcel.pinned.map(Route::as_str),
        parcel.error,
        parcel.unknowns,
    ])?;
    Ok(())
}
