//! The words of a command: its program, behind those that only run another one.
//!
//! In: an argv. Out: the program's name and its arguments.
//! Invariant: a word is compared, and never shown.

use crate::diag::Span;

/// One command of a job, and where its words stand.
#[derive(Clone, Copy, Debug)]
pub struct Argv<'a> {
    /// Its key: `run`, `start`, `status` or `stop`.
    pub role: &'static str,
    /// Its words: at least one.
    pub words: &'a [String],
    pub(super) spans: &'a [Span],
    pub(super) place: Span,
}

impl<'a> Argv<'a> {
    /// Where a word stands.
    #[must_use]
    pub fn span(&self, word: usize) -> Span {
        self.spans.get(word).copied().unwrap_or(self.place)
    }

    /// The command that is run in the end.
    #[must_use]
    pub fn inner(&self) -> Inner<'a> {
        inner(self.words)
    }
}

/// A program by its bare name, and its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Inner<'a> {
    /// The name, without a folder.
    pub name: &'a str,
    /// What follows it.
    pub args: &'a [String],
    /// Which word of the argv the name is.
    pub at: usize,
}

impl Inner<'_> {
    /// Is it a shell that reads a command from its arguments? Then which of `args` says so.
    #[must_use]
    pub fn shell_text(&self) -> Option<usize> {
        if !SHELLS.contains(&self.name) {
            return None;
        }
        let mut at = 0;
        while let Some(word) = self.args.get(at).filter(|word| word.starts_with(['-', '+'])) {
            if is_short(word, 'c') {
                return Some(at);
            }
            // `-o pipefail`, also at the end of a cluster: the next word is its own.
            at += if word.ends_with('o') && !word.starts_with("--") { 2 } else { 1 };
        }
        None
    }
}

const SHELLS: [&str; 9] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh"];

/// Programs that run the one behind them: the flags of theirs that take a word, and how many words
/// stand before that program.
const WRAPPERS: [(&str, &[&str], usize); 14] = [
    ("env", &["-u", "--unset", "-C", "--chdir"], 0),
    ("sudo", &["-u", "--user", "-g", "--group", "-h", "-p", "-C", "-T"], 0),
    ("doas", &["-u", "-C"], 0),
    ("nice", &["-n", "--adjustment"], 0),
    ("ionice", &["-c", "--class", "-n", "--classdata"], 0),
    ("chrt", &[], 1),
    ("timeout", &["-s", "--signal", "-k", "--kill-after"], 1),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("time", &["-f", "-o"], 0),
    ("command", &[], 0),
    ("busybox", &[], 0),
    ("xargs", &["-n", "-P", "-I", "-L", "-d", "-s", "-E", "-a"], 0),
];

/// The program that an argv comes to, behind `env`, `sudo`, `timeout` and their like.
pub(super) fn inner(words: &[String]) -> Inner<'_> {
    let mut at = 0;
    loop {
        let name = words.get(at).map_or("", |word| base_name(word));
        let rest = words.get(at + 1..).unwrap_or_default();
        let Some((_, takes_word, before)) = WRAPPERS.iter().find(|(wrapper, ..)| *wrapper == name)
        else {
            return Inner { name, args: rest, at };
        };
        match after_wrapper(rest, takes_word, *before) {
            Some(next) => at += 1 + next,
            None => return Inner { name, args: rest, at },
        }
    }
}

/// How many words belong to the wrapper; `None` where nothing follows them.
fn after_wrapper(rest: &[String], takes_word: &[&str], before: usize) -> Option<usize> {
    let mut left = before;
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        let is_setting = word.contains('=') && !word.starts_with('/');
        if takes_word.contains(&word.as_str()) {
            at += 2;
        } else if word.starts_with('-') || is_setting {
            at += 1;
        } else if left > 0 {
            (left, at) = (left - 1, at + 1);
        } else {
            return Some(at);
        }
    }
    None
}

/// A program's name without its folder.
pub(super) fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Is this a cluster of short flags with that one among them?
pub(super) fn is_short(word: &str, flag: char) -> bool {
    let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    letters.is_some_and(|letters| letters.contains(flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_program_stands_behind_those_that_run_it() {
        for (line, name, args) in [
            ("/usr/bin/rm -r x", "rm", "-r x"),
            ("env -u A B=c rm x", "rm", "x"),
            ("sudo -n -u backup timeout -k 5 60 nice -n 10 rm x", "rm", "x"),
            ("busybox rm x", "rm", "x"),
            ("env", "env", ""),
            ("timeout 5", "timeout", "5"),
        ] {
            let line = words(line);
            let found = inner(&line);
            assert_eq!((found.name, found.args.join(" ")), (name, args.to_owned()));
        }
    }

    #[test]
    fn a_shell_with_a_command_is_told_from_one_with_a_script() {
        for (line, is) in [
            ("sh -c x", true),
            ("/bin/bash -euo pipefail -c x", true),
            ("bash -lc x", true),
            ("nice bash -e -c x", true),
            ("sh script.sh -c", false),
            ("python3 -c x", false),
        ] {
            let line = words(line);
            assert_eq!(inner(&line).shell_text().is_some(), is, "{line:?}");
        }
    }
}
