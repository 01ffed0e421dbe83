//! The words of a command: its program, behind those that only run another one.
//!
//! In: an argv. Out: the program's name and its arguments, behind `sudo`, `flock`, `ssh` and the like.
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
    /// Does it run on another machine, or in a container?
    pub away: bool,
}

impl Inner<'_> {
    /// Is it a shell of this machine that reads a command from its arguments, or what hands one to
    /// such a shell? Then which of `args` says so.
    #[must_use]
    pub fn shell_text(&self) -> Option<usize> {
        if self.away {
            return None;
        }
        if self.name == "watch" {
            return run_by(self.name, self.args).filter(|at| has_space(&self.args[*at]));
        }
        if TO_SHELL.contains(&self.name) {
            return self.args.iter().position(|word| is_command_flag(word));
        }
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

    /// The words of a command that stands in one word, and that no shell of this machine splits:
    /// `env -S '…'`, `ssh host '…'`.
    pub(super) fn split(&self) -> Option<Vec<String>> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        match self.name {
            "env" => {
                let at = self.args.iter().position(|word| is_split_flag(word))?;
                let attached = self.args[at].strip_prefix("--split-string=");
                let attached = attached.or_else(|| self.args[at].strip_prefix("-S"));
                let attached = attached.filter(|text| !text.is_empty());
                let next = at + 1 + usize::from(attached.is_none());
                let text = attached.or_else(|| self.args.get(at + 1).map(String::as_str))?;
                let rest = self.args.get(next..).unwrap_or_default();
                Some(words(text).into_iter().chain(rest.iter().cloned()).collect())
            }
            "ssh" => Some(words(self.args.get(run_by(self.name, self.args)?)?)),
            _ => None,
        }
    }
}

const SHELLS: [&str; 9] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh"];

/// Programs whose `-c` is for a shell.
const TO_SHELL: [&str; 3] = ["su", "flock", "runuser"];

/// Programs that run the one behind them: the flags of theirs that take a word, and how many words
/// stand before that program.
const WRAPPERS: &[(&str, &[&str], usize)] = &[
    ("env", &["-u", "--unset", "-C", "--chdir"], 0),
    (
        "sudo",
        &[
            "-u", "--user", "-g", "--group", "-h", "--host", "-p", "--prompt", "-C", "-T", "-D",
            "--chdir", "-R", "--chroot", "-r", "--role", "-t", "--type", "-U",
        ],
        0,
    ),
    ("doas", &["-u", "-C"], 0),
    ("runuser", &["-u", "--user", "-g", "--group", "-G", "--supp-group"], 0),
    ("gosu", &[], 1),
    ("su-exec", &[], 1),
    ("setpriv", &["--reuid", "--regid", "--groups", "--inh-caps", "--bounding-set"], 0),
    ("unshare", &[], 0),
    ("chroot", &[], 1),
    ("nice", &["-n", "--adjustment"], 0),
    ("ionice", &["-c", "--class", "-n", "--classdata"], 0),
    ("chrt", &[], 1),
    ("taskset", &[], 1),
    ("prlimit", &[], 0),
    ("timeout", &["-s", "--signal", "-k", "--kill-after"], 1),
    ("flock", &["-w", "--wait", "--timeout", "-E", "--conflict-exit-code"], 1),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("chronic", &[], 0),
    ("run-one", &[], 0),
    ("unbuffer", &[], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("time", &["-f", "-o"], 0),
    ("command", &[], 0),
    ("busybox", &[], 0),
    (
        "xargs",
        &[
            "-n",
            "--max-args",
            "-P",
            "--max-procs",
            "-I",
            "-L",
            "-d",
            "--delimiter",
            "-s",
            "--max-chars",
            "-E",
            "-a",
            "--arg-file",
        ],
        0,
    ),
    ("watch", &["-n", "--interval"], 0),
    ("systemd-inhibit", &["--what", "--who", "--why", "--mode"], 0),
    ("systemd-cat", &["-t", "--identifier", "-p", "--priority"], 0),
    (
        "systemd-run",
        &[
            "-p",
            "--property",
            "-u",
            "--unit",
            "-E",
            "--setenv",
            "--slice",
            "--description",
            "--uid",
            "--gid",
            "-M",
            "--machine",
            "-H",
            "--host",
            "--working-directory",
            "--service-type",
            "--nice",
            "--on-active",
            "--on-boot",
            "--on-calendar",
        ],
        0,
    ),
    (
        "ssh",
        &[
            "-p", "-i", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-E", "-e", "-I",
            "-m", "-O", "-Q", "-S", "-W", "-w", "-B",
        ],
        1,
    ),
];

/// Flags of `docker exec` that take a word.
const OF_EXEC: [&str; 8] =
    ["-e", "--env", "-u", "--user", "-w", "--workdir", "--env-file", "--detach-keys"];

/// The program that an argv comes to, behind `env`, `sudo`, `timeout` and their like.
pub(super) fn inner(words: &[String]) -> Inner<'_> {
    let (mut at, mut away) = (0, false);
    loop {
        let name = words.get(at).map_or("", |word| base_name(word));
        let args = words.get(at + 1..).unwrap_or_default();
        let next = run_by(name, args).filter(|next| !is_text(name, args, *next));
        let Some(next) = next else { return Inner { name, args, at, away } };
        away |= ["ssh", "docker", "podman", "kubectl"].contains(&name);
        at += 1 + next;
    }
}

/// Where in the arguments of a program the one that it runs stands; `None` where there is none.
fn run_by(name: &str, args: &[String]) -> Option<usize> {
    if matches!(name, "docker" | "podman") {
        let exec = args.first().is_some_and(|word| word == "exec");
        return exec.then(|| after_wrapper(&args[1..], &OF_EXEC, 1)).flatten().map(|at| at + 1);
    }
    if name == "kubectl" {
        let end = args.iter().position(|word| word == "--")?;
        let exec = args[..end].iter().any(|word| word == "exec");
        return (exec && end + 1 < args.len()).then_some(end + 1);
    }
    let (_, takes_word, before) = WRAPPERS.iter().find(|(wrapper, ..)| *wrapper == name)?;
    after_wrapper(args, takes_word, *before)
}

/// Is what a wrapper runs no program of its own words, but a text?
fn is_text(name: &str, args: &[String], next: usize) -> bool {
    let own = &args[..next];
    match name {
        "env" => own.iter().any(|word| is_split_flag(word)),
        "flock" | "runuser" => own.iter().any(|word| is_command_flag(word)),
        "watch" | "ssh" => has_space(&args[next]),
        _ => false,
    }
}

fn is_split_flag(word: &str) -> bool {
    word.starts_with("--split-string") || word.starts_with("-S")
}

fn is_command_flag(word: &str) -> bool {
    word == "-c" || word.starts_with("--command")
}

fn has_space(word: &str) -> bool {
    word.contains(char::is_whitespace)
}

/// How many words belong to the wrapper; `None` where nothing follows them.
fn after_wrapper(rest: &[String], takes_word: &[&str], before: usize) -> Option<usize> {
    let mut left = before;
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        let is_setting = word.contains('=') && !word.starts_with('/') && !has_space(word);
        if takes_next(word, takes_word) {
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

/// Does this flag take the next word? In a cluster (`-nu root`) the last one may.
fn takes_next(word: &str, takes_word: &[&str]) -> bool {
    if takes_word.contains(&word) {
        return true;
    }
    let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
        return false;
    };
    let takes = |c: char| {
        takes_word.iter().any(|flag| flag.strip_prefix('-').is_some_and(|f| f.chars().eq([c])))
    };
    letters.find(takes).is_some_and(|at| at + 1 == letters.len())
}

/// A program's name without its folder.
pub(super) fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Is this a cluster of short flags with that one among them?
pub(super) fn is_short(word: &str, flag: char) -> bool {
    in_cluster(word, flag, "")
}

/// The same, where some flags (`takes`) take what follows them in their word.
pub(super) fn in_cluster(word: &str, flag: char, takes: &str) -> bool {
    let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')).unwrap_or("");
    let own = letters.find(|c| takes.contains(c)).map_or(letters, |end| &letters[..=end]);
    own.contains(flag)
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
            ("flock -n /run/l rm -rf x", "rm", "-rf x"),
            ("flock -nw 5 /run/l rm x", "rm", "x"),
            ("runuser -u x -- rm y", "rm", "y"),
            ("sudo -nu x rm y", "rm", "y"),
            ("sudo -uroot rm y", "rm", "y"),
            ("xargs --max-args 1 rm", "rm", ""),
            ("systemd-run --user --unit u rm x", "rm", "x"),
            ("taskset -c 0,1 chronic rm x", "rm", "x"),
            ("watch -n 1 rm x", "rm", "x"),
            ("ssh -p 22 h rm x", "rm", "x"),
            ("docker exec -u root c rm x", "rm", "x"),
            ("docker ps", "docker", "ps"),
            ("kubectl -n p exec pod -c c -- rm x", "rm", "x"),
            ("kubectl get exec", "kubectl", "get exec"),
            ("env -S x", "env", "-S x"),
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
            ("flock -n /run/l sh -c x", true),
            ("flock /run/l -c x", true),
            ("su root -c x", true),
            ("runuser -c x root", true),
            ("flock /run/l grep -c x", false),
            ("docker exec c sh -c x", false),
            ("sh script.sh -c", false),
            ("python3 -c x", false),
        ] {
            let line = words(line);
            assert_eq!(inner(&line).shell_text().is_some(), is, "{line:?}");
        }
    }
}
