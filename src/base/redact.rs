//! Secrets that a program printed, taken out of what it said.
//!
//! In: the environment that the program ran with, and its output. Out: the output with `[redacted]`
//! in the place of values that look secret. This is a net with holes: a secret of an unknown form
//! under an innocent name passes.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use memchr::memmem;
use regex_lite::Regex;

/// Stands for what was taken out.
const REDACTED: &str = "[redacted]";
/// A value that is shorter is too common to be taken out wherever it stands.
const VALUE_MIN: usize = 6;

/// Most characters that are left out behind a cut.
const CUT_MAX: usize = 512;

/// Words in the name of a variable whose value is secret.
const SECRET_WORDS: [&str; 9] = [
    "TOKEN",
    "SECRET",
    "PASSW",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
    "COOKIE",
];

/// A form of secrets: what its first group caught stays, the rest goes.
struct Form {
    /// In small letters: a text without any of them has no such secret. Looking for a word costs a
    /// hundredth of what an expression does, and nearly no text has one.
    signs: &'static [&'static str],
    expression: &'static str,
    /// Made when a text has a sign of it. Each is tried by a test; one that could not be read would
    /// catch nothing.
    regex: OnceLock<Option<Regex>>,
}

/// Of the names that a secret stands behind, what the expressions below can't do without.
const NAME_SIGNS: &[&str] = &["token", "secret", "passw", "key", "credential"];

static FORMS: [Form; 9] = [
    // Keys in PEM, from the first line to the last; cut ones to either end.
    form(
        &["private key-----"],
        r"(?s)()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
    ),
    form(&["private key-----"], r"(?s)\A().*?-----END [A-Z ]*PRIVATE KEY-----"),
    // A bot's token <https://core.telegram.org/bots/api#authorizing-your-bot>.
    form(
        &["0:", "1:", "2:", "3:", "4:", "5:", "6:", "7:", "8:", "9:"],
        r"()[0-9]{6,12}:[A-Za-z0-9_-]{30,}",
    ),
    // Tokens of GitHub, GitLab, Slack, OpenAI and Anthropic, AWS, Google; JSON web tokens.
    form(
        &[
            "ghp_",
            "gho_",
            "ghu_",
            "ghs_",
            "ghr_",
            "github_pat_",
            "glpat-",
            "xox",
            "sk-",
            "akia",
            "asia",
            "aiza",
        ],
        r"()\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|sk-|AKIA|ASIA|AIza)[A-Za-z0-9_-]{16,}",
    ),
    form(&["eyj"], r"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    // `Authorization: Bearer …`, `scheme://user:password@host`, `password=…`, `"token": "…"`.
    form(&["bearer", "basic"], r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9+/=._~-]{12,}"),
    form(&["://"], r"([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@"),
    form(
        NAME_SIGNS,
        r#"(?i)((?:token|secret|passw(?:or)?d|passwd|api_?-?key|access_?-?key|private_?-?key|credentials?)["']?\s*[:=]\s*["']?)[^\s"',;&\[]{6,}"#,
    ),
    // An argv in a config: `"--password", "…"`.
    form(
        NAME_SIGNS,
        r#"(?i)(["']--?(?:[a-z]+[_-])*(?:token|secret|passw(?:or)?d|passwd|api_?-?key|access_?-?key|private_?-?key|credentials?)["']\s*,\s*["'])[^\s"']{6,}"#,
    ),
];

const fn form(signs: &'static [&'static str], expression: &'static str) -> Form {
    Form { signs, expression, regex: OnceLock::new() }
}

impl Form {
    /// Its expression, if the text may have such a secret.
    fn of_text(&self, lower: &str) -> Option<&Regex> {
        let may =
            self.signs.iter().any(|sign| memmem::find(lower.as_bytes(), sign.as_bytes()).is_some());
        if may { self.regex() } else { None }
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| Regex::new(self.expression).ok()).as_ref()
    }
}

/// Forms of secrets in a config, by the key before them: a damaged file says no more of itself. What
/// the first group caught stays.
static CONFIG_FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    const NAME: &str = r#"(?i)((?:token|secret|passw|api_?key|access_?key|private_?key|credential|cookie)[a-z0-9_-]*["']?\s*[:=]+\s*"#;
    let forms = [
        format!(r#"(?s){NAME}"{{3}}).*?(?:"{{3}}|\z)"#),
        format!(r"(?s){NAME}'{{3}}).*?(?:'{{3}}|\z)"),
        format!(r#"{NAME}")(?:[^"\\\n]|\\.)+"#),
        format!(r"{NAME}')[^'\n]+"),
        format!(r#"{NAME})[^\s"',;\[\]{{}}]+"#),
        // What comes after the host of an address; JSON may escape a slash.
        r#"(?i)(url["']?\s*[:=]+\s*["']?[a-z][a-z0-9+.-]*:(?:\\?/){2}[^/\\?\#"'\s]*)[/\\?\#][^"'\s]+"#
            .to_owned(),
        // An argv: `"--password", "…"`.
        r#"(?i)(["']--?(?:[a-z]+[_-])*(?:token|secret|passw(?:or)?d|passwd|api_?-?key|access_?-?key|private_?-?key|credentials?)["']\s*,\s*["'])[^\s"']{6,}"#
            .to_owned(),
    ];
    forms.iter().filter_map(|form| Regex::new(form).ok()).collect()
});

/// One of these stands in whatever a form of a config catches.
const CONFIG_KEYS: [&str; 9] =
    ["token", "secret", "passw", "api", "access", "private", "credential", "cookie", "url"];

/// What a key in PEM begins and ends with: it takes many lines.
const PEM: &str = "-----";

/// Words that stand where a secret could, and are none.
const NO_SECRETS: [&str; 9] = [
    "required",
    "optional",
    "enabled",
    "disabled",
    "unknown",
    "password",
    "passphrase",
    "secret",
    "redacted",
];

/// Ends of names whose values lead to a secret, or are none.
const ELSEWHERE: [&str; 6] = ["file", "path", "dir", "url", "id", "name"];

/// What is known to be secret.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The longest first: one may be part of another.
    values: Vec<String>,
}

impl Secrets {
    /// The values of an environment whose names say that they are secret.
    #[must_use]
    pub fn of_env<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let secret = variables.into_iter().filter(|(name, _)| is_secret_name(name));
        let mut values: Vec<String> = secret
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| value.len() >= VALUE_MIN)
            .collect();
        values.sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
        values.dedup();
        Self { values }
    }

    /// The text without what looks secret. `cut`: it is the end of a longer one, whose first line
    /// is not whole: half a secret looks like none, so that line is left out, or as much of it as
    /// a secret may be long.
    #[must_use]
    pub fn redact(&self, text: &str, cut: bool) -> String {
        let whole = if cut { after_cut(text) } else { text };
        let mut text = Cow::Borrowed(whole);
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = Cow::Owned(text.replace(value.as_str(), REDACTED));
            }
        }
        // Nothing below adds a sign: what is put in has none.
        let lower = text.to_ascii_lowercase();
        for form in FORMS.iter().filter_map(|form| form.of_text(&lower)) {
            if form.is_match(&text) {
                let put = |caught: &regex_lite::Captures<'_>| {
                    let kept = caught.get(1).map_or("", |group| group.as_str());
                    let at = if caught[0].ends_with('@') { "@" } else { "" };
                    format!("{kept}{REDACTED}{at}")
                };
                text = Cow::Owned(form.replace_all(&text, put).into_owned());
            }
        }
        text.into_owned()
    }
}

/// Does the name of a variable say that its value is secret?
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_uppercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Does this text hold a secret itself? A reference to one is none: a variable, a file, a
/// placeholder.
#[must_use]
pub fn holds_secret(text: &str) -> bool {
    let is_literal = |caught: regex_lite::Captures<'_>| {
        let whole = caught.get(0).map_or("", |group| group.as_str());
        let kept = caught.get(1).map_or(0, |group| group.as_str().len());
        whole.get(kept..).is_some_and(is_secret_value)
    };
    known_forms(text).any(|form| form.captures_iter(text).any(is_literal))
}

/// Where a line of a config, `line` in `text`, holds what looks like a secret: ranges of bytes of
/// `text`, in no order. It goes by the text alone, so that it holds for a damaged config too; what
/// says that it is a secret may stand on the line before.
#[must_use]
pub fn config_secrets(text: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let (start, own) = (line.start, text.get(line).unwrap_or_default());
    let mut found: Vec<Range<usize>> = caught_by(known_forms(own), own)
        .map(|(_, range)| start + range.start..start + range.end)
        .collect();
    // Most texts have no such key, which is cheaper to see than that no form fits.
    let lower = text.to_ascii_lowercase();
    if CONFIG_KEYS.iter().any(|key| lower.contains(key)) {
        let is_secret = |(kept, range): &(&str, Range<usize>)| {
            let name = kept.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            let is_address = name.contains("://") || name.contains(":\\/");
            let leads_elsewhere = ELSEWHERE.iter().any(|end| name.ends_with(end));
            let value = text.get(range.clone()).unwrap_or_default();
            is_address || (!leads_elsewhere && is_secret_value(value))
        };
        let named = caught_by(CONFIG_FORMS.iter(), text).filter(is_secret);
        found.extend(named.map(|(_, range)| range));
    }
    if text.contains(PEM) {
        found.extend(caught_by(known_forms(text), text).map(|(_, range)| range));
    }
    found
}

/// The forms that a text may have a secret of.
fn known_forms(text: &str) -> impl Iterator<Item = &'static Regex> {
    let lower = text.to_ascii_lowercase();
    FORMS.iter().filter_map(move |form| form.of_text(&lower))
}

/// What forms catch in a text: what stays before it, and where the rest is.
fn caught_by(
    forms: impl Iterator<Item = &'static Regex>,
    text: &str,
) -> impl Iterator<Item = (&str, Range<usize>)> {
    forms.flat_map(move |form| {
        form.captures_iter(text).filter_map(|caught| {
            let (kept, whole) = (caught.get(1)?.as_str(), caught.get(0)?);
            Some((kept, whole.start() + kept.len()..whole.end()))
        })
    })
}

/// Could this be a secret, where one is to be expected? Not what is short, or leads elsewhere.
#[must_use]
pub fn is_secret_value(value: &str) -> bool {
    let value = value.trim();
    let word = value.trim_end_matches('@').to_lowercase();
    value.len() >= VALUE_MIN
        && !NO_SECRETS.contains(&word.as_str())
        && !value.starts_with(['$', '@', '/', '~', '<', '{', '%', '.', '*'])
}

/// What of a text that was cut in front can be judged.
fn after_cut(text: &str) -> &str {
    let far = text.char_indices().nth(CUT_MAX).map_or(text.len(), |(at, _)| at);
    let line = text.find('\n').map_or(text.len(), |at| at + 1);
    &text[line.min(far)..]
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        Secrets::default().redact(text, false)
    }

    #[test]
    fn every_form_is_read_and_caught() {
        assert!(FORMS.iter().all(|form| form.regex().is_some()));
        let token = "A".repeat(35);
        for secret in [
            format!("123456789:{token}"),
            format!("ghp_{token}"),
            format!("sk-ant-{token}"),
            "AKIAABCDEFGHIJKLMNOP".to_owned(),
            "eyJhbGciOiJI.eyJzdWIiOiIx.abc".to_owned(),
            format!("-----BEGIN RSA PRIVATE KEY-----\n{token}\n-----END RSA PRIVATE KEY-----"),
            format!("-----BEGIN PRIVATE KEY-----\n{token}"),
        ] {
            assert_eq!(plain(&format!("it is {secret}")), "it is [redacted]", "{secret}");
            assert!(!plain(&format!("({secret}) then")).contains(&secret), "{secret}");
        }
    }

    #[test]
    fn a_secret_of_a_config_is_known_by_its_key() {
        assert_eq!(CONFIG_FORMS.len(), 7);
        let masked = |text: &str| {
            let mut shown = text.to_owned();
            for range in config_secrets(text, 0..0) {
                shown.replace_range(range.clone(), &"*".repeat(range.len()));
            }
            shown
        };
        for (text, shown) in [
            ("COOKIE_2 = \"abcdef\" x", "COOKIE_2 = \"******\" x"),
            ("\"DB_PASSWORD\":\n 'ab \"ef'", "\"DB_PASSWORD\":\n '******'"),
            ("passwd = \"ab\\\"cdef\"", "passwd = \"********\""),
            ("a.token = \"\"\"\nabcd\"\"\"", "a.token = \"\"\"********"),
            ("API_KEY == abcdef]", "API_KEY == ******]"),
            ("[\"--api-key\",\n  'abcdef']", "[\"--api-key\",\n  '******']"),
            ("tokenFile = \"bot-token\"", "tokenFile = \"bot-token\""),
            ("cookie = \"/etc/ops/jar\"", "cookie = \"/etc/ops/jar\""),
            ("url = \"https://h.example/a?b\"", "url = \"https://h.example****\""),
            ("\"url\": \"https:\\/\\/h\\/ab\"", "\"url\": \"https:\\/\\/h****\""),
            ("stallSeconds = 123456", "stallSeconds = 123456"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn a_text_without_a_sign_has_no_secret_of_that_form() {
        let pieces = [
            "-----BEGIN RSA PRIVATE KEY-----",
            "-----END PRIVATE KEY-----",
            "\n",
            "123456",
            ":",
            "7",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
            "GHP_",
            "ghp_",
            "github_pat_",
            "xoxb-",
            "sk-",
            "AKIA",
            "ASIA",
            "AIza",
            "eyJ",
            ".",
            "bearer ",
            "BASIC\t",
            "x://",
            "@",
            "api",
            "_",
            "-",
            "Key",
            "=",
            "\u{212a}ey",
            "\u{17f}ecret",
            "Access",
            "private",
            "Token",
            "PASSWORD",
            "passwd",
            "credentials",
            "\"",
            "--",
            ",",
            " ",
            "'",
        ];
        let text = proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 1..8);
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let each = |words: Vec<&str>| {
            let text = words.concat();
            let lower = text.to_ascii_lowercase();
            for form in &FORMS {
                let caught = form.regex().is_some_and(|regex| regex.is_match(&text));
                proptest::prop_assert!(!caught || form.of_text(&lower).is_some(), "{}", text);
            }
            Ok(())
        };
        runner.run(&text, each).unwrap();
    }

    #[test]
    fn what_is_around_a_secret_stays() {
        for (said, shown) in [
            ("Authorization: Bearer abcdefghijkl.mno", "Authorization: Bearer [redacted]"),
            ("https://me:hunter22@host/x", "https://me:[redacted]@host/x"),
            (
                "https://api/bot123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/send",
                "https://api/bot[redacted]/send",
            ),
            ("password=hunter22 next", "password=[redacted] next"),
            (r#"{"api_key": "0123456789", "n": 1}"#, r#"{"api_key": "[redacted]", "n": 1}"#),
            (r#"["--db-password", "hunter22"]"#, r#"["--db-password", "[redacted]"]"#),
            ("DB_PASSWORD: 'open sesame'", "DB_PASSWORD: 'open sesame'"),
        ] {
            assert_eq!(plain(said), shown);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let sums = format!("sha256 {} ok", "0123456789abcdef".repeat(4));
        for text in [
            "ALERT: 95 % of /var used\n\nat 12:30:45, exit=3",
            "tokens left: 3, secrets: 2",
            "https://host:8080/path?x=1",
            sums.as_str(),
            "",
        ] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn a_reference_to_a_secret_is_none() {
        for text in ["--password=hunter22", "https://me:hunter22@host", "token: abcdefgh"] {
            assert!(holds_secret(text), "{text}");
        }
        for text in [
            "--password=$PASSWORD",
            "--token=@/run/token",
            "--token-file=/run/token",
            "password=<yours-here>",
            "https://me:$PASSWORD@host",
            "tokens=all",
        ] {
            assert!(!holds_secret(text), "{text}");
        }
    }

    #[test]
    fn values_of_secret_variables_are_taken_out_wherever_they_stand() {
        let env = [
            ("GITHUB_TOKEN", "plain-words"),
            ("my_secret", "plain-words-and-more"),
            ("PATH", "/usr/bin"),
            ("SHORT_TOKEN", "abc"),
            ("PASSWORD", "  "),
        ];
        let secrets = Secrets::of_env(env);
        let said = "plain-words-and-more; plain-words; /usr/bin abc";
        assert_eq!(secrets.redact(said, false), "[redacted]; [redacted]; /usr/bin abc");
        assert_eq!(format!("{secrets:?}"), "Secrets(2)");
    }

    #[test]
    fn a_secret_that_the_cut_went_through_is_not_shown_by_half() {
        let secrets = Secrets::of_env([("TOKEN", "0123456789")]);
        assert_eq!(secrets.redact("6789 was it\nnext", true), "next");
        assert_eq!(secrets.redact("6789", true), "");
        let long = format!("6789{}", "é".repeat(1000));
        assert_eq!(secrets.redact(&long, true).chars().count(), 1004 - CUT_MAX);
        let end = format!("line\n{}\n-----END PRIVATE KEY-----\nnext", "A".repeat(64));
        assert_eq!(secrets.redact(&end, true), "[redacted]\nnext");
    }
}
