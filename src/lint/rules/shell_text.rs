//! OF052: words that only a shell would understand, in an argv that no shell reads.

use crate::diag::{Code, Finding};
use crate::lint::argv::base_name;
use crate::lint::{Needs, Rule, Subject};

pub(super) const RULE: Rule = Rule { code: Code::ShellText, needs: Needs::Text, look };

/// Programs that make something of such words themselves.
const OWN_LANGUAGE: [&str; 42] = [
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
    "mongosh",
    "mongo",
    "mariadb",
    "duckdb",
    "clickhouse-client",
    "Rscript",
    "lua",
    "tclsh",
];
/// Programs that take patterns.
const PATTERNS: [&str; 14] = [
    "find", "grep", "egrep", "fgrep", "rg", "git", "rsync", "rclone", "tar", "restic", "borg",
    "fd", "zip", "unzip",
];
/// Programs that search for such words, or have them in their expressions (`aws --query`).
const SEARCHES: [&str; 6] = ["grep", "egrep", "fgrep", "rg", "ag", "aws"];
/// Flags whose word is a pattern, whatever the program.
const TAKE_PATTERNS: [&str; 8] = [
    "--exclude",
    "--include",
    "--exclude-dir",
    "--filter",
    "--pattern",
    "--glob",
    "--ignore",
    "--match",
];
const OPERATORS: [&str; 13] =
    ["&&", "||", "|", ";", "&", ">", ">>", "<", "<<", "2>", "2>>", "&>", "2>&1"];

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        for argv in subject.commands(job) {
            let command = argv.inner();
            // One of those before the program reads the words too: `ssh`, `watch`.
            let until = &argv.words[..=command.at];
            if until.iter().any(|word| OWN_LANGUAGE.contains(&base_name(word))) {
                continue;
            }
            let found_at = (0..argv.words.len()).find_map(|at| {
                let flag = at.checked_sub(1).map_or("", |before| argv.words[before].as_str());
                Some((at, shell_text(command.name, flag, &argv.words[at])?))
            });
            let Some((at, what)) = found_at else { continue };
            let message = format!(
                "`commands.{}` of `{}` has {what}, and no shell reads it",
                argv.role, job.id
            );
            found.push(Finding::new(RULE.code, argv.span(at), message).of(&job.id).help(
                "put it into a script, and name the script; if the program is to get it \
                         as it stands, say so in `suppressions`",
            ));
        }
    }
}

/// What a shell would see in this word; `flag`: the word before it.
fn shell_text(program: &str, flag: &str, word: &str) -> Option<String> {
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
    let searches = SEARCHES.contains(&program);
    let variable = |(at, _)| is_variable(&word[at + 1..]) && !is_query(&word[..at]);
    if !searches && (word.contains('`') || word.match_indices('$').any(variable)) {
        return Some("a variable or a substitution (`$…`)".to_owned());
    }
    // As files are meant: `*.log`, `/var/log/*`. Others, as in a URL, a time table or a format, are
    // no globs.
    let is_path = word.starts_with("*.") || (word.contains('/') && !word.contains("://"));
    let is_text = word.starts_with('-') || word.contains(char::is_whitespace);
    let is_glob = word.contains('*') && is_path && !is_text && !TAKE_PATTERNS.contains(&flag);
    (is_glob && !PATTERNS.contains(&program)).then(|| "a glob (`*`)".to_owned())
}

/// `?$filter=`, as OData has it.
fn is_query(before: &str) -> bool {
    before.contains("://") && before.ends_with(['?', '&'])
}

fn is_variable(after: &str) -> bool {
    after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '('))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::{Bench, rule_is_silent, rule_says};

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
              help: put it into a script, and name the script; if the program is to get it as it stands, say so in `suppressions`
            0 errors, 1 warning
            a.json:8:11: warning[OF052]: `commands.run` of `disk` has `|`, and no shell reads it
              help: put it into a script, and name the script; if the program is to get it as it stands, say so in `suppressions`
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
            ("aws", "R[?State==`running`]", false),
            ("aws", "&&", true),
            ("grep", "$HOME", false),
            ("curl", "https://h/odata?$filter=a", false),
            ("curl", "https://h/$TOKEN", true),
            ("cronwrap", "*/5 * * * *", false),
        ] {
            assert_eq!(shell_text(program, "", word).is_some(), said, "{program} {word}");
        }
    }

    #[test]
    fn what_a_shell_or_a_pattern_reads_is_none() {
        for argv in [
            r#""flock", "/l", "sh", "-c", "cd /x && rm $Y""#,
            r#""mongosh", "--eval", "db.x.find({a:{$gt:5}})""#,
            r#""mariadb", "-e", "select `a` from t""#,
            r#""aws", "s3", "ls", "--exclude", "*/tmp/*""#,
            r#""du", "-s", "--exclude", "*/x", "/y""#,
            r#""ssh", "h", "ls", "*/x""#,
        ] {
            let config = format!(
                "[[jobs]]\nid = \"x\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n\
                 commands.run = [{argv}]"
            );
            rule_is_silent(&Bench::default(), RULE.code, &config);
        }
    }
}
