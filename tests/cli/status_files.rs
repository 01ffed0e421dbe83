//! Jobs that write their status to a file: what is believed, and what is not.

use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::support::{Sandbox, await_that, has, with};

/// `scan` writes its own status file and may be resumed.
fn by_file() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut job =
        with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true, "stallSeconds": 0}}));
    let path = sandbox.path("jobs/scan/status");
    let commands = job["commands"].as_object_mut().unwrap();
    commands.remove("status");
    commands.insert("statusFile".to_owned(), json!(path));
    sandbox.config(&json!({}), &[job]);
    sandbox
}

fn running_as(pid: Option<i32>) -> Value {
    json!({"running": true, "completed": false, "pid": pid, "progress": {"n": 1}})
}

#[test]
fn a_living_pid_that_is_older_than_the_file_is_believed() {
    let sandbox = by_file();
    let own = i32::try_from(std::process::id()).unwrap();
    sandbox.status("scan", &running_as(Some(own)));
    has(&sandbox.tick(), &["state: running"]);
    assert_eq!(sandbox.count("scan", "starts"), 0);
}

#[test]
fn a_pid_that_is_gone_means_stopped() {
    let sandbox = by_file();
    sandbox.shell("exit 0").run();
    let gone = sandbox.call_program("true", &[]).spawn();
    let pid = gone.pid;
    gone.wait();
    sandbox.status("scan", &running_as(Some(pid)));
    let told = sandbox.tick();
    has(&told, &["its start command was run"]);
    assert_eq!(sandbox.count("scan", "starts"), 1);
    has(&sandbox.ok(&["status"]), &["paused"]);
}

#[test]
fn a_zombie_is_gone_too() {
    let sandbox = by_file();
    // Its parent is a program that never waits for it, before it ends.
    let orphan = "(until [ -e go ]; do sleep 0.01; done) & echo $! > zombie; exec sleep 600";
    let parent = sandbox.shell(orphan).spawn();
    await_that("the parent", || {
        std::fs::read_to_string(format!("/proc/{}/comm", parent.pid)).is_ok_and(|c| c == "sleep\n")
    });
    sandbox.write("go", "");
    let pid: i32 = sandbox.read("zombie").trim().parse().unwrap();
    await_that("a zombie", || {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| s.contains(") Z "))
    });
    sandbox.status("scan", &running_as(Some(pid)));
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 1);
}

#[test]
fn a_pid_that_is_younger_than_the_file_means_stopped() {
    let sandbox = by_file();
    let other = sandbox.call_program("sleep", &["600"]).spawn();
    sandbox.status("scan", &running_as(Some(other.pid)));
    let old = sandbox.shell("touch -d '1 hour ago' jobs/scan/status").run();
    old.exits(0);
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 1);
    sandbox.ok(&["status"]);
}

#[test]
fn without_a_pid_an_unmoved_file_is_stalled_and_never_resumed() {
    let sandbox = by_file();
    sandbox.status("scan", &running_as(None));
    sandbox.tick();
    has(&sandbox.tick(), &["runs without progress", "ACTION REQUIRED"]);
    for _ in 0..3 {
        sandbox.tick();
    }
    assert_eq!((sandbox.state("scan"), sandbox.count("scan", "starts")), ("stalled".to_owned(), 0));
}

#[test]
fn without_a_pid_and_without_progress_an_unmoved_file_is_stalled_too() {
    let sandbox = by_file();
    sandbox.status("scan", &json!({"running": true, "completed": false}));
    sandbox.tick();
    sandbox.tick();
    assert_eq!((sandbox.state("scan"), sandbox.count("scan", "starts")), ("stalled".to_owned(), 0));
    // Written again, it has moved.
    sandbox.shell("touch -d '2030-01-01' jobs/scan/status").run().exits(0);
    sandbox.tick();
    assert_eq!(sandbox.state("scan"), "running");
}

#[test]
fn stopped_and_completed_are_believed_as_they_stand() {
    let sandbox = by_file();
    sandbox.status("scan", &json!({"running": false, "completed": true}));
    has(&sandbox.tick(), &["state: completed"]);
    sandbox.status("scan", &json!({"running": false, "completed": false, "stopReason": "quota"}));
    sandbox.tick();
    assert_eq!(sandbox.state("scan"), "completed");
}

#[test]
fn a_file_that_nobody_has_written_yet_belongs_to_a_job_that_was_never_started() {
    let sandbox = by_file();
    sandbox.remove("jobs/scan/status");
    let text = sandbox.ok(&["status"]);
    assert!(text.starts_with("paused "), "{text}");
    has(&text, &["no status file yet"]);
    let told = sandbox.tick();
    has(&told, &["its start command was run"]);
    assert!(!told.contains("can't be read"), "{told}");
    assert_eq!(sandbox.count("scan", "starts"), 1);
    // From here on it has been started: a file that is still missing is a fault, and no second start.
    let told = sandbox.tick();
    has(&told, &["status can't be read", "is not there"]);
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 1);
}

#[test]
fn a_file_that_is_gone_says_nothing_of_a_job_that_was_seen() {
    let sandbox = by_file();
    let own = i32::try_from(std::process::id()).unwrap();
    sandbox.status("scan", &running_as(Some(own)));
    sandbox.tick();
    sandbox.remove("jobs/scan/status");
    has(&sandbox.tick(), &["status can't be read", "is not there"]);
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 0);
    assert!(sandbox.ok(&["status"]).starts_with("unknown "));
}

type Make<'a> = Box<dyn Fn() + 'a>;

#[test]
fn a_file_that_cannot_be_a_status_is_an_anomaly_and_holds_nothing_up() {
    let sandbox = by_file();
    let path = sandbox.path("jobs/scan/status");
    let clear = || sandbox.shell("rm -rf jobs/scan/status").run().exits(0).code;
    let cases: [(&str, Make<'_>); 6] = [
        (
            "no regular file",
            Box::new(|| {
                sandbox.shell("mkfifo jobs/scan/status").run().exits(0);
            }),
        ),
        ("no regular file", Box::new(|| std::fs::create_dir(&path).unwrap())),
        ("no regular file", Box::new(|| symlink("/dev/zero", &path).unwrap())),
        (
            "262144 bytes",
            Box::new(|| {
                sandbox.shell("truncate -s 3G jobs/scan/status").run().exits(0);
            }),
        ),
        ("not UTF-8", Box::new(|| std::fs::write(&path, b"{\"running\":\xff}").unwrap())),
        ("nothing was printed", Box::new(|| std::fs::write(&path, "").unwrap())),
    ];
    for (why, make) in cases {
        clear();
        make();
        let text = sandbox.ok(&["status"]);
        assert!(text.starts_with("unknown "), "{why}: {text}");
        has(&text, &[why]);
        sandbox.run(&["tick"]).exits(0);
    }
    assert_eq!(sandbox.count("scan", "starts"), 0);
    clear();
    symlink(sandbox.write("jobs/scan/real", "{\"running\":false,\"completed\":true}"), &path)
        .unwrap();
    has(&sandbox.tick(), &["state: completed"]);
}

#[test]
fn a_relative_status_file_starts_at_the_jobs_folder() {
    let sandbox = Sandbox::new();
    let mut job = with(sandbox.watched("scan"), &json!({"cwd": "~/jobs"}));
    job["commands"].as_object_mut().unwrap().remove("status");
    job["commands"]["statusFile"] = json!("state/now.json");
    sandbox.config(&json!({}), &[job]);
    sandbox.write("home/jobs/state/now.json", "{\"running\":false,\"completed\":true}");
    has(&sandbox.ok(&["status"]), &["completed "]);
}

#[test]
fn a_clock_that_went_ahead_makes_no_job_of_ours_a_younger_process() {
    let sandbox = by_file();
    // Whether the clock goes a year ahead or the file's time a year back is the same to a tick.
    let start = "sleep 600 >/dev/null 2>&1 &\n\
                 echo '{\"running\":true,\"completed\":false,\"pid\":'$!'}' > status\n\
                 touch -d '1 year ago' status\n";
    sandbox.write("jobs/scan/on-start", start);
    sandbox.run(&["start", "scan"]).exits(0);
    has(&sandbox.tick(), &["state: running"]);
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 1, "a second copy was started");
}

/// So many that several threads read them: each is its own job's, and what is missing is told of
/// the job that misses it.
#[test]
fn many_files_are_each_their_own_jobs() {
    use opsfsm::adapters::clock::OsClock;
    use opsfsm::adapters::status::OsStatusRunner;
    use opsfsm::model::{BrokenCause, Observed, StatusSource};
    use opsfsm::ports::{StatusAsk, StatusRunner as _};

    let folder = tempfile::tempdir().unwrap();
    let jobs: Vec<(opsfsm::base::JobId, StatusSource)> = (0..999)
        .map(|n| {
            let path = folder.path().join(n.to_string());
            if n % 10 != 7 {
                let text = format!(r#"{{"running":false,"completed":false,"message":"{n}"}}"#);
                std::fs::write(&path, text).unwrap();
            }
            (opsfsm::base::JobId::new(format!("{n:03}")), StatusSource::File(path))
        })
        .collect();
    let env = std::collections::BTreeMap::new();
    let ask = |(job, source)| StatusAsk { job, source, cwd: folder.path(), env: &env };
    let asks: Vec<StatusAsk<'_>> = jobs.iter().map(|(job, source)| ask((job, source))).collect();
    let mut runner = OsStatusRunner { clock: &OsClock::new(), cancel: None };
    let all = runner.observe(&asks, std::time::Duration::from_mins(1));
    assert_eq!(all.len(), jobs.len());
    for (n, (seen, (job, _))) in all.iter().zip(&jobs).enumerate() {
        assert_eq!(seen.job, *job);
        match &seen.observed {
            Observed::Status(status) => assert_eq!(status.message, Some(n.to_string())),
            Observed::Broken(why) => {
                assert_eq!((n % 10, why.cause), (7, BrokenCause::FileMissing));
            }
        }
    }
}
