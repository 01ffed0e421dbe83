//! Whole stories: from a job in trouble to the person's chat.

use std::cell::Cell;
use std::net::TcpListener;
use std::time::Duration;

use jiff::tz::TimeZone;
use opsfsm::adapters::sqlite::{NewStore, SqliteStore};
use opsfsm::adapters::telegram::Telegram;
use opsfsm::adapters::token::Token;
use opsfsm::base::{BootId, LocalTime, Now, ReportId, Stamp};
use opsfsm::journal::{Change, Report};
use opsfsm::model::{Chat, Endpoint};
use opsfsm::ports::{Clock, Commit, Parcels, Store as _};
use opsfsm::tick::{Round, deliver_pending};
use serde_json::json;

use super::listener::{Listener, Reply};
use super::support::{Sandbox, has, lacks, with};
use super::surroundings::TOKEN;

/// A job that runs without progress, found stalled by the second tick.
fn stalling(sandbox: &Sandbox) -> serde_json::Value {
    let job = with(sandbox.watched("scan"), &json!({"policy": {"stallSeconds": 0}}));
    sandbox.runs_on("scan", 1);
    job
}

#[test]
fn a_stalled_jobs_alert_arrives_by_the_direct_route() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    let telegram = sandbox.telegram(&listener);
    sandbox.reporting(&telegram, &[stalling(&sandbox)]);
    for _ in 0..2 {
        let ran = sandbox.run(&["tick"]);
        assert_eq!((ran.exits(0).out.as_str(), ran.err.as_str()), ("", ""));
    }
    let texts = listener.texts();
    assert_eq!(texts.len(), 2);
    has(&texts[0], &["state: running"]);
    has(&texts[1], &["state: stalled", "ACTION REQUIRED"]);
    sandbox.run(&["tick"]).exits(0);
    assert_eq!(listener.texts().len(), 2, "told once");
}

#[test]
fn a_stalled_jobs_alert_arrives_by_openclaw() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    // The stand-in speaks to the Bot API as the real one does, with a token of its own.
    let post = format!(
        "while [ $# -gt 0 ]; do case $1 in --message) text=$2;; --target) chat=$2;; esac; shift; done\n\
         text=${{text//$'\\n'/\\\\n}}; body=\"{{\\\"chat_id\\\":$chat,\\\"text\\\":\\\"$text\\\"}}\"\n\
         exec 3<>/dev/tcp/127.0.0.1/{port}; LC_ALL=C\n\
         printf 'POST /bot1:own/sendMessage HTTP/1.1\\r\\nContent-Length: %s\\r\\n\\r\\n%s' \"${{#body}}\" \"$body\" >&3\n\
         read -r -u 3 answer; case $answer in *200*) ;; *) exit 1;; esac\n\
         echo '[gateway] ready'; echo '{{\"action\":\"send\",\"dryRun\":false,\"messageId\":\"9\",\"payload\":{{}}}}'\n",
        port = listener.port,
    );
    let post = sandbox.write("claw/post.bash", post);
    sandbox.stand_in(&format!("exec bash '{}' \"$@\"", post.display()));
    let report = json!({"via": "openclaw", "telegram": {"target": "-1001"}});
    sandbox.reporting(&report, &[stalling(&sandbox)]);
    for _ in 0..2 {
        let ran = sandbox.run_with_claw(&["tick"]);
        assert_eq!((ran.exits(0).out.as_str(), ran.err.as_str()), ("", ""));
    }
    let argv = sandbox.read("claw/argv");
    assert_eq!(argv.matches("\nsend\n").count(), 2, "{argv}");
    let requests = listener.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|r| r.body["chat_id"] == -1001), "{requests:?}");
    has(&listener.texts()[1], &["scan", "stalled"]);
    lacks(&argv, &["n=1"]);
}

#[test]
fn the_alert_of_a_broken_config_goes_the_last_good_way() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    let mut telegram = sandbox.telegram(&listener);
    telegram["language"] = json!("zh");
    sandbox.reporting(&telegram, &[sandbox.watched("scan")]);
    sandbox.run(&["tick"]).exits(0);
    sandbox.write("config/opsfsm/ops-jobs.json", "{ \"version\": 1, \"jobs\": [");
    let ran = sandbox.run(&["tick"]);
    assert_eq!(ran.exits(2).out, "", "sent, not printed");
    let texts = listener.texts();
    has(&texts[1], &["快报", "ops-jobs.json"]);
    sandbox.run(&["tick"]).exits(2);
    assert_eq!(listener.texts().len(), 2, "once an hour");
}

#[test]
fn what_could_not_be_sent_goes_first_the_next_time() {
    let listener = Listener::start([Reply::Json(
        403,
        json!({"ok": false, "description": "Forbidden: bot was blocked"}),
    )]);
    let sandbox = Sandbox::new();
    let telegram = sandbox.telegram(&listener);
    sandbox.reporting(&telegram, &[sandbox.watched("scan")]);
    sandbox.run(&["tick"]).exits(3).says("unblock it");
    sandbox.completes("scan");
    let ran = sandbox.run(&["tick"]);
    ran.exits(3).says("the next attempt is due");
    assert_eq!(listener.requests().len(), 1, "not before its pause is over");
}

#[test]
fn checks_that_cron_runs_at_one_moment_are_each_told_once() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    let mut telegram = sandbox.telegram(&listener);
    telegram["language"] = json!("en");
    let ids: Vec<String> = (0..4).map(|n| format!("check-{n}")).collect();
    let jobs: Vec<_> = ids.iter().map(|id| sandbox.check(id)).collect();
    for id in &ids {
        sandbox.on(id, "run", "exit 3");
    }
    sandbox.reporting(&telegram, &jobs);
    sandbox.run(&["tick"]).exits(0);
    let calls: Vec<_> =
        ids.iter().map(|id| sandbox.call(&["run", id, "--report"]).spawn()).collect();
    for call in calls {
        call.wait().exits(1);
    }
    let texts = listener.texts();
    assert_eq!(texts.len(), 4, "{texts:?}");
    for id in &ids {
        let told = texts.iter().filter(|text| text.contains(&format!("{id} [")));
        assert_eq!(told.count(), 1, "{id}: {texts:?}");
    }
}

/// A clock that only the test moves.
struct Hand(Cell<i64>);

impl Clock for Hand {
    fn now(&self) -> Now {
        let ms = 1_795_219_830_000 + self.0.get();
        let boot = BootId::new("boot");
        let at = Stamp { wall_ms: ms, awake_ms: self.0.get(), up_ms: self.0.get(), boot };
        Now { at, local: LocalTime::in_zone(&TimeZone::UTC, ms) }
    }

    fn pause(&self, span: Duration) {
        self.0.set(self.0.get() + i64::try_from(span.as_millis()).unwrap());
    }
}

#[test]
fn an_hour_of_refused_connections_loses_nothing_and_keeps_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Hand(Cell::new(0));
    let now = clock.now().at;
    let mut store =
        SqliteStore::open(&folder.path().join("s.db"), &NewStore { seed: [7; 32], now: &now })
            .unwrap();
    // A port that is ours and nobody listens on, until somebody does.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let root = Endpoint::parse(&format!("http://{address}")).unwrap();
    let token = (Token::parse(TOKEN).unwrap(), "its place".to_owned());
    let chat = (Chat::parse("1").unwrap(), "its place".to_owned());
    let mut way = Telegram::new(token, chat, root);
    for minute in 0..60 {
        if minute % 10 == 0 {
            let n = minute / 10;
            let report = Report {
                id: ReportId::new(format!("r{n}")),
                at_ms: clock.now().at.wall_ms,
                text: format!("report {n} #r{n}"),
                summary: String::new(),
            };
            store
                .transact(&mut |world| {
                    let change = Change { world, ..Change::default() };
                    Ok(Commit { change, reports: vec![report.clone()] })
                })
                .unwrap();
        }
        let round = deliver_pending(&mut store, &mut way, &clock, Round::default()).unwrap();
        assert!(round.delivered.is_empty() && round.undelivered.is_some());
        clock.pause(Duration::from_mins(1));
    }
    let Ok(socket) = TcpListener::bind(address) else {
        // Another process took the port meanwhile: what follows can't be told here.
        return;
    };
    let listener = Listener::on(socket, []);
    clock.pause(Duration::from_mins(5));
    let round = deliver_pending(&mut store, &mut way, &clock, Round::default()).unwrap();
    assert_eq!((round.delivered.len(), round.undelivered), (6, None));
    let wanted: Vec<String> = (0..6).map(|n| format!("report {n} #r{n}")).collect();
    assert_eq!(listener.texts(), wanted);
    assert!(store.parcels(Parcels::Unsettled).unwrap().is_empty());
}
