//! Writes: what would run is planned down to its bytes, so that a person can approve exactly that.
//!
//! In: a compiled config and facts about files. Out: a [`Plan`](crate::model::Plan).
//! Invariant: nothing here starts anything; this build can plan a write and not run one.

mod plan;

pub use plan::{PlanFault, make_plan};
