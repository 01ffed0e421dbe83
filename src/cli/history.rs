//! `opsfsm history`: the journal, for people and programs, and whether it is whole.

use super::args::{Format, HistoryArgs};
use super::context::{Context, Failure};
use super::io;
use crate::adapters::sqlite::{EventFilter, SqliteStore};
use crate::base::{Exit, JobId, limits};
use crate::decide::clean_text;
use crate::diag::did_you_mean;
use crate::journal::{Event, EventKind, Head};
use crate::ports::Store as _;
use crate::render;

/// Lists or verifies the journal.
pub(super) fn history(context: &Context, options: &HistoryArgs) -> Result<Exit, Failure> {
    let place = context.store_place()?;
    if !place.path.exists() {
        let path = place.path.display();
        return Err(Failure::refused(format!(
            "there is no store {path} yet; a first tick makes it"
        )));
    }
    let mut store = context.open_any_store()?;
    let text = if options.verify {
        verify(&mut store, options.format, limits::VERIFY_TRIES)?
    } else {
        let job = options.job.as_deref().map(|id| JobId::new(id.trim()));
        if let Some(event) = &options.event {
            check_event(event)?;
        }
        let filter = EventFilter {
            job: job.as_ref(),
            event: options.event.as_deref(),
            since_ms: options.since.as_deref().map(|text| since(context, text)).transpose()?,
        };
        let events = store.last_events(&filter, options.limit)?;
        let pruned = store.pruned()?;
        let whole = filter.event.is_none() && filter.since_ms.is_none() && options.limit > 0;
        if let (Some(job), true) = (&job, events.is_empty() && whole) {
            let job = clean_text(job.as_str());
            let gone = if pruned > 0 { " any more" } else { "" };
            io::note(&format!(
                "nothing is recorded of a job `{job}`{gone}; without a name, history shows all"
            ));
        }
        match options.format {
            Format::Text => {
                let gone =
                    if reaches_back(&store, &filter, &events, options.limit)? { pruned } else { 0 };
                render::render_history(&events, gone, context.now().local)
            }
            Format::Json => render::render_history_json(&events, pruned),
        }
    };
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// Does what is listed go back to the oldest events that are kept, so that those before them are
/// missed in it?
fn reaches_back(
    store: &SqliteStore,
    filter: &EventFilter<'_>,
    listed: &[(u64, Event)],
    limit: u32,
) -> Result<bool, Failure> {
    let all = u32::try_from(listed.len()).is_ok_and(|n| n < limit);
    let oldest = store.oldest_ms()?;
    Ok(all && filter.since_ms.is_none_or(|since| oldest.is_some_and(|oldest| since < oldest)))
}

/// Is there any event of this name?
fn check_event(name: &str) -> Result<(), Failure> {
    if EventKind::NAMES.contains(&name) {
        return Ok(());
    }
    let near = did_you_mean(name, EventKind::NAMES);
    let near = near.map_or_else(|| ".".to_owned(), |near| format!("; did you mean `{near}`?"));
    Err(Failure::refused(format!(
        "no event is named `{}`{near} They are: {}",
        clean_text(name),
        EventKind::NAMES.join(", ")
    )))
}

/// The moment that `--since` means.
pub(super) fn since(context: &Context, text: &str) -> Result<i64, Failure> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(moment.as_millisecond());
    }
    let ago: Option<jiff::SignedDuration> =
        text.parse().ok().filter(|d| *d >= jiff::SignedDuration::ZERO);
    let ms = ago.and_then(|d| i64::try_from(d.as_millis()).ok());
    ms.map(|ms| context.now().at.wall_ms.saturating_sub(ms)).ok_or_else(|| {
        let text = clean_text(text);
        Failure::refused(format!(
            "`--since {text}` is neither a time, as in 2026-11-21T08:00:00Z, nor a span, as in 2h"
        ))
    })
}

/// Replays everything. A journal that is broken, or that does not give the stored state, is a
/// refused store.
pub(super) fn proved(store: &mut SqliteStore, tries: usize) -> Result<Head, Failure> {
    let (snapshot, head) = store.replay()?;
    let stored = store.read()?;
    // A tick may have gone on with the journal in between: then the two are of different moments.
    if stored.head != head && tries > 0 {
        return proved(store, tries - 1);
    }
    if stored.snapshot != snapshot {
        let path = store.path().display();
        let message = format!(
            "the journal of {path} is whole ({} events), but the state stored beside it is another: \
             somebody changed the store by hand; restore a backup",
            head.seq
        );
        return Err(Failure { exit: Exit::StoreRefused, message });
    }
    Ok(head)
}

fn verify(store: &mut SqliteStore, format: Format, tries: usize) -> Result<String, Failure> {
    let head = proved(store, tries)?;
    let pruned = store.pruned()?;
    Ok(match format {
        Format::Text => render::render_verified(&head, pruned),
        Format::Json => render::render_verified_json(&head, pruned),
    })
}
