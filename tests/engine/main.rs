//! The real engine on a simulated host: stories, and random lives held against invariants.

mod lives;
mod stories;
mod support;
