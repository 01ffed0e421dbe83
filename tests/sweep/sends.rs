//! SIGKILL, and every error, at every system call of a tick that sends reports to a Bot API.
//!
//! Two reports wait, and the tick has a third of its own. Whatever is struck where: after the next
//! tick each has arrived, in order, with the id and the text that it had in the outbox; at most one
//! of them came a second time; and the token is in no file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::net::{Ipv4Addr, Shutdown, TcpStream, ToSocketAddrs as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use opsfsm::journal::{Parcel, ParcelState};
use opsfsm::model::Route;
use opsfsm::ports::{Parcels, Store as _};
use serde_json::json;

use crate::errors::{panicked, strikes_of};
use crate::listener::{Listener, Reply};
use crate::strace::{Point, Stage, can_strace, spread, sweeps_all, tell};
use crate::support::{Site, code, said, skip};

/// A token that is no bot's, and the part of it that stands nowhere else.
const TOKEN: &str = "123456789:AAFcanary-Qk3x9_Zt7vLr2Ws8Yd5Np1Mb6";
const CANARY: &str = "AAFcanary";

const CONFIG: &str = r#"
version = 1

[defaults]
quietHours = { start = "00:00", end = "00:00" }

[report]
language = "en"
telegram = { tokenFile = "SITE/token", target = "-1001", apiRoot = "ROOT" }

[[jobs]]
id = "scan"
kind = "long_running_read"
risk = "read_only"
enabled = true
cwd = "SITE"
commands.status = ["/bin/cat", "says"]
commands.start = ["/bin/true"]
policy = { startGraceSeconds = 0 }
"#;

const ADDRESS: &str = "127.0.0.1";

/// A report as it arrived, or as it was to: its id and its text.
type Told = (String, String);

/// A site with two reports that wait, and a Bot API that takes everything by now.
struct Post {
    stage: Stage,
    api: Listener,
    waiting: Vec<Told>,
}

impl Post {
    /// The Bot API is reached by this name of our own host.
    fn by(host: &str) -> Self {
        let blocked = json!({"ok": false, "description": "Forbidden: bot was blocked"});
        let api = Listener::start([Reply::Json(403, blocked)]);
        let root = format!("http://{host}:{}", api.port);
        let site = Site::new();
        let here = site.folder().display().to_string();
        let config = CONFIG.replace("SITE", &here).replace("ROOT", &root);
        fs::write(site.folder().join("opsfsm.toml"), config).unwrap();
        let token = site.folder().join("token");
        fs::write(&token, TOKEN).unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
        // The first is refused, and the second waits behind it.
        for running in [true, false] {
            says(&site, running, false);
            let output = site.run(&["tick"]);
            assert_eq!(code(&output), 3, "{}", said(&output));
        }
        make_due(&site);
        let waiting: Vec<Told> = outbox(&site).iter().map(told).collect();
        assert_eq!((waiting.len(), api.requests().len()), (2, 1));
        says(&site, false, true);
        Self { stage: Stage::new(site, &["tick"]), api, waiting }
    }

    fn site(&self) -> &Site {
        &self.stage.site
    }

    /// How many requests have come, once the listener is through with whoever came before us.
    fn count(&self) -> usize {
        let mut caller = TcpStream::connect(("127.0.0.1", self.api.port)).unwrap();
        caller.shutdown(Shutdown::Write).unwrap();
        let _ = caller.read(&mut [0]);
        self.api.requests().len()
    }

    /// What has arrived since there were `seen` requests.
    fn arrived(&self, seen: usize) -> Vec<Told> {
        let _ = self.count();
        let told = |request: &crate::listener::Request| {
            assert!(request.path.ends_with("/sendMessage"), "{request:?}");
            let id = request.head.lines().find_map(|line| line.strip_prefix("idempotency-key: "));
            let (id, text) = (id.unwrap(), request.body["text"].as_str().unwrap());
            assert!(text.ends_with(&format!("#{id}")), "a person sees the id: {text}");
            (id.to_owned(), text.to_owned())
        };
        self.api.requests()[seen..].iter().map(told).collect()
    }

    /// What holds right after a strike. Returns how many messages had arrived by then.
    fn assert_holds(&self, seen: usize, at: &str) -> usize {
        self.stage.assert_holds();
        assert_eq!(bearers(self.site().folder()), ["token"], "{at}");
        let arrived = self.arrived(seen);
        let parcels = outbox(self.site());
        for (id, _) in &arrived {
            // Who dies after sending has said where it may have gone.
            let parcel = parcels.iter().find(|p| p.report.id.as_str() == id).unwrap();
            let delivered = matches!(parcel.state, ParcelState::Delivered { .. });
            assert!(delivered || parcel.pinned == Some(Route::Telegram), "{at}: {parcel:?}");
        }
        arrived.len()
    }

    /// A tick delivers the rest. Returns how many copies there were.
    fn settle(&self, seen: usize, at: &str) -> usize {
        let site = self.site();
        make_due(site);
        let output = site.run(&["tick"]);
        assert_eq!(code(&output), 0, "{at}: {}", said(&output));
        self.assert_holds(seen, at);
        let parcels = outbox(site);
        let is_delivered = |p: &Parcel| matches!(p.state, ParcelState::Delivered { .. });
        assert!(parcels.iter().all(is_delivered), "{at}: {parcels:?}");
        let wanted: Vec<Told> = parcels.iter().map(told).collect();
        assert_eq!(wanted[..2], self.waiting, "{at}");
        let own = |(_, text): &Told| text.contains("state: completed");
        assert!(wanted[2..].iter().any(own), "{at}: what the tick saw is told: {wanted:?}");
        let ids: BTreeSet<&String> = wanted.iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), wanted.len(), "{at}");
        let arrived = self.arrived(seen);
        let mut once = arrived.clone();
        once.dedup();
        assert_eq!(once, wanted, "{at}: each, in order, and as it was");
        let copies = arrived.len() - wanted.len();
        assert!(copies <= 1, "{at}: {arrived:?}");
        copies
    }
}

fn says(site: &Site, running: bool, completed: bool) {
    let status = json!({"running": running, "completed": completed});
    fs::write(site.folder().join("says"), status.to_string()).unwrap();
}

fn outbox(site: &Site) -> Vec<Parcel> {
    site.open().parcels(Parcels::All).unwrap()
}

fn told(parcel: &Parcel) -> Told {
    (parcel.report.id.as_str().to_owned(), parcel.report.text.clone())
}

/// Ends the pause of whatever failed, as a person would.
fn make_due(site: &Site) {
    let pauses = |p: &&Parcel| p.state == ParcelState::Pending && p.next_ms > 0;
    for parcel in outbox(site).iter().filter(pauses) {
        let output = site.run(&["outbox", "retry", parcel.report.id.as_str()]);
        assert_eq!(code(&output), 0, "{}", said(&output));
    }
}

/// The files below a folder that bear the token.
fn bearers(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(bearers(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            if bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
                found.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[test]
fn kills_of_a_tick_that_sends() {
    if !can_strace() {
        return;
    }
    let post = Post::by(ADDRESS);
    let all = post.stage.points();
    let clean = post.arrived(1);
    assert_eq!(clean.len(), 3, "a clean tick sends all: {clean:?}");
    let (length, points) = (all.len(), spread(all, 40));
    let (mut kills, mut copies, mut sent) = (0, 0, BTreeMap::<usize, usize>::new());
    for point in &points {
        let seen = post.count();
        kills += usize::from(post.stage.kill_at(point));
        let at = format!("killed at {point:?}");
        *sent.entry(post.assert_holds(seen, &at)).or_default() += 1;
        copies += post.settle(seen, &at);
    }
    tell(&format!(
        "a tick that sends: {kills} kills of {}; trace {length}; {copies} copies; messages out by \
         then: {sent:?}; 0 lost",
        points.len()
    ));
    if sweeps_all() {
        // Waiting may take a call more or less.
        assert!(kills * 100 >= length * 99, "{kills} kills, the trace has {length}");
        assert!(copies > 0, "some died between sending and noting it");
    } else {
        assert!(kills * 10 >= points.len() * 9, "{kills} kills of {}", points.len());
    }
}

/// Fails the calls one by one. Returns how each exit came about.
fn fail_each(what: &str, post: &Post, strikes: &[(Point, &'static str)]) -> BTreeMap<i32, usize> {
    let (mut copies, mut exits, mut bad) = (0, BTreeMap::<i32, usize>::new(), Vec::new());
    for (point, error) in strikes {
        let seen = post.count();
        let output = post.stage.fail_at(point, error);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), said(&output));
        let (exit, at) = (code(&output), format!("{error} at {point:?}"));
        *exits.entry(exit).or_default() += 1;
        post.assert_holds(seen, &at);
        let waits = outbox(post.site()).iter().any(|p| p.state == ParcelState::Pending);
        let unsaid = exit == 0 && waits && !text.contains("another tick is at work");
        if panicked(&output) || unsaid || text.contains(CANARY) {
            bad.push(format!("{at}: {exit} {text}"));
        }
        copies += post.settle(seen, &at);
    }
    tell(&format!("{what}: {} errors; exits {exits:?}; {copies} copies; 0 lost", strikes.len()));
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    exits
}

#[test]
fn errors_in_a_tick_that_sends() {
    if can_strace() {
        let post = Post::by(ADDRESS);
        let strikes = spread(strikes_of(&post.stage), 40);
        fail_each("errors in a tick that sends", &post, &strikes);
    }
}

/// A name is looked up on a thread of its own.
#[test]
fn a_tick_that_can_start_no_thread_to_look_a_name_up() {
    let found = ("localhost", 0).to_socket_addrs();
    if !found.is_ok_and(|mut all| all.any(|a| a.ip() == Ipv4Addr::LOCALHOST)) {
        skip("threads that are refused: localhost is no name here");
        return;
    }
    if can_strace() {
        let post = Post::by("localhost");
        let mut strikes = strikes_of(&post.stage);
        strikes.retain(|((name, _), _)| name.starts_with("clone"));
        let exits = fail_each("threads that are refused", &post, &strikes);
        assert!(exits.contains_key(&3), "a name is looked up at each report: {exits:?}");
    }
}
