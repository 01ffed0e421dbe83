//! Whole ticks against the least that their children cost, and against the original's way.
//!
//! `cargo bench --bench tick` prints a table of ratios: each the median of rounds A B A B …, its
//! middle half, and the limit that it has to keep. Machines differ and are noisy: quote ratios,
//! never single times. After `--`: names of rows to run only those, `--rounds N` for shorter or
//! longer ones, `--plot FILE` for a picture (SVG) of what a job costs against their number.
//!
//! The floor is `floor.c`, the original's way `plain.py`; both are beside this file. What this
//! machine lacks (a C compiler, Python, taskset) is said and skipped.

#![expect(clippy::disallowed_methods, reason = "a bench starts programs and reads the clock")]
#![expect(clippy::disallowed_macros, reason = "a bench prints its table")]
#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

mod measure;
mod plot;
mod rows;
mod site;
mod tools;

use std::path::PathBuf;

use measure::Line;
use plot::Point;
use tools::Tools;

fn main() {
    // Times of an unoptimised build say nothing: `cargo bench`, not `--profile dev`.
    const { assert!(!cfg!(debug_assertions)) };
    let options = Options::of_args(std::env::args().skip(1));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let tools = Tools::build(folder.path());
    println!("{}", Line::HEAD);
    let mut points = Vec::new();
    for (name, run) in rows::ROWS {
        if !options.wants(name) {
            continue;
        }
        let bench = Bench { tools: &tools, rounds: options.rounds };
        match run(&bench) {
            Ok((lines, point)) => {
                for line in lines {
                    println!("{}", line.row(name));
                }
                points.extend(point);
            }
            Err(missing) => println!("| {name} | skipped: {missing} | | | | |"),
        }
    }
    if let Some(file) = &options.plot {
        std::fs::write(file, plot::draw(&points)).expect("the plot");
        println!("\nplot: {}", file.display());
    }
}

/// What a row is given.
pub(crate) struct Bench<'a> {
    pub(crate) tools: &'a Tools,
    rounds: Option<usize>,
}

impl Bench<'_> {
    /// How many rounds are run where `usual` are wished.
    pub(crate) fn rounds(&self, usual: usize) -> usize {
        self.rounds.unwrap_or(usual)
    }
}

/// What a row brings: lines of the table, and maybe a point of the plot.
pub(crate) type Found = Result<(Vec<Line>, Option<Point>), String>;

struct Options {
    names: Vec<String>,
    rounds: Option<usize>,
    plot: Option<PathBuf>,
}

impl Options {
    fn of_args(mut args: impl Iterator<Item = String>) -> Self {
        let mut options = Self { names: Vec::new(), rounds: None, plot: None };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bench" => {}
                "--rounds" => options.rounds = args.next().and_then(|n| n.parse().ok()),
                "--plot" => options.plot = args.next().map(PathBuf::from),
                name => options.names.push(name.to_owned()),
            }
        }
        let known = |name: &String| rows::ROWS.iter().any(|(row, _)| row == name);
        let all: Vec<&str> = rows::ROWS.iter().map(|(row, _)| *row).collect();
        assert!(options.names.iter().all(known), "the rows are: {}", all.join(", "));
        options
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}
