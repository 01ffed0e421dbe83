//! OF052: words that only a shell would understand, in an argv that no shell reads.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};

pub(super) const RULE: Rule = Rule { code: Code::ShellText, needs: Needs::Text, look };

/// Programs that make something of such words themselves.
const OWN_LANGUAGE: [&str; 34] = [
    "sh",
    "bash",
    "dash",
    "ash",
    "zsh",
    "ksh",
    "mksh",
    "fish",
    "csh",
    "awk",
    "gawk",
    "mawk",
    "sed",
    "jq",
    "yq",
    "perl",
    "python",
    "python3",
    "ruby",
    "node",
    "php",
    "psql",
    "mysql",
    "sqlite3",
    "ssh",
    "docker",
    "podman",
    "kubectl",
    "expr",
    "test",
    "su",
    "parallel",
    "systemd-run",
    "watch",
];
/// Programs that take patterns.
const PATTERNS: [&str; 14] = [
    "find", "grep", "egrep", "fgrep", "rg", "git", "rsync", "rclone", "tar", "restic", "borg",
    "fd", "zip", "unzip",
];
const OPERATORS: [&str; 13] =
    ["&&", "||", "|", ";", "&", ">", ">>", "<", "<<", "2>", "2>>", "&>", "2>&1"];

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        for argv in subject.commands(job) {
            let name = argv.inner().name;
            if OWN_LANGUAGE.contains(&name) {
                continue;
            }
            let mut words = argv.words.iter().enumerate();
            let Some((at, what)) = words.find_map(|(at, w)| Some((at, shell_text(name, w)?)))
            else {
                continue;
            };
            let message = format!(
                "`commands.{}` of `{}` has {what}, and no shell reads it",
                argv.role, job.id
            );
            found.push(
                Finding::new(RULE.code, argv.span(at), message)
                    .of(&job.id)
                    .help("put it into a script, and name the script"),
            );
        }
    }
}

/// What a shell would see in this word.
fn shell_text(program: &str, word: &str) -> Option<String> {
    if let Some(operator) = OPERATORS.iter().find(|operator| **operator == word) {
        // The end of `-exec`.
        let is_own = program == "find" && word == ";";
        return (!is_own).then(|| format!("`{operator}`"));
    }
    let opens = |start: &str| word.strip_prefix(start).is_some_and(|rest| rest.starts_with('/'));
    if ["2>", ">", ">>", "<", "&>"].into_iter().any(opens) {
        return Some("a redirection".to_owned());
    }
    if word == "~" || word.starts_with("~/") {
        return Some("a `~`".to_owned());
    }
    if word.contains('`') || word.match_indices('$').any(|(at, _)| is_variable(&word[at + 1..])) {
        return Some("a variable or a substitution (`$…`)".to_owned());
    }
    // As files are meant: `*.log`, `/var/log/*`. Others, as in a URL or a format, are no globs.
    let is_path = word.starts_with("*.") || (word.contains('/') && !word.contains("://"));
    let is_glob = word.contains('*') && is_path && !word.starts_with('-');
    (is_glob && !PATTERNS.contains(&program)).then(|| "a glob (`*`)".to_owned())
}

fn is_variable(after: &str) -> bool {
    after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '('))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn shell_text_in_an_argv_is_told_once_a_command() {
        let bad = r#"
            [[jobs]]
            id = "disk"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["df", "-h", "|", "grep", "$DISK"]
        "#;
        let good = bad.replace(r#""|", "grep", "$DISK""#, r#""/""#);
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:7:41: warning[OF052]: `commands.run` of `disk` has `|`, and no shell reads it
              help: put it into a script, and name the script
            0 errors, 1 warning
            a.json:8:11: warning[OF052]: `commands.run` of `disk` has `|`, and no shell reads it
              help: put it into a script, and name the script
            0 errors, 1 warning
        "#]],
        );
    }

    #[test]
    fn a_shell_is_told_from_a_program_with_a_language_of_its_own() {
        for (program, word, said) in [
            ("df", "&&", true),
            ("find", ";", false),
            ("df", ";", true),
            ("x", "2>/dev/null", true),
            ("x", "~/y", true),
            ("x", "a~b", false),
            ("x", "${HOME}/y", true),
            ("x", "$(date)", true),
            ("x", "costs 5$", false),
            ("x", "$1", false),
            ("ls", "/var/log/*.log", true),
            ("grep", "a/*", false),
            ("x", "https://h/*", false),
            ("x", "--exclude=a/*", false),
            ("x", "2 * 3", false),
        ] {
            assert_eq!(shell_text(program, word).is_some(), said, "{program} {word}");
        }
    }
}
