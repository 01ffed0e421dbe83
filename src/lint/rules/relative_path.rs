//! OF051: a relative path on a job that names no folder.

use crate::diag::{Code, Finding};
use crate::lint::{Needs, Rule, Subject};

pub(super) const RULE: Rule = Rule { code: Code::RelativePath, needs: Needs::Text, look };

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs().filter(|job| subject.own_place(job, "cwd").is_none()) {
        let relative = |(at, word): (usize, &String)| {
            // A folder does not make a path of `~/x`, which OF052 is about.
            let is_program = at == 0 && word.contains('/') && !word.starts_with(['/', '~']);
            is_program || word.starts_with("./") || word.starts_with("../")
        };
        // One finding a job: its one key mends all.
        let first = subject.commands(job).into_iter().find_map(|argv| {
            let at = argv.words.iter().enumerate().position(relative)?;
            Some((argv.span(at), argv.role))
        });
        let Some((span, role)) = first else { continue };
        let message =
            format!("`commands.{role}` of `{}` has a relative path, and the job no `cwd`", job.id);
        found.push(Finding::new(RULE.code, span, message).of(&job.id).help(
            "name the folder with `cwd` (\".\" is that of this file), or give the absolute path: \
             without it, where OpenClaw is installed decides",
        ));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::{Bench, rule_is_silent, rule_says};

    #[test]
    fn a_relative_path_without_a_folder_is_told() {
        let bad = r#"
            [[jobs]]
            id = "scan"
            kind = "long_running_read"
            risk = "read_only"
            commands = { start = ["./scan", "../x"], status = ["scan", "-s"] }
        "#;
        let good = format!("{bad}\ncwd = \".\"");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:7:35: warning[OF051]: `commands.start` of `scan` has a relative path, and the job no `cwd`
              help: name the folder with `cwd` ("." is that of this file), or give the absolute path: without it, where OpenClaw is installed decides
            0 errors, 1 warning
            a.json:6:11: warning[OF051]: `commands.start` of `scan` has a relative path, and the job no `cwd`
              help: name the folder with `cwd` ("." is that of this file), or give the absolute path: without it, where OpenClaw is installed decides
            0 errors, 1 warning
        "#]],
        );
        rule_is_silent(
            &Bench::default(),
            RULE.code,
            &bad.replace("./scan", "~/scan").replace("../x", "x"),
        );
        let argument = bad.replace("[\"./scan\", ", "[\"scan\", ");
        let absolute = bad.replace("./scan", "/opt/scan").replace("../x", "x/y");
        rule_says(
            RULE.code,
            &argument,
            &absolute,
            &expect![[r#"
            a.toml:7:43: warning[OF051]: `commands.start` of `scan` has a relative path, and the job no `cwd`
              help: name the folder with `cwd` ("." is that of this file), or give the absolute path: without it, where OpenClaw is installed decides
            0 errors, 1 warning
            a.json:7:11: warning[OF051]: `commands.start` of `scan` has a relative path, and the job no `cwd`
              help: name the folder with `cwd` ("." is that of this file), or give the absolute path: without it, where OpenClaw is installed decides
            0 errors, 1 warning
        "#]],
        );
    }
}
