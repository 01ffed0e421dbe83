//! The command line: arguments in, exit code out. One file a command.
//!
//! In: argv and the environment. Out: text on stdout and stderr, an [`Exit`].
//! Invariant: nothing is decided here that a port-generic order could decide, and stdout carries
//! only what a pipe would want.

mod adopt;
mod approve;
mod args;
mod backup;
mod call;
mod check;
mod checked;
mod code;
mod codes;
mod completions;
mod config;
mod context;
mod crontab;
mod doctor;
mod doctor_host;
mod doctor_system;
mod door;
mod exec;
mod explain;
mod explain_job;
mod failure;
mod gate;
mod graph;
mod history;
mod init;
mod install;
mod install_system;
mod io;
mod logs;
mod metrics;
mod orders;
mod outbox;
mod places;
mod plan;
mod recorded;
mod refusal;
mod report;
mod request;
mod routes;
mod run;
mod run_write;
mod sandbox;
mod schema;
mod selftest;
mod simulate;
mod start;
mod status;
mod stop;
mod stop_write;
mod tick;
mod timer;
mod uninstall;
mod verify;
mod watch;
mod zone;

use std::ffi::OsString;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::adapters::inherited::close_inherited_files;
use crate::adapters::openclaw::token_variable;
use crate::adapters::os_world::OsWorld;
use crate::adapters::process::keep_back_variable;
use crate::adapters::process::leave_terminal;
use crate::adapters::umask::keep_owner_bits;
use crate::base::Exit;
use args::{Args, Command, Door};
use context::{Context, Failure};

/// Reads a command line as [`run`] does, and does nothing of it: where there is nothing to do, the exit
/// code and what would be said.
pub fn read_words(words: &[OsString]) -> Result<(), (Exit, String)> {
    let read = match Door::of(words) {
        Some(door) => door.parse(words).map(drop),
        None => Args::try_parse_from(words).map(drop),
    };
    read.map_err(|e| (exit_of(&e), e.render().to_string()))
}

/// Says why nothing is done. Help and version go to stdout, errors to stderr; a closed pipe is nobody's fault.
fn not_run(e: &clap::Error) -> Exit {
    let _ = e.print();
    exit_of(e)
}

fn exit_of(e: &clap::Error) -> Exit {
    let asked = matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked { Exit::Done } else { Exit::Refused }
}

/// Runs one command, as a process of its own: whatever else is open in it is closed.
pub fn run(words: impl IntoIterator<Item = OsString>) -> Exit {
    close_inherited_files();
    let words: Vec<OsString> = words.into_iter().collect();
    if let Some(door) = Door::of(&words) {
        // Before anything is read that a caller could have chosen.
        return told(door::door(door, &words));
    }
    let args = match Args::try_parse_from(&words) {
        Ok(args) => args,
        Err(e) => return not_run(&e),
    };
    if let Command::Sandbox(options) = &args.command {
        // Before anything is looked up: it is to become its program, and nothing else.
        return told(sandbox::sandbox(options));
    }
    if let Command::Exec(_) = &args.command {
        leave_terminal();
    }
    keep_owner_bits();
    if !matches!(args.command, Command::Exec(_))
        && let Some(name) = token_variable(&OsWorld)
    {
        // An executor has it no more: whoever started it has kept it back.
        keep_back_variable(&name);
    }
    let context = Context::new(&args, words.first());
    told(dispatch(&args.command, &context))
}

/// The exit code, after what is to be said about a failure.
fn told(result: Result<Exit, Failure>) -> Exit {
    match result {
        Ok(exit) => exit,
        Err(Failure { exit, message }) => {
            io::error(&message);
            exit
        }
    }
}

fn dispatch(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Init(options) => init::init(context, options),
        Command::Install(options) => install::install(context, options),
        Command::Uninstall(options) => uninstall::uninstall(options),
        Command::Tick(options) => tick::tick(context, options),
        Command::Status(options) => status::status(context, options),
        Command::Explain(options) => explain_job::explain(context, options),
        Command::Watch(options) => watch::watch(context, options),
        Command::Start(options) => start::start(context, options),
        Command::Stop(options) => stop::stop(context, options),
        Command::Run(options) => run::run(context, options),
        Command::Plan(options) => plan::plan(context, options),
        Command::Request(options) => request::request(context, options),
        Command::Approve(options) => approve::approve(context, options),
        Command::Deny(options) => gate::deny(context, options),
        Command::Revoke(options) => gate::revoke(context, options),
        Command::Approvals(options) => gate::approvals(context, options),
        Command::Verify(options) => verify::verify(context, options),
        Command::Acknowledge(options) => gate::acknowledge(context, options),
        Command::Check(options) => check::check(context, options),
        Command::Schema => schema::schema(),
        Command::Config(command) => explain::config(context, command),
        Command::Doctor(options) => doctor::doctor(context, options),
        Command::Graph(options) => graph::graph(context, options),
        Command::History(options) => history::history(context, options),
        Command::Logs(options) => logs::logs(context, options),
        Command::Metrics(options) => metrics::metrics(context, options),
        Command::Report(options) => report::report(context, options),
        Command::Outbox(options) => outbox::outbox(context, options),
        Command::Backup(options) => backup::backup(context, options),
        Command::Restore(options) => backup::restore(context, options),
        Command::Adopt => adopt::adopt(context),
        Command::Simulate(options) => simulate::simulate(context, options),
        Command::Selftest => selftest::selftest(context),
        Command::Completions(options) => completions::completions(options),
        Command::Man(options) => completions::man(options),
        Command::Exec(options) => exec::exec(context, options),
        Command::Sandbox(options) => sandbox::sandbox(options),
    }
}
