//! Findings about the top level, `defaults`, `report` and the files of a folder.
//!
//! In: configs in JSON, tried with their TOML twins. Out: snapshots of all that a person reads.
//! Invariant: this module never looks at a model, only at findings.

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
fn so_much_history_is_kept_and_no_less() {
    expect![[r#"
        ── "history": 400
        json:2:12: error[OF004]: `history` must be an object, not a number
        toml:1:11: error[OF004]: `history` must be a table, not a number
        ── "history": {"keepDays": 0}
        json:2:25: error[OF004]: `history.keepDays` must be a whole number, 1 or more
        toml:1:24: error[OF004]: `history.keepDays` must be a whole number, 1 or more
        ── "history": {"keepDays": 1.5}
        json:2:25: error[OF004]: `history.keepDays` must be a whole number, 1 or more
        toml:1:24: error[OF004]: `history.keepDays` must be a whole number, 1 or more
        ── "history": {"keepEvents": 999}
        json:2:27: error[OF004]: `history.keepEvents` must be a whole number, 1000 or more
        toml:1:26: error[OF004]: `history.keepEvents` must be a whole number, 1000 or more
        ── "history": {"keepEvents": 4294967296}
        json:2:27: error[OF004]: `history.keepEvents` must be a whole number, 1000 or more
        toml:1:26: error[OF004]: `history.keepEvents` must be a whole number, 1000 or more
        ── "history": {"keepEvents": "all"}
        json:2:27: error[OF004]: `history.keepEvents` must be a whole number, 1000 or more, not a string
        toml:1:26: error[OF004]: `history.keepEvents` must be a whole number, 1000 or more, not a string
        ── "history": {"keepYears": 2}
        json:2:13: warning[OF002]: unknown key `keepYears` in `history`: it has no effect
          help: known here: keepDays, keepEvents
        toml:1:13: warning[OF002]: unknown key `keepYears` in `history`: it has no effect
          help: known here: keepDays, keepEvents
    "#]].assert_eq(&top_cases(&[
        r#""history": 400"#,
        r#""history": {"keepDays": 0}"#,
        r#""history": {"keepDays": 1.5}"#,
        r#""history": {"keepEvents": 999}"#,
        r#""history": {"keepEvents": 4294967296}"#,
        r#""history": {"keepEvents": "all"}"#,
        r#""history": {"keepYears": 2}"#,
    ]));
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
        ── "defaults": {"timezone": "CET-1CEST,M3.5.0", "alertAfter": 0}
        json:2:26: error[OF004]: `defaults.timezone` must be a name of the IANA time zone database, as in "Europe/Berlin"
        json:2:60: error[OF004]: `defaults.alertAfter` must be a whole number, 1 or more
        toml:1:27: error[OF004]: `defaults.alertAfter` must be a whole number, 1 or more
        toml:1:41: error[OF004]: `defaults.timezone` must be a name of the IANA time zone database, as in "Europe/Berlin"
        ── "defaults": {"timezone": "../Berlin", "alertAfter": "3"}
        json:2:26: error[OF004]: `defaults.timezone` must be a name of the IANA time zone database, as in "Europe/Berlin"
        json:2:53: error[OF004]: `defaults.alertAfter` must be a whole number, 1 or more, not a string
        toml:1:27: error[OF004]: `defaults.alertAfter` must be a whole number, 1 or more, not a string
        toml:1:43: error[OF004]: `defaults.timezone` must be a name of the IANA time zone database, as in "Europe/Berlin"
        ── "defaults": {"timezone": 2, "alertAfter": 1.5}
        json:2:26: error[OF004]: `defaults.timezone` must be a string, not a number
        json:2:43: error[OF004]: `defaults.alertAfter` must be a whole number, 1 or more
        toml:1:27: error[OF004]: `defaults.alertAfter` must be a whole number, 1 or more
        toml:1:43: error[OF004]: `defaults.timezone` must be a string, not a number
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
        r#""defaults": {"timezone": "CET-1CEST,M3.5.0", "alertAfter": 0}"#,
        r#""defaults": {"timezone": "../Berlin", "alertAfter": "3"}"#,
        r#""defaults": {"timezone": 2, "alertAfter": 1.5}"#,
        r#""report": {"language": "de"}"#,
        r#""report": {"language": 1}"#,
    ]));
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
    let two = "version = 1\n[defaults]\nstallSeconds = 1\n[report]\n[history]\n[[jobs]]\nid = 'c'\n\
               kind = 'one_shot_read'\nrisk = 'read_only'\ncommands.run = ['a']\n";
    let three = "[report]\nlanguage = 'zh'\n[history]\n";
    let files = vec![source("1.json", one), source("2.toml", two), source("3.toml", three)];
    expect![[r#"
        2.toml:2:2: error[OF003]: `defaults` stands in two files of one config
          1.json:1:16: first here
          help: it holds for the jobs of all files: keep it in one of them
        2.toml:7:6: error[OF008]: the id `c` is defined twice
          1.json:1:48: first here
          help: give one of the jobs another id
        3.toml:1:1: error[OF005]: the file has no `version`
          help: add version = 1
        3.toml:1:2: error[OF003]: `report` stands in two files of one config
          2.toml:4:2: first here
          help: it holds for the jobs of all files: keep it in one of them
        3.toml:3:2: error[OF003]: `history` stands in two files of one config
          2.toml:5:2: first here
          help: it holds for the jobs of all files: keep it in one of them
    "#]]
    .assert_eq(&rendered(&parse_config(files, &around())));
}
