//! Every command in the docs is run: each block marked `sh` is a script of its own, in a sandbox.
//!
//! A block that can't be run here has `<!-- not run: why -->` on the line before it. `cargo` is
//! left out of the scripts: building and testing inside a test would never end.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests start the program under test")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PAGES: &[&str] =
    &["README.md", "OPS_FRAMEWORK.md", "SKILL.md", "CHANGELOG.md", "jobs/README.md", "docs"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut all = Vec::new();
    for page in PAGES {
        let path = root().join(page);
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder");
            let mut pages: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
            pages.retain(|p| p.extension().is_some_and(|e| e == "md"));
            pages.sort();
            all.extend(pages);
        } else {
            all.push(path);
        }
    }
    all
}

/// The `sh` blocks of a page, with the line each begins on.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut excused = false;
    for (n, line) in text.lines().enumerate() {
        match (&mut open, line) {
            (None, "```sh") if !excused => open = Some((n + 1, String::new())),
            (Some(_), "```") => found.extend(open.take()),
            (Some((_, script)), line) => *script += &format!("{line}\n"),
            (None, _) => {}
        }
        excused = line.starts_with("<!-- not run: ");
    }
    found
}

struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).expect("bin");
        symlink(env!("CARGO_BIN_EXE_opsfsm"), bin.join("opsfsm")).expect("a link");
        fs::write(bin.join("cargo"), "#!/bin/sh\nexit 0\n").expect("a shim");
        fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).expect("mode");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, script: &str) -> Output {
        let home = self.path("home");
        let path =
            format!("{}:{}", self.path("bin").display(), std::env::var("PATH").expect("PATH"));
        // Nothing of a page may outlive its test, and nothing may be written to the real /tmp.
        let script = script.replace("/tmp/", &format!("{}/", self.folder.path().display()));
        Command::new("sh")
            .args(["-euc", &script])
            .current_dir(root())
            .env_clear()
            .env("PATH", path)
            .env("HOME", &home)
            .env("XDG_STATE_HOME", self.path("state"))
            .env("TMPDIR", self.folder.path())
            .env("OPSFSM", env!("CARGO_BIN_EXE_opsfsm"))
            .output()
            .expect("sh")
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Whatever a page started ends with its sandbox.
        let stop = root().join("jobs/inventory.sh");
        let state = self.path("state");
        let ended = Command::new(stop).arg("stop").env("XDG_STATE_HOME", state).output();
        drop(ended);
    }
}

#[test]
fn every_command_in_the_docs_runs() {
    let mut scripts = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("UTF-8");
        for (line, script) in blocks(&text) {
            scripts += 1;
            let sandbox = Sandbox::new();
            let out = sandbox.run(&script);
            assert!(
                out.status.success(),
                "{}:{line}: {}\n{script}\n--- stdout\n{}\n--- stderr\n{}",
                page.display(),
                out.status,
                String::from_utf8_lossy(&out.stdout),
                String::from_utf8_lossy(&out.stderr)
            );
            shows_what_it_promises(&script, &String::from_utf8_lossy(&out.stdout));
        }
    }
    assert!(scripts >= 3, "only {scripts} scripts found: are the blocks still marked `sh`?");
}

/// The tour is the README's claim: killed, found, resumed, completed.
fn shows_what_it_promises(script: &str, out: &str) {
    if script.contains("tour.sh") {
        let found =
            out.find("state: resuming — stopped without completing").expect("found stopped");
        let done = out.find("state: completed").expect("completed");
        assert!(found < done && out.contains("its start command was run again"), "{out}");
        assert!(out.contains("██████████ 100%") && out.contains("largest:"), "{out}");
    }
}

#[test]
fn the_docs_name_no_file_that_is_not_there() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("UTF-8");
        let folder = page.parent().expect("a folder");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let local = !target.contains("://") && !target.starts_with('#');
            let file = Path::new(target.split('#').next().unwrap_or_default());
            assert!(!local || folder.join(file).exists(), "{}: {target}", page.display());
        }
    }
}

/// Every path and every test that the page of promises names is there.
#[test]
fn the_promises_name_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/promises.md")).expect("the page");
    let mut functions = String::new();
    for folder in ["tests", "src"] {
        gather(&root().join(folder), &mut functions);
    }
    for name in page.split('`').skip(1).step_by(2) {
        let is_test = name.len() > 20 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if name.contains('/') {
            assert!(root().join(name).exists(), "docs/promises.md: no file {name}");
        } else if is_test {
            assert!(functions.contains(&format!("fn {name}(")), "docs/promises.md: no test {name}");
        }
    }
}

/// How many faults there are.
const FAULTS: usize = 63;

/// Every fault stands there with a test of its own file and name.
#[test]
fn each_fault_names_the_tests_that_try_it() {
    let page = fs::read_to_string(root().join("docs/faults.md")).expect("the page");
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| no. "));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").collect()).collect();
    assert_eq!(rows.len(), FAULTS);
    for (n, row) in rows.iter().enumerate() {
        assert_eq!((row.len(), row[0]), (4, format!("| {}", n + 1).as_str()), "{row:?}");
        let mut tests = 0;
        for name in row[3].split('`').skip(1).step_by(2) {
            let (file, function) = name.split_once("::").expect(name);
            let text = fs::read_to_string(root().join(file)).expect(file);
            // Those of a proptest block are indented, and have arguments.
            assert!(text.contains(&format!("fn {function}(")), "fault {}: no {name}", n + 1);
            tests += 1;
        }
        assert!(tests > 0, "fault {} is tried by nothing: {row:?}", n + 1);
    }
}

/// Appends the text of every Rust file below a folder.
fn gather(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, text);
        } else if path.extension().is_some_and(|e| e == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}
