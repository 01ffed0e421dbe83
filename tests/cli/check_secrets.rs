//! `check` shows the lines of a config, and no secret that stands on them.
//!
//! In: configs with a secret, sound and damaged around it. Out: that no format, and nobody who refuses
//! the config, repeats it.

use super::support::{Sandbox, lacks};

const FORMATS: [&str; 5] = ["human", "short", "json", "github", "sarif"];
/// Stands for the secret in a config; no form of a known token, so that its place gives it away.
const SECRET: &str = "open-barley-99";
/// One of a known form, wherever it stands.
const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ";

/// A config in TOML whose one job has this.
fn toml(more: &str) -> (&'static str, String) {
    let job = "id = \"ask\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n";
    ("a.toml", format!("version = 1\n[[jobs]]\n{job}{more}\n"))
}

/// The same in JSON.
fn json(more: &str) -> (&'static str, String) {
    let job = "\"id\": \"ask\", \"kind\": \"one_shot_read\", \"risk\": \"read_only\"";
    ("a.json", format!("{{\"version\": 1, \"jobs\": [{{{job},\n{more}\n}}]}}\n"))
}

/// No answer repeats the secret, in whatever part; the lines are shown all the same.
#[track_caller]
fn kept_secret((name, text): (&str, String), secret: &str) {
    assert!(text.contains(secret), "{text}");
    let sandbox = Sandbox::new();
    let path = sandbox.write(name, &text);
    let config = path.to_str().unwrap();
    for format in FORMATS {
        let ran = sandbox.run(&["check", "--format", format, config]);
        assert!(ran.out.contains("OF0"), "{ran:?}");
        lacks(&(ran.out.clone() + &ran.err), &[secret, &secret[..9], &secret[5..]]);
        assert!(format != "human" || ran.out.contains(" | "), "no line is shown: {}", ran.out);
    }
    for command in ["tick", "status", "graph"] {
        let ran = sandbox.run(&[command, "--config-file", config]);
        lacks(&(ran.out + &ran.err), &[secret, &secret[..9], &secret[5..]]);
    }
}

#[test]
fn a_secret_in_an_argv_or_in_env_is_not_shown() {
    for secret in [SECRET, TOKEN] {
        for more in [
            format!("commands = {{ run = [\"/opt/ask\", \"--token={secret}\"], colour = 1 }}"),
            format!(
                "commands = {{ run = [\"/opt/ask\", \"--password\", \"{secret}\"], colour = 1 }}"
            ),
            format!("commands.run = [\"/opt/ask\"]\nenv = {{ DB_PASSWORD = \"{secret}\" }}"),
            format!(
                "commands.run = [\"/opt/ask\"]\nenv = {{ SESSION_COOKIE = \"{secret}\", n = 3 }}"
            ),
            format!("commands.run = [\"/opt/ask\"]\nenv = {{ TOKEN_2 = '{secret}', n = 3 }}"),
            format!("commands.run = [\"/opt/ask\", 3, \"--password={secret}\"]"),
        ] {
            kept_secret(toml(&more), secret);
        }
        for more in [
            format!(
                "\"commands\": {{\"run\": [\"/opt/ask\", \"--api-key\", \"{secret}\"], \"x\": 1}}"
            ),
            format!(
                "\"commands\": {{\"run\": [\"/opt/ask\"]}}, \"env\": {{\"API_KEY_2\": \"{secret}\", \"n\": 3}}"
            ),
        ] {
            kept_secret(json(&more), secret);
        }
    }
}

#[test]
fn a_secret_on_the_line_after_its_flag_is_not_shown() {
    for wrong in ["7", "\"\""] {
        let more = format!(
            "\"commands\": {{\"run\": [\"/opt/ask\", \"--password\",\n   \"{SECRET}\", {wrong}]}}"
        );
        kept_secret(json(&more), SECRET);
        let more =
            format!("commands.run = [\"/opt/ask\", \"--password\",\n   \"{SECRET}\", {wrong}]");
        kept_secret(toml(&more), SECRET);
    }
    let more = format!(
        "\"commands\": {{\"run\": [\"/opt/ask\"]}}, \"env\": {{\"DB_PASSWORD\":\n \"{SECRET}\", \"n\": 3}}"
    );
    kept_secret(json(&more), SECRET);
    let more = format!("commands.run = [\"/opt/ask\"]\nenv.DB_PASSWORD = \"\"\"\n{SECRET}\"\"\" x");
    kept_secret(toml(&more), SECRET);
}

#[test]
fn a_secret_beside_a_syntax_error_is_not_shown() {
    for secret in [SECRET, TOKEN] {
        for more in [
            format!("commands.run = [\"/opt/ask\", \"--password\", \"{secret}\" \"x\"]"),
            format!("commands.run = [\"/opt/ask\", \"--password={secret}]"),
            format!("env = {{ DB_PASSWORD = \"{secret}\" x }}"),
            format!("env.SESSION_COOKIE_1 = \"{secret}\" x"),
            format!("env.DB_PASSWORD = {secret} x"),
            format!("env.API_KEY == \"{secret}\""),
            format!("env.API_KEY = \"{secret}"),
        ] {
            kept_secret(toml(&more), secret);
        }
        for more in [
            format!("\"env\": {{\"DB_PASSWORD\": \"{secret}\" x}}"),
            format!("\"env\": {{\"PASSWORD_OF_DB\": \"{secret}"),
            format!("\"commands\": {{\"run\": [\"--password\",\n \"{secret}\" 7]}}"),
        ] {
            kept_secret(json(&more), secret);
        }
    }
}

#[test]
fn what_follows_the_host_of_an_address_is_not_shown() {
    for secret in [SECRET, TOKEN] {
        for report in [
            format!("webhook = {{ url = \"https://hooks.example.org/{secret}\" }}"),
            format!("deadman = {{ url = \"https://ping.example.org/a/{secret}\", colour = 1 }}"),
            format!("deadman = {{ url = \"ftp://ping.example.org/{secret}\" }}"),
            format!("deadman = {{ url = \"https://ping.example.org/{secret}\" x }}"),
        ] {
            let text = format!("version = 1\n[report]\n{report}\n");
            kept_secret(("a.toml", text), secret);
        }
        let text = format!(
            "{{\"version\": 1, \"report\": {{\"webhook\": {{\"url\": \"https://h.example.org/x?{secret}\"}}}}}}"
        );
        kept_secret(("a.json", text), secret);
    }
}

#[test]
fn paths_and_what_is_no_secret_are_shown() {
    let sandbox = Sandbox::new();
    let text = "version = 1\nreport.telegram = { tokenFile = \"/etc/ops/bot\", target = \"nobody\" }\n\
                defaults = { autoResume = true, maxTokens = \"many-of-them\", colour = \"reddish\" }\n";
    let path = sandbox.write("a.toml", text);
    let ran = sandbox.run(&["check", path.to_str().unwrap()]);
    ran.prints("tokenFile = \"/etc/ops/bot\", target = \"nobody\"").prints("\"reddish\"");
}
