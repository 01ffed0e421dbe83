//! The recipes of `jobs/recipes/` work: each by the real program where it is here, else by a stand-in
//! that prints what the real one does; which of them is said in `docs/cookbook.md`.
//!
//! Nothing sleeps: where a test waits for a job it asks opsfsm again, up to a generous number of times.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "tests start the program under test")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

/// A status takes some milliseconds: this is half a minute or more.
const ASKED_AT_MOST: usize = 2000;

/// A copy of the recipes with paths of its own, and one config of them.
struct Kitchen {
    folder: TempDir,
    config: &'static str,
}

impl Kitchen {
    /// The recipe `config`, with each path on the left replaced by one of this folder.
    fn new(config: &'static str, places: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let jobs = folder.path().join("jobs");
        let recipes = jobs.join("recipes");
        fs::create_dir_all(&recipes).expect("a folder");
        fs::create_dir(folder.path().join("bin")).expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs");
        fs::copy(source.join("disk-space.sh"), jobs.join("disk-space.sh")).expect("a copy");
        for entry in fs::read_dir(source.join("recipes")).expect("the recipes") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name");
            fs::copy(&path, recipes.join(name)).expect("a copy");
        }
        let kitchen = Self { folder, config };
        let mut text = fs::read_to_string(kitchen.config()).expect("a config");
        for (from, to) in places {
            assert!(text.contains(from), "{config} has no {from}");
            text =
                text.replace(from, &to.replace('@', &kitchen.folder.path().display().to_string()));
        }
        fs::write(kitchen.config(), text).expect("a config");
        kitchen
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("jobs/recipes").join(self.config)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// A program that stands in for one that is not here.
    fn stand_in(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}")).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
    }

    fn command(&self, program: &Path, words: &[&str]) -> Output {
        let path = std::env::var("PATH").expect("PATH");
        Command::new(program)
            .args(words)
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .env_remove("OPENCLAW_HOME")
            .stdin(Stdio::null())
            .output()
            .expect("a program")
    }

    fn opsfsm(&self, words: &[&str]) -> Output {
        let config = self.config().display().to_string();
        let mut all = words.to_vec();
        all.extend(["--config-file", &config]);
        self.command(Path::new(env!("CARGO_BIN_EXE_opsfsm")), &all)
    }

    fn said(&self, words: &[&str]) -> String {
        let out = self.opsfsm(words);
        let (stdout, stderr) =
            (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "{words:?}: {}\n{stdout}\n{stderr}", out.status);
        stdout.into_owned()
    }

    /// How a watched job says that it is.
    fn status(&self, job: &str) -> Value {
        let answer: Value =
            serde_json::from_str(&self.said(&["status", "--format", "json"])).expect("JSON");
        let jobs = answer["jobs"].as_array().expect("jobs");
        jobs.iter().find(|j| j["id"] == job).expect("the job")["status"].clone()
    }

    fn until(&self, job: &str, is: impl Fn(&Value) -> bool) -> Value {
        let asked = (0..ASKED_AT_MOST).map(|_| self.status(job));
        let mut last = Value::Null;
        for status in asked {
            if is(&status) {
                return status;
            }
            last = status;
        }
        panic!("{job} is still {last}")
    }

    /// Starts the job and waits until it is complete.
    fn completes(&self, job: &str) -> Value {
        self.said(&["start", job]);
        self.until(job, |status| {
            assert!(status["broken"].is_null() && status["level"] != "alert", "{status}");
            status["completed"] == true
        })
    }
}

impl Drop for Kitchen {
    fn drop(&mut self) {
        // Whatever a test started ends with it.
        for entry in fs::read_dir(self.path("state/opsfsm-jobs")).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            drop(self.command(&self.path("jobs/recipes/background.sh"), &["stop", &name]));
        }
    }
}

fn is_here(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    let here = found.is_ok_and(|out| out.status.success());
    if !here {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "skipped: no {program} here").expect("stderr");
    }
    here
}

#[test]
fn every_recipe_is_sound() {
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/jobs/recipes")).expect("them") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let out = Command::new(env!("CARGO_BIN_EXE_opsfsm"))
            .args(["check", "--portable", "--fail-on", "info"])
            .arg(&path)
            .output()
            .expect("opsfsm");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    }
}

#[test]
fn rsync_copies_and_its_check_finds_what_differs() {
    if !is_here("rsync") {
        return;
    }
    let kitchen = Kitchen::new(
        "rsync.toml",
        &[("/srv/photos/", "@/photos/"), ("/mnt/backup/photos/", "@/copy/")],
    );
    for n in 0..40 {
        kitchen.write(&format!("photos/{}/{n}.jpg", n % 4), &"light ".repeat(n + 1));
    }
    let told = kitchen.said(&["tick", "--print-only"]);
    // It may be started at any time, so the first tick does it.
    assert!(told.contains("started: its start command was run"), "{told}");
    let status = kitchen.until("rsync-photos", |status| status["completed"] == true);
    assert!(status["progress"]["logBytes"].as_u64().is_some_and(|bytes| bytes > 0), "{status}");
    assert_eq!(fs::read(kitchen.path("copy/3/7.jpg")).expect("a copy").len(), 48);
    assert!(!kitchen.said(&["run", "rsync-photos-check"]).contains("ACTION REQUIRED"));
    kitchen.write("copy/3/7.jpg", "darkness");
    let out = kitchen.opsfsm(&["run", "rsync-photos-check"]);
    let told = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(told.contains("ACTION REQUIRED: 1 of") && told.contains("3/7.jpg"), "{told}");
}

#[test]
fn a_job_in_the_background_is_told_when_it_dies_fails_or_is_stopped() {
    let kitchen = Kitchen::new(
        "rsync.toml",
        &[(
            r#""rsync", "-a", "--partial", "--info=progress2", "--outbuf=L", "--", "/srv/photos/", "/mnt/backup/photos/"]"#,
            r#""sh", "@/job.sh"]"#,
        )],
    );
    let (job, worker) = ("rsync-photos", kitchen.path("state/opsfsm-jobs/rsync-photos"));
    // Without a reader that opens it, the worker stands still in the middle.
    let wait = "mkfifo \"$HOME/fifo\" 2>/dev/null; printf 'half\\r\"a\\\\b\"'; read -r _ <\"$HOME/fifo\"\n";
    kitchen.write("job.sh", wait);
    assert_eq!(kitchen.status(job)["stopReason"], "never started");
    kitchen.said(&["start", job]);
    let status = kitchen.until(job, |s| s["message"] == "\"a\\b\"");
    assert_eq!((&status["running"], &status["completed"]), (&true.into(), &false.into()));
    // A second start starts nothing.
    let pid = fs::read_to_string(worker.join("pid")).expect("its pid");
    let again = kitchen.command(
        &kitchen.path("jobs/recipes/background.sh"),
        &["start", job, "--", "sh", "-c", "echo second >\"$HOME/second\""],
    );
    assert!(String::from_utf8_lossy(&again.stdout).contains("runs already"), "{again:?}");
    assert_eq!(fs::read_to_string(worker.join("pid")).expect("its pid"), pid);
    kitchen.said(&["stop", job]);
    let status = kitchen.status(job);
    assert_eq!((&status["running"], &status["stopReason"]), (&false.into(), &"died".into()));
    assert!(!kitchen.path("second").exists());
    // What it exits with is told.
    kitchen.write("job.sh", "echo no room left >&2; exit 23\n");
    kitchen.said(&["start", job]);
    let status = kitchen.until(job, |s| s["level"] == "alert");
    assert_eq!(
        (&status["stopReason"], &status["message"]),
        (&"exit 23".into(), &"no room left".into())
    );
}

#[test]
fn rclone_copies() {
    if !is_here("rclone") {
        return;
    }
    let kitchen =
        Kitchen::new("rclone.toml", &[("/srv/archive", "@/archive"), ("cloud:archive", "@/cloud")]);
    kitchen.write("archive/a/one", "1");
    kitchen.completes("rclone-archive");
    assert_eq!(fs::read_to_string(kitchen.path("cloud/a/one")).expect("a copy"), "1");
}

#[test]
fn restic_backs_up_is_checked_and_forgets_only_when_approved() {
    if !is_here("restic") {
        return;
    }
    let kitchen = Kitchen::new(
        "restic.toml",
        &[
            ("/mnt/backup/restic", "@/repository"),
            ("/etc/restic/password", "@/password"),
            ("\"/home\"", "\"@/data\""),
            ("manual = true", "manual = true\napproval = { nonInteractive = true }"),
        ],
    );
    kitchen.write("password", "only for this test");
    kitchen.write("data/one", "1");
    let (repository, password) = (kitchen.path("repository"), kitchen.path("password"));
    let restic = |words: &[&str]| {
        let (repository, password) = (repository.to_string_lossy(), password.to_string_lossy());
        let mut all = vec!["--repo", &repository, "--password-file", &password, "--no-cache"];
        all.extend(words);
        let out = kitchen.command(Path::new("restic"), &all);
        assert!(out.status.success(), "{out:?}");
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    restic(&["init"]);
    kitchen.said(&["adopt"]);
    for _ in 0..2 {
        kitchen.completes("restic-backup");
    }
    kitchen.said(&["run", "restic-check"]);
    assert_eq!(restic(&["snapshots"]).matches("/data").count(), 2);
    let refused = kitchen.opsfsm(&["run", "restic-forget"]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    let plan: Value =
        serde_json::from_str(&kitchen.said(&["plan", "restic-forget", "--format", "json"]))
            .expect("JSON");
    let digest = plan["digest"].as_str().expect("a digest");
    kitchen.said(&["approve", "restic-forget", "--digest", digest]);
    let done = kitchen.said(&["run", "restic-forget", "--wait"]);
    assert!(done.contains("restic-forget: verified"), "{done}");
    assert_eq!(restic(&["snapshots"]).matches("/data").count(), 1);
}

#[test]
fn a_dump_replaces_the_last_one_only_when_it_is_whole() {
    let kitchen = Kitchen::new("pg_dump.toml", &[("/var/backups", "@")]);
    kitchen.stand_in(
        "pg_dump",
        "for word; do case $word in --file=*) file=${word#--file=} ;; esac; done\nprintf PGDMP >\"$file\"\ncat \"$HOME/rest\" >>\"$file\"\n",
    );
    kitchen.stand_in("pg_restore", "grep -q '^PGDMP.*whole' \"$2\"\n");
    kitchen.write("rest", " whole\n");
    kitchen.completes("pg-dump");
    assert_eq!(fs::read_to_string(kitchen.path("shop.dump")).expect("a dump"), "PGDMP whole\n");
    assert!(!kitchen.said(&["run", "pg-dump-check"]).contains("ACTION"));
    kitchen.write("rest", " cut\n");
    kitchen.said(&["start", "pg-dump"]);
    kitchen.until("pg-dump", |s| s["level"] == "alert");
    assert_eq!(fs::read_to_string(kitchen.path("shop.dump")).expect("a dump"), "PGDMP whole\n");
    kitchen.write("shop.dump", "nonsense");
    let told = kitchen.opsfsm(&["run", "pg-dump-check"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("can't be read by pg_restore"));
}

#[test]
fn a_crawl_goes_on_where_it_was_killed() {
    if !is_here("python3") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/items", listener.local_addr().expect("an address"));
    let kitchen = Kitchen::new(
        "crawl.toml",
        &[
            ("https://catalogue.example/api/items", &address),
            ("/var/lib/crawl", "@/crawl"),
            ("env = {", "env = { CRAWL_PAUSE = \"0\","),
        ],
    );
    kitchen.said(&["start", "crawl"]);
    let mut asked = vec![answer_one(&listener, &page(1)), answer_one(&listener, &page(2))];
    // The third page is never answered: whoever waits for it is killed.
    let (waiting, cursor) = request_of(&listener);
    asked.push(cursor);
    let status = kitchen.until("crawl", |s| s["progress"]["pages"] == 2);
    assert_eq!(status["running"], true, "{status}");
    let group = fs::read_to_string(kitchen.path("state/opsfsm-jobs/crawl/pid")).expect("its pid");
    let group = format!("-{}", group.split(' ').next().expect("a pid"));
    assert!(
        kitchen.command(Path::new("sh"), &["-c", "kill -KILL \"$0\"", &group]).status.success()
    );
    drop(waiting);
    // Its file still says that it runs; its process says otherwise.
    let status = kitchen.until("crawl", |s| s["running"] == false);
    assert_eq!(status["completed"], false, "{status}");
    kitchen.said(&["start", "crawl"]);
    for answer in [page(3), page(4), last_page()] {
        asked.push(answer_one(&listener, &answer));
    }
    let status = kitchen.until("crawl", |s| s["completed"] == true);
    assert_eq!(
        (&status["progress"]["pages"], &status["progress"]["items"]),
        (&5.into(), &5.into())
    );
    assert_eq!(asked, ["", "1", "2", "2", "3", "4"], "nothing twice but what was not answered");
}

fn page(next: u32) -> String {
    format!(r#"{{"items":[{next}],"next":"{next}"}}"#)
}

fn last_page() -> String {
    r#"{"items":["end"],"next":null}"#.to_owned()
}

/// Answers one request with `body`; says which cursor was asked for.
fn answer_one(listener: &TcpListener, body: &str) -> String {
    let (mut stream, cursor) = request_of(listener);
    let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all((head + body).as_bytes()).expect("an answer");
    cursor
}

/// A request that waits for its answer, and which cursor it asks for.
fn request_of(listener: &TcpListener) -> (TcpStream, String) {
    let (stream, _) = listener.accept().expect("a client");
    let mut request = String::new();
    let mut reader = BufReader::new(stream.try_clone().expect("the stream"));
    reader.read_line(&mut request).expect("a request");
    for line in reader.lines().map_while(Result::ok) {
        if line.is_empty() {
            break;
        }
    }
    let query = request.split(' ').nth(1).unwrap_or_default();
    let cursor = query.split_once("cursor=").map_or("", |(_, cursor)| cursor).to_owned();
    (stream, cursor)
}

#[test]
fn a_unit_of_systemd_is_watched() {
    let kitchen = Kitchen::new("systemd-unit.toml", &[]);
    kitchen.stand_in(
        "systemctl",
        "case $1 in\nshow) sed -n \"s/^${2#--property=}=//p\" \"$HOME/unit\" ;;\nstart) echo start >>\"$HOME/asked\" ;;\nstop) echo stop >>\"$HOME/asked\" ;;\nesac\n",
    );
    let unit = |state: &str, result: &str, begun: u32| {
        kitchen.write("unit", &format!("ActiveState={state}\nSubState=x\nResult={result}\nExecMainStartTimestampMonotonic={begun}\nCPUUsageNSec=7000000000\nExecMainPID=0\n"));
        kitchen.status("reindex")
    };
    assert_eq!(unit("inactive", "success", 0)["stopReason"], "never started");
    let running = unit("active", "success", 5);
    assert_eq!(
        (&running["running"], &running["progress"]["cpuSeconds"]),
        (&true.into(), &7.into())
    );
    assert_eq!(unit("inactive", "success", 5)["completed"], true);
    assert_eq!(unit("failed", "oom-kill", 5)["stopReason"], "oom-kill");
    assert_eq!(unit("", "", 0)["broken"], "exited with an error");
    kitchen.said(&["start", "reindex"]);
    assert_eq!(fs::read_to_string(kitchen.path("asked")).expect("what was asked"), "start\n");
}

#[test]
fn a_job_of_kubernetes_is_watched() {
    let kitchen = Kitchen::new("kubectl-job.toml", &[]);
    kitchen.stand_in(
        "kubectl",
        "echo \"$*\" >>\"$HOME/asked\"\ncase $* in *create*) ;; *metadata.name}) cat \"$HOME/name\" ;; *) cat \"$HOME/job\" ;; esac\n",
    );
    kitchen.write("name", "");
    let job = |told: &str| {
        kitchen.write("job", told);
        kitchen.status("embed")
    };
    assert_eq!(job("")["stopReason"], "never started");
    let running = job("embed 8 a2 s3 f1 ");
    assert_eq!((&running["running"], &running["progressKey"]), (&true.into(), &"3/1".into()));
    assert_eq!(running["progress"].to_string(), r#"{"active":2,"failed":1,"succeeded":3}"#);
    assert_eq!(job("embed 8 a s8 f SuccessCriteriaMet,Complete,")["completed"], true);
    assert_eq!(job("embed 8 a s f4 FailureTarget,Failed,")["level"], "alert");
    kitchen.said(&["start", "embed"]);
    let asked = fs::read_to_string(kitchen.path("asked")).expect("what was asked");
    assert!(asked.contains("--namespace batch create --filename embed.yaml"), "{asked}");
}

#[test]
fn a_web_service_is_asked() {
    if !is_here("curl") || !is_here("jq") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/health", listener.local_addr().expect("an address"));
    let kitchen = Kitchen::new("web-api.toml", &[("https://shop.example/health", &address)]);
    let server = thread::spawn(move || {
        for body in [r#"{"status":"ok"}"#, r#"{"status":"degraded"}"#, "<html>"] {
            answer_one(&listener, body);
        }
    });
    let told = |kitchen: &Kitchen| {
        String::from_utf8_lossy(&kitchen.opsfsm(&["run", "shop-health"]).stdout).into_owned()
    };
    assert!(!told(&kitchen).contains("ACTION REQUIRED"));
    assert!(told(&kitchen).contains(".status is 'degraded', not 'ok'"));
    assert!(told(&kitchen).contains("answers no JSON"));
    server.join().expect("the server");
    // Nobody listens any more: told as well.
    assert!(told(&kitchen).contains("does not answer"));
}

#[test]
fn disks_and_certificates_are_looked_at() {
    let kitchen = Kitchen::new("disk.toml", &[("/:/home", "/"), ("\"90\"", "\"0\"")]);
    let told = kitchen.opsfsm(&["run", "disk-space"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("ACTION REQUIRED"), "{told:?}");
    if !is_here("openssl") {
        return;
    }
    let kitchen = Kitchen::new(
        "certificate.toml",
        &[("\"shop.example:443\"", "\"@/soon.pem\""), ("/etc/ssl/shop.pem", "@/late.pem")],
    );
    for (name, days) in [("soon", "3"), ("late", "90")] {
        let (key, file) = (kitchen.path("key.pem"), kitchen.path(&format!("{name}.pem")));
        let (key, file) = (key.to_string_lossy(), file.to_string_lossy());
        let words = [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", days,
            "-keyout", &key, "-out", &file,
        ];
        assert!(kitchen.command(Path::new("openssl"), &words).status.success());
    }
    let told = kitchen.opsfsm(&["run", "certificates"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("soon.pem ends within 21 days") && !told.contains("late.pem"), "{told}");
}
