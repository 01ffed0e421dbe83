//! `check` in all its formats: the same verdict, valid where a standard says what that is, and
//! nothing for a terminal that is none.

use std::path::Path;

use serde_json::{Value, json};

use super::json_schema::validate;
use super::support::{Ran, Sandbox, has, lacks, with};

const FORMATS: [&str; 6] = ["human", "text", "short", "json", "github", "sarif"];
const SARIF: &str = include_str!("../schemas/sarif-schema-2.1.0.json");

/// A job, and with it how bad its config is.
fn config_with(sandbox: &Sandbox, name: &str, change: &Value) -> String {
    let job = with(with(sandbox.check("disk"), &json!({"manual": true})), change);
    let config = json!({"version": 1, "jobs": [job]});
    sandbox.write(name, format!("{config:#}\n")).to_str().unwrap().to_owned()
}

fn parsed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    let sandbox = Sandbox::new();
    let clean = config_with(&sandbox, "clean.json", &json!({}));
    let warned = config_with(&sandbox, "warned.json", &json!({"colour": "red"}));
    let wrong = config_with(&sandbox, "wrong.json", &json!({"risk": "none"}));
    let absent = sandbox.path("absent.json").to_str().unwrap().to_owned();
    // By severity from error to info, then never.
    for (path, codes) in [
        (&clean, [0, 0, 0, 0]),
        (&warned, [0, 1, 1, 0]),
        (&wrong, [1, 1, 1, 0]),
        (&absent, [2, 2, 2, 2]),
    ] {
        for (severity, code) in ["error", "warning", "info", "never"].iter().zip(codes) {
            for format in FORMATS {
                let ran = sandbox.run(&["check", path, "--format", format, "--fail-on", severity]);
                assert_eq!(ran.code, code, "{path} {severity} {format}: {ran:?}");
                assert_eq!(ran.err.is_empty(), code != 2, "{ran:?}");
            }
        }
    }
    sandbox.run(&["check", &clean, "--format", "yaml"]).exits(2);
}

#[test]
fn several_configs_are_checked_in_one_pass_and_none_twice() {
    let sandbox = Sandbox::new();
    let a = config_with(&sandbox, "set/a.json", &json!({"colour": "red"}));
    config_with(&sandbox, "set/b.json", &json!({"id": "other"}));
    // Of its own: it may have the same ids as the folder's.
    let c = config_with(&sandbox, "c.json", &json!({"kind": "x"}));
    let folder = sandbox.path("set").to_str().unwrap().to_owned();
    let ran = sandbox.run(&["check", "--format", "short", &a, &folder, &c, &c, &folder]);
    ran.exits(1).prints(&format!("{folder}: ok, 2 jobs")).prints("1 error, 1 warning\n");
    assert_eq!(ran.out.matches("OF002").count(), 1, "{}", ran.out);
    assert_eq!(ran.out.matches("OF010").count(), 1, "{}", ran.out);
    assert_eq!(ran.out.matches(": ok,").count(), 1, "{}", ran.out);
    // One that can't be checked keeps nothing from being told of the others.
    let ran = sandbox.run(&["check", "--format", "short", "/nowhere.toml", &c]);
    ran.exits(2).says("no config at /nowhere.toml").prints("OF010");
    let ran = sandbox.run(&["check", "--format", "github", "/nowhere.toml", &c]);
    ran.exits(2).prints("::error title=opsfsm::no config at /nowhere.toml");
}

#[test]
fn sarif_is_valid_by_the_official_schema() {
    let sandbox = Sandbox::new();
    let schema: Value = serde_json::from_str(SARIF).unwrap();
    let chain = json!({"after": [{"jobId": "x"}, {"jobId": "disk"}], "colour": 1, "enabled": 3});
    let good = config_with(&sandbox, "a b/ü%.json", &json!({}));
    let wrong = config_with(&sandbox, "wrong.json", &chain);
    let syntax = sandbox.write("s.toml", "= 1\n\u{9b}").to_str().unwrap().to_owned();
    let huge = sandbox.write("huge.toml", vec![b'#'; (32 << 20) + 1]);
    for paths in
        [vec![good.as_str()], vec![&good, &wrong, &syntax, huge.to_str().unwrap(), "/no/such.toml"]]
    {
        let ran = sandbox.run(&[&["check", "--format", "sarif"][..], &paths].concat());
        let answer = parsed(&ran);
        assert_eq!(validate(&schema, &answer), Vec::<String>::new(), "{answer:#}");
        let run = &answer["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let rule = &run["tool"]["driver"]["rules"]
                [usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
        }
    }
    // The validator does find faults.
    assert!(!validate(&schema, &json!({"version": "2.0.0", "runs": []})).is_empty());
    assert!(!validate(&schema, &json!({"version": "2.1.0", "runs": [{"results": []}]})).is_empty());
}

/// Code and fingerprint of each result.
fn prints_of(sandbox: &Sandbox, path: &Path) -> Vec<(String, String)> {
    let ran = sandbox.run(&["check", path.to_str().unwrap(), "--format", "sarif"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |result: &Value| {
        (text(&result["ruleId"]), text(&result["partialFingerprints"]["opsfsm/v1"]))
    };
    let mut all: Vec<_> =
        parsed(&ran)["runs"][0]["results"].as_array().unwrap().iter().map(one).collect();
    all.sort();
    all
}

#[test]
fn fingerprints_stay_when_lines_move_and_differ_by_code_job_and_key() {
    let sandbox = Sandbox::new();
    let job = |id: &str| {
        format!(
            "[[jobs]]\nid = \"{id}\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\n\
             colour = 1\nsize = 2\nstatusTimeoutSeconds = 1\ncommands.run = []\n"
        )
    };
    let before = sandbox.write("a.toml", format!("version = 1\n{}{}", job("a"), job("b")));
    let after =
        sandbox.write("b.toml", format!("# new\n\nversion = 1\n{}\n\n{}", job("b"), job("a")));
    let (before, after) = (prints_of(&sandbox, &before), prints_of(&sandbox, &after));
    assert_eq!(before, after);
    assert_eq!(before.len(), 8);
    let mut distinct: Vec<_> = before.iter().map(|(_, print)| print).collect();
    distinct.dedup();
    assert_eq!(distinct.len(), 8, "{before:?}");
}

#[test]
fn fingerprints_stay_when_entries_or_other_files_are_added() {
    let sandbox = Sandbox::new();
    let links = |ids: &[&str]| {
        let links: Vec<Value> = ids.iter().map(|id| json!({"jobId": id})).collect();
        json!({"after": links})
    };
    let alone = config_with(&sandbox, "alone.json", &links(&["nobody"]));
    let second = config_with(&sandbox, "second.json", &links(&["nothing", "nobody"]));
    let of = |path: &str| prints_of(&sandbox, Path::new(path));
    let both = of(&second);
    assert!(of(&alone).iter().all(|print| both.contains(print)), "{both:?}");
    let ran = sandbox.run(&["check", &alone, &second, "--format", "sarif"]);
    let answer = parsed(&ran);
    let all: Vec<&Value> = answer["runs"][0]["results"].as_array().unwrap().iter().collect();
    assert_eq!(all.len(), 3);
    for result in all {
        let print = result["partialFingerprints"]["opsfsm/v1"].as_str().unwrap();
        assert!(both.iter().any(|(_, other)| other == print), "{print} {both:?}");
    }
}

#[test]
fn annotations_name_files_as_the_repository_does() {
    let sandbox = Sandbox::new();
    config_with(&sandbox, "jobs/a,b.json", &json!({"kind": "x"}));
    let path = sandbox.path("jobs");
    for arg in [path.to_str().unwrap(), "jobs", "./jobs"] {
        let call = sandbox.call(&["check", arg, "--format", "github"]);
        let ran = call.cwd(&sandbox.path("")).run();
        ran.exits(1).prints("::error file=jobs/a%2Cb.json,line=");
        let call = sandbox.call(&["check", arg, "--format", "sarif"]);
        let answer = parsed(&call.cwd(&sandbox.path("")).run());
        let place = &answer["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "jobs/a%2Cb.json");
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    let sandbox = Sandbox::new();
    let path = config_with(&sandbox, "a.json", &json!({"kind": "x\u{1b}[31m"}));
    let args = ["check", path.as_str()];
    let call = || sandbox.call(&args).env("TERM", "xterm").no_env("NO_COLOR");
    lacks(&call().run().out, &["\u{1b}"]);
    let ran = call().types("");
    assert_eq!(ran.code, 1, "{ran:?}");
    has(&ran.out, &["\u{1b}[", "OF010"]);
    lacks(&ran.out, &["\u{1b}[31m"]);
    lacks(&call().env("NO_COLOR", "1").types("").out, &["\u{1b}"]);
    lacks(&call().env("TERM", "dumb").types("").out, &["\u{1b}"]);
}

#[test]
fn the_name_of_a_file_steers_no_terminal() {
    let sandbox = Sandbox::new();
    sandbox.write("set/a\u{1b}[31m\u{9b}b.toml", "version = 1\n= 1\n");
    let folder = sandbox.path("set").to_str().unwrap().to_owned();
    let mut said = Vec::new();
    for format in FORMATS {
        let ran = sandbox.run(&["check", &folder, "--format", format]);
        said.push((format, ran.exits(1).out.clone()));
    }
    for command in ["status", "graph", "tick"] {
        let ran = sandbox.run(&[command, "--config-file", &folder]);
        assert_ne!(ran.code, 0, "{ran:?}");
        has(&format!("{}{}", ran.out, ran.err), &["OF001"]);
        said.push((command, ran.out + &ran.err));
    }
    for (what, text) in said {
        let steers = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(steers), "{what}: {text:?}");
    }
}
