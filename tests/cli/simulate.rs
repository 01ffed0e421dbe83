//! `opsfsm simulate`: what would be told, of what is supposed or recorded, and nothing else happens.

use std::collections::BTreeMap;
use std::path::Path;

use expect_test::expect;
use serde_json::{Value, json};

use super::support::{Sandbox, has, lacks, with};

const NIGHT: &str = r#"
[[jobs]]
id = "scan"
runs = "50h"
stallsAt = { at = "2031-03-04T01:30", for = "2h" }
diesAt = { at = "2031-03-04T10:00", says = "out of memory" }

[[jobs]]
id = "disk"
failsAt = "2031-03-05T12:00"
"#;

/// One watched job in Berlin, resumed by a tick, and a check every six hours.
fn in_berlin() -> Sandbox {
    let sandbox = Sandbox::new();
    let policy = json!({"autoResume": true, "reportEverySeconds": 86400, "stallSeconds": 3600});
    let jobs = [
        with(sandbox.watched("scan"), &json!({"policy": policy})),
        with(sandbox.check("disk"), &json!({"everySeconds": 21600})),
    ];
    let quiet = json!({"start": "23:00", "end": "08:00"});
    sandbox.config(&json!({"quietHours": quiet, "timezone": "Europe/Berlin"}), &jobs);
    sandbox
}

/// Every file below a folder, and what is in it.
fn files(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.display().to_string(), Vec::new());
            files(&path, found);
        } else {
            found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
}

fn all_files(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    files(&sandbox.path(""), &mut found);
    found
}

/// The lines that say when something is told, and about what; and the summary.
fn outline(text: &str) -> String {
    let (messages, summary) = text.split_once("── summary").unwrap();
    let heads = messages.lines().filter(|line| line.starts_with("── "));
    heads
        .chain([&*format!("── summary{summary}")])
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn a_week_with_a_stall_at_night_and_its_digest() {
    let sandbox = in_berlin();
    sandbox.write("night.toml", NIGHT);
    let week = ["simulate", "--from", "2031-03-03", "--assume", "night.toml"];
    let before = all_files(&sandbox);
    let text = sandbox.ok(&week);
    expect![[r#"
        ── Mon 2031-03-03 08:00:00 +01:00 · scan: digest
        ── Tue 2031-03-04 02:29:00 +01:00 · scan: anomaly
        ── Tue 2031-03-04 08:00:00 +01:00 · scan: digest
        ── Tue 2031-03-04 10:00:00 +01:00 · scan: resumed
        ── Tue 2031-03-04 10:01:00 +01:00 · scan: state changed
        ── Wed 2031-03-05 08:00:00 +01:00 · scan: digest
        ── Wed 2031-03-05 12:00:00 +01:00 · disk: run ended
        ── Wed 2031-03-05 18:00:00 +01:00 · disk: recovered
        ── summary: 8 messages in 10080 ticks
          Mon 2031-03-03     1
          Tue 2031-03-04     4
          Wed 2031-03-05     3
          Thu 2031-03-06     0
          Fri 2031-03-07     0
          Sat 2031-03-08     0
          Sun 2031-03-09     0
          disk  told 2 times: recovered 1, run ended 1
          scan  told 6 times: anomaly 1, resumed 1, state changed 1, digest 3, started again 1×, held back in quiet hours 7
          longest silence: 4d 6h, from Wed 2031-03-05 18:00 to Mon 2031-03-10 00:00
    "#]]
    .assert_eq(&outline(&text));
    has(
        &text,
        &[
            "a tick every 1m: nothing was started, sent or recorded",
            "assumed: what night.toml says",
            "ACTION REQUIRED: it runs without progress",
            "held back in quiet hours: ",
            "out of memory",
            "its start command was run again",
        ],
    );
    let night = ["simulate", "--from", "2031-03-04", "--every", "10m", "--assume", "night.toml"];
    assert_eq!(sandbox.ok(&night), sandbox.ok(&night), "the same again gives the same text");
    assert!(before == all_files(&sandbox), "nothing is written anywhere");
    assert_eq!((sandbox.count("scan", "starts"), sandbox.count("disk", "runs")), (0, 0));
}

#[test]
fn without_more_jobs_go_steadily_and_the_days_are_counted() {
    let sandbox = in_berlin();
    let text = sandbox.ok(&["simulate", "--days", "2", "--from", "2031-03-03T12:00"]);
    expect![[r#"
        simulated: Mon 2031-03-03 12:00 to Wed 2031-03-05 12:00 (Europe/Berlin), a tick every 1m: nothing was started, sent or recorded
          assumed: each watched job is started at the beginning, makes progress at every tick and completes after 6h of work; each check passes

        ── Mon 2031-03-03 12:00:00 +01:00 · scan: state changed
        🛠️ Ops report (12:00:00)

        🔹 scan [long_running_read]
          state: running

        #0f6111c8d8d4dc51

        ── Mon 2031-03-03 18:00:00 +01:00 · scan: state changed
        🛠️ Ops report (18:00:00)

        ✅ scan [long_running_read]
          state: completed

        #cc89b5a68e0d379c

        ── summary: 2 messages in 2880 ticks
          Mon 2031-03-03     2
          Tue 2031-03-04     0
          Wed 2031-03-05     0
          disk  told 0 times
          scan  told 2 times: state changed 2
          longest silence: 1d 18h, from Mon 2031-03-03 18:00 to Wed 2031-03-05 12:00
    "#]].assert_eq(&text);
    // Only the check: what is not asked for is left out.
    let text = sandbox.ok(&["simulate", "--days", "1", "--from", "2031-03-03", "disk"]);
    has(&text, &["only: disk", "summary: 0 messages in 1440 ticks", "disk  told 0 times"]);
    sandbox.run(&["simulate", "dsik"]).exits(2).says("did you mean `disk`?");
}

#[test]
fn quiet_hours_end_by_the_configs_clock_in_the_night_that_it_is_put_forward() {
    let sandbox = in_berlin();
    // In 2031 summer time begins on 30 March: its night has an hour less.
    let text = sandbox.ok(&["simulate", "--days", "1", "--from", "2031-03-29T22:00", "scan"]);
    expect![[r#"
        ── Sat 2031-03-29 22:00:00 +01:00 · scan: state changed
        ── Sun 2031-03-30 08:00:00 +02:00 · scan: digest
        ── summary: 2 messages in 1440 ticks
          Sat 2031-03-29     1
          Sun 2031-03-30     1
          scan  told 2 times: state changed 1, digest 1, held back in quiet hours 2
          longest silence: 15h, from Sun 2031-03-30 08:00 to Sun 2031-03-30 23:00
    "#]]
    .assert_eq(&outline(&text));
    // Whatever the caller's zone is; and in autumn it has an hour more.
    let call =
        ["simulate", "--days", "1", "--from", "2031-10-25T22:00+02:00", "--every", "1h", "scan"];
    let ran = sandbox.call(&call).env("TZ", "America/New_York").run();
    ran.exits(0).prints("Sun 2031-10-26 08:00:00 +01:00");
    lacks(&ran.out, &["07:00:00"]);
}

#[test]
fn writes_are_requested_and_never_run() {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &json!({"after": [{"jobId": "prune"}]}));
    let jobs = [scan, sandbox.check("verify"), sandbox.write_job("prune", "verify")];
    sandbox.config(&json!({}), &jobs);
    let text = sandbox.ok(&["simulate", "--days", "2", "--from", "2031-03-03"]);
    has(
        &text,
        &[
            "writes: what asks for one is shown; nobody approves it",
            "prune: request",
            "approve prune",
        ],
    );
    has(&text, &["request 1", "request repeated 1"]);
    assert_eq!(sandbox.count("prune", "runs"), 0);
}

#[test]
fn a_file_that_is_not_clear_is_refused_with_each_place() {
    let sandbox = in_berlin();
    let refused = |text: &[u8], wanted: &[&str]| {
        sandbox.write("a.toml", text);
        let ran = sandbox.run(&["simulate", "--from", "2031-03-03", "--assume", "a.toml"]);
        ran.exits(2);
        assert_eq!(ran.out, "");
        has(&ran.err, wanted);
    };
    refused(b"[[jobs]]\nid = \"scna\"", &["a.toml:2:6", "no job `scna`", "did you mean `scan`?"]);
    refused(b"[[job]]\nid = \"scan\"", &["unknown key `job`", "did you mean `jobs`?"]);
    refused(
        b"[[jobs]]\nid = \"scan\"\nstallAt = \"2h\"\nruns = 5\ndiesAt = [\"2h\", \"soon\"]",
        &["a.toml:3:1", "did you mean `stallsAt`?", "`jobs[0].runs` must be a span", "a.toml:5:17"],
    );
    refused(b"[[jobs]]\nid = \"disk\"\nstallsAt = \"2h\"", &["means nothing of a one_shot_read"]);
    refused(
        b"[[jobs]]\nid = \"scan\"\ndiesAt = { at = \"1h\", fro = \"2h\" }",
        &["unknown key `fro`", "did you mean `for`?"],
    );
    refused(b"[[jobs]]\nid = \"scan\"\ndiesAt = { for = \"2h\" }", &["has no `at`"]);
    refused(b"[[jobs]]\nid = \"scan\"\ndiesAt = 2031-03-04T01:00:00", &["in quotes"]);
    refused(
        b"[[jobs]]\nid = \"scan\"\ndiesAt = \"2032-01-01\"",
        &["within what is simulated, from 2031-03-03T00:00 to 2031-03-10T00:00"],
    );
    refused(b"[[jobs]]\nid = \"scan\"\nruns = \"-3h\"", &["`jobs[0].runs` must be a span"]);
    refused(b"[[jobs]]\nid = \"scan\"\n[[jobs]]\nid = \"scan\"", &["stands here twice"]);
    refused(b"[[jobs]]\nruns = \"1h\"", &["`jobs[0]` has no `id`"]);
    refused(b"jobs = 3", &["must be an array"]);
    refused(b"[[jobs]\n", &["OF001"]);
    refused(b"\xff\xfe", &["not UTF-8"]);
    let many = format!("[[jobs]]\nid = \"scan\"\ndiesAt = [{}]", "\"1h\",".repeat(1001));
    refused(many.as_bytes(), &["1000 moments at most"]);
    let deep = format!("jobs = {}1", "[".repeat(10_000));
    refused(deep.as_bytes(), &["deeper than"]);
    sandbox.run(&["simulate", "--assume", "none.toml"]).exits(2).says("there is no file none.toml");
    sandbox.run(&["simulate", "--assume", "/dev/zero"]).exits(2).says("neither a regular file");
}

#[test]
fn what_is_too_much_or_no_time_is_refused() {
    let sandbox = in_berlin();
    sandbox
        .run(&["simulate", "--days", "3000"])
        .exits(2)
        .says("2 jobs × 4320000 ticks are too many");
    sandbox.run(&["simulate", "--every", "0s"]).exits(2).says("`--every 0s` is no span");
    sandbox.run(&["simulate", "--every", "\x1b[31m"]).exits(2).says("is no span");
    sandbox
        .run(&["simulate", "--from", "yesterday"])
        .exits(2)
        .says("`--from yesterday` is no time");
    sandbox.run(&["simulate", "--from", "1999-01-01"]).exits(2).says("2020 or later");
    sandbox.run(&["simulate", "--history", "--assume", "x"]).exits(2).says("cannot be used with");
    sandbox.run(&["simulate", "--recorded-stall", "1h"]).exits(2).says("--history");
    sandbox.write("config/opsfsm/ops-jobs.json", "{");
    sandbox.run(&["simulate"]).exits(2).says("is broken");
}

/// What was told, without when.
fn whys(answer: &Value) -> Vec<String> {
    let told = answer["told"].as_array().unwrap().iter();
    told.map(|t| format!("{} {}", t["job"].as_str().unwrap(), t["why"].as_str().unwrap())).collect()
}

/// A store made by real ticks: seen running, without progress, dead, completed; a check that failed.
fn with_a_past(policy: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &json!({"policy": policy}));
    let disk = with(sandbox.check("disk"), &json!({"manual": true}));
    sandbox.config(&json!({}), &[scan, sandbox.watched("idle"), disk]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.tick();
    sandbox.runs_on("scan", 2);
    sandbox.tick();
    sandbox.on("disk", "run", "exit 3");
    sandbox.run(&["run", "disk"]).exits(1);
    sandbox.stands("scan");
    sandbox.tick();
    sandbox.completes("scan");
    sandbox.tick();
    sandbox
}

#[test]
fn the_past_is_told_again_by_another_config() {
    let sandbox = with_a_past(&json!({"stallSeconds": 0.001, "autoResume": false}));
    let before = all_files(&sandbox);
    let replay = |flags: &[&str]| {
        let call = ["simulate", "--history", "--every", "1ms", "--format", "json"];
        whys(&sandbox.json(&[&call[..], flags].concat()))
    };
    let as_it_was = [
        "scan state_changed",
        "scan anomaly",
        "scan recovered",
        "disk run_ended",
        "scan anomaly",
        "scan recovered",
    ];
    assert_eq!(replay(&[]), as_it_was);
    assert_eq!(
        replay(&["scan"]),
        as_it_was.into_iter().filter(|why| why.starts_with("scan")).collect::<Vec<_>>()
    );
    let text = sandbox.ok(&["simulate", "--history"]);
    has(&text, &["never recorded as started or seen at work: idle", "left out: idle"]);
    assert!(before == all_files(&sandbox), "a replay writes nothing");
    // With more patience the standstill would not have been told.
    let scan = with(sandbox.watched("scan"), &json!({"policy": {"stallSeconds": 3600}}));
    sandbox.config(&json!({}), std::slice::from_ref(&scan));
    let patient = ["scan state_changed", "scan anomaly", "scan recovered"];
    assert_eq!(replay(&["--recorded-stall", "1ms"]), patient);
    let text = sandbox.ok(&["simulate", "--history", "--summary"]);
    lacks(&text, &["Ops report"]);
    has(
        &text,
        &[
            "recorded events, against today's config",
            "today's stallSeconds before it was recorded",
            "the journal keeps how a job's state changed, not how it went in between",
            "recorded, but not in today's config: disk",
        ],
    );
    // In quiet hours only what is wrong would have been told.
    let quiet = json!({"quietHours": {"start": "00:00", "end": "23:59"}, "timezone": "UTC"});
    sandbox.config(&quiet, &[scan]);
    let told = replay(&["--recorded-stall", "1ms"]);
    // But for the one minute that is not quiet.
    assert!(told == ["scan anomaly"] || told.len() > 1, "{told:?}");
}

#[test]
fn a_replay_needs_a_store_that_is_this_configs() {
    let sandbox = in_berlin();
    sandbox
        .run(&["simulate", "--history"])
        .exits(2)
        .says("there is no store")
        .says("nothing to replay");
    assert!(!sandbox.has_store());
    sandbox.tick();
    let other = sandbox.write("other.toml", "version = 1\n");
    let flag = format!("--config-file={}", other.display());
    sandbox.run(&["simulate", "--history", &flag]).exits(2).says("belongs to the config");
    // Without a replay nobody asks whose it is.
    sandbox.run(&["simulate", &flag]).exits(0).prints("0 messages");
}
