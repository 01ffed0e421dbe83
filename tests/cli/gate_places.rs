//! The write gate and paths: an approval is for the folder, the program and the files that the
//! paths of a plan led to when it was given, and what runs is called by the name it was given.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::support::{Sandbox, has, lacks, with};
use super::writing::gated;

const REFUSED: i32 = 2;
const APPROVAL_NEEDED: i32 = 4;

/// Folders `a` and `b` with the same files in them, and `cur`, a link to `a`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for folder in ["a", "b"] {
        sandbox.script(&format!("{folder}/w.sh"), "#!/bin/sh\npwd -P >> \"$LOG\"\n");
        sandbox.write(&format!("{folder}/table"), "1\n");
    }
    symlink(sandbox.path("a"), sandbox.path("cur")).unwrap();
    sandbox
}

fn configure(sandbox: &Sandbox, prune: &Value) {
    let mut env = sandbox.mark();
    env["LOG"] = json!(sandbox.path("log"));
    sandbox.gated_jobs(&with(json!({"env": env}), prune), &json!({}), &[]);
}

fn turn(sandbox: &Sandbox, link: &str, to: &str) {
    sandbox.remove(link);
    symlink(sandbox.path(to), sandbox.path(link)).unwrap();
}

/// Approves, turns the link to the other folder, and finds the approval void.
#[track_caller]
fn is_void_once_turned(sandbox: &Sandbox, turned: impl Fn(&Sandbox)) {
    sandbox.approve("prune");
    turned(sandbox);
    let ran = sandbox.run(&["run", "prune"]);
    ran.exits(APPROVAL_NEEDED).says("not the approved one");
    assert_eq!(sandbox.approvals(), ["pending", "void"]);
    assert_eq!(sandbox.read("log"), "");
    has(&ran.err, &[sandbox.path("b").to_str().unwrap()]);
}

#[test]
fn a_folder_reached_by_a_link_is_the_one_that_was_approved() {
    let sandbox = sandbox();
    let run = json!(["/bin/sh", "-c", "pwd -P >> \"$LOG\""]);
    for command in [run, json!(["./w.sh"])] {
        turn(&sandbox, "cur", "a");
        let cwd = sandbox.path("cur");
        configure(&sandbox, &json!({"cwd": cwd, "commands": {"run": command}}));
        is_void_once_turned(&sandbox, |s| turn(s, "cur", "b"));
        sandbox.approve("prune");
        sandbox.run(&["run", "prune", "--wait"]).exits(0);
        assert_eq!(sandbox.read("log"), format!("{}\n", sandbox.path("b").display()));
        sandbox.remove("log");
        let _ = fs::remove_dir_all(sandbox.path("state/opsfsm"));
    }
}

#[test]
fn an_argument_that_leads_to_a_folder_by_a_link_is_pinned() {
    for word in ["cur/", "cur", "cur/not-there-yet", "dangling"] {
        let sandbox = sandbox();
        symlink(sandbox.path("cur/new"), sandbox.path("dangling")).unwrap();
        let run = json!(["/bin/echo", sandbox.path(word)]);
        configure(&sandbox, &json!({"commands": {"run": run}}));
        let shown = sandbox.ok(&["plan", "prune"]);
        has(&shown, &[sandbox.path("a").to_str().unwrap()]);
        is_void_once_turned(&sandbox, |s| turn(s, "cur", "b"));
    }
}

#[test]
fn two_links_that_change_places_are_another_plan() {
    let sandbox = sandbox();
    sandbox.write("b/table", "2\n");
    let links = |x: &str, y: &str| {
        for (link, to) in [("x", x), ("y", y)] {
            let _ = fs::remove_file(sandbox.path(link));
            symlink(sandbox.path(to), sandbox.path(link)).unwrap();
        }
    };
    let run = json!(["/bin/cp", sandbox.path("x"), sandbox.path("y")]);
    configure(&sandbox, &json!({"commands": {"run": run}}));
    links("a/table", "b/table");
    is_void_once_turned(&sandbox, |_| links("b/table", "a/table"));
}

#[test]
fn what_runs_goes_by_the_name_that_it_was_called_by() {
    let sandbox = sandbox();
    let multi = sandbox.script("multi.sh", "#!/bin/sh\nbasename \"$0\" >> \"$LOG\"\n");
    for name in ["list.sh", "delete.sh"] {
        symlink(&multi, sandbox.path(name)).unwrap();
    }
    let mut env = sandbox.mark();
    env["LOG"] = json!(sandbox.path("log"));
    let command =
        |name: &str| json!({"cwd": sandbox.path(""), "env": env, "commands": {"run": [name]}});
    sandbox.gated_jobs(&command("./list.sh"), &command("./delete.sh"), &[]);
    let plan = sandbox.json(&["plan", "prune", "--format", "json"]);
    assert_eq!(plan["step"]["exec"], json!(sandbox.path("list.sh")));
    assert_eq!(plan["step"]["program"]["path"], json!(multi));
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
    assert_eq!(sandbox.read("log"), "list.sh\ndelete.sh\n");
}

#[test]
fn a_relative_interpreter_starts_at_the_folder_of_the_job() {
    let sandbox = sandbox();
    sandbox.script("a/bin/mine", "#!/bin/sh\necho mine >> \"$LOG\"\n");
    sandbox.script("a/w.sh", "#!bin/mine\n");
    sandbox.script("bin/mine", "#!/bin/sh\necho other >> \"$LOG\"\n");
    configure(&sandbox, &json!({"cwd": sandbox.path("a"), "commands": {"run": ["./w.sh"]}}));
    let shown = sandbox.ok(&["plan", "prune"]);
    has(&shown, &[sandbox.path("a/bin/mine").to_str().unwrap()]);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
    assert_eq!(sandbox.read("log"), "mine\n");
}

/// A verification that runs `run` in `cwd`, and the write that turns the link `cur` to `b`.
fn turned_by_the_write(cwd: &str, run: &[&str]) -> Sandbox {
    let sandbox = sandbox();
    for folder in ["a", "b"] {
        sandbox.script(&format!("{folder}/v"), "#!/bin/sh\npwd -P >> \"$LOG\"\n");
    }
    let mut env = sandbox.mark();
    env["LOG"] = json!(sandbox.path("log"));
    let run: Vec<Value> = run
        .iter()
        .map(|word| {
            if word.contains('/') && !word.starts_with(['.', '/']) {
                json!(sandbox.path(word))
            } else {
                json!(word)
            }
        })
        .collect();
    let turn = json!(["/bin/ln", "-sfn", sandbox.path("b"), sandbox.path("cur")]);
    sandbox.gated_jobs(
        &json!({"commands": {"run": turn}}),
        &json!({"env": env, "cwd": sandbox.path(cwd), "commands": {"run": run}}),
        &[],
    );
    sandbox
}

#[test]
fn a_verification_sees_where_the_write_has_turned_a_link() {
    let told = ["/bin/sh", "-c", "pwd -P >> \"$LOG\"; ls -d \"$0\"", "cur/"];
    let sandbox = turned_by_the_write("cur", &told);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(0).prints("prune: verified");
    assert_eq!(sandbox.read("log"), format!("{}\n", sandbox.path("b").display()));
}

#[test]
fn where_a_verification_would_look_is_part_of_what_is_approved() {
    for told in [&["/bin/ls", "cur/"][..], &["/bin/ls"]] {
        let sandbox = turned_by_the_write("cur", told);
        is_void_once_turned(&sandbox, |s| turn(s, "cur", "b"));
    }
}

#[test]
fn a_verification_whose_program_is_another_by_then_is_none() {
    for (cwd, program) in [("cur", "./v"), ("a", "cur/v")] {
        let sandbox = turned_by_the_write(cwd, &[program]);
        sandbox.approve("prune");
        sandbox.run(&["run", "prune", "--wait"]).exits(1).prints("unverified");
        assert_eq!(sandbox.read("log"), "", "what was not approved is not run");
        has(&sandbox.why("prune"), &["a/v, which was approved"]);
    }
}

#[test]
fn a_folder_written_with_dots_is_shown_without_them_where_no_link_is_in_between() {
    let sandbox = sandbox();
    let verify = |cwd: &str| {
        sandbox.gated_jobs(&json!({}), &json!({"cwd": sandbox.path(cwd)}), &[]);
        let plan = sandbox.json(&["plan", "prune", "--format", "json"]);
        plan["verifications"][0]["step"]["cwd"].clone()
    };
    assert_eq!(verify("a/../b"), json!(sandbox.path("b")));
    assert_eq!(verify("cur/../b"), json!(sandbox.path("cur/../b")));
}

/// A config at the end of a link, with a folder that is relative to its file.
#[test]
fn a_config_behind_a_link_means_the_same_to_whoever_reads_it() {
    for whole_folder in [true, false] {
        let sandbox = Sandbox::new();
        let cwd = json!({"cwd": "../../jobs/prune", "commands": {"run": ["./run"]}});
        sandbox.gated_jobs(&cwd, &json!({}), &[]);
        if whole_folder {
            fs::rename(sandbox.path("config"), sandbox.path("real")).unwrap();
            symlink(sandbox.path("real"), sandbox.path("config")).unwrap();
        } else {
            let real = sandbox.path("dot/files/o.json");
            fs::create_dir_all(real.parent().unwrap()).unwrap();
            fs::rename(sandbox.config_path(), &real).unwrap();
            symlink(&real, sandbox.config_path()).unwrap();
        }
        sandbox.approve("prune");
        sandbox.run(&["run", "prune", "--wait"]).exits(0);
        assert_eq!(sandbox.count("prune", "runs"), 1);
    }
}

#[test]
fn what_no_link_leads_to_is_not_told_as_one() {
    let sandbox = sandbox();
    let run = json!([sandbox.path("a/w.sh"), "--deep", "https://host/x", "table"]);
    configure(&sandbox, &json!({"cwd": sandbox.path("a"), "commands": {"run": run}}));
    let plan = sandbox.json(&["plan", "prune", "--format", "json"]);
    let links = plan["step"]["links"].as_object().unwrap().clone();
    let own = sandbox.path("").display().to_string();
    assert!(links.keys().all(|from| !from.starts_with(&own)), "{links:?}");
    lacks(&sandbox.ok(&["plan", "prune"]), &["https:/host"]);
}

/// A path with a byte in it that no text has.
fn not_text(sandbox: &Sandbox, below: &str) -> PathBuf {
    let folder = sandbox.path(below).join(OsStr::from_bytes(b"c\xff"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_config_whose_path_is_no_text_is_refused_before_anything_is_approved() {
    let sandbox = gated();
    let config = not_text(&sandbox, "u").join("o.json");
    fs::copy(sandbox.config_path(), &config).unwrap();
    let digest = sandbox.digest("prune");
    for order in [&["approve", "prune"][..], &["request", "prune"], &["tick"], &["status"]] {
        let ran = sandbox.call(order).env("OPSFSM_CONFIG", &config).types(&digest);
        ran.exits(REFUSED).prints("is not UTF-8").prints("c\\xff");
    }
    assert!(!sandbox.has_store());
}

#[test]
fn a_sandboxed_verification_that_could_never_start_is_refused_before_the_approval() {
    let sandbox = gated();
    let state = not_text(&sandbox, "u");
    let typed = format!("{}\n", sandbox.short("prune"));
    let approve = || sandbox.call(&["approve", "prune"]).env("XDG_STATE_HOME", &state);
    approve().types(&typed).exits(0);
    sandbox.gated_jobs(&json!({}), &json!({"sandbox": "read_only"}), &[]);
    let typed = format!("{}\n", sandbox.short("prune"));
    approve().types(&typed).exits(REFUSED).prints("is not UTF-8").prints("sandbox");
}

#[test]
fn a_lock_that_cannot_be_read_is_named_and_no_process_is_blamed() {
    let broken = |sandbox: &Sandbox, file: bool| {
        let flights = sandbox.path("state/opsfsm/opsfsm.db.flights");
        if file {
            fs::write(flights, "").unwrap();
        } else {
            fs::create_dir(&flights).unwrap();
            symlink("/etc/passwd", flights.join("prune.lock")).unwrap();
        }
    };
    for file in [true, false] {
        let sandbox = gated();
        sandbox.approve("prune");
        broken(&sandbox, file);
        let ran = sandbox.run(&["run", "prune"]);
        ran.exits(REFUSED).says("can't be told").says("state/opsfsm/opsfsm.db.flights/prune.lock");
        lacks(&ran.err, &["still runs;"]);
        assert_eq!(sandbox.approvals(), ["live"]);
    }
}
