//! The rows of the table, each with its limits.

use std::fs;
use std::process::{Command, Stdio};

use crate::measure::{Limit, Line, Unit, median, time};
use crate::plot::Point;
use crate::site::{Site, Source, through};
use crate::{Bench, Found};

/// One row: what it runs.
type Row = fn(&Bench<'_>) -> Found;

/// Every row, by the name that chooses it.
pub(crate) const ROWS: &[(&str, Row)] = &[
    ("start", start),
    ("jobs-1", |bench| cat(bench, 1, 61, (Limit::AtMost(2.0), Limit::AtLeast(6.0)))),
    ("jobs-10", |bench| cat(bench, 10, 31, (Limit::None, Limit::None))),
    ("jobs-100", |bench| cat(bench, 100, 31, (Limit::AtMost(1.2), Limit::AtLeast(3.0)))),
    ("jobs-1000", |bench| cat(bench, 1000, 11, (Limit::AtMost(1.1), Limit::AtLeast(2.2)))),
    ("pinned", pinned),
    ("outside", outside),
    ("files", files),
    ("sleep-100", |bench| sleepers(bench, 100, "0.2", (0.26, Limit::AtLeast(70.0)))),
    ("sleep-200", |bench| sleepers(bench, 200, "1", (1.12, Limit::None))),
    ("jobs-10000", many),
];

/// Threads of the floor: as many as measured best, whatever the number of cores.
const THREADS: usize = 2;

/// `opsfsm --version` against a Rust program that does nothing.
fn start(bench: &Bench<'_>) -> Found {
    let empty = bench.tools.empty.as_ref()?;
    let quiet = |command: &mut Command| time(command.stdin(Stdio::null()).stdout(Stdio::null()));
    let (mut own, mut least) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(101) {
        own.push(quiet(Command::new(&bench.tools.opsfsm).arg("--version")));
        least.push(quiet(&mut Command::new(empty)));
    }
    let lines = vec![
        Line::ratio("`opsfsm --version` ÷ empty program", &own, &least, Limit::AtMost(1.4)),
        Line::seconds("`opsfsm --version`", &own),
        Line::seconds("empty program", &least),
    ];
    Ok((lines, None))
}

/// Jobs whose status is `cat FILE`, against the floor and the original's way.
fn cat(bench: &Bench<'_>, jobs: usize, rounds: usize, limits: (Limit, Limit)) -> Found {
    let site = Site::new(bench.tools, &format!("cat-{jobs}"), jobs, &Source::Cat);
    let (mut ticks, mut floors, mut plains) = (Vec::new(), Vec::new(), Vec::new());
    site.floor(THREADS)?;
    for _ in 0..bench.rounds(rounds) {
        site.stir();
        ticks.push(time(&mut site.tick()));
        floors.push(time(&mut site.floor(THREADS)?));
        if let Ok(mut plain) = site.plain() {
            plains.push(time(&mut plain));
        }
    }
    let mut lines = vec![
        Line::ratio("tick ÷ floor", &ticks, &floors, limits.0),
        Line::seconds("tick", &ticks),
        Line::seconds("floor", &floors),
    ];
    if !plains.is_empty() {
        lines.push(Line::ratio("one after another in Python ÷ tick", &plains, &ticks, limits.1));
        lines.push(Line::seconds("one after another in Python", &plains));
    }
    Ok((lines, Some(point(jobs, &ticks, &floors, &plains))))
}

fn point(jobs: usize, ticks: &[f64], floors: &[f64], plains: &[f64]) -> Point {
    let plain = (!plains.is_empty()).then(|| median(plains));
    Point { jobs, tick: median(ticks), floor: median(floors), plain }
}

/// The same on one CPU, where nothing overlaps and what opsfsm adds can't hide.
fn pinned(bench: &Bench<'_>) -> Found {
    let taskset = bench.tools.taskset.as_ref()?;
    let site = Site::new(bench.tools, "pinned", 1000, &Source::Cat);
    let on_one = |command: &Command| time(&mut through(taskset, &["-c", "0"], command));
    let (mut ticks, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(11) {
        site.stir();
        ticks.push(on_one(&site.tick()));
        floors.push(on_one(&site.floor(THREADS)?));
    }
    let lines = vec![
        Line::ratio("1,000 jobs on one CPU: tick ÷ floor", &ticks, &floors, Limit::AtMost(1.05)),
        Line::seconds("tick", &ticks),
        Line::seconds("floor", &floors),
    ];
    Ok((lines, None))
}

/// Time of a tick in which no child runs: before the first began and after the last ended, by the
/// children's own clocks.
fn outside(bench: &Bench<'_>) -> Found {
    let floor = bench.tools.floor()?;
    let log = bench.tools.folder.join("stamps");
    let child = [floor, "stamp".as_ref(), &log].map(|word| word.to_string_lossy().into_owned());
    fs::write(&log, "").expect("a log");
    let site = Site::new(bench.tools, "outside", 1000, &Source::Program(&child));
    let (mut own, mut shares) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(15) {
        site.stir();
        fs::write(&log, "").expect("a log");
        let whole = usage(bench, &site)?;
        let stamps: Vec<Vec<f64>> =
            fs::read_to_string(&log).expect("a log").lines().map(numbers).collect();
        assert_eq!(stamps.len(), 1000, "a child is missing");
        let first = stamps.iter().map(|times| times[0]).fold(f64::MAX, f64::min);
        let last = stamps.iter().map(|times| times[1]).fold(0.0, f64::max);
        let outside = (first - whole.begun) + (whole.ended - last);
        own.push(outside / 1e9);
        shares.push(outside / (whole.ended - whole.begun));
    }
    let lines = vec![
        Line::new(
            "1,000 jobs: share of a tick before and after its children",
            shares,
            Unit::Percent,
            Limit::AtMost(0.03),
        ),
        Line::seconds("time before and after its children", &own),
    ];
    Ok((lines, None))
}

/// Jobs that say how they are by a file, against `cat` of the same files in the original's way.
fn files(bench: &Bench<'_>) -> Found {
    let site = Site::new(bench.tools, "files", 1000, &Source::Files);
    let (mut ticks, mut plains) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(15) {
        site.stir();
        ticks.push(time(&mut site.tick()));
        if plains.len() < 7 {
            plains.push(time(&mut site.plain()?));
        }
    }
    let most = Limit::AtMost(0.030);
    let mut lines =
        vec![Line::new("1,000 jobs by `statusFile`", ticks.clone(), Unit::Seconds, most)];
    if !plains.is_empty() {
        let what = "one `cat` after another in Python ÷ tick";
        lines.push(Line::ratio(what, &plains, &ticks, Limit::AtLeast(60.0)));
    }
    Ok((lines, None))
}

/// Jobs that take their time: they must not wait for each other.
fn sleepers(bench: &Bench<'_>, jobs: usize, span: &str, limits: (f64, Limit)) -> Found {
    let floor = bench.tools.floor()?.to_string_lossy().into_owned();
    let child = [floor, "sleep".to_owned(), span.to_owned()];
    let site = Site::new(bench.tools, &format!("sleep-{jobs}"), jobs, &Source::Program(&child));
    let (mut ticks, mut floors, mut plains) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds(7) {
        site.stir();
        ticks.push(time(&mut site.tick()));
        floors.push(time(&mut site.floor(jobs)?));
        if let (Ok(mut plain), Limit::AtLeast(_)) = (site.plain(), limits.1) {
            plains.push(time(&mut plain));
        }
    }
    let mut lines = vec![
        Line::new("sleepers, whole", ticks.clone(), Unit::Seconds, Limit::AtMost(limits.0)),
        Line::seconds("a thread each in C", &floors),
    ];
    if !plains.is_empty() {
        lines.push(Line::ratio("one after another in Python ÷ tick", &plains, &ticks, limits.1));
    }
    Ok((lines, None))
}

/// Ten thousand jobs: their cost, the memory they take, and how both grow.
fn many(bench: &Bench<'_>) -> Found {
    let site = Site::new(bench.tools, "cat-10000", 10_000, &Source::Cat);
    let tenth = Site::new(bench.tools, "cat-1000-again", 1000, &Source::Cat);
    let mut lists: [Vec<f64>; 5] = Default::default();
    for round in 0..bench.rounds(7) {
        site.stir();
        tenth.stir();
        let [ticks, floors, plains, growths, memory] = &mut lists;
        ticks.push(time(&mut site.tick()));
        floors.push(time(&mut site.floor(THREADS)?));
        growths.push((ticks[round] / time(&mut tenth.tick())).log10());
        memory.push(usage(bench, &site)?.megabytes);
        // Ten seconds each: only for the plot.
        if round < 3
            && let Ok(mut plain) = site.plain()
        {
            plains.push(time(&mut plain));
        }
    }
    let [ticks, floors, plains, growths, memory] = lists;
    let point = point(10_000, &ticks, &floors, &plains);
    let mut lines = vec![
        Line::ratio("tick ÷ floor", &ticks, &floors, Limit::AtMost(1.08)),
        Line::seconds("tick", &ticks),
        Line::seconds("floor", &floors),
    ];
    if !plains.is_empty() {
        lines.push(Line::seconds("one after another in Python", &plains));
    }
    let exponent = "growth from 1,000 jobs on, as an exponent";
    lines.push(Line::new(exponent, growths, Unit::Exponent, Limit::AtMost(1.05)));
    lines.push(Line::new("peak memory", memory, Unit::Megabytes, Limit::AtMost(24.0)));
    Ok((lines, Some(point)))
}

/// A tick as another process saw it.
struct Usage {
    begun: f64,
    ended: f64,
    megabytes: f64,
}

fn usage(bench: &Bench<'_>, site: &Site<'_>) -> Result<Usage, String> {
    let mut command = through(bench.tools.floor()?, &["usage"], &site.tick());
    let output = command.stdout(Stdio::piped()).output().expect("the floor");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = numbers(&String::from_utf8_lossy(&output.stdout));
    Ok(Usage { begun: told[0], ended: told[1], megabytes: told[2] / 1024.0 })
}

fn numbers(line: &str) -> Vec<f64> {
    line.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}
