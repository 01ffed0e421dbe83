//! Keeps the house in order: which room may look into which, where a few words may stand, and how
//! large a file may grow. The table here is the one in `docs/architecture.md`.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may name, from the ground up.
const ROOMS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("approval", &["base"]),
    ("diag", &["base"]),
    ("machine", &["base"]),
    ("model", &["base", "approval", "diag", "machine"]),
    ("compile", &["base", "diag", "machine", "model"]),
    ("config", &["base", "approval", "diag", "model"]),
    ("journal", &["base", "approval", "machine", "model"]),
    ("decide", &["base", "approval", "machine", "model", "compile", "journal"]),
    ("ports", &["base", "approval", "model", "journal"]),
    ("lint", &["base", "diag", "model", "ports"]),
    ("adapters", &["base", "approval", "machine", "model", "config", "journal", "ports"]),
    ("render", &["base", "approval", "diag", "machine", "model", "compile", "journal", "decide"]),
    ("tick", &["base", "machine", "model", "compile", "journal", "decide", "ports", "render"]),
    (
        "writes",
        &[
            "base", "approval", "machine", "model", "compile", "journal", "decide", "ports",
            "render", "tick",
        ],
    ),
    (
        "sim",
        &[
            "base", "approval", "diag", "machine", "model", "compile", "config", "journal",
            "decide", "ports", "render", "tick", "writes",
        ],
    ),
    (
        "cli",
        &[
            "base", "approval", "diag", "machine", "model", "compile", "config", "journal",
            "decide", "ports", "lint", "adapters", "render", "tick", "writes", "sim",
        ],
    ),
];

/// Words that may stand in a few files only: an effect or an authority has one home.
const HOMES: &[(&str, &[&str])] = &[
    ("rust_fsm", &["src/machine/"]),
    ("petgraph", &["src/compile/chain.rs"]),
    ("rusqlite", &["src/adapters/sqlite/"]),
    ("jsonc_parser", &["src/config/json.rs", "src/config/json5.rs", "src/config/json_tree.rs"]),
    ("ureq", &["src/adapters/http.rs"]),
    ("Command::new", &["src/adapters/process/spawn.rs"]),
    (".consume(", &["src/machine/mod.rs"]),
    ("impl ConsumeOnce for", &["src/adapters/sqlite/mod.rs", "src/sim/store"]),
    ("redeem(", &["src/writes/execute.rs"]),
    (".run_write(", &["src/writes/execute.rs"]),
    ("Terms {", &["src/decide/begin.rs"]),
    ("machine::step(", &["src/journal/fold.rs", "src/decide/ledger.rs"]),
    ("ratatui", &["src/cli/watch/"]),
    ("stdout()", &["src/cli/io.rs", "src/cli/watch/terminal.rs"]),
    ("stderr()", &["src/cli/io.rs"]),
    ("process::exit", &[]),
    ("SystemTime::now", &[]),
    (
        "std::env::",
        &["src/adapters/os_world.rs", "src/adapters/process/", "src/cli/", "src/main.rs"],
    ),
];

const FILE_LINES: usize = 400;
const HEADER_LINES: std::ops::RangeInclusive<usize> = 1..=14;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file by its path from the root, sorted.
fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs") {
                into.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join("src"), &mut paths);
    let name = |p: &Path| p.strip_prefix(root()).expect("below").to_string_lossy().into_owned();
    paths.iter().map(|p| (name(p), fs::read_to_string(p).expect("UTF-8"))).collect()
}

/// The part before the inline tests, without comments.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or_default();
    let line = |l: &str| l.split("//").next().unwrap_or_default().to_owned();
    body.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The rooms that a text names as `crate::room` or inside `use crate::{…}`.
fn named_rooms(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for piece in text.split("crate::").skip(1) {
        if let Some(group) = piece.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '}' if depth == 0 => break,
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.insert(std::mem::take(&mut word));
                    }
                    c if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            found.insert(word);
        } else {
            found.insert(piece.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    let first = |w: &String| w.trim().split("::").next().unwrap_or_default().trim().to_owned();
    found.iter().map(first).filter(|w| ROOMS.iter().any(|(room, _)| room == w)).collect()
}

#[test]
fn arrows_between_rooms_only_go_down() {
    let mut wrong = Vec::new();
    // Tests of a room may build what they need with any other.
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_test_file(path)) {
        let Some(room) = path.strip_prefix("src/").and_then(|p| p.split_once('/')).map(|p| p.0)
        else {
            continue;
        };
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            panic!("{path}: the room {room} is not in the table");
        };
        for named in named_rooms(&code(&text)) {
            if named != room && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{path}: {room} must not look into {named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_has_no_upward_arrow_and_lib_names_the_rooms_in_its_order() {
    let order: Vec<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    let place = |room: &str| order.iter().position(|r| *r == room).expect("known");
    for (room, allowed) in ROOMS {
        assert!(allowed.iter().all(|a| place(a) < place(room)), "{room}");
    }
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let module = |l: &str| {
        let l = l.strip_prefix("pub ").unwrap_or(l);
        l.strip_prefix("mod ").and_then(|l| l.strip_suffix(';')).map(str::to_owned)
    };
    let named: Vec<String> = lib.lines().filter_map(module).collect();
    assert_eq!(named, order);
}

#[test]
fn the_table_stands_in_the_architecture_page() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("the page");
    for (room, allowed) in ROOMS {
        let row = format!("| `{room}` | {} |", allowed.join(", "));
        assert!(page.contains(&row), "docs/architecture.md lacks the row\n{row}");
    }
}

#[test]
fn words_stay_in_their_homes() {
    let mut wrong = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !is_test_file(path)) {
        let code = code(text);
        for (word, homes) in HOMES {
            if code.contains(word) && !homes.iter().any(|home| path.starts_with(home)) {
                wrong.push(format!("{path}: `{word}` has its home in {homes:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_home_is_lived_in() {
    let sources = sources();
    for (word, homes) in HOMES {
        for home in *homes {
            let lived = sources.iter().any(|(p, t)| p.starts_with(home) && code(t).contains(word));
            assert!(lived, "`{word}` does not stand in {home} any more: drop it from the table");
        }
    }
}

#[test]
fn files_are_one_idea_with_a_header() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let header = text.lines().take_while(|l| l.starts_with("//!")).count();
        if !HEADER_LINES.contains(&header) && path != "src/lib.rs" {
            wrong.push(format!("{path}: a header of {header} lines"));
        }
        let body = text.split("#[cfg(test)]").next().unwrap_or_default().lines().count();
        if body > FILE_LINES && !is_test_file(&path) {
            wrong.push(format!("{path}: {body} lines before its tests"));
        }
        let room = path.ends_with("/mod.rs");
        if room && !is_test_file(&path) && !text.contains("//! Invariant:") {
            wrong.push(format!("{path}: a room without an invariant"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_silenced_or_left_to_do() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for word in ["todo!(", "unimplemented!(", "#[ignore", "#[allow("] {
            if code(&text).contains(word) {
                wrong.push(format!("{path}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn main_stays_thin() {
    let main = fs::read_to_string(root().join("src/main.rs")).expect("main.rs");
    assert!(main.lines().count() <= 15, "main.rs has {} lines", main.lines().count());
}

/// The bugs that `tests/bugs/run.sh` plants: a patch that fits nowhere any more plants none.
#[test]
fn planted_bugs_fit_the_sources() {
    let mut patches = 0;
    for entry in fs::read_dir(root().join("tests/bugs")).expect("the patches") {
        let place = entry.expect("an entry").path();
        if place.extension().is_none_or(|ending| ending != "patch") {
            continue;
        }
        patches += 1;
        let patch = fs::read_to_string(&place).expect("a patch");
        let file = patch.lines().find_map(|line| line.strip_prefix("--- a/")).expect("its file");
        let source = fs::read_to_string(root().join(file)).expect("the source");
        for hunk in patch.split("\n@@ ").skip(1) {
            let lines = hunk.lines().skip(1).filter(|line| !line.starts_with('+'));
            let before: String =
                lines.map(|line| format!("{}\n", line.get(1..).unwrap_or(""))).collect();
            assert!(source.contains(&before), "{}: {file} has no\n{before}", place.display());
        }
    }
    assert!(patches >= 20, "only {patches} patches");
}
