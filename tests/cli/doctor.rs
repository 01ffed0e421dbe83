//! `opsfsm doctor`: what is found on a host, and what to do about it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use expect_test::expect;
use serde_json::{Value, json};

use super::support::{Ran, Sandbox, has, lacks, with};

/// A host without a timer; no program of its own is asked.
fn host(jobs: &[Value]) -> Sandbox {
    let sandbox = Sandbox::with(jobs);
    sandbox.script(
        "bin/crontab",
        "#!/bin/sh\ncat \"${0%/*}/../crontab\" 2>/dev/null || { echo no crontab for me >&2; exit 1; }\n",
    );
    sandbox.script("bin/loginctl", "#!/bin/sh\necho no\n");
    sandbox
}

fn doctor(sandbox: &Sandbox, more: &[&str]) -> Ran {
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    sandbox.call(&[&["doctor"], more].concat()).env("PATH", path).run()
}

/// What it says of one thing.
fn line(sandbox: &Sandbox, id: &str) -> Value {
    let ran = doctor(sandbox, &["--format", "json"]);
    let all: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!(ran.code == 1, all["failed"] != 0, "{all}");
    let checks = all["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).cloned().unwrap_or_else(|| panic!("{id}: {all}"))
}

#[track_caller]
fn is(sandbox: &Sandbox, id: &str, health: &str, words: &str) {
    let found = line(sandbox, id);
    assert_eq!(found["health"], health, "{found}");
    has(found["text"].as_str().unwrap(), &[words]);
    assert_eq!(found["mend"].is_null(), health == "ok", "{found}");
}

/// Without what differs from host to host, and from one second to the next.
fn steady(sandbox: &Sandbox, text: &str) -> String {
    let folder = sandbox.path("");
    let text = text.replace(Sandbox::program(), "/bin/opsfsm");
    let text = text.replace(folder.to_str().unwrap().trim_end_matches('/'), "");
    let of_host = [" landlock ", " program ", "→ Linux", "→ chmod", " to look at, "];
    let lines = text.lines().filter(|line| !of_host.iter().any(|word| line.contains(word)));
    let ago = |line: &str| match line.split_once("the last one was ") {
        Some((before, _)) => format!("{before}the last one was … ago\n"),
        None => format!("{line}\n"),
    };
    lines.map(ago).collect()
}

#[test]
fn a_new_host_is_told_what_is_still_missing() {
    let sandbox = host(&[]);
    sandbox.remove("config/opsfsm/ops-jobs.json");
    let ran = doctor(&sandbox, &[]);
    expect![[r#"
        fail  config    no config found; looked for:
                          /home/.openclaw/net/config/opsfsm.toml
                          /home/.openclaw/net/config/ops-jobs.json
                          /config/opsfsm/opsfsm.toml
                          /config/opsfsm/ops-jobs.json
                        let `opsfsm init` write one, or name one with --config-file
                        → /bin/opsfsm init
        ok    store     none yet; the first tick makes /state/opsfsm/opsfsm.db
        warn  reports   go to standard output (neither a bot's token, nor openclaw, nor a chat is found): of a timer's ticks into its log or mail
                        → set report.telegram or report.webhook, if they are to reach a person
        ok    token     none
        ok    chat      none
        ok    openclaw  none
        warn  timer     neither systemd nor cron nor launchd is found to call a tick
                        → /bin/opsfsm install --write
        ok    zone      UTC: quiet hours go by it

    "#]].assert_eq(&steady(&sandbox, &ran.exits(1).out));
    assert!(!sandbox.has_store() && ran.err.is_empty(), "{ran:?}");
}

#[test]
fn a_host_in_order_says_so_and_nothing_is_recorded() {
    let sandbox = host(&[]);
    sandbox.tick();
    sandbox.write("crontab", "* * * * * opsfsm tick\n");
    let before = fs::read(sandbox.store_path()).unwrap();
    let ran = doctor(&sandbox, &[]);
    expect![[r#"
        ok    config     /config/opsfsm/ops-jobs.json: 0 jobs, 0 enabled
        ok    store      /state/opsfsm/opsfsm.db: its journal is whole, 2 events
        ok    exposure   nobody else may change config or store, nor the folders above them
        warn  reports    go to standard output (neither a bot's token, nor openclaw, nor a chat is found): of a timer's ticks into its log or mail
                         → set report.telegram or report.webhook, if they are to reach a person
        ok    token      none
        ok    chat       none
        ok    openclaw   none
        ok    outbox     no report waits, and none was given up
        ok    tick       the last one was … ago
        ok    timer      cron: in this account's crontab: * * * * * opsfsm tick
        ok    zone       UTC: quiet hours go by it
        ok    approvals  no write is enabled, so none is needed

    "#]].assert_eq(&steady(&sandbox, &ran.exits(0).out));
    assert_eq!(fs::read(sandbox.store_path()).unwrap(), before);
}

#[test]
fn a_config_in_trouble_fails_or_warns() {
    let sandbox = host(&[]);
    is(&sandbox, "config", "ok", "0 jobs, 0 enabled");
    sandbox.raw_config(&json!({"version": 1, "jbos": []}));
    is(&sandbox, "config", "warn", "warnings: 1");
    sandbox.raw_config(&json!({"version": 2}));
    is(&sandbox, "config", "fail", "can't be run; errors: 1");
    sandbox.write("config/opsfsm/ops-jobs.json", "{");
    is(&sandbox, "config", "fail", "can't be run");
}

#[test]
fn a_store_that_is_damaged_or_anothers_fails() {
    let sandbox = host(&[]);
    is(&sandbox, "store", "ok", "none yet; the first tick makes");
    sandbox.tick();
    is(&sandbox, "store", "ok", "its journal is whole");
    let other = sandbox.write("other.json", "{\"version\": 1}");
    let ran = doctor(&sandbox, &["--config-file", other.to_str().unwrap()]);
    ran.exits(1).prints("belongs to another config").prints("adopt");
    sandbox.write("state/opsfsm/opsfsm.db", "no store");
    is(&sandbox, "store", "fail", "opsfsm.db");
}

#[test]
fn what_others_may_change_is_told_and_fails_where_a_write_hangs_on_it() {
    let sandbox = host(&[]);
    sandbox.tick();
    is(&sandbox, "exposure", "ok", "nobody else may change");
    let mode =
        |mode| fs::set_permissions(sandbox.store_path(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o666);
    is(&sandbox, "exposure", "warn", "no write starts from there");
    mode(0o600);
    let write = with(sandbox.write_job("prune", "disk"), &json!({"enabled": true}));
    sandbox.config(&json!({}), &[sandbox.check("disk"), write]);
    is(&sandbox, "exposure", "ok", "nobody else may change");
    is(&sandbox, "approvals", "warn", "prune may be approved by the account that runs the jobs");
    mode(0o666);
    is(&sandbox, "exposure", "fail", "others may change the store");
}

#[test]
fn reports_that_can_not_go_fail_and_those_that_were_given_up_too() {
    let sandbox = host(&[]);
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    is(&sandbox, "reports", "warn", "go to standard output");
    is(&sandbox, "token", "ok", "none");
    sandbox.shell("\"$OPSFSM\" tick > /dev/full").run().exits(3);
    is(&sandbox, "outbox", "warn", "reports that wait for the next tick: 1");
    sandbox.raw_config(&json!({"version": 1, "report": {"via": "telegram"}}));
    is(&sandbox, "reports", "fail", "they wait: ");
    let secret = "12345678:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let token = sandbox.write("token", secret);
    let telegram = json!({"tokenFile": token, "target": 7});
    sandbox.raw_config(&json!({"version": 1, "report": {"telegram": telegram}}));
    is(&sandbox, "reports", "ok", "go by telegram");
    is(&sandbox, "chat", "ok", "7 (report.telegram.target)");
    lacks(&doctor(&sandbox, &[]).out, &[secret, "AAAA"]);
    sandbox.remove("token");
    is(&sandbox, "token", "fail", "token");
}

#[test]
fn timers_are_found_and_what_keeps_them_from_running() {
    let sandbox = host(&[]);
    sandbox.tick();
    is(&sandbox, "timer", "warn", "neither systemd nor cron nor launchd");
    is(&sandbox, "tick", "ok", "the last one was");
    sandbox.write("crontab", "# >>> torn\n* * * * * /x/opsfsm --config-file y tick\n");
    is(&sandbox, "timer", "ok", "cron: in this account's crontab: * * * * * /x/opsfsm");
    sandbox.remove("crontab");
    let timer = "config/systemd/user/opsfsm-tick.timer";
    sandbox.write(timer, "[Timer]\n");
    is(&sandbox, "timer", "fail", "it is not enabled");
    is(&sandbox, "lingering", "warn", "off: the timer stops when this account logs out");
    sandbox.write("config/systemd/user/timers.target.wants/opsfsm-tick.timer", "");
    is(&sandbox, "timer", "ok", "systemd: ");
    sandbox.write("crontab", "* * * * * opsfsm tick\n");
    doctor(&sandbox, &[]).exits(0).prints("of them call a tick: no harm");
}

#[test]
fn what_install_wrote_for_another_config_is_told() {
    let sandbox = host(&[]);
    let at = |line: &str| format!("* * * * * {} {line} tick", Sandbox::program());
    let (config, store) = (sandbox.config_path(), sandbox.store_path());
    let own = format!("--config-file {} --state-file {}", config.display(), store.display());
    for (line, health) in [(own.as_str(), "ok"), ("--config-file /elsewhere", "warn")] {
        let mark = "opsfsm: written by `opsfsm install`, removed by `opsfsm uninstall`";
        sandbox.write("crontab", format!("# >>> {mark}\n{}\n# <<< opsfsm\n", at(line)));
        is(&sandbox, "timer", health, if health == "ok" { "cron: " } else { "it calls another" });
    }
}

#[test]
fn a_crontab_that_can_not_be_read_keeps_nothing_else_from_being_looked_at() {
    let sandbox = host(&[]);
    sandbox.script("bin/crontab", "#!/bin/sh\necho 'not allowed' >&2\nexit 1\n");
    let ran = doctor(&sandbox, &[]);
    ran.exits(0).prints("not allowed").prints("zone");
    let journal = sandbox.path("state");
    assert!(!journal.join("opsfsm").exists(), "nothing is made");
}
