//! The real engine on a simulated host: stories, and random lives held against invariants.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod codes;
mod corners;
mod corners_clock;
mod corners_orders;
mod corners_recorded;
mod corners_told;
mod corners_write;
mod crashes;
mod cron;
mod explain;
mod explain_cases;
mod explain_writes;
mod forged;
mod gate;
mod guards;
mod imported;
mod lives;
mod orders;
mod outbox;
mod plans;
mod put_back;
mod quiet;
mod reminders;
mod retention;
mod rounds;
mod stage;
mod stories;
mod support;
mod told;
mod witness;
mod write_lives;
mod zones;
