//! `opsfsm outbox`: reports on their way, and what a person does about those that don't arrive.

use super::args::{Format, OutboxArgs, OutboxCommand, OutboxPick};
use super::context::{Context, Failure};
use super::io;
use crate::adapters::sqlite::SqliteStore;
use crate::base::Exit;
use crate::decide::{clean_text, delivery};
use crate::journal::{Parcel, ParcelState};
use crate::ports::{Parcels, Store as _};
use crate::render;

/// Lists, or changes what becomes of a report.
pub(super) fn outbox(context: &Context, options: &OutboxArgs) -> Result<Exit, Failure> {
    let place = context.store_place()?;
    let exists = place.path.exists();
    let mut store = if exists { Some(context.open_any_store()?) } else { None };
    match &options.command {
        None => list(context, store.as_mut(), options),
        Some(OutboxCommand::Retry(pick)) => {
            change(store.as_mut(), pick, delivery::retried, "waits again for the next tick")
        }
        Some(OutboxCommand::Drop(pick)) => {
            let at_ms = context.now().at.wall_ms;
            let state = ParcelState::Dropped { at_ms };
            let dropped = |parcel: &Parcel| Parcel { state, ..parcel.clone() };
            change(store.as_mut(), pick, dropped, "dropped")
        }
    }
}

fn list(
    context: &Context,
    store: Option<&mut SqliteStore>,
    options: &OutboxArgs,
) -> Result<Exit, Failure> {
    let wanted = if options.all { Parcels::All } else { Parcels::Unsettled };
    let parcels = store.map_or(Ok(Vec::new()), |store| store.parcels(wanted))?;
    let now = context.now();
    let text = match options.format {
        Format::Text => render::render_outbox(&parcels, &now),
        Format::Json => render::render_outbox_json(&parcels),
    };
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// Changes one report, or each that was given up.
fn change(
    store: Option<&mut SqliteStore>,
    pick: &OutboxPick,
    change: impl Fn(&Parcel) -> Parcel,
    done: &str,
) -> Result<Exit, Failure> {
    let nothing = || Failure::refused("no report waits, and none was given up");
    let store = store.ok_or_else(nothing)?;
    let unsettled = store.parcels(Parcels::Unsettled)?;
    let given_up = |p: &&Parcel| matches!(p.state, ParcelState::Dead { .. });
    let picked: Vec<&Parcel> = if let Some(id) = &pick.id {
        vec![pick_one(&unsettled, id)?]
    } else {
        unsettled.iter().filter(given_up).collect()
    };
    if picked.is_empty() {
        return Err(Failure::refused("no report was given up; `opsfsm outbox` shows what waits"));
    }
    let mut text = String::new();
    for parcel in picked.into_iter().map(change) {
        store.save_parcel(&parcel)?;
        text.push_str(&format!("{}: {done}\n", parcel.report.id));
    }
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// The report whose id is, or begins with, `id`.
fn pick_one<'a>(parcels: &'a [Parcel], id: &str) -> Result<&'a Parcel, Failure> {
    let id = id.trim().trim_start_matches('#');
    let exact = parcels.iter().find(|p| p.report.id.as_str() == id);
    let shown = clean_text(id);
    let mut close =
        parcels.iter().filter(|p| !id.is_empty() && p.report.id.as_str().starts_with(id));
    match (exact, close.next(), close.next()) {
        (Some(parcel), _, _) | (None, Some(parcel), None) => Ok(parcel),
        (None, Some(_), Some(_)) => Err(Failure::refused(format!(
            "more than one report begins with `{shown}`: give more of its id"
        ))),
        (None, None, _) => Err(Failure::refused(format!(
            "no report `{shown}` waits, and none such was given up; `opsfsm outbox` lists them"
        ))),
    }
}
