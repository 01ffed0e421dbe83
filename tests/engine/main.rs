//! The real engine on a simulated host: stories, and random lives held against invariants.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod gate;
mod lives;
mod stories;
mod support;
mod told;
