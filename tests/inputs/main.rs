//! What comes from outside and is no config: statuses, old state files, stores, command lines, and what the
//! other side of a delivery answers.
//!
//! In: the corpora of the fuzz targets, and a store that was just made. Out: a panic where a
//! promise is broken; it names the round, which always makes the same bytes.
//! Invariant: the same rounds are played on every machine.
#![expect(clippy::expect_used, reason = "a test that can't go on shall panic")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

mod answers;
#[path = "../support/chance.rs"]
mod chance;
mod feed;

use chance::{Chance, damaged};

/// What JSON is made of, and what breaks it.
const PIECES: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "false",
    "-1",
    "1e999",
    "0.5",
    "\\u0000",
    "\\ud800",
    "\0",
    "\u{1b}[31m",
    "é日\u{301}",
    "\"running\":true",
    "\"completed\":false",
    "\"progress\":{}",
    "\"progressKey\":\"\"",
    "\"jobId\":\"wipe\"",
    "9007199254740993",
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = fs::read_dir(folder).expect("a corpus");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed")).collect()
}

/// Feeds every seed, and what chance makes of them; `OPSFSM_ROUNDS` says how often.
fn feed(target: &str, usual: u64, most: usize, mut eat: impl FnMut(&[u8])) {
    let rounds = std::env::var("OPSFSM_ROUNDS").ok().and_then(|text| text.parse().ok());
    let seeds = seeds(target);
    assert!(!seeds.is_empty());
    for seed in &seeds {
        eat(seed);
    }
    for round in 0..rounds.unwrap_or(usual) {
        let bytes = damaged(&seeds, &PIECES, most, &mut Chance(round));
        let fed = catch_unwind(AssertUnwindSafe(|| eat(&bytes)));
        assert!(fed.is_ok(), "{target}, round {round}: {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn any_status_is_taken_as_it_is_or_not_at_all() {
    feed("status", 20_000, 4_000, feed::feed_status);
}

#[test]
fn any_old_state_begins_a_sound_store_or_none() {
    let compiled = feed::compiled();
    let taken: usize = seeds("state").iter().map(|seed| feed::feed_state(seed, &compiled)).sum();
    assert_eq!(taken, 2, "the corpus is no state any more");
    feed("state", 20_000, 8_000, |bytes| {
        feed::feed_state(bytes, &compiled);
    });
}

#[test]
fn any_file_is_a_store_or_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = seeds("store").iter().all(|seed| feed::feed_store(seed, folder.path()));
    assert!(whole, "the corpus is no store any more");
    feed("store", 1_000, 1 << 20, |bytes| {
        feed::feed_store(bytes, folder.path());
    });
}

#[test]
fn any_command_line_is_understood_or_refused_with_a_word() {
    let understood = seeds("words").iter().filter(|seed| feed::feed_words(seed)).count();
    assert_eq!(understood, 6, "the corpus is no command lines any more");
    feed("words", 2_000, 2_000, |bytes| {
        feed::feed_words(bytes);
    });
}

#[test]
fn only_a_message_id_in_any_answer_is_an_arrival() {
    let api = answers::Api::new();
    let arrived = seeds("telegram").iter().filter(|seed| api.feed(seed)).count();
    assert_eq!(arrived, 2, "the corpus is no answers any more");
    feed("telegram", 1_000, 8_000, |bytes| {
        api.feed(bytes);
    });
}

#[test]
fn only_a_message_id_in_anything_printed_is_an_arrival() {
    let folder = tempfile::tempdir().expect("a folder");
    let openclaw = answers::Openclaw::new(folder.path());
    let arrived = seeds("openclaw").iter().filter(|seed| openclaw.feed(seed)).count();
    assert_eq!(arrived, 2, "the corpus is nothing that it prints any more");
    feed("openclaw", 150, 8_000, |bytes| {
        openclaw.feed(bytes);
    });
}
