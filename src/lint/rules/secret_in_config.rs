//! OF055: what looks like a secret, in an argv or in `env`. It is never shown.

use crate::base::redact::{holds_secret, is_secret_name, is_secret_value};
use crate::diag::{Code, Finding, Span};
use crate::lint::argv::Argv;
use crate::lint::{Needs, Rule, Subject};

pub(super) const RULE: Rule = Rule { code: Code::SecretInConfig, needs: Needs::Text, look };

const HELP: &str = "keep it in a file that only this account reads, and give the path of that";

fn look(subject: &Subject<'_>, found: &mut Vec<Finding>) {
    for job in subject.jobs() {
        for argv in subject.commands(job) {
            let Some(at) = secrets(&argv).next() else { continue };
            let message = format!(
                "`commands.{}` of `{}` seems to hold a secret: everybody on this machine can read it",
                argv.role, job.id
            );
            let key = subject.model.places.get(&job.id);
            let key = key.and_then(|places| places.of(&format!("commands.{}", argv.role)));
            let span = key.map_or(job.id_span, |place| place.key);
            // The key, not the word: what a finding points at is shown.
            found.push(
                Finding::new(RULE.code, span, message)
                    .of(&job.id)
                    .label(format!("word {} of it", at + 1))
                    .help(HELP),
            );
        }
        for (name, value) in &job.env {
            if is_secret_variable(name, value) {
                let places = subject.model.places.get(&job.id);
                let place = places.and_then(|places| places.of(&format!("env.{name}")));
                let span = place.map_or(job.id_span, |place| place.key);
                let message = format!("a variable in `env` of `{}` seems to hold a secret", job.id);
                found.push(Finding::new(RULE.code, span, message).of(&job.id).help(HELP));
            }
        }
    }
}

/// Where secrets stand, in the files of the config.
pub(in crate::lint) fn secret_places(subject: &Subject<'_>) -> Vec<Span> {
    let mut places = Vec::new();
    for job in subject.jobs() {
        for argv in subject.commands(job) {
            places.extend(secrets(&argv).map(|at| argv.span(at)));
        }
        let own = job.env.iter().filter(|(name, value)| is_secret_variable(name, value));
        places.extend(own.filter_map(|(name, _)| subject.own_place(job, &format!("env.{name}"))));
    }
    places
}

fn is_secret_variable(name: &str, value: &str) -> bool {
    let named = is_secret_name(name) && is_secret_value(value) && !is_setting(name, value);
    named || holds_secret(value)
}

/// A number or a switch under a name like `MAX_TOKENS` or `COOKIE_CHECK`, or the name of a file.
fn is_setting(name: &str, value: &str) -> bool {
    let name = name.to_uppercase();
    let elsewhere = ["_FILE", "_PATH", "_DIR", "_URL", "_ID", "_NAME"].iter();
    let is_number = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    elsewhere.clone().any(|end| name.ends_with(end)) || (is_number && name.contains("TOKENS"))
}

/// Which words of an argv hold a secret.
fn secrets<'a>(argv: &'a Argv<'_>) -> impl Iterator<Item = usize> + 'a {
    let command = argv.inner();
    (0..argv.words.len()).filter(move |at| {
        let own = *at > command.at;
        is_secret(argv, *at)
            || (own && is_by_own_flag(command.name, &argv.words[at - 1], &argv.words[*at]))
    })
}

/// Does this word hold a secret as the value of a flag that has no telling name? `before`: the word
/// before it.
fn is_by_own_flag(program: &str, before: &str, word: &str) -> bool {
    let value = match program {
        "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump" | "mariadb-admin" => {
            word.strip_prefix("-p")
        }
        "sshpass" if before == "-p" => Some(word),
        "sshpass" => word.strip_prefix("-p"),
        "curl" => {
            let cluster = before.starts_with('-') && !before.starts_with("--");
            let named = ["--user", "--proxy-user", "-U"].contains(&before);
            let attached = word.strip_prefix("-u").or_else(|| word.strip_prefix("--user="));
            let user = (named || (cluster && before.ends_with('u'))).then_some(word).or(attached);
            user.and_then(|user| user.split_once(':')).map(|(_, secret)| secret)
        }
        "redis-cli" => ["-a", "--pass"].contains(&before).then_some(word),
        "gpg" | "gpg2" if before == "--passphrase" => Some(word),
        "gpg" | "gpg2" => word.strip_prefix("--passphrase="),
        _ => None,
    };
    value.is_some_and(is_secret_value)
}

/// Does this word hold a secret, alone or as the value of the flag before it?
fn is_secret(argv: &Argv<'_>, at: usize) -> bool {
    let word = argv.words[at].as_str();
    let flag = at.checked_sub(1).map(|before| argv.words[before].as_str());
    let flag = flag.filter(|flag| flag.starts_with("--") && !flag.contains('='));
    let said = flag.is_some_and(|flag| {
        !word.starts_with('-') && holds_secret(&format!("{}={word}", flag.trim_start_matches('-')))
    });
    // `-o jsonpath={.data.password}` names one.
    let names = ["jsonpath=", "go-template=", "custom-columns="].iter();
    said || (!names.clone().any(|path| word.starts_with(path)) && holds_secret(word))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::lint::tests::rule_says;

    #[test]
    fn a_secret_is_told_and_not_shown() {
        let bad = r#"
            [[jobs]]
            id = "sync"
            kind = "one_shot_read"
            risk = "read_only"
            commands.run = ["./sync", "--password", "hunter22"]
            env = { API_TOKEN = "0123456789", TOKEN_FILE = "/run/token", MAX_TOKENS = "100000" }
        "#;
        let good = bad.replace("hunter22", "$PASSWORD").replace("0123456789", "/run/token");
        rule_says(
            RULE.code,
            bad,
            &good,
            &expect![[r#"
            a.toml:7:22: error[OF055]: `commands.run` of `sync` seems to hold a secret: everybody on this machine can read it
              a.toml:7:22: word 3 of it
              help: keep it in a file that only this account reads, and give the path of that
            a.toml:8:21: error[OF055]: a variable in `env` of `sync` seems to hold a secret
              help: keep it in a file that only this account reads, and give the path of that
            2 errors, 0 warnings
            a.json:5:9: error[OF055]: `commands.run` of `sync` seems to hold a secret: everybody on this machine can read it
              a.json:5:9: word 3 of it
              help: keep it in a file that only this account reads, and give the path of that
            a.json:12:9: error[OF055]: a variable in `env` of `sync` seems to hold a secret
              help: keep it in a file that only this account reads, and give the path of that
            2 errors, 0 warnings
        "#]],
        );
    }

    #[test]
    fn secrets_of_flags_without_a_telling_name_are_told_and_mere_words_are_not() {
        for (words, is) in [
            (vec!["mysql", "-phunter22"], true),
            (vec!["mysql", "-p$MYSQL_PWD"], false),
            (vec!["sudo", "curl", "-su", "u:hunter22", "https://h"], true),
            (vec!["curl", "-uu:hunter22", "https://h"], true),
            (vec!["curl", "-u", "user", "https://h"], false),
            (vec!["redis-cli", "-a", "hunter22", "ping"], true),
            (vec!["gpg", "--passphrase", "hunter22"], true),
            (vec!["gpg", "--passphrase-file", "/run/p"], false),
            (vec!["ls", "-a", "hunter22"], false),
            (vec!["x", "token=required"], false),
            (vec!["x", "password: disabled"], false),
            (vec!["kubectl", "get", "-o", "jsonpath={.data.password:abcdefg}"], false),
            (vec!["psql", "postgresql://u:password@h/db"], false),
            (vec!["psql", "postgresql://u:hunter22@h/db"], true),
        ] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            let argv = Argv { role: "run", words: &words, spans: &[], place: Span::default() };
            assert_eq!(secrets(&argv).next().is_some(), is, "{words:?}");
        }
    }
}
