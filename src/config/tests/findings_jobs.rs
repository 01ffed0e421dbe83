//! Findings about a job's own keys, and unknown keys everywhere.
//!
//! In: configs in JSON, tried with their TOML twins. Out: snapshots of all that a person reads.
//! Invariant: this module never looks at a model, only at findings.

use expect_test::expect;

use super::*;

#[test]
fn an_unknown_key_is_never_taken_for_one_of_another_kind_or_place() {
    expect![[r#"
        ── "commands": {"run": ["a"], "stauts": ["b"]}
        json:2:28: warning[OF002]: unknown key `stauts` in `commands`: it has no effect
          help: known here: start, stop, run, status, statusFile
        toml:3:27: warning[OF002]: unknown key `stauts` in `commands`: it has no effect
          help: known here: start, stop, run, status, statusFile
        ── "input": ["a"], "suppressions": []
        json:4:3: warning[OF002]: unknown key `input` in job `c`: it has no effect
          help: did you mean `inputs`?
        json:7:3: warning[OF002]: unknown key `suppressions` in job `c`: it has no effect
          help: it belongs to the top of the file
        toml:5:1: warning[OF002]: unknown key `input` in job `c`: it has no effect
          help: did you mean `inputs`?
        toml:8:1: warning[OF002]: unknown key `suppressions` in job `c`: it has no effect
          help: it belongs to the top of the file
    "#]]
    .assert_eq(&job_cases(
        CHECK,
        &[
            r#""commands": {"run": ["a"], "stauts": ["b"]}"#,
            r#""input": ["a"], "suppressions": []"#,
        ],
    ));
    expect![[r#"
        ── "input": ["a"]
        json:4:3: warning[OF002]: unknown key `input` in job `w`: it has no effect
          help: known here: id, name, kind, risk, enabled, manual, cwd, env, timeoutSeconds, statusTimeoutSeconds, everySeconds, sandbox, verifyWithinSeconds, inputs, commands, policy, approval, after
        toml:5:1: warning[OF002]: unknown key `input` in job `w`: it has no effect
          help: known here: id, name, kind, risk, enabled, manual, cwd, env, timeoutSeconds, statusTimeoutSeconds, everySeconds, sandbox, verifyWithinSeconds, inputs, commands, policy, approval, after
    "#]].assert_eq(&job_cases(WATCH, &[r#""input": ["a"]"#]));
}

#[test]
fn unknown_keys_are_warned_of_with_what_was_meant() {
    expect![[r#"
        ── "job": []
        json:2:1: warning[OF002]: unknown key `job`: it has no effect
          help: did you mean `jobs`?
        toml:1:1: warning[OF002]: unknown key `job`: it has no effect
          help: did you mean `jobs`?
        ── "zzz\u0007\n": {"a": {"b": 1}}
        json:2:1: warning[OF002]: unknown key `zzz\u{7}\n`: it has no effect
          help: known here: version, defaults, report, history, suppressions, jobs
        toml:2:1: warning[OF002]: unknown key `zzz\u{7}\n`: it has no effect
          help: known here: version, defaults, report, history, suppressions, jobs
        ── "defaults": {"stallSecond": 1, "quietHours": {"begin": "23:00"}}
        json:2:14: warning[OF002]: unknown key `stallSecond` in `defaults`: it has no effect
          help: did you mean `stallSeconds`?
        json:2:47: warning[OF002]: unknown key `begin` in `defaults.quietHours`: it has no effect
          help: known here: start, end
        toml:1:29: warning[OF002]: unknown key `begin` in `defaults.quietHours`: it has no effect
          help: known here: start, end
        toml:1:48: warning[OF002]: unknown key `stallSecond` in `defaults`: it has no effect
          help: did you mean `stallSeconds`?
        ── "report": {"lang": "en"}
        json:2:12: warning[OF002]: unknown key `lang` in `report`: it has no effect
          help: known here: language, via, telegram, webhook, deadman
        toml:1:12: warning[OF002]: unknown key `lang` in `report`: it has no effect
          help: known here: language, via, telegram, webhook, deadman
    "#]]
    .assert_eq(&top_cases(&[
        r#""job": []"#,
        r#""zzz\u0007\n": {"a": {"b": 1}}"#,
        r#""defaults": {"stallSecond": 1, "quietHours": {"begin": "23:00"}}"#,
        r#""report": {"lang": "en"}"#,
    ]));
    expect![[r#"
        ── "comand": 1
        json:2:3: warning[OF002]: unknown key `comand` in job `w`: it has no effect
          help: did you mean `commands`?
        toml:3:1: warning[OF002]: unknown key `comand` in job `w`: it has no effect
          help: did you mean `commands`?
        ── "policy": {"statusTimeoutSeconds": 5}
        json:5:14: warning[OF002]: unknown key `statusTimeoutSeconds` in `policy`: it has no effect
          help: known here: quietHours, reportEverySeconds, stallSeconds, autoResume, autoResumeBackoffSeconds, maxResumes, startGraceSeconds, onStall, onlyOnChange, reportWhileRunning, reportOutput, alertAfter
        toml:6:12: warning[OF002]: unknown key `statusTimeoutSeconds` in `policy`: it has no effect
          help: known here: quietHours, reportEverySeconds, stallSeconds, autoResume, autoResumeBackoffSeconds, maxResumes, startGraceSeconds, onStall, onlyOnChange, reportWhileRunning, reportOutput, alertAfter
        ── "commands": {"start": ["a"], "status": ["b"], "restart": ["c"]}
        json:2:16: warning[OF002]: unknown key `restart` in `commands`: it has no effect
          help: known here: start, stop, run, status, statusFile
        toml:3:14: warning[OF002]: unknown key `restart` in `commands`: it has no effect
          help: known here: start, stop, run, status, statusFile
        ── "after": [{"jobID": "x", "jobId": "x"}]
        json:2:14: warning[OF002]: unknown key `jobID` in `after[0]`: it has no effect
          help: did you mean `jobId`?
        toml:3:12: warning[OF002]: unknown key `jobID` in `after[0]`: it has no effect
          help: did you mean `jobId`?
    "#]].assert_eq(&job_cases(
        WATCH,
        &[
            r#""comand": 1"#,
            r#""policy": {"statusTimeoutSeconds": 5}"#,
            r#""commands": {"start": ["a"], "status": ["b"], "restart": ["c"]}"#,
            r#""after": [{"jobID": "x", "jobId": "x"}]"#,
        ],
    ));
}

#[test]
fn ids_are_there_filled_and_unique() {
    expect![[r#"
        ── "id": null
        json:1:25: error[OF005]: jobs[0] has no `id`
          help: add "id": "nightly-scan"
        toml:2:1: error[OF005]: jobs[0] has no `id`
          help: add id = "nightly-scan"
        ── "id": "  "
        json:3:9: error[OF004]: `id` must be a string that is not empty
        toml:4:6: error[OF004]: `id` must be a string that is not empty
        ── "id": 5
        json:3:9: error[OF004]: `id` must be a string, not a number
        toml:4:6: error[OF004]: `id` must be a string, not a number
        ── "id": "a\u0000b"
        json:3:9: error[OF004]: `id` must be a string without a NUL character
        toml:4:6: error[OF004]: `id` must be a string without a NUL character
    "#]]
    .assert_eq(&job_cases(
        WATCH,
        &[r#""id": null"#, r#""id": "  ""#, r#""id": 5"#, r#""id": "a\u0000b""#],
    ));
    let twice = format!("{{\"version\": 1, \"jobs\": [{{{CHECK}}},\n{{{}}}]}}", {
        CHECK.replace("\"c\"", "\" c \"")
    });
    expect![[r#"
        json:3:8: error[OF008]: the id `c` is defined twice
          json:1:32: first here
          help: give one of the jobs another id
    "#]]
    .assert_eq(&findings("json", &twice));
    expect![[r#"
        toml:9:6: error[OF008]: the id `c` is defined twice
          toml:4:6: first here
          help: give one of the jobs another id
    "#]]
    .assert_eq(&findings("toml", &toml_twin(&twice)));
}

#[test]
fn kind_and_risk_are_words_of_a_closed_list() {
    expect![[r#"
        ── "kind": null, "risk": null
        json:3:9: error[OF005]: job `c` has no `kind`: one of long_running_read, one_shot_read, one_shot_write
          help: add "kind": "long_running_read"
        json:3:9: error[OF005]: job `c` has no `risk`: one of read_only, write_local, write_external
          help: add "risk": "read_only"
        toml:4:6: error[OF005]: job `c` has no `kind`: one of long_running_read, one_shot_read, one_shot_write
          help: add kind = "long_running_read"
        toml:4:6: error[OF005]: job `c` has no `risk`: one of read_only, write_local, write_external
          help: add risk = "read_only"
        ── "kind": "one_shot_raed"
        json:4:11: error[OF010]: `kind` can't be "one_shot_raed"
          help: did you mean "one_shot_read"?
          help: one of: long_running_read, one_shot_read, one_shot_write
        toml:5:8: error[OF010]: `kind` can't be "one_shot_raed"
          help: did you mean "one_shot_read"?
          help: one of: long_running_read, one_shot_read, one_shot_write
        ── "kind": "x", "risk": "y"
        json:4:11: error[OF010]: `kind` can't be "x"
          help: one of: long_running_read, one_shot_read, one_shot_write
        json:5:11: error[OF010]: `risk` can't be "y"
          help: one of: read_only, write_local, write_external
        toml:5:8: error[OF010]: `kind` can't be "x"
          help: one of: long_running_read, one_shot_read, one_shot_write
        toml:6:8: error[OF010]: `risk` can't be "y"
          help: one of: read_only, write_local, write_external
        ── "kind": 1, "risk": {}
        json:4:11: error[OF004]: `kind` must be a string, not a number
        json:5:11: error[OF004]: `risk` must be a string, not an object
        toml:5:8: error[OF004]: `kind` must be a string, not a number
        toml:6:8: error[OF004]: `risk` must be a string, not a table
    "#]]
    .assert_eq(&job_cases(
        CHECK,
        &[
            r#""kind": null, "risk": null"#,
            r#""kind": "one_shot_raed""#,
            r#""kind": "x", "risk": "y""#,
            r#""kind": 1, "risk": {}"#,
        ],
    ));
}

#[test]
fn only_a_literal_true_enables() {
    expect![[r#"
        ── "enabled": "true"
        json:3:14: warning[OF004]: `enabled` is neither true nor false: the job counts as disabled
          help: only a literal true enables: "enabled": true
        toml:4:11: warning[OF004]: `enabled` is neither true nor false: the job counts as disabled
          help: only a literal true enables: enabled = true
        ── "enabled": 1
        json:3:14: warning[OF004]: `enabled` is neither true nor false: the job counts as disabled
          help: only a literal true enables: "enabled": true
        toml:4:11: warning[OF004]: `enabled` is neither true nor false: the job counts as disabled
          help: only a literal true enables: enabled = true
    "#]]
    .assert_eq(&job_cases(CHECK, &[r#""enabled": "true""#, r#""enabled": 1"#]));
    expect![[r#"
        ── "enabled": false
        ── "manual": 1
        json:5:13: error[OF004]: `manual` must be true or false, not a number
        toml:6:10: error[OF004]: `manual` must be true or false, not a number
    "#]]
    .assert_eq(&job_cases(CHECK, &[r#""enabled": false"#, r#""manual": 1"#]));
}

#[test]
fn cwd_and_env_are_checked() {
    expect![[r#"
        ── "cwd": ""
        json:3:10: error[OF004]: `cwd` must be a string that is not empty
        toml:4:7: error[OF004]: `cwd` must be a string that is not empty
        ── "cwd": 1
        json:3:10: error[OF004]: `cwd` must be a string, not a number
        toml:4:7: error[OF004]: `cwd` must be a string, not a number
        ── "cwd": "a\u0000"
        json:3:10: error[OF004]: `cwd` must be a string without a NUL character
        toml:4:7: error[OF004]: `cwd` must be a string without a NUL character
        ── "cwd": "~bob/x"
        json:3:10: error[OF004]: `cwd` must be a path whose `~` stands alone or before `/`: other users' homes, and files whose name begins with `~`, need an absolute path or `./~`
        toml:4:7: error[OF004]: `cwd` must be a path whose `~` stands alone or before `/`: other users' homes, and files whose name begins with `~`, need an absolute path or `./~`
        ── "name": 1
        json:5:11: error[OF004]: `name` must be a string, not a number
        toml:6:8: error[OF004]: `name` must be a string, not a number
        ── "env": []
        json:3:10: error[OF004]: `env` must be an object, not an array
        toml:4:7: error[OF004]: `env` must be a table, not an array
        ── "env": {"": "a", "A=B": "b", "OPSFSM_RUN": "c", "N": 1, "Z": "\u0000secret"}
        json:3:11: error[OF004]: the name of an environment variable can't be empty
        json:3:18: error[OF004]: the name of an environment variable can't contain `=` or NUL
        json:3:32: error[OF004]: `env.N` must be a string, not a number
        json:3:34: error[OF004]: `OPSFSM_RUN` is opsfsm's own: it marks the processes that it started
        json:3:55: error[OF004]: `env.Z` must be a string without a NUL character
        toml:4:9: error[OF004]: the name of an environment variable can't be empty
        toml:4:19: error[OF004]: the name of an environment variable can't contain `=` or NUL
        toml:4:36: error[OF004]: `env.N` must be a string, not a number
        toml:4:39: error[OF004]: `OPSFSM_RUN` is opsfsm's own: it marks the processes that it started
        toml:4:63: error[OF004]: `env.Z` must be a string without a NUL character
    "#]].assert_eq(&job_cases(
        CHECK,
        &[
            r#""cwd": """#,
            r#""cwd": 1"#,
            r#""cwd": "a\u0000""#,
            r#""cwd": "~bob/x""#,
            r#""name": 1"#,
            r#""env": []"#,
            r#""env": {"": "a", "A=B": "b", "OPSFSM_RUN": "c", "N": 1, "Z": "\u0000secret"}"#,
        ],
    ));
    let mut around = around();
    around.home = None;
    let text = "version = 1\n[[jobs]]\nid = 'a'\nkind = 'one_shot_read'\nrisk = 'read_only'\n\
                cwd = '~/x'\ncommands.run = ['a']";
    let parsed = parse_config(vec![source("toml", text)], &around);
    expect![[r#"
        toml:6:7: error[OF004]: `cwd` must be an absolute path here: no home folder is known that `~` could mean
    "#]].assert_eq(&rendered(&parsed));
}

#[test]
fn limits_of_a_job_are_in_range() {
    expect![[r#"
        ── "timeoutSeconds": 0
        json:6:21: error[OF004]: `timeoutSeconds` must be more than 0 seconds, and at most a hundred years
        toml:7:18: error[OF004]: `timeoutSeconds` must be more than 0 seconds, and at most a hundred years
        ── "timeoutSeconds": true
        json:6:21: error[OF004]: `timeoutSeconds` must be a number of seconds, not a boolean
        toml:7:18: error[OF004]: `timeoutSeconds` must be a number of seconds, not a boolean
        ── "everySeconds": 59.9
        json:3:19: error[OF004]: `everySeconds` must be 60 seconds or more, and at most a hundred years
        toml:4:16: error[OF004]: `everySeconds` must be 60 seconds or more, and at most a hundred years
    "#]]
    .assert_eq(&job_cases(
        CHECK,
        &[r#""timeoutSeconds": 0"#, r#""timeoutSeconds": true"#, r#""everySeconds": 59.9"#],
    ));
    expect![[r#"
        ── "statusTimeoutSeconds": -3
        json:6:27: error[OF004]: `statusTimeoutSeconds` must be more than 0 seconds, and at most a hundred years
        toml:7:24: error[OF004]: `statusTimeoutSeconds` must be more than 0 seconds, and at most a hundred years
    "#]].assert_eq(&job_cases(WATCH, &[r#""statusTimeoutSeconds": -3"#]));
}

#[test]
fn links_name_a_job() {
    expect![[r#"
        ── "after": {"jobId": "x"}
        json:2:12: error[OF004]: `after` must be an array, not an object
        toml:3:9: error[OF004]: `after` must be an array, not a table
        ── "after": ["x"]
        json:2:13: error[OF004]: `after[0]` must be an object, not a string
        toml:3:10: error[OF004]: `after[0]` must be a table, not a string
        ── "after": [{}, {"jobId": ""}, {"jobId": 1}]
        json:2:13: error[OF005]: `after[0]` has no `jobId`
          help: add "jobId": "verify-scan"
        json:2:25: error[OF004]: `after[1].jobId` must be a string that is not empty
        json:2:38: error[OF004]: `after[2].jobId` must be a string, not a number
        toml:3:10: error[OF005]: `after[0]` has no `jobId`
          help: add jobId = "verify-scan"
        toml:3:26: error[OF004]: `after[1].jobId` must be a string that is not empty
        toml:3:42: error[OF004]: `after[2].jobId` must be a string, not a number
        ── "after": [{"jobId": "x", "when": "sucess", "delaySeconds": -1}]
        json:2:29: error[OF004]: `after[0].delaySeconds` must be 0 seconds or more, and at most a hundred years
        json:2:51: error[OF010]: `after[0].when` can't be "sucess"
          help: did you mean "success"?
          help: one of: success, failure
        toml:3:27: error[OF004]: `after[0].delaySeconds` must be 0 seconds or more, and at most a hundred years
        toml:3:51: error[OF010]: `after[0].when` can't be "sucess"
          help: did you mean "success"?
          help: one of: success, failure
    "#]]
    .assert_eq(&job_cases(
        CHECK,
        &[
            r#""after": {"jobId": "x"}"#,
            r#""after": ["x"]"#,
            r#""after": [{}, {"jobId": ""}, {"jobId": 1}]"#,
            r#""after": [{"jobId": "x", "when": "sucess", "delaySeconds": -1}]"#,
        ],
    ));
}
