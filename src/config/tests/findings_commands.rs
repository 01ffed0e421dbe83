//! Findings about commands, approvals, and keys that a kind has no use for.
//!
//! In: configs in JSON, tried with their TOML twins. Out: snapshots of all that a person reads.
//! Invariant: this module never looks at a model, only at findings.

use expect_test::expect;

use super::*;

#[test]
fn commands_are_argvs() {
    expect![[r#"
        ── "commands": null
        json:2:9: error[OF005]: job `c` has no `commands`
          help: add "commands": { "run": ["/usr/bin/scan", "--once"] }
        toml:3:6: error[OF005]: job `c` has no `commands`
          help: add commands = { run = ["/usr/bin/scan", "--once"] }
        ── "commands": []
        json:2:15: error[OF004]: `commands` must be an object, not an array
        toml:3:12: error[OF004]: `commands` must be a table, not an array
        ── "commands": {}
        json:2:3: error[OF005]: job `c` is a one_shot_read and has no `commands.run`
          help: add "run": ["/usr/bin/scan", "--once"]
        toml:3:1: error[OF005]: job `c` is a one_shot_read and has no `commands.run`
          help: add run = ["/usr/bin/scan", "--once"]
        ── "commands": {"run": "a b"}
        json:2:22: error[OF004]: `commands.run` must be an array of strings, the program and its arguments one by one (no shell reads it), not a string
        toml:3:20: error[OF004]: `commands.run` must be an array of strings, the program and its arguments one by one (no shell reads it), not a string
        ── "commands": {"run": []}
        json:2:22: error[OF004]: `commands.run` must be an array with at least a program
        toml:3:20: error[OF004]: `commands.run` must be an array with at least a program
        ── "commands": {"run": ["a", "", 1, "b\u0000secret"]}
        json:2:27: error[OF004]: `commands.run[1]` must be a string that is not empty
        json:2:30: error[OF004]: `commands.run[2]` must be a string, not a number
        json:2:32: error[OF004]: `commands.run[3]` must be a string without a NUL character
        toml:3:26: error[OF004]: `commands.run[1]` must be a string that is not empty
        toml:3:30: error[OF004]: `commands.run[2]` must be a string, not a number
        toml:3:33: error[OF004]: `commands.run[3]` must be a string without a NUL character
    "#]].assert_eq(&job_cases(
        CHECK,
        &[
            r#""commands": null"#,
            r#""commands": []"#,
            r#""commands": {}"#,
            r#""commands": {"run": "a b"}"#,
            r#""commands": {"run": []}"#,
            r#""commands": {"run": ["a", "", 1, "b\u0000secret"]}"#,
        ],
    ));
}

#[test]
fn a_watch_needs_a_start_and_one_source_of_status() {
    expect![[r#"
        ── "commands": null
        json:2:9: error[OF005]: job `w` has no `commands`
          help: add "commands": { "start": ["/usr/bin/scan", "--background"], "status": ["/usr/bin/scan", "--status"] }
        toml:3:6: error[OF005]: job `w` has no `commands`
          help: add commands = { start = ["/usr/bin/scan", "--background"], status = ["/usr/bin/scan", "--status"] }
        ── "commands": {}
        json:2:3: error[OF005]: job `w` is a long_running_read and has no `commands.start`
          help: add "start": ["/usr/bin/scan", "--background"]
        json:2:3: error[OF005]: job `w` is a long_running_read and has no `commands.status` or `commands.statusFile`
          help: add "status": ["/usr/bin/scan", "--status"]
        toml:3:1: error[OF005]: job `w` is a long_running_read and has no `commands.start`
          help: add start = ["/usr/bin/scan", "--background"]
        toml:3:1: error[OF005]: job `w` is a long_running_read and has no `commands.status` or `commands.statusFile`
          help: add status = ["/usr/bin/scan", "--status"]
        ── "commands": {"start": ["a"], "status": ["b"], "statusFile": "s.json"}
        json:2:45: error[OF004]: `commands.status` and `commands.statusFile` exclude each other
          json:2:30: the other one
          help: keep the one that tells how the job is
        toml:3:45: error[OF004]: `commands.status` and `commands.statusFile` exclude each other
          toml:3:29: the other one
          help: keep the one that tells how the job is
        ── "commands": {"start": ["a"], "statusFile": ""}
        json:2:43: error[OF004]: `commands.statusFile` must be a string that is not empty
        toml:3:42: error[OF004]: `commands.statusFile` must be a string that is not empty
        ── "commands": {"start": ["a"], "statusFile": 1}
        json:2:43: error[OF004]: `commands.statusFile` must be a string, not a number
        toml:3:42: error[OF004]: `commands.statusFile` must be a string, not a number
        ── "policy": {"onStall": "restart"}
        json:3:9: error[OF005]: job `w` is to be restarted on a stall and has no `commands.stop`
          help: add "stop": ["/usr/bin/scan", "--stop"]
        toml:4:6: error[OF005]: job `w` is to be restarted on a stall and has no `commands.stop`
          help: add stop = ["/usr/bin/scan", "--stop"]
    "#]].assert_eq(&job_cases(
        WATCH,
        &[
            r#""commands": null"#,
            r#""commands": {}"#,
            r#""commands": {"start": ["a"], "status": ["b"], "statusFile": "s.json"}"#,
            r#""commands": {"start": ["a"], "statusFile": ""}"#,
            r#""commands": {"start": ["a"], "statusFile": 1}"#,
            r#""policy": {"onStall": "restart"}"#,
        ],
    ));
}

#[test]
fn a_write_needs_a_run_and_may_have_one_source_of_status() {
    expect![[r#"
        ── "commands": null
        json:2:9: error[OF005]: job `x` has no `commands`
          help: add "commands": { "run": ["/usr/bin/scan", "--once"] }
        toml:3:6: error[OF005]: job `x` has no `commands`
          help: add commands = { run = ["/usr/bin/scan", "--once"] }
        ── "commands": {"status": ["b"]}
        json:2:3: error[OF005]: job `x` is a one_shot_write and has no `commands.run`
          help: add "run": ["/usr/bin/scan", "--once"]
        toml:3:1: error[OF005]: job `x` is a one_shot_write and has no `commands.run`
          help: add run = ["/usr/bin/scan", "--once"]
        ── "commands": {"run": ["a"], "status": ["b"], "statusFile": "s.json"}
        json:2:43: error[OF004]: `commands.status` and `commands.statusFile` exclude each other
          json:2:28: the other one
          help: keep the one that tells how the job is
        toml:3:43: error[OF004]: `commands.status` and `commands.statusFile` exclude each other
          toml:3:27: the other one
          help: keep the one that tells how the job is
    "#]]
    .assert_eq(&job_cases(
        WRITE,
        &[
            r#""commands": null"#,
            r#""commands": {"status": ["b"]}"#,
            r#""commands": {"run": ["a"], "status": ["b"], "statusFile": "s.json"}"#,
        ],
    ));
}

#[test]
fn a_watch_is_neither_run_nor_scheduled_nor_approved() {
    expect![[r#"
        ── "commands": {"start": ["a"], "status": ["b"], "run": ["c"]}
        json:2:16: warning[OF006]: `commands.run` has no effect on a long_running_read
          help: remove it; it belongs to: one_shot_read, one_shot_write
        toml:3:14: warning[OF006]: `commands.run` has no effect on a long_running_read
          help: remove it; it belongs to: one_shot_read, one_shot_write
        ── "everySeconds": 60
        json:3:3: warning[OF006]: `everySeconds` has no effect on a long_running_read
          help: remove it; it belongs to: one_shot_read
        toml:4:1: warning[OF006]: `everySeconds` has no effect on a long_running_read
          help: remove it; it belongs to: one_shot_read
        ── "approval": {"required": false}
        json:2:3: warning[OF006]: `approval` has no effect on a long_running_read
          help: remove it; it belongs to: one_shot_write
        toml:3:1: warning[OF006]: `approval` has no effect on a long_running_read
          help: remove it; it belongs to: one_shot_write
    "#]]
    .assert_eq(&job_cases(
        WATCH,
        &[
            r#""commands": {"start": ["a"], "status": ["b"], "run": ["c"]}"#,
            r#""everySeconds": 60"#,
            r#""approval": {"required": false}"#,
        ],
    ));
}

#[test]
fn a_check_has_no_use_for_status_and_approval() {
    expect![[r#"
        ── "commands": {"run": ["a"], "start": ["a"], "stop": 1, "status": [], "statusFile": 1}
        json:2:28: warning[OF006]: `commands.start` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read
        json:2:42: warning[OF006]: `commands.status` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read, one_shot_write
        json:2:54: warning[OF006]: `commands.statusFile` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read, one_shot_write
        json:2:69: warning[OF006]: `commands.stop` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read
        toml:3:27: warning[OF006]: `commands.start` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read
        toml:3:42: warning[OF006]: `commands.status` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read, one_shot_write
        toml:3:55: warning[OF006]: `commands.statusFile` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read, one_shot_write
        toml:3:71: warning[OF006]: `commands.stop` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read
        ── "statusTimeoutSeconds": 5
        json:6:3: warning[OF006]: `statusTimeoutSeconds` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read, one_shot_write
        toml:7:1: warning[OF006]: `statusTimeoutSeconds` has no effect on a one_shot_read
          help: remove it; it belongs to: long_running_read, one_shot_write
        ── "approval": {"granted": true, "foo": 1}
        json:2:3: warning[OF006]: `approval` has no effect on a one_shot_read
          help: remove it; it belongs to: one_shot_write
        toml:3:1: warning[OF006]: `approval` has no effect on a one_shot_read
          help: remove it; it belongs to: one_shot_write
        ── "policy": {"autoResume": true, "onStall": "restart"}
    "#]].assert_eq(&job_cases(
        CHECK,
        &[
            r#""commands": {"run": ["a"], "start": ["a"], "stop": 1, "status": [], "statusFile": 1}"#,
            r#""statusTimeoutSeconds": 5"#,
            r#""approval": {"granted": true, "foo": 1}"#,
            r#""policy": {"autoResume": true, "onStall": "restart"}"#,
        ],
    ));
}

#[test]
fn a_write_is_neither_started_nor_scheduled() {
    expect![[r#"
        ── "commands": {"run": ["a"], "start": ["a"], "stop": ["b"]}
        json:2:28: warning[OF006]: `commands.start` has no effect on a one_shot_write
          help: remove it; it belongs to: long_running_read
        json:2:42: warning[OF006]: `commands.stop` has no effect on a one_shot_write
          help: remove it; it belongs to: long_running_read
        toml:3:27: warning[OF006]: `commands.start` has no effect on a one_shot_write
          help: remove it; it belongs to: long_running_read
        toml:3:42: warning[OF006]: `commands.stop` has no effect on a one_shot_write
          help: remove it; it belongs to: long_running_read
        ── "everySeconds": 60
        json:3:3: warning[OF006]: `everySeconds` has no effect on a one_shot_write
          help: remove it; it belongs to: one_shot_read
        toml:4:1: warning[OF006]: `everySeconds` has no effect on a one_shot_write
          help: remove it; it belongs to: one_shot_read
    "#]]
    .assert_eq(&job_cases(
        WRITE,
        &[r#""commands": {"run": ["a"], "start": ["a"], "stop": ["b"]}"#, r#""everySeconds": 60"#],
    ));
}

#[test]
fn approvals_are_not_given_in_a_file() {
    expect![[r#"
        ── "approval": {"required": false}
        json:2:27: error[OF061]: `approval.required: false` is refused: a write always needs an approval
          help: remove the key, and approve each write with `opsfsm approve`
        toml:3:25: error[OF061]: `approval.required: false` is refused: a write always needs an approval
          help: remove the key, and approve each write with `opsfsm approve`
        ── "approval": {"granted": true, "required": true}
        json:2:26: warning[OF060]: `approval.granted: true` grants nothing: it counts as a request
          help: approve the exact plan with `opsfsm approve`
        toml:3:24: warning[OF060]: `approval.granted: true` grants nothing: it counts as a request
          help: approve the exact plan with `opsfsm approve`
        ── "approval": {"granted": "yes", "required": "no"}
        json:2:26: error[OF004]: `approval.granted` must be true or false, not a string
        json:2:43: error[OF004]: `approval.required` must be true or false, not a string
        toml:3:24: error[OF004]: `approval.granted` must be true or false, not a string
        toml:3:42: error[OF004]: `approval.required` must be true or false, not a string
        ── "approval": true
        json:2:15: error[OF004]: `approval` must be an object, not a boolean
        toml:3:12: error[OF004]: `approval` must be a table, not a boolean
    "#]].assert_eq(&job_cases(
        WRITE,
        &[
            r#""approval": {"required": false}"#,
            r#""approval": {"granted": true, "required": true}"#,
            r#""approval": {"granted": "yes", "required": "no"}"#,
            r#""approval": true"#,
        ],
    ));
}

#[test]
fn a_deadline_that_no_tick_can_keep_is_told() {
    expect![[r#"
        ── "verifyWithinSeconds": 119.9
        json:6:26: warning[OF048]: `verifyWithinSeconds` may be over before a tick comes that verifies the write
          help: give it 120 seconds or more; else only `run --wait` verifies it in time
        toml:7:23: warning[OF048]: `verifyWithinSeconds` may be over before a tick comes that verifies the write
          help: give it 120 seconds or more; else only `run --wait` verifies it in time
        ── "verifyWithinSeconds": 120
        ── "verifyWithinSeconds": 0
        json:6:26: error[OF004]: `verifyWithinSeconds` must be more than 0 seconds, and at most a hundred years
        toml:7:23: error[OF004]: `verifyWithinSeconds` must be more than 0 seconds, and at most a hundred years
    "#]].assert_eq(&job_cases(
        WRITE,
        &[
            r#""verifyWithinSeconds": 119.9"#,
            r#""verifyWithinSeconds": 120"#,
            r#""verifyWithinSeconds": 0"#,
        ],
    ));
}
