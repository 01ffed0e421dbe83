//! What a person should look at first.

use super::html::escape;
use super::{Desk, Row};
use crate::decide::{AnomalyKind, clean_text};
use crate::journal::ParcelState;
use crate::render::quote::shell_quote;
use crate::render::report::{cause_text, origin_words};
use crate::render::tone::Tone;
use crate::render::words::{self, anomaly_words, page as own, state_words};

pub(super) fn list(desk: &Desk<'_>) -> String {
    let l = desk.language;
    let mut items: Vec<String> = Vec::new();
    for (n, row) in desk.rows.iter().enumerate().filter(|(_, row)| row.in_trouble()) {
        let id = escape(&clean_text(row.id().as_str()));
        let why = reasons(desk, row);
        items.push(format!(
            "<li><a href=\"#job-{n}\"><bdi>{id}</bdi></a>: {}</li>\n",
            why.iter().map(|w| escape(w)).collect::<Vec<_>>().join("; ")
        ));
    }
    let dead = |s: &ParcelState| matches!(s, ParcelState::Dead { .. });
    let dead = desk.page.parcels.iter().filter(|p| dead(&p.state)).count();
    if dead > 0 {
        let call = escape(&format!("{} outbox", desk.page.style.invocation));
        items.push(format!("<li>{}: {dead} (<code>{call}</code>)</li>\n", own::given_up(l)));
    }
    if items.is_empty() {
        return format!("<p>{}</p>\n", own::calm(l));
    }
    format!("<ul class=\"list\">\n{}</ul>\n", items.concat())
}

/// Why a job is on the list, each in a few words.
fn reasons(desk: &Desk<'_>, row: &Row<'_>) -> Vec<String> {
    let l = desk.language;
    let mut all = Vec::new();
    let standing = &row.standing;
    if Tone::of(standing.state) == Tone::Trouble {
        let cause =
            standing.cause.as_ref().map(|c| format!(" — {}", clean_text(&cause_text(c, l))));
        all.push(format!("{}{}", state_words(l, standing.state), cause.unwrap_or_default()));
    }
    if let Some(broken) = row.notes.and_then(|n| n.broken.as_ref()) {
        let what = anomaly_words(l, AnomalyKind::StatusBroken);
        all.push(format!("{what} ({}: {})", clean_text(&broken.cause), clean_text(&broken.detail)));
    }
    if let Some(seen) = row.notes.and_then(|n| n.seen.as_ref()).filter(|seen| seen.alert) {
        let said = seen.message.as_deref().map(|m| format!(" ({})", clean_text(m)));
        all.push(format!("{}{}", anomaly_words(l, AnomalyKind::Alert), said.unwrap_or_default()));
    }
    let asked = desk.page.world.snapshot.requests.get(row.id()).filter(|_| row.requested);
    if let Some(request) = asked {
        let by = format!("{} {}", words::requested_by(l), origin_words(&request.origin));
        let (call, id) = (&desk.page.style.invocation, shell_quote(row.id().as_str()));
        let how = format!("{}: {call} approve {}", words::approve_it(l), clean_text(&id));
        all.push(format!("{} ({by}); {how}", words::requested(l)));
    }
    all
}
