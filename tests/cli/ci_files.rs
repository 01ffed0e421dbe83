//! The files for CI: what the action runs is run here, and what the hooks call exists.

use serde_json::{Value, json};

use super::support::{Ran, Sandbox, has, lacks, with};

const ACTION: &str = include_str!("../../action.yml");
const HOOKS: &str = include_str!("../../.pre-commit-hooks.yaml");

/// The script of the action's step of this name.
fn script_of(step: &str) -> String {
    let rest = ACTION.split(&format!("- name: {step}\n")).nth(1).expect("the step");
    let body = rest.split("run: |\n").nth(1).expect("a script");
    let inner = |line: &&str| line.is_empty() || line.starts_with("        ");
    body.lines()
        .take_while(inner)
        .map(|line| format!("{}\n", line.trim_start_matches(' ')))
        .collect()
}

/// What an input is unless a workflow says otherwise.
fn default_of(input: &str) -> &'static str {
    let rest = ACTION.split(&format!("\n  {input}:\n")).nth(1).expect("the input");
    let value = rest.lines().find_map(|line| line.trim().strip_prefix("default: "));
    value.expect("a default").trim_matches('"')
}

fn acts(sandbox: &Sandbox, paths: &str, fail_on: &str, sarif: &str) -> Ran {
    acts_on(sandbox, paths, (fail_on, default_of("portable")), sarif)
}

fn acts_on(sandbox: &Sandbox, paths: &str, (fail_on, portable): (&str, &str), sarif: &str) -> Ran {
    let script = sandbox.write("step.sh", script_of("check"));
    let program = env!("CARGO_BIN_EXE_opsfsm");
    sandbox
        .call_program("bash", &["-e", script.to_str().unwrap()])
        .env("OPSFSM", program)
        .env("CHECK_PATHS", paths)
        .env("FAIL_ON", fail_on)
        .env("PORTABLE", portable)
        .env("SARIF_FILE", sarif)
        .cwd(&sandbox.path(""))
        .run()
}

#[test]
fn the_action_annotates_and_writes_what_code_scanning_reads() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.check("disk"), &json!({"colour": "red", "manual": true}));
    sandbox.write("a b/x.json", json!({"version": 1, "jobs": [job]}).to_string());
    let ran = acts(&sandbox, "a b\n\n", "error", "out.sarif");
    ran.exits(0).prints("::warning file=a b/x.json,line=1,").prints("a b: ok, 1 job");
    let sarif: Value = serde_json::from_str(&sandbox.read("out.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "OF002");
    acts(&sandbox, "a b\na b/x.json", "warning", "").exits(1).prints("0 errors, 1 warning\n");
    acts(&sandbox, "nowhere\n", "never", "out.sarif").exits(2).prints("::error title=opsfsm::");
    acts(&sandbox, "\n", "error", "").exits(2).prints("no paths");
}

/// A config whose program is on another machine than the one that checks it.
fn of_elsewhere(sandbox: &Sandbox) -> String {
    let run = json!({"commands": {"run": ["/no/such/program"]}, "manual": true});
    json!({"version": 1, "jobs": [with(sandbox.check("disk"), &run)]}).to_string()
}

#[test]
fn the_action_looks_at_the_text_alone_unless_it_is_told_to_look_at_the_machine() {
    let sandbox = Sandbox::new();
    sandbox.write("a.json", of_elsewhere(&sandbox));
    assert_eq!(default_of("portable"), "true");
    acts(&sandbox, "a.json", "warning", "portable.sarif").exits(0);
    lacks(&sandbox.read("portable.sarif"), &["OF050"]);
    acts_on(&sandbox, "a.json", ("warning", "false"), "own.sarif").exits(1).prints("title=OF050");
    has(&sandbox.read("own.sarif"), &["OF050"]);
    for wrong in ["", "yes"] {
        acts_on(&sandbox, "a.json", ("never", wrong), "").exits(2).prints("portable is");
    }
}

#[test]
fn the_hooks_call_what_exists_and_look_at_the_text_alone() {
    let sandbox = Sandbox::new();
    let entries: Vec<&str> =
        HOOKS.lines().filter_map(|line| line.trim().strip_prefix("entry: opsfsm ")).collect();
    assert_eq!(entries, ["check --portable", "check --portable"]);
    let config = of_elsewhere(&sandbox);
    let paths: Vec<String> = ["a.json", "b.json"]
        .map(|name| sandbox.write(name, &config).to_str().unwrap().to_owned())
        .into();
    let ran = sandbox.run(&["check", "--portable", "--fail-on", "warning", &paths[0], &paths[1]]);
    ran.exits(0);
    has(&ran.out, &["a.json: ok", "b.json: ok"]);
}

#[test]
fn the_schema_is_printed_and_a_file_that_names_it_is_a_config() {
    let sandbox = Sandbox::new();
    let schema = sandbox.json(&["schema"]);
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let rules = schema["definitions"]["job"]["allOf"].as_array().unwrap();
    assert_eq!(rules.len(), 3);
    assert!(rules.iter().all(|rule| rule["if"].is_object() && rule["then"].is_object()));
    let path = sandbox.write("a.toml", "#:schema ./opsfsm.schema.json\nversion = 1\n");
    sandbox.ok(&["check", path.to_str().unwrap()]);
}
