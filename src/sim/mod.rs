//! A simulated world: clock, host and store in memory, for tests of the real engine, and for
//! `simulate`.
//!
//! In: what is to happen. Out: the ports, kept with it.
//! Invariant: nothing here touches the real clock, disk, processes or network.

mod assumed;
mod borders;
mod files;
mod fork;
mod gate;
mod host;
mod job;
mod orders;
mod processes;
mod rehearsal;
mod replayed;
mod rounds;
mod rows;
mod store;

pub use assumed::AssumedCourse;
pub use borders::Borders;
pub use files::SimFiles;
pub use gate::somebody;
pub use host::SimHost;
pub use job::{Death, Delivery, SimJob, Wrote};
pub use rehearsal::{compile_text, rehearse};
pub use replayed::ReplayedCourse;
pub use rounds::{Course, Rehearsed, Rounds, rehearse_rounds};
pub use store::{Begun, MemStore, SharedStore};

#[cfg(test)]
mod tests;
