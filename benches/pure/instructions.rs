//! Instructions of the same steps, counted by callgrind: the same on a busy machine and an idle one.
//!
//! `cargo bench --bench instructions` compares with `instructions.txt` beside this file and fails
//! where a step takes over 3 % more; `-- --write` writes that file anew. The counts are a compiler's:
//! under another `rustc` than theirs nothing is compared. Without valgrind it says so and is done.

#![expect(clippy::disallowed_methods, reason = "a bench starts programs")]
#![expect(clippy::disallowed_macros, reason = "a bench prints its table")]
#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

mod steps;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// More than so many thousandths above what is noted fail.
const TOLERANCE: u64 = 30;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["--run", name, times] => {
            run(name, times.parse().expect("a number"));
            ExitCode::SUCCESS
        }
        ["--write"] => judge(true),
        [] => judge(false),
        _ => {
            println!("either nothing, or --write");
            ExitCode::from(2)
        }
    }
}

/// Makes a step ready and runs it: what callgrind looks at.
fn run(name: &str, times: u32) {
    let (_, ready) = steps::STEPS.iter().find(|(step, _)| *step == name).expect("a step");
    let mut step = ready();
    for _ in 0..times {
        step();
    }
}

fn judge(write: bool) -> ExitCode {
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|o| o.status.success()) {
        println!("skipped: no valgrind here");
        return ExitCode::SUCCESS;
    }
    let compiler = compiler();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/pure/instructions.txt");
    let noted = Noted::read(&file);
    let comparable = noted.compiler == compiler;
    if !comparable && !write {
        println!("noted by {}, this is {compiler}: nothing is compared", noted.compiler);
    }
    let mut told = format!("# {compiler}\n");
    let mut worse = 0;
    println!("| step, over 1,000 jobs | instructions | noted | change |\n|---|---|---|---|");
    for (name, _) in steps::STEPS {
        // Getting ready is in both counts.
        let count = counted(name, 2).saturating_sub(counted(name, 1));
        told.push_str(&format!("{count} {name}\n"));
        let before = noted.counts.get(*name).copied();
        let change = before.map(|before| per_mille(count, before));
        let shown = change.map_or(String::new(), |c| format!("{:+.1} %", f64::from(c) / 10.0));
        println!("| {name} | {count} | {} | {shown} |", before.unwrap_or_default());
        if comparable && change.is_none_or(|change| i64::from(change) > TOLERANCE.cast_signed()) {
            worse += 1;
        }
    }
    if write {
        std::fs::write(&file, told).expect("the file");
    } else if worse > 0 {
        println!(
            "{worse} steps take over 3 % more than noted, or were never noted: mend them, or \
                  note what they take now with `cargo bench --bench instructions -- --write`"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// By how many thousandths a count has grown.
fn per_mille(count: u64, before: u64) -> i32 {
    let (count, before) = (i128::from(count), i128::from(before.max(1)));
    i32::try_from((count - before) * 1000 / before).unwrap_or(i32::MAX)
}

/// Instructions of this very program while it runs a step so often.
fn counted(name: &str, times: u32) -> u64 {
    let program: PathBuf = std::env::current_exe().expect("this program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--run", name, &times.to_string()])
        .output()
        .expect("valgrind");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let line = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = line.expect("a count");
    count.trim().parse().expect("a number")
}

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!("{} for {}", version.unwrap_or_default(), std::env::consts::ARCH)
}

/// What was noted, and by which compiler.
#[derive(Default)]
struct Noted {
    compiler: String,
    counts: BTreeMap<String, u64>,
}

impl Noted {
    fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let mut noted = Self::default();
        for line in text.lines() {
            if let Some(compiler) = line.strip_prefix("# ") {
                compiler.clone_into(&mut noted.compiler);
            } else if let Some((count, name)) = line.split_once(' ') {
                noted.counts.insert(name.to_owned(), count.parse().unwrap_or_default());
            }
        }
        noted
    }
}
