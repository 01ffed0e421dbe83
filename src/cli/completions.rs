//! `opsfsm completions SHELL` and `opsfsm man`: what packagers install beside the program, made of the
//! very arguments that it takes. Needs no config and no store.

use clap::{Arg, Command as Cli, CommandFactory as _};

use super::args::{Args, CompletionsArgs, ManArgs, ShellName};
use super::context::Failure;
use super::io;
use crate::adapters::whole_file::replace_whole;
use crate::base::Exit;

/// Prints a completion script.
pub(super) fn completions(options: &CompletionsArgs) -> Result<Exit, Failure> {
    use clap_complete::Shell;
    let shell = match options.shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Elvish => Shell::Elvish,
        ShellName::Fish => Shell::Fish,
        ShellName::Powershell => Shell::PowerShell,
        ShellName::Zsh => Shell::Zsh,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut whole(), "opsfsm", &mut script);
    io::answer(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// Prints the manual page, or writes all of them.
pub(super) fn man(options: &ManArgs) -> Result<Exit, Failure> {
    let mut all = whole();
    let Some(folder) = &options.dir else {
        io::answer(&page_of(all)?)?;
        return Ok(Exit::Done);
    };
    // Then each command knows its name as a page: opsfsm-config-explain.
    all.build();
    let mut waiting = vec![all];
    while let Some(command) = waiting.pop() {
        waiting.extend(command.get_subcommands().cloned());
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let path = folder.join(format!("{name}.1"));
        replace_whole(&path, page_of(command)?.as_bytes(), 0o644).map_err(|e| Failure {
            exit: Exit::Undelivered,
            message: format!("the page {} can't be written: {e}", path.display()),
        })?;
    }
    Ok(Exit::Done)
}

fn page_of(command: Cli) -> Result<String, Failure> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).manual("opsfsm").render(&mut page);
    rendered.map_err(|e| Failure::refused(format!("the page can't be made: {e}")))?;
    Ok(with_lines_kept(&String::from_utf8_lossy(&page)))
}

/// Examples and tables stand as they are written: filled like prose they are none.
fn with_lines_kept(page: &str) -> String {
    let Some((before, after)) = page.split_once(".SH EXTRA\n") else { return page.to_owned() };
    let end = after.find("\n.SH ").map_or(after.len(), |at| at + 1);
    let (kept, rest) = after.split_at(end);
    format!("{before}.SH EXAMPLES\n.nf\n{kept}.fi\n{rest}")
}

/// Every command with all its flags, which are otherwise built for the one that is asked for.
fn whole() -> Cli {
    let mut all = Args::command();
    all.build();
    shown(&all, false)
}

/// A command without what is hidden in it: generators of completions know no such thing. What building
/// has added (`--help`, and the flags of all in each) is left out, as the generators build once more.
fn shown(command: &Cli, within: bool) -> Cli {
    // The process ends with this; clap wants names that live as long as it.
    let name: &'static str = Box::leak(command.get_name().to_owned().into_boxed_str());
    let subcommands = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    let own = |arg: &&Arg| {
        let added = matches!(arg.get_id().as_str(), "help" | "version");
        !(arg.is_hide_set() || added || within && arg.is_global_set())
    };
    let mut out = Cli::default()
        .name(name)
        .args(command.get_arguments().filter(own).cloned())
        .subcommands(subcommands.map(|sub| shown(sub, true)))
        .subcommand_required(command.is_subcommand_required_set())
        .disable_help_subcommand(true);
    if let Some(about) = command.get_about() {
        out = out.about(about.clone());
    }
    if let Some(after) = command.get_after_help() {
        out = out.after_help(after.clone());
    }
    if let Some(version) = Args::command().get_version().filter(|_| name == "opsfsm") {
        let version: &'static str = Box::leak(version.to_owned().into_boxed_str());
        out = out.version(version);
    }
    out
}
