//! Every rule, in JSON and in its TOML twin.

use expect_test::expect;

use super::*;

#[test]
fn version_is_needed_and_is_one() {
    let text = cases(
        ["{}", r#"{"version": null}"#]
            .into_iter()
            .map(|json| (json.to_owned(), json.replace("null", "2"))),
    );
    expect![[r#"
        ── {}
        json:1:1: error[OF005]: the file has no `version`
          help: add "version": 1
        toml:1:1: error[OF005]: the file has no `version`
          help: add version = 1
        ── {"version": null}
        json:1:13: error[OF007]: a config version that this build can't read
          help: this build reads "version": 1
        toml:1:11: error[OF007]: a config version that this build can't read
          help: this build reads version = 1
    "#]]
    .assert_eq(&text);
    for fine in [r#"{"version": 1}"#, r#"{"version": 1.0, "defaults": null, "jobs": null}"#] {
        clean("json", fine);
    }
    expect![[r#"
        json:1:1: error[OF005]: the file has no `version`
          help: add "version": 1
    "#]]
    .assert_eq(&findings("json", r#"{"version": null}"#));
    expect![[r#"
        json:1:1: error[OF004]: the whole file must be an object
    "#]]
    .assert_eq(&findings("json", r#"[1]"#));
    expect![[r#"
        toml:1:11: error[OF007]: a config version that this build can't read
          help: this build reads version = 1
    "#]]
    .assert_eq(&findings("toml", "version = \"1\"\n"));
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
          help: known here: version, defaults, report, jobs
        toml:2:1: warning[OF002]: unknown key `zzz\u{7}\n`: it has no effect
          help: known here: version, defaults, report, jobs
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
          help: known here: language
        toml:1:12: warning[OF002]: unknown key `lang` in `report`: it has no effect
          help: known here: language
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
          help: known here: quietHours, reportEverySeconds, stallSeconds, autoResume, autoResumeBackoffSeconds, maxResumes, startGraceSeconds, onStall, onlyOnChange, reportWhileRunning
        toml:6:12: warning[OF002]: unknown key `statusTimeoutSeconds` in `policy`: it has no effect
          help: known here: quietHours, reportEverySeconds, stallSeconds, autoResume, autoResumeBackoffSeconds, maxResumes, startGraceSeconds, onStall, onlyOnChange, reportWhileRunning
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
fn spans_of_time_are_numbers_of_seconds() {
    expect![[r#"
        ── "defaults": {"stallSeconds": true}
        json:2:30: error[OF004]: `defaults.stallSeconds` must be a number of seconds, not a boolean
        toml:1:29: error[OF004]: `defaults.stallSeconds` must be a number of seconds, not a boolean
        ── "defaults": {"stallSeconds": "60"}
        json:2:30: error[OF004]: `defaults.stallSeconds` must be a number of seconds, not a string
        toml:1:29: error[OF004]: `defaults.stallSeconds` must be a number of seconds, not a string
        ── "defaults": {"stallSeconds": -1}
        json:2:30: error[OF004]: `defaults.stallSeconds` must be 0 seconds or more, and at most a hundred years
        toml:1:29: error[OF004]: `defaults.stallSeconds` must be 0 seconds or more, and at most a hundred years
        ── "defaults": {"stallSeconds": -0.5}
        json:2:30: error[OF004]: `defaults.stallSeconds` must be 0 seconds or more, and at most a hundred years
        toml:1:29: error[OF004]: `defaults.stallSeconds` must be 0 seconds or more, and at most a hundred years
        ── "defaults": {"reportEverySeconds": 1e300}
        json:2:36: error[OF004]: `defaults.reportEverySeconds` must be 0 seconds or more, and at most a hundred years
        toml:1:35: error[OF004]: `defaults.reportEverySeconds` must be 0 seconds or more, and at most a hundred years
        ── "defaults": {"startGraceSeconds": 99999999999999999999}
        json:2:35: error[OF004]: `defaults.startGraceSeconds` must be 0 seconds or more, and at most a hundred years
        toml:1:34: error[OF004]: `defaults.startGraceSeconds` must be 0 seconds or more, and at most a hundred years
        ── "defaults": {"autoResumeBackoffSeconds": []}
        json:2:42: error[OF004]: `defaults.autoResumeBackoffSeconds` must be a number of seconds, not an array
        toml:1:41: error[OF004]: `defaults.autoResumeBackoffSeconds` must be a number of seconds, not an array
        ── "defaults": {"statusTimeoutSeconds": 0}
        json:2:38: error[OF004]: `defaults.statusTimeoutSeconds` must be more than 0 seconds, and at most a hundred years
        toml:1:37: error[OF004]: `defaults.statusTimeoutSeconds` must be more than 0 seconds, and at most a hundred years
        ── "defaults": {"statusTimeoutSeconds": 0.0001}
        json:2:38: error[OF004]: `defaults.statusTimeoutSeconds` must be more than 0 seconds, and at most a hundred years
        toml:1:37: error[OF004]: `defaults.statusTimeoutSeconds` must be more than 0 seconds, and at most a hundred years
        ── "defaults": {"tickLimitSeconds": 9}
        json:2:34: error[OF004]: `defaults.tickLimitSeconds` must be 10 to 3600 seconds
        toml:1:33: error[OF004]: `defaults.tickLimitSeconds` must be 10 to 3600 seconds
        ── "defaults": {"tickLimitSeconds": 3601}
        json:2:34: error[OF004]: `defaults.tickLimitSeconds` must be 10 to 3600 seconds
        toml:1:33: error[OF004]: `defaults.tickLimitSeconds` must be 10 to 3600 seconds
        ── "defaults": {"maxResumes": 1.5}
        json:2:28: error[OF004]: `defaults.maxResumes` must be a whole number, 0 or more
        toml:1:27: error[OF004]: `defaults.maxResumes` must be a whole number, 0 or more
        ── "defaults": {"maxResumes": -1}
        json:2:28: error[OF004]: `defaults.maxResumes` must be a whole number, 0 or more
        toml:1:27: error[OF004]: `defaults.maxResumes` must be a whole number, 0 or more
        ── "defaults": {"maxResumes": "3"}
        json:2:28: error[OF004]: `defaults.maxResumes` must be a whole number, 0 or more, not a string
        toml:1:27: error[OF004]: `defaults.maxResumes` must be a whole number, 0 or more, not a string
    "#]].assert_eq(&top_cases(&[
        r#""defaults": {"stallSeconds": true}"#,
        r#""defaults": {"stallSeconds": "60"}"#,
        r#""defaults": {"stallSeconds": -1}"#,
        r#""defaults": {"stallSeconds": -0.5}"#,
        r#""defaults": {"reportEverySeconds": 1e300}"#,
        r#""defaults": {"startGraceSeconds": 99999999999999999999}"#,
        r#""defaults": {"autoResumeBackoffSeconds": []}"#,
        r#""defaults": {"statusTimeoutSeconds": 0}"#,
        r#""defaults": {"statusTimeoutSeconds": 0.0001}"#,
        r#""defaults": {"tickLimitSeconds": 9}"#,
        r#""defaults": {"tickLimitSeconds": 3601}"#,
        r#""defaults": {"maxResumes": 1.5}"#,
        r#""defaults": {"maxResumes": -1}"#,
        r#""defaults": {"maxResumes": "3"}"#,
    ]));
    expect![[r#"
        toml:2:25: error[OF004]: `defaults.stallSeconds` must be 0 seconds or more, and at most a hundred years
        toml:3:31: error[OF004]: `defaults.reportEverySeconds` must be 0 seconds or more, and at most a hundred years
        toml:4:30: error[OF004]: `defaults.startGraceSeconds` must be a number of seconds, not a date or time
    "#]].assert_eq(&findings(
        "toml",
        "version = 1\ndefaults.stallSeconds = nan\ndefaults.reportEverySeconds = inf\n\
         defaults.startGraceSeconds = 2026-01-01\n",
    ));
}

#[test]
fn other_policy_values_have_their_types() {
    expect![[r#"
        ── "defaults": []
        json:2:13: error[OF004]: `defaults` must be an object, not an array
        toml:1:12: error[OF004]: `defaults` must be a table, not an array
        ── "defaults": {"quietHours": "23:00"}
        json:2:28: error[OF004]: `defaults.quietHours` must be an object, not a string
        toml:1:27: error[OF004]: `defaults.quietHours` must be a table, not a string
        ── "defaults": {"quietHours": {"start": "25:00", "end": 8}}
        json:2:38: error[OF004]: `defaults.quietHours.start` must be a local time from "00:00" to "23:59"
        json:2:54: error[OF004]: `defaults.quietHours.end` must be a local time from "00:00" to "23:59", not a number
        toml:1:35: error[OF004]: `defaults.quietHours.end` must be a local time from "00:00" to "23:59", not a number
        toml:1:46: error[OF004]: `defaults.quietHours.start` must be a local time from "00:00" to "23:59"
        ── "defaults": {"autoResume": 1, "onlyOnChange": "no", "reportWhileRunning": {}}
        json:2:28: error[OF004]: `defaults.autoResume` must be true or false, not a number
        json:2:47: error[OF004]: `defaults.onlyOnChange` must be true or false, not a string
        json:2:75: error[OF004]: `defaults.reportWhileRunning` must be true or false, not an object
        toml:1:27: error[OF004]: `defaults.autoResume` must be true or false, not a number
        toml:1:45: error[OF004]: `defaults.onlyOnChange` must be true or false, not a string
        toml:1:72: error[OF004]: `defaults.reportWhileRunning` must be true or false, not a table
        ── "defaults": {"onStall": "restrat"}
        json:2:25: error[OF010]: `defaults.onStall` can't be "restrat"
          help: did you mean "restart"?
          help: one of: report, restart
        toml:1:24: error[OF010]: `defaults.onStall` can't be "restrat"
          help: did you mean "restart"?
          help: one of: report, restart
        ── "report": {"language": "de"}
        json:2:24: error[OF010]: `report.language` can't be "de"
          help: one of: en, zh
        toml:1:23: error[OF010]: `report.language` can't be "de"
          help: one of: en, zh
        ── "report": {"language": 1}
        json:2:24: error[OF004]: `report.language` must be a string, not a number
        toml:1:23: error[OF004]: `report.language` must be a string, not a number
    "#]].assert_eq(&top_cases(&[
        r#""defaults": []"#,
        r#""defaults": {"quietHours": "23:00"}"#,
        r#""defaults": {"quietHours": {"start": "25:00", "end": 8}}"#,
        r#""defaults": {"autoResume": 1, "onlyOnChange": "no", "reportWhileRunning": {}}"#,
        r#""defaults": {"onStall": "restrat"}"#,
        r#""report": {"language": "de"}"#,
        r#""report": {"language": 1}"#,
    ]));
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
fn keys_without_effect_on_the_kind_are_warned_of() {
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

#[test]
fn jobs_are_tables_in_an_array() {
    expect![[r#"
        json:1:24: error[OF004]: `jobs` must be an array, not an object
    "#]]
    .assert_eq(&findings("json", r#"{"version": 1, "jobs": {}}"#));
    expect![[r#"
        json:1:25: error[OF004]: `jobs[0]` must be an object, not a number
        json:1:28: error[OF004]: `jobs[1]` must be an object, not null
    "#]]
    .assert_eq(&findings("json", r#"{"version": 1, "jobs": [1, null]}"#));
    expect![[r#"
        toml:2:1: error[OF004]: `jobs` must be an array of tables, not a table
          help: begin each job with [[jobs]]
    "#]]
    .assert_eq(&findings("toml", "version = 1\n[jobs]\nid = 'a'\n"));
    expect![[r#"
        toml:2:9: error[OF004]: `jobs[0]` must be a table, not a number
    "#]]
    .assert_eq(&findings("toml", "version = 1\njobs = [1]\n"));
}

#[test]
fn ten_mistakes_are_told_in_one_pass() {
    let json = r#"{"version": 1,
 "defaults": {"stallSecond": 5, "reportEverySeconds": "30m"},
 "jobs": [{"id": "scan", "kind": "long_runing_read", "risk": "read_only",
           "commands": {"start": "scan --all"}},
          {"id": "scan", "kind": "one_shot_read", "risk": "readonly", "everySeconds": 5,
           "commands": {"run": []}},
          {"kind": "one_shot_write", "risk": "write_local", "approval": {"required": false},
           "commands": {"run": ["apply"]}, "after": [{"when": "success"}]}]}"#;
    expect![[r#"
        json:2:15: warning[OF002]: unknown key `stallSecond` in `defaults`: it has no effect
          help: did you mean `stallSeconds`?
        json:2:55: error[OF004]: `defaults.reportEverySeconds` must be a number of seconds, not a string
        json:3:34: error[OF010]: `kind` can't be "long_runing_read"
          help: did you mean "long_running_read"?
          help: one of: long_running_read, one_shot_read, one_shot_write
        json:4:34: error[OF004]: `commands.start` must be an array of strings, the program and its arguments one by one (no shell reads it), not a string
        json:5:18: error[OF008]: the id `scan` is defined twice
          json:3:18: first here
          help: give one of the jobs another id
        json:5:59: error[OF010]: `risk` can't be "readonly"
          help: did you mean "read_only"?
          help: one of: read_only, write_local, write_external
        json:5:87: error[OF004]: `everySeconds` must be 60 seconds or more, and at most a hundred years
        json:6:32: error[OF004]: `commands.run` must be an array with at least a program
        json:7:11: error[OF005]: jobs[2] has no `id`
          help: add "id": "nightly-scan"
        json:7:86: error[OF061]: `approval.required: false` is refused: a write always needs an approval
          help: remove the key, and approve each write with `opsfsm approve`
        json:8:54: error[OF005]: `after[0]` has no `jobId`
          help: add "jobId": "verify-scan"
    "#]].assert_eq(&findings("json", json));
    let twin = findings("toml", &toml_twin(json));
    let codes = |text: &str| {
        let mut codes: Vec<String> = text
            .lines()
            .filter_map(|line| Some(line.split_once('[')?.1.split_once("]: ")?.0.to_owned()))
            .collect();
        codes.sort();
        codes
    };
    assert_eq!(codes(&twin), codes(&findings("json", json)));
    assert!(codes(&twin).len() >= 10);
}

#[test]
fn files_of_a_folder_share_one_defaults_one_report_and_one_set_of_ids() {
    let one = format!("{{\"version\": 1, \"defaults\": {{}}, \"jobs\": [{{{CHECK}}}]}}");
    let two = "version = 1\n[defaults]\nstallSeconds = 1\n[report]\n[[jobs]]\nid = 'c'\n\
               kind = 'one_shot_read'\nrisk = 'read_only'\ncommands.run = ['a']\n";
    let three = "[report]\nlanguage = 'zh'\n";
    let files = vec![source("1.json", one), source("2.toml", two), source("3.toml", three)];
    expect![[r#"
        2.toml:2:2: error[OF003]: `defaults` stands in two files of one config
          1.json:1:16: first here
          help: it holds for the jobs of all files: keep it in one of them
        2.toml:6:6: error[OF008]: the id `c` is defined twice
          1.json:1:48: first here
          help: give one of the jobs another id
        3.toml:1:1: error[OF005]: the file has no `version`
          help: add version = 1
        3.toml:1:2: error[OF003]: `report` stands in two files of one config
          2.toml:4:2: first here
          help: it holds for the jobs of all files: keep it in one of them
    "#]]
    .assert_eq(&rendered(&parse_config(files, &around())));
}
