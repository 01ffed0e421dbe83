//! OF056: a config, a program or a folder above it that others may change after a review.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::program_not_found::programs;
use crate::diag::{Code, Finding};
use crate::lint::argv::Argv;
use crate::lint::{Needs, Rule, Subject};
use crate::model::Job;
use crate::ports::ProgramLook;

pub(super) const RULE: Rule = Rule { code: Code::WritableByOthers, needs: Needs::Host, look };

/// Programs whose first argument without a dash is a script.
const INTERPRETERS: [&str; 10] =
    ["sh", "bash", "dash", "zsh", "ksh", "python", "python3", "perl", "ruby", "node"];

const HELP: &str =
    "take the right to write away (chmod go-w, chown): what was reviewed could be swapped";

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    let Some(host) = subject.host else { return };
    let mut told: BTreeSet<String> = BTreeSet::new();
    for file in &subject.files {
        let Some(exposed) = host.exposed(file) else { continue };
        if told.insert(exposed.path.clone()) {
            let message = format!(
                "others may change the config {}: {}: {}",
                file.display(),
                exposed.path,
                exposed.how
            );
            found.push(Finding::nowhere(RULE.code, message).help(HELP));
        }
    }
    for job in subject.jobs() {
        // What was told of the config is not told again of each job.
        let mut told = told.clone();
        for (argv, program) in programs(subject, job) {
            let ProgramLook::Fit(program) = program else { continue };
            let script = script_of(job, &argv);
            for (at, file) in std::iter::once((0, program)).chain(script) {
                let Some(exposed) = host.exposed(&file) else { continue };
                if !told.insert(exposed.path.clone()) {
                    continue;
                }
                let message = format!(
                    "others may change what `{}` runs (`{}`): {}: {}",
                    job.id, argv.role, exposed.path, exposed.how
                );
                let finding = Finding::new(RULE.code, argv.span(at), message);
                found.push(finding.of(&job.id).help(HELP));
            }
        }
    }
}

/// The script that an interpreter is told to run, by its place in the argv.
fn script_of(job: &Job, argv: &Argv<'_>) -> Option<(usize, PathBuf)> {
    let command = argv.inner();
    if command.away || !INTERPRETERS.contains(&command.name) || command.shell_text().is_some() {
        return None;
    }
    let at = command.args.iter().position(|word| !word.starts_with('-'))?;
    Some((command.at + 1 + at, job.cwd.join(&command.args[at])))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::{Bench, rule_says_on};

    const BAD: &str = r#"
        [[jobs]]
        id = "disk"
        kind = "one_shot_read"
        risk = "read_only"
        commands.run = ["/srv/open/disk"]
        [[jobs]]
        id = "scan"
        kind = "one_shot_read"
        risk = "read_only"
        cwd = "/srv"
        commands.run = ["python3", "-u", "open/scan.py"]
    "#;

    #[test]
    fn a_program_or_script_that_others_may_change_is_told() {
        let mut bench = Bench::default();
        bench.exposed.insert("/srv/open/disk", "anybody may write to it");
        bench.exposed.insert("/srv/open/scan.py", "anybody may write to it");
        let good = BAD.replace("open/", "own/");
        rule_says_on(
            &bench,
            RULE.code,
            BAD,
            &good,
            &expect![[r#"
            a.toml:7:25: error[OF056]: others may change what `disk` runs (`run`): /srv/open/disk: anybody may write to it
              help: take the right to write away (chmod go-w, chown): what was reviewed could be swapped
            a.toml:13:42: error[OF056]: others may change what `scan` runs (`run`): /srv/open/scan.py: anybody may write to it
              help: take the right to write away (chmod go-w, chown): what was reviewed could be swapped
            2 errors, 0 warnings
            a.json:6:11: error[OF056]: others may change what `disk` runs (`run`): /srv/open/disk: anybody may write to it
              help: take the right to write away (chmod go-w, chown): what was reviewed could be swapped
            a.json:18:11: error[OF056]: others may change what `scan` runs (`run`): /srv/open/scan.py: anybody may write to it
              help: take the right to write away (chmod go-w, chown): what was reviewed could be swapped
            2 errors, 0 warnings
        "#]],
        );
    }

    #[test]
    fn a_config_that_others_may_change_is_told() {
        let mut bench = Bench::default();
        for name in ["/etc/ops/a.toml", "/etc/ops/a.json"] {
            bench.exposed.insert(name, "its group may write to it (group id 7)");
        }
        let findings = |bench: &Bench| {
            let parsed = crate::lint::tests::parse("a.toml", &format!("version = 1\n{BAD}"));
            let model = parsed.model.expect("a model");
            let mut subject = Subject::new(&model, &parsed.outlines, true);
            subject.host = Some(bench);
            subject.files = vec!["/etc/ops/a.toml".into()];
            let mut found = Vec::new();
            look(&subject, &mut found);
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join("\n")
        };
        expect!["others may change the config /etc/ops/a.toml: /etc/ops/a.toml: its group may write to it (group id 7)"].assert_eq(&findings(&bench));
        assert_eq!(findings(&Bench::default()), "");
    }
}
