//! The command line: arguments in, exit code out. One file a command.
//!
//! In: argv and the environment. Out: text on stdout and stderr, an [`Exit`].
//! Invariant: nothing is decided here that a port-generic order could decide, and stdout carries
//! only what a pipe would want.

mod adopt;
mod args;
mod check;
mod context;
mod exec;
mod graph;
mod history;
mod io;
mod orders;
mod plan;
mod run;
mod selftest;
mod start;
mod status;
mod stop;
mod tick;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::adapters::umask::keep_owner_bits;
use crate::base::Exit;
use args::{Args, Command};
use context::{Context, Failure};

/// Runs one command.
pub fn run(words: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    let words: Vec<std::ffi::OsString> = words.into_iter().collect();
    let args = match Args::try_parse_from(&words) {
        Ok(args) => args,
        Err(e) => {
            // Help and version go to stdout, errors to stderr; a closed pipe is nobody's fault.
            let _ = e.print();
            let asked = matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { Exit::Done } else { Exit::Refused };
        }
    };
    keep_owner_bits();
    let context = Context::new(&args, words.first());
    match dispatch(&args.command, &context) {
        Ok(exit) => exit,
        Err(Failure { exit, message }) => {
            io::error(&message);
            exit
        }
    }
}

fn dispatch(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Tick(options) => tick::tick(context, options),
        Command::Status(options) => status::status(context, options),
        Command::Start(options) => start::start(context, options),
        Command::Stop(options) => stop::stop(context, options),
        Command::Run(options) => run::run(context, options),
        Command::Plan(options) => plan::plan(context, options),
        Command::Check(options) => check::check(context, options),
        Command::Graph(options) => graph::graph(context, options),
        Command::History(options) => history::history(context, options),
        Command::Adopt => adopt::adopt(context),
        Command::Selftest => selftest::selftest(context),
        Command::Exec(options) => exec::exec(context, options),
    }
}
