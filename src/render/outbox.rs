//! The outbox, for people and for programs.
//!
//! In: parcels, the present. Out: a few lines each, oldest first.

use serde_json::{Value, json};

use super::json::{VERSION, pretty};
use crate::base::Now;
use crate::base::time::{rfc3339, span_text};
use crate::decide::clean_text;
use crate::decide::delivery::pause_left;
use crate::journal::{Parcel, ParcelState};
use crate::model::Route;

/// Renders the list for people.
#[must_use]
pub fn render_outbox(parcels: &[Parcel], now: &Now) -> String {
    if parcels.is_empty() {
        return "no report waits, and none was given up\n".to_owned();
    }
    let wide = parcels.iter().map(|p| p.report.id.as_str().len()).max().unwrap_or(0);
    parcels.iter().map(|parcel| lines_of(parcel, wide, now)).collect()
}

fn lines_of(parcel: &Parcel, wide: usize, now: &Now) -> String {
    let report = &parcel.report;
    let at = rfc3339(report.at_ms);
    let how = match parcel.state {
        ParcelState::Pending => {
            let left = pause_left(parcel, now.at.wall_ms);
            let next = if left.is_zero() {
                "at the next tick".to_owned()
            } else {
                format!("in {}", span_text(left))
            };
            format!("{}; again {next}", tried_text(parcel.attempts))
        }
        ParcelState::Delivered { at_ms } => format!("arrived {}", rfc3339(at_ms)),
        ParcelState::Dead { at_ms } => format!("given up {}", rfc3339(at_ms)),
        ParcelState::Dropped { at_ms } => format!("dropped {}", rfc3339(at_ms)),
    };
    let mut text =
        format!("{:9}  {:wide$}  {at}  {how}\n", parcel.state.as_str(), report.id.as_str());
    if let Some(route) = parcel.pinned.filter(|_| parcel.state == ParcelState::Pending) {
        text.push_str(&format!("  it may have arrived by {} already\n", route.as_str()));
    }
    if let Some(why) = &parcel.error {
        text.push_str(&format!("  {}\n", clean_text(why)));
    }
    // Its head line says no more than when it was written.
    let told = report.summary.lines().skip(1).filter(|line| !line.starts_with('#'));
    for line in told {
        text.push_str(&format!("  {}\n", clean_text(line)));
    }
    text
}

fn tried_text(attempts: u32) -> String {
    match attempts {
        0 => "not tried yet".to_owned(),
        1 => "tried once".to_owned(),
        n => format!("tried {n} times"),
    }
}

/// Renders the list for programs.
#[must_use]
pub fn render_outbox_json(parcels: &[Parcel]) -> String {
    let row = |parcel: &Parcel| {
        let waits = parcel.state == ParcelState::Pending && parcel.next_ms > 0;
        json!({
            "id": parcel.report.id,
            "at": rfc3339(parcel.report.at_ms),
            "state": parcel.state.as_str(),
            "endedAt": parcel.state.ended_ms().map(rfc3339),
            "attempts": parcel.attempts,
            "failingSince": parcel.failed_since_ms.map(rfc3339),
            "nextAttempt": waits.then(|| rfc3339(parcel.next_ms)),
            "mayHaveArrivedBy": parcel.pinned.map(Route::as_str),
            "error": parcel.error,
            "text": parcel.report.text,
            "summary": parcel.report.summary,
        })
    };
    let rows: Vec<Value> = parcels.iter().map(row).collect();
    pretty(&json!({"version": VERSION, "command": "outbox", "reports": rows}))
}
