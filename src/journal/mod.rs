//! What happened, and what follows from it.
//!
//! In: events, one after another. Out: a [`Snapshot`], the same live and on replay, and the
//! [`World`] that a decision works on: the snapshot, what is merely noted beside it, and the runs
//! under way.
//! Invariant: a [`Snapshot`] changes in [`apply`] and nowhere else, and this room does no I/O.

mod chain;
mod checkpoint;
mod event;
mod fault;
mod fold;
mod gate;
mod gate_fold;
mod notes;
mod origin;
mod outbox;
mod snapshot;
mod trail;
mod witness;
mod world;

pub use chain::{Head, decode_event, encode_event, next_head};
pub use checkpoint::{BrokenJournal, Checkpoint, Overgrown};
pub use event::{Cause, CauseKind, Event, EventKind, ItemEnd, QueueItem};
pub use fault::ReplayFault;
pub use fold::apply;
pub use gate::{Answer, GrantFate, GrantRecord, Request, Verification, Voided, WriteCycle};
pub use notes::{Broken, Held, HeldItem, HeldNews, Notes, Seen, Told};
pub use origin::Origin;
pub use outbox::{Parcel, ParcelState, Report};
pub use snapshot::{ItemState, JobRecord, LastRun, Queued, Snapshot};
pub use trail::{Figure, Trail};
pub use witness::{PutBack, is_at_stake, is_witnessed, next_epoch};
pub use world::{Change, Meta, RunPhase, RunRow, World};

#[cfg(test)]
mod tests;
