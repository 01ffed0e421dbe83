//! `opsfsm history`: the journal, for people and programs, and whether it is whole.

use super::args::{Format, HistoryArgs};
use super::context::{Context, Failure};
use super::io;
use crate::adapters::sqlite::SqliteStore;
use crate::base::{Exit, JobId, limits};
use crate::decide::clean_text;
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
        let events = store.last_events(job.as_ref(), options.limit)?;
        if let (Some(job), true) = (&job, events.is_empty() && options.limit > 0) {
            let job = clean_text(job.as_str());
            io::note(&format!(
                "nothing is recorded of a job `{job}`; without a name, history shows all"
            ));
        }
        match options.format {
            Format::Text => render::render_history(&events, context.now().local),
            Format::Json => render::render_history_json(&events),
        }
    };
    // Nobody reads on: no harm.
    let _ = io::out(&text);
    Ok(Exit::Done)
}

/// Replays everything. A journal that is broken, or that does not give the stored state, is a
/// refused store.
fn verify(store: &mut SqliteStore, format: Format, tries: usize) -> Result<String, Failure> {
    let (snapshot, head) = store.replay()?;
    let stored = store.read()?;
    // A tick may have gone on with the journal in between: then the two are of different moments.
    if stored.head != head && tries > 0 {
        return verify(store, format, tries - 1);
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
    Ok(match format {
        Format::Text => format!("ok: {} events, head {}\n", head.seq, head.short()),
        Format::Json => render::render_verified_json(&head),
    })
}
