//! A pruned journal as people meet it: `history` says that events are gone, and verifies the rest.

use std::fs;

use crate::support::{Site, code, grow, said};

/// A site whose journal is too long by then.
fn overgrown() -> Site {
    let site = Site::used();
    let config = site.folder().join("opsfsm.toml");
    let text = fs::read_to_string(&config).unwrap();
    let keep = "version = 1\n[history]\nkeepEvents = 1000\n";
    fs::write(&config, text.replace("version = 1\n", keep)).unwrap();
    grow(&mut site.open(), 1400, 1_790_000_000_000);
    site
}

fn told(site: &Site, words: &[&str]) -> String {
    let output = site.run(words);
    assert_eq!(code(&output), 0, "{words:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned() + &said(&output)
}

fn json(site: &Site, words: &[&str]) -> serde_json::Value {
    serde_json::from_str(&told(site, &[words, &["--format", "json"]].concat())).unwrap()
}

#[test]
fn history_says_what_is_gone_where_it_would_have_stood() {
    let site = overgrown();
    let all = &["history", "--limit", "5000"];
    assert!(!told(&site, all).contains("pruned") && json(&site, all)["pruned"] == 0);
    assert!(!told(&site, &["history", "--verify"]).contains("pruned"));
    told(&site, &["tick"]);
    let pruned = site.open().pruned().unwrap();
    assert!(pruned > 100, "{pruned}");
    let note = format!("events 1 to {pruned} were pruned: `history` in the config says how much");
    let list = told(&site, all);
    assert!(list.starts_with(&note), "{}", &list[..200]);
    assert!(list.lines().nth(1).unwrap().trim().starts_with(&format!("{} ", pruned + 1)));
    let some = json(&site, &["history", "scan", "--limit", "1"]);
    assert!(some["pruned"] == pruned && some["events"].as_array().unwrap().len() == 1);
    // A list that ends before it comes there, or asks for nothing so old, misses none.
    for words in [&["history"][..], &["history", "--limit", "5000", "--since", "1h"]] {
        assert!(!told(&site, words).contains("pruned"), "{words:?}");
    }
    for words in [
        &["history", "--event", "approved"][..],
        &["history", "--since", "2020-01-01T00:00:00Z", "--limit", "5000"],
    ] {
        assert!(told(&site, words).starts_with(&note), "{words:?}");
    }
    let gone = told(&site, &["history", "nobody"]);
    assert!(
        gone.contains(&note) && gone.contains("nothing is recorded of a job `nobody` any more")
    );
    let whole = told(&site, &["history", "--verify"]);
    assert!(whole.starts_with("ok: 14") && whole.contains(&note), "{whole}");
    let whole = json(&site, &["history", "--verify"]);
    assert!(whole["pruned"] == pruned && whole["events"].as_u64() > Some(1400), "{whole}");
    site.assert_sound();
}

/// A store of a build that pruned nothing has neither a checkpoint nor a word on how much is kept.
#[test]
fn a_store_from_before_opens_and_is_pruned() {
    let site = overgrown();
    site.sql(
        "UPDATE meta SET value = json_remove(value, '$.history') WHERE key = 'dates';
         DELETE FROM meta WHERE key IN ('pruned', 'checkpoint')",
    );
    let before = site.assert_sound();
    assert!(!told(&site, &["history"]).contains("pruned"));
    told(&site, &["tick"]);
    let after = site.assert_sound();
    assert!(site.open().pruned().unwrap() > 0);
    assert_eq!(after.snapshot.epoch, before.snapshot.epoch);
}

/// Somebody removes the first events by hand: told as before, and by nothing sooner.
#[test]
fn a_front_that_somebody_else_removed_is_found_by_verify() {
    let site = overgrown();
    told(&site, &["tick"]);
    site.sql("DELETE FROM events WHERE seq < 500");
    told(&site, &["tick"]);
    let output = site.run(&["history", "--verify"]);
    assert_eq!(code(&output), 6);
    assert!(said(&output).contains("the journal's chain breaks at event 500"), "{}", said(&output));
}
