//! `check` of damaged configs: the corpus of the fuzz target, and what chance makes of it.
//!
//! In: the corpus, and every example of the docs. Out: a panic where [`tell::tell_everything`]
//! finds a broken promise; it names the round, which always makes the same text.
//! Invariant: the same rounds are played on every machine.
#![expect(clippy::expect_used, reason = "a test that can't go on shall panic")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

#[path = "../support/chance.rs"]
mod chance;
mod tell;

use chance::{Chance, damaged};

/// Largest text that chance makes.
const TEXT_BYTES: usize = 6_000;
/// What configs are made of, and what breaks them.
const PIECES: [&str; 36] = [
    "[[jobs]]\n",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\",
    "\\u00",
    "#",
    "=",
    ":",
    ",",
    ".",
    "\n",
    "\r\n",
    "\0",
    "\u{1b}[31m",
    "\u{9b}",
    "\u{feff}",
    "é日\u{301}",
    "null",
    "true",
    "-1",
    "1e999",
    "\"id\"",
    "kind = \"one_shot_write\"\n",
    "after = [{ jobId = \"a\" }]\n",
    "{\"jobId\": \"a\"}",
    "commands.run = [\"rm\"]\n",
    "policy.autoResume = true\n",
    "--password",
    "ghp_aaaaaaaaaaaaaaaaaaaaaaaa",
];

/// The corpus of the fuzz target, the examples of the docs, and the configs that come along.
fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = Vec::new();
    for folder in ["fuzz/corpus/check", "docs/gallery", "jobs"] {
        let entries = fs::read_dir(root.join(folder)).expect("a folder");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        let is_config = |path: &&std::path::PathBuf| {
            folder.starts_with("fuzz") || path.extension().is_some_and(|end| end == "toml")
        };
        seeds.extend(paths.iter().filter(is_config).map(|path| fs::read(path).expect("a file")));
    }
    for page in ["docs/codes.md", "docs/config.md"] {
        let text = fs::read_to_string(root.join(page)).expect("a page");
        let fences = text.split("\n```").skip(1).step_by(2).filter_map(|f| f.split_once('\n'));
        seeds.extend(fences.map(|(_, config)| config.as_bytes().to_vec()));
    }
    seeds
}

#[test]
fn the_corpus_and_every_example_are_told_in_every_format() {
    let seeds = seeds();
    assert!(seeds.len() > 90, "only {} seeds", seeds.len());
    let findings: usize = seeds.iter().map(|seed| tell::tell_everything(seed)).sum();
    assert!(findings > 500, "only {findings} findings");
}

/// `OPSFSM_ROUNDS` says how many texts are tried.
#[test]
fn what_chance_makes_of_them_is_told_in_every_format() {
    let rounds = std::env::var("OPSFSM_ROUNDS").ok().and_then(|text| text.parse().ok());
    let seeds = seeds();
    for round in 0..rounds.unwrap_or(300) {
        let text = damaged(&seeds, &PIECES, TEXT_BYTES, &mut Chance(round));
        let told = catch_unwind(AssertUnwindSafe(|| tell::tell_everything(&text)));
        assert!(told.is_ok(), "round {round}: {:?}", String::from_utf8_lossy(&text));
    }
}
