//! Twenty hostile jobs among a hundred: none of them harms the others, or the tick.

use std::os::unix::net::UnixListener;

use serde_json::{Value, json};

use super::support::{Sandbox, has, lacks, with};

/// For those that never end; all others have time enough even on a busy machine.
const LIMIT: f64 = 2.0;

/// Name, status command as a shell text, and what the anomaly must say of it.
const HOSTILE: [(&str, &str, &str); 15] = [
    ("hangs", "exec sleep 600", "timed out"),
    ("endless", "exec yes", "timed out"),
    ("deaf", "trap '' TERM; while :; do sleep 1; done", "timed out"),
    (
        "big",
        "head -c 1000000000 /dev/zero",
        "printed 1000000000 bytes, more than a status may have",
    ),
    ("utf8", r#"printf '{"running":true,"completed":false,"message":"\377\376"}'"#, "not UTF-8"),
    (
        "nan",
        r#"echo '{"running":true,"completed":false,"progress":{"x":NaN}}'"#,
        "not one JSON object",
    ),
    (
        "huge-number",
        r#"echo '{"running":true,"completed":false,"progress":{"x":1e999}}'"#,
        "number out of range",
    ),
    ("twice", r#"echo '{"running":true,"running":false,"completed":false}'"#, "stands twice"),
    ("types", r#"echo '{"running":"true","completed":0}'"#, "must be true or false"),
    ("deep", r"head -c 100000 /dev/zero | tr '\0' '['", "recursion limit"),
    ("trailing", r#"echo '{"running":true,"completed":false} trailing'"#, "trailing characters"),
    ("empty", ":", "nothing was printed"),
    (
        "exits-3",
        r#"echo '{"running":true,"completed":false}'; echo no licence >&2; exit 3"#,
        "exit 3: no licence",
    ),
    ("killed", "kill -SEGV $$", "signal 11"),
    ("reads-stdin", "read line || echo 'no line for me' >&2; exit 9", "exit 9: no line for me"),
];

/// Hostile in another way than by what a shell does.
const UNSTARTABLE: [(&str, &str); 5] = [
    ("missing", "does not exist"),
    ("not-executable", "not executable"),
    ("bad-format", "not started"),
    ("no-folder", "nowhere/at/all"),
    ("a-folder", "not started"),
];

/// Statuses that are sound although what gives them misbehaves.
const ODD: [(&str, &str); 2] = [
    ("keeps-pipe", r#"sleep 600 & echo '{"running":true,"completed":false}'"#),
    ("escapes", r#"setsid sleep 600 & echo '{"running":true,"completed":false}'"#),
];

fn asked(sandbox: &Sandbox, id: &str, argv: Value) -> Value {
    let policy = json!({"autoResume": true});
    let mut job = with(sandbox.watched(id), &json!({"policy": policy}));
    job["commands"]["status"] = argv;
    job
}

fn hostile_jobs(sandbox: &Sandbox) -> Vec<Value> {
    let shell = |id: &str, text: &str| asked(sandbox, id, json!(["/bin/sh", "-c", text]));
    let limited = |(id, text, why): &(&str, &str, &str)| match *why {
        "timed out" => with(shell(id, text), &json!({"statusTimeoutSeconds": LIMIT})),
        _ => shell(id, text),
    };
    let mut jobs: Vec<Value> = HOSTILE.iter().map(limited).collect();
    jobs.push(asked(sandbox, "missing", json!(["/no/such/program"])));
    jobs.push(asked(sandbox, "not-executable", json!([sandbox.write("plain", "#!/bin/sh\n")])));
    jobs.push(asked(sandbox, "bad-format", json!([sandbox.script("odd", "\u{7f}ELF nonsense")])));
    jobs.push(with(shell("no-folder", "true"), &json!({"cwd": "/nowhere/at/all"})));
    jobs.push(asked(sandbox, "a-folder", json!([sandbox.path("home")])));
    jobs
}

fn healthy_jobs(sandbox: &Sandbox, count: usize) -> Vec<Value> {
    (0..count)
        .map(|n| {
            let id = format!("well-{n:02}");
            let job = sandbox.watched(&id);
            sandbox.runs_on(&id, u32::try_from(n).unwrap());
            with(job, &json!({"policy": {"autoResume": true}}))
        })
        .collect()
}

#[test]
fn twenty_hostile_jobs_among_a_hundred_are_each_told_and_harm_nobody() {
    let sandbox = Sandbox::new();
    let mut jobs = hostile_jobs(&sandbox);
    let count = jobs.len();
    assert_eq!(count, 20);
    jobs.extend(healthy_jobs(&sandbox, 78));
    jobs.extend(ODD.iter().map(|(id, text)| asked(&sandbox, id, json!(["/bin/sh", "-c", text]))));
    assert_eq!(jobs.len(), 100);
    sandbox.config(&json!({}), &jobs);
    let told = sandbox.tick();
    let section = |id: &str| {
        let head = format!(" {id} [long_running_read]\n");
        told.split("\n\n").find(|s| s.contains(&head)).unwrap_or_else(|| panic!("no {id}:\n{told}"))
    };
    let causes = HOSTILE.iter().map(|(id, _, why)| (*id, *why)).chain(UNSTARTABLE);
    for (id, why) in causes {
        has(section(id), &["🔴", "ACTION REQUIRED: its status can't be read", why]);
        assert_eq!(sandbox.count(id, "starts"), 0, "{id}");
    }
    for n in 0..78 {
        let id = format!("well-{n:02}");
        has(section(&id), &["🔹", "state: running", &format!("n={n}")]);
        assert_eq!(sandbox.count(&id, "starts"), 0, "{id}");
    }
    for (id, _) in ODD {
        has(section(id), &["🔹", "state: running"]);
    }
    assert_eq!(told.matches("🔴").count(), count);
    // What kept a pipe or left its group lives on, by the job's own will; nothing else does.
    let left = sandbox.survivors();
    assert!(left.len() <= 2 && left.iter().all(|(_, line)| line.contains("sleep")), "{left:?}");
}

#[test]
fn a_tick_with_room_for_few_open_files_sees_a_hundred_jobs_right() {
    let sandbox = Sandbox::new();
    let jobs = healthy_jobs(&sandbox, 100);
    sandbox.config(&json!({}), &jobs);
    let ran = sandbox.shell("ulimit -n 64; exec \"$OPSFSM\" tick").run();
    ran.exits(0);
    assert_eq!(ran.err, "");
    assert_eq!(ran.out.matches("state: running").count(), 100, "{}", ran.out);
    let ran = sandbox.shell("ulimit -n 64; exec \"$OPSFSM\" status").run();
    assert_eq!(ran.out.matches("state=running").count(), 100);
}

#[test]
fn a_reader_that_goes_away_causes_no_panic() {
    let sandbox = Sandbox::new();
    let defaults = json!({"autoResumeBackoffSeconds": 60});
    sandbox.config(&defaults, &healthy_jobs(&sandbox, 100));
    for command in ["tick --format json", "tick", "status", "check", "graph", "selftest", "--help"]
    {
        let ran = sandbox.shell(&format!("\"$OPSFSM\" {command} | head -1")).run();
        lacks(&ran.err, &["panicked", "RUST_BACKTRACE"]);
        assert_eq!(ran.code, 0, "{command}: {ran:?}");
        // Nobody there at all.
        let ran = sandbox.shell(&format!("\"$OPSFSM\" {command} >&- 2>&-")).run();
        assert!(matches!(ran.code, 0 | 3), "{command}: {ran:?}");
        let ran = sandbox.shell(&format!("\"$OPSFSM\" {command} > /dev/full 2> /dev/full")).run();
        assert!(matches!(ran.code, 0 | 3), "{command}: {ran:?}");
    }
}

#[test]
fn a_bare_environment_is_enough() {
    let sandbox = Sandbox::new();
    let mut disk = with(sandbox.check("disk"), &json!({"everySeconds": 60}));
    disk["commands"]["run"] = json!(["sh", "-c", "echo ALERT: $PATH"]);
    sandbox.config(&json!({}), &[sandbox.watched("scan"), disk]);
    sandbox.runs_on("scan", 1);
    let files = format!(
        "--config-file '{}' --state-file '{}'",
        sandbox.config_path().display(),
        sandbox.path("bare/store.db").display()
    );
    let ran = sandbox.shell(&format!("env -i \"$OPSFSM\" tick {files}")).run();
    ran.exits(0).prints("scan [").prints("ALERT: /");
    let ran = sandbox.shell(&format!("env -i \"$OPSFSM\" status {files}")).run();
    ran.exits(0).prints("running").prints("lastRun exit=0");
}

#[test]
fn an_odd_umask_neither_opens_nor_locks_the_store() {
    for umask in ["000", "777", "077"] {
        let sandbox = Sandbox::new();
        let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
        sandbox.config(&json!({}), &[job]);
        sandbox.on("scan", "start", "echo said");
        for _ in 0..2 {
            let ran = sandbox.shell(&format!("umask {umask}; \"$OPSFSM\" tick")).run();
            ran.exits(0);
        }
        let modes = sandbox
            .shell("cd state/opsfsm && stat -c '%a %n' -- opsfsm.db opsfsm.db.* opsfsm.db.logs/* .")
            .run();
        for line in modes.out.lines() {
            let mode = line.split(' ').next().unwrap();
            assert!(mode.ends_with("00"), "umask {umask}: {line}");
        }
        assert!(modes.out.lines().count() >= 4, "{modes:?}");
    }
}

#[test]
fn signals_ignored_by_the_parent_and_closed_streams_change_nothing() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.watched("scan"), with(sandbox.check("disk"), &json!({"everySeconds": 60}))];
    sandbox.config(&json!({}), &jobs);
    sandbox.runs_on("scan", 1);
    sandbox.on("disk", "run", "echo ALERT");
    let ran = sandbox.shell("trap '' HUP INT CHLD PIPE; exec \"$OPSFSM\" tick <&-").run();
    ran.exits(0).prints("state: running").prints("ALERT");
}

#[test]
fn a_store_that_cannot_be_written_starts_nothing() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    let file = sandbox.write("no-folder", "");
    let below = file.join("store.db");
    let ran = sandbox.run(&["tick", "--state-file", below.to_str().unwrap()]);
    ran.exits(6).says("no-folder");
    for odd in ["/dev/null", "/dev/full", "/proc/version"] {
        sandbox.run(&["tick", "--state-file", odd]).exits(6);
    }
    let folder = sandbox.path("home");
    sandbox.run(&["tick", "--state-file", folder.to_str().unwrap()]).exits(6);
    assert_eq!(sandbox.count("scan", "starts"), 0);
}

#[test]
fn config_files_that_are_no_files_are_refused_at_once() {
    let sandbox = Sandbox::new();
    sandbox.shell("mkfifo pipe.json").run().exits(0);
    let socket = sandbox.path("socket.json");
    let _listener = UnixListener::bind(&socket).unwrap();
    for name in ["pipe.json", "socket.json"] {
        let path = sandbox.path(name);
        let ran = sandbox.run(&["tick", "--config-file", path.to_str().unwrap()]);
        ran.exits(2).says(name);
    }
    sandbox.run(&["check", "/dev/zero"]).exits(2);
}
