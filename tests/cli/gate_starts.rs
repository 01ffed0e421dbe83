//! Starts that can be seen to fail are refused before they cost an approval, and what can start is
//! not refused.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::{Value, json};

use super::support::{Sandbox, has, lacks, with};

const REFUSED: i32 = 2;

fn sandbox(run: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("w/w.sh", "#!/bin/sh\ntrue\n");
    sandbox.gated_jobs(
        &json!({"cwd": sandbox.path("w"), "commands": {"run": run}}),
        &json!({}),
        &[],
    );
    sandbox
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A start that is hopeless now, and says so; mended, the approval still serves.
#[track_caller]
fn is_hopeless_until_mended(
    sandbox: &Sandbox,
    says: &str,
    spoil: impl Fn(&Sandbox),
    mend: impl Fn(&Sandbox),
) {
    sandbox.approve("prune");
    spoil(sandbox);
    sandbox.run(&["run", "prune"]).exits(REFUSED).says(says);
    sandbox.run(&["plan", "prune"]).exits(REFUSED).says(says);
    assert_eq!(sandbox.approvals(), ["live"], "{says}");
    mend(sandbox);
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
}

#[test]
fn a_folder_that_is_gone_costs_no_approval() {
    let sandbox = sandbox(&json!(["/bin/true"]));
    let away = |from: &str, to: &str| {
        let (from, to) = (sandbox.path(from), sandbox.path(to));
        fs::rename(from, to).unwrap();
    };
    is_hopeless_until_mended(&sandbox, "does not exist", |_| away("w", "x"), |_| away("x", "w"));
}

#[test]
fn a_program_that_may_not_be_run_costs_no_approval() {
    let sandbox = sandbox(&json!(["./w.sh"]));
    let set = |to: u32| mode(&sandbox.path("w/w.sh"), to);
    is_hopeless_until_mended(&sandbox, "chmod +x", |_| set(0o644), |_| set(0o755));
}

#[test]
fn what_the_kernel_cannot_start_is_no_plan() {
    for (text, says) in [
        ("true\n", "first line such as"),
        ("", "first line such as"),
        ("#!\n", "first line such as"),
        ("#!/bin/sh\r\ntrue\r\n", "carriage return"),
        ("#!/no/such/shell\n", "/no/such/shell"),
        ("#!/usr/bin/env no-such-program\n", "no-such-program"),
    ] {
        let sandbox = sandbox(&json!(["./w.sh"]));
        sandbox.script("w/w.sh", text);
        sandbox.run(&["plan", "prune"]).exits(REFUSED).says(says);
    }
    let sandbox = sandbox(&json!(["./w.sh"]));
    sandbox.script("w/w.sh", "#!./shell\n");
    mode(&sandbox.script("w/shell", "#!/bin/sh\n"), 0o644);
    sandbox.run(&["plan", "prune"]).exits(REFUSED).says("chmod +x");
    sandbox.script("w/shell", "#!./shell\n");
    sandbox.run(&["plan", "prune"]).exits(REFUSED).says("one after another");
}

#[test]
fn an_argument_or_variable_that_no_start_can_carry_is_no_plan() {
    let long = "x".repeat(128 << 10);
    let longest = &long[1..];
    sandbox(&json!(["/bin/true", long])).run(&["plan", "prune"]).exits(REFUSED).says("128 KiB");
    sandbox(&json!(["/bin/true", longest])).run(&["plan", "prune"]).exits(0);
    let sandbox = sandbox(&json!(["/bin/true"]));
    for (value, code) in [(&longest[2..], 0), (&longest[1..], REFUSED)] {
        sandbox.gated_jobs(&json!({"env": {"V": value}}), &json!({}), &[]);
        sandbox.run(&["plan", "prune"]).exits(code);
    }
}

#[test]
fn whatever_env_is_told_its_program_is_covered() {
    let sandbox = sandbox(&json!(["./w.sh"]));
    sandbox.script("w/tool", "#!./inner\n");
    sandbox.script("w/inner", "#!/bin/sh\ntrue\n");
    let tool = sandbox.path("w/tool").display().to_string();
    for line in [
        format!("env {tool}"),
        format!("env -S {tool}"),
        format!("env -S A=1 B=2 {tool} -x"),
        format!("env -S{tool}"),
        format!("env -vS {tool}"),
        format!("env --split-string={tool} x"),
        format!("env -S -u FOO {tool}"),
        format!("env -S -uFOO --unset=BAR -- {tool}"),
        format!("env -S --debug {tool}"),
    ] {
        sandbox.script("w/w.sh", &format!("#!/usr/bin/{line}\n"));
        let plan = sandbox.json(&["plan", "prune", "--format", "json"]);
        let sealed = plan["step"]["interpreters"].to_string();
        has(&sealed, &["/env", "w/tool", "w/inner"]);
    }
    for line in ["-S -i sh", "-S PATH=/x sh", "-S 'a b'", "-S -C / sh"] {
        sandbox.script("w/w.sh", &format!("#!/usr/bin/env {line}\n"));
        has(&sandbox.ok(&["plan", "prune"]), &["not covered", "the program that env starts"]);
    }
}

#[test]
fn a_program_that_env_starts_for_the_command_is_covered_too() {
    let sandbox = sandbox(&json!(["env", "-u", "B", "A=1", "./tool", "x"]));
    sandbox.script("w/tool", "#!/bin/sh\ntrue\n");
    let before = sandbox.digest("prune");
    let plan = sandbox.json(&["plan", "prune", "--format", "json"]);
    has(&plan["step"]["interpreters"].to_string(), &["w/tool"]);
    sandbox.script("w/tool", "#!/bin/sh\nfalse\n");
    assert_ne!(sandbox.digest("prune"), before);
}

#[test]
fn an_argument_that_cannot_be_looked_at_is_told_and_no_more() {
    let sandbox = sandbox(&json!(["/bin/echo", "loop", "/dev/null", "/dev/stdout", "/proc/self"]));
    symlink("loop", sandbox.path("w/loop")).unwrap();
    let shown = sandbox.ok(&["plan", "prune"]);
    for word in ["loop", "/dev/null", "/dev/stdout", "/proc/self"] {
        let told = |line: &&str| line.contains("not covered") && line.contains(word);
        assert!(shown.lines().any(|line| told(&line)), "{word}: {shown}");
    }
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
    // What the config names as an input has to be readable.
    let job = json!({"cwd": sandbox.path("w"), "inputs": ["loop"]});
    sandbox.gated_jobs(&job, &json!({}), &[]);
    sandbox.run(&["plan", "prune"]).exits(REFUSED).says("loop");
}

#[test]
fn a_device_is_there_and_is_no_file() {
    let sandbox = sandbox(&json!(["/bin/true"]));
    for (more, path) in [
        (json!({"inputs": ["/dev/zero"]}), "/dev/zero"),
        (json!({"commands": {"run": ["/dev/null"]}}), "/dev/null"),
    ] {
        sandbox.gated_jobs(&more, &json!({}), &[]);
        let ran = sandbox.run(&["plan", "prune"]);
        ran.exits(REFUSED).says(path).says("a device, a pipe or a socket");
    }
}

#[test]
fn a_verification_may_run_in_a_folder_that_the_write_makes() {
    let sandbox = sandbox(&json!(["/bin/mkdir", "made"]));
    let verify = json!({"cwd": sandbox.path("w/made"), "commands": {"run": ["/bin/pwd"]}});
    let prune = json!({"cwd": sandbox.path("w"), "commands": {"run": ["/bin/mkdir", "made"]}});
    sandbox.gated_jobs(&prune, &verify, &[]);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(0).prints("prune: verified");
}

/// A program that was replaced after it was started has no path any more.
#[test]
fn a_replaced_opsfsm_still_runs_what_is_sandboxed() {
    let sandbox = Sandbox::new();
    let look = with(sandbox.check("look"), &json!({"sandbox": "read_only"}));
    sandbox.on("look", "run", "exit 0");
    let command = json!({"commands": {"run": ["/bin/echo", "looked"]}});
    sandbox.config(&json!({}), &[with(look, &command)]);
    let gone = "cp \"$OPSFSM\" own && exec 3< own && rm own && exec /proc/self/fd/3 run look";
    sandbox.shell(gone).run().exits(0).prints("looked");
}

#[test]
fn a_limit_on_files_is_told_and_kills_nobody() {
    let sandbox = sandbox(&json!(["./w.sh"]));
    let ran = sandbox.shell("ulimit -f 1; exec \"$OPSFSM\" run prune").run();
    ran.exits(6).says("opsfsm: error: ");
    // What it starts has the limit as it was.
    let kill = "kill -s XFSZ $$; echo outlived it";
    let check = json!({"commands": {"run": ["/bin/sh", "-c", kill]}});
    sandbox.config(&json!({}), &[with(sandbox.check("look"), &check)]);
    let ran = sandbox.run(&["run", "look"]);
    ran.exits(1).prints("signal=25");
}

#[test]
fn a_plan_says_what_its_sandbox_takes_away() {
    let sandbox = sandbox(&json!(["./w.sh"]));
    let told = "writes below a scratch folder only";
    assert!(!sandbox.ok(&["plan", "prune"]).contains(told));
    sandbox.gated_jobs(&json!({}), &json!({"sandbox": "read_only"}), &[]);
    has(&sandbox.ok(&["plan", "prune"]), &[told, "sudo"]);
}

#[test]
fn a_read_job_with_the_command_of_a_write_is_refused_from_the_first() {
    let sandbox = Sandbox::new();
    let read = with(sandbox.verify(), &json!({"id": "read"}));
    let read = with(read, &json!({"commands": sandbox.prune()["commands"]}));
    sandbox.gated_jobs(&json!({}), &json!({}), &[read]);
    let found = sandbox.run(&["check"]);
    found.exits(1).prints("OF038").prints("read").prints("declare it one_shot_write");
    lacks(&found.out, &["--reclassify"]);
    let command = "`commands.run` of read job `read` is the command of `prune`, which is declared";
    found.prints(command).prints("the write");
    sandbox.run(&["run", "read"]).exits(REFUSED).says("OF038");
    sandbox.run(&["tick"]).exits(REFUSED);
    assert_eq!(sandbox.count("prune", "runs"), 0);
}
