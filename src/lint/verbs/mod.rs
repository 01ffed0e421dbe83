//! What well-known programs do: change something, or only read.
//!
//! In: a program and its arguments. Out: the words that are known to write, or to read.
//! Invariant: this is a net with holes, on purpose: what is unknown is neither. It goes by names
//! alone, and what it gives back is from its own tables, never from an argv.

mod aws;
mod host;
mod sql;
mod tables;
mod web;

#[cfg(test)]
mod tests;

use super::argv::{Inner, in_cluster, inner};
use tables::{FLAGS_WITH_WORD, PROGRAMS, Program, READERS, SERVICE_WRITES, WRITERS};

/// What of a command looks like a write, in words from the tables; `None` where nothing does.
pub(super) fn writing(command: Inner<'_>) -> Option<String> {
    if let Some(words) = command.split() {
        return writing(inner(&words));
    }
    let Inner { name, args, .. } = command;
    if asks_for_help(args) || is_rehearsed(command) {
        return None;
    }
    if let Some(writer) = WRITERS.iter().find(|writer| **writer == name) {
        return Some(format!("`{writer}`"));
    }
    if let Some((program, Verb::Writes(verb))) = subcommand(command) {
        return Some(format!("`{program} {verb}`"));
    }
    match name {
        "find" => finding(args),
        "curl" => web::curl(args),
        "wget" => web::wget(args),
        "aws" => aws::aws(args),
        "service" | "rc-service" => {
            let verb =
                SERVICE_WRITES.into_iter().find(|verb| args.get(1).is_some_and(|w| w == verb));
            verb.map(|verb| format!("`service … {verb}`"))
        }
        _ if sql::CLIENTS.contains(&name) => sql::sql(name, args),
        _ => host::writing_flags(name, args).map(str::to_owned),
    }
}

/// Does it start a service, which is what the `start` of a watched job is for?
pub(super) fn starts_service(command: Inner<'_>) -> bool {
    match command.name {
        "systemctl" => matches!(subcommand(command), Some((_, Verb::Writes("start")))),
        "service" | "rc-service" => command.args.get(1).is_some_and(|verb| verb == "start"),
        _ => false,
    }
}

/// Is it known to do nothing but read?
pub(super) fn only_reads(command: Inner<'_>) -> bool {
    if writing(command).is_some() {
        return false;
    }
    READERS.contains(&command.name) || matches!(subcommand(command), Some((_, Verb::Reads)))
}

/// Does it only say how it is used?
fn asks_for_help(args: &[String]) -> bool {
    let mut own = args.iter().take_while(|word| *word != "--");
    own.any(|word| word == "--help" || word == "--version")
}

/// Does it only say what it would do?
fn is_rehearsed(command: Inner<'_>) -> bool {
    let verb = match subcommand(command) {
        Some((_, Verb::Writes(verb))) => verb,
        Some((_, Verb::Reads)) | None => "",
    };
    // The letter that says so, and those that take what follows them.
    let short = match (command.name, verb) {
        ("rsync", _) => Some(('n', "efBTM@")),
        ("rclone", _) | ("git", "push" | "clean" | "rm") | ("zfs", "destroy") => Some(('n', "o")),
        ("restic", _) => Some(('n', "rop")),
        ("borg" | "wipefs" | "sfdisk", _) => Some(('n', "Poat")),
        ("apt" | "apt-get" | "aptitude", _) => Some(('s', "oct")),
        ("nft", _) => Some(('c', "fID")),
        _ => None,
    };
    let long = ["--simulate", "--just-print", "--no-act", "--recon", "--assumeno", "--check"];
    command.args.iter().any(|word| {
        if let Some(rest) = word.strip_prefix("--dry") {
            let rehearses = ["-run", "run", "-run=client", "-run=server", "-run=true"];
            return rehearses.contains(&rest);
        }
        let by_word = long.contains(&word.as_str()) && (word != "--check" || command.name == "nft");
        by_word || short.is_some_and(|(letter, takes)| in_cluster(word, letter, takes))
    })
}

/// What a subcommand does.
enum Verb {
    Writes(&'static str),
    Reads,
}

/// A word of an argv that is no flag, and whether it may belong to one.
type Positional<'a> = (&'a str, bool);

/// The first known subcommand of a program. A word behind an unknown flag may be that flag's, and is
/// passed over unless it is called like a subcommand.
fn subcommand(Inner { name, args, .. }: Inner<'_>) -> Option<(&'static str, Verb)> {
    let program = PROGRAMS.iter().find(|program| program.names.contains(&name))?;
    let called = program.names.iter().find(|called| **called == name)?;
    let all = positionals(args);
    for at in 0..all.len() {
        if let Some(verb) = verb_at(program, &all[at..]) {
            return Some((called, verb));
        }
        if !all[at].1 {
            return None;
        }
    }
    None
}

/// As many words as stand before any subcommand: beyond them are its own arguments.
const POSITIONALS: usize = 16;

fn positionals(args: &[String]) -> Vec<Positional<'_>> {
    let mut all = Vec::new();
    let mut words = args.iter();
    let mut after_flag = false;
    while let (Some(word), true) = (words.next(), all.len() < POSITIONALS) {
        if FLAGS_WITH_WORD.contains(&word.as_str()) {
            words.next();
            after_flag = false;
        } else if word.starts_with('-') {
            after_flag = !word.contains('=');
        } else {
            all.push((word.as_str(), after_flag));
            after_flag = false;
        }
    }
    all
}

fn verb_at(program: &Program, rest: &[Positional<'_>]) -> Option<Verb> {
    let matches = |known: &str| {
        let (mut words, mut here) = (known.split(' '), rest.iter());
        let first = here.next().map(|(word, _)| *word);
        words.next() == first
            && words.all(|wanted| {
                here.by_ref()
                    .find(|(word, free)| *word == wanted || !free)
                    .is_some_and(|(word, _)| *word == wanted)
            })
    };
    if let Some(verb) = program.writes.iter().find(|known| matches(known)) {
        return Some(Verb::Writes(verb));
    }
    program.reads.iter().any(|known| matches(known)).then_some(Verb::Reads)
}

fn finding(args: &[String]) -> Option<String> {
    if args.iter().any(|word| word == "-delete") {
        return Some("`find -delete`".to_owned());
    }
    args.split(|word| word == ";" || word == "+").find_map(|part| {
        let is_exec = |w: &String| ["-exec", "-execdir", "-ok", "-okdir"].contains(&w.as_str());
        let run = inner(part.get(part.iter().position(is_exec)? + 1..)?);
        // One step only: a command inside a command inside a command is nobody's way to hide.
        if run.name == "find" { None } else { writing(run) }
    })
}
