//! `opsfsm install` and `opsfsm uninstall`: what calls a tick, put on a host and taken back.
//!
//! `systemctl`, `loginctl`, `launchctl` and `crontab` are scripts here, so that no test touches the
//! host's own; what is written is judged by `systemd-analyze verify`, where that is there, and by sh.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use expect_test::expect;
use serde_json::json;

use super::support::{Call, Ran, Sandbox, has, lacks};

/// A sandbox with a config, and with programs that note how they were called.
fn host() -> Sandbox {
    let sandbox = Sandbox::with(&[]);
    let log = "echo \"${0##*/} $*\" >> ../calls\n";
    sandbox.script(
        "bin/systemctl",
        &format!(
            "#!/bin/sh\ncd \"${{0%/*}}\"\n{log}cat ../refusal >&2 2>/dev/null && exit 1\nexit 0\n"
        ),
    );
    sandbox.script("bin/launchctl", &format!("#!/bin/sh\ncd \"${{0%/*}}\"\n{log}"));
    sandbox.script("bin/loginctl", "#!/bin/sh\ncat \"${0%/*}/../linger\"\n");
    sandbox.script(
        "bin/crontab",
        "#!/bin/sh\nt=${0%/*}/../crontab\ncase $1 in\n\
         -l) cat \"$t\" 2>/dev/null || { echo \"no crontab for me\" >&2; exit 1; } ;;\n\
         -r) rm \"$t\" ;;\n*) cp \"$1\" \"$t\" ;;\nesac\n",
    );
    sandbox.write("linger", "yes\n");
    sandbox.write("run/systemd/private", "");
    sandbox
}

fn call(sandbox: &Sandbox, args: &[&str]) -> Call {
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    sandbox.call(args).env("PATH", path).env("XDG_RUNTIME_DIR", sandbox.path("run"))
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Ran {
    call(sandbox, args).run()
}

#[track_caller]
fn ok(sandbox: &Sandbox, args: &[&str]) -> String {
    let ran = run(sandbox, args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}: {ran:?}");
    let folder = sandbox.path("");
    let folder = folder.to_str().unwrap().trim_end_matches('/');
    ran.out.replace(Sandbox::program(), "/bin/opsfsm").replace(folder, "")
}

const UNITS: &str = "config/systemd/user/opsfsm-tick";

#[test]
fn what_it_would_do_is_shown_and_nothing_is_written() {
    let sandbox = host();
    let shown = ok(&sandbox, &["install", "--user"]);
    expect![[r#"
        --- /config/systemd/user/opsfsm-tick.service
        # opsfsm: written by `opsfsm install`, removed by `opsfsm uninstall`
        [Unit]
        Description=One cycle of opsfsm: observe, decide, record, report, resume

        [Service]
        Type=oneshot
        ExecStart=/bin/opsfsm --config-file /config/opsfsm/ops-jobs.json --state-file /state/opsfsm/opsfsm.db tick
        # The jobs that a tick starts go on when it ends.
        KillMode=process

        --- /config/systemd/user/opsfsm-tick.timer
        # opsfsm: written by `opsfsm install`, removed by `opsfsm uninstall`
        [Unit]
        Description=Calls opsfsm every 1m

        [Timer]
        OnCalendar=*-*-* *:0/1:00
        AccuracySec=1s
        Persistent=true

        [Install]
        WantedBy=timers.target

        then:
          systemctl --user daemon-reload
          systemctl --user enable --now opsfsm-tick.timer

        Nothing was written. The same with --write does it.
    "#]].assert_eq(&shown);
    assert!(!sandbox.path("config/systemd").exists() && !sandbox.path("calls").exists());
    let shown = ok(&sandbox, &["install", "--with", "cron", "--every", "5m"]);
    expect![[r#"
        --- in this account's crontab
        # >>> opsfsm: written by `opsfsm install`, removed by `opsfsm uninstall`
        */5 * * * * /bin/opsfsm --config-file /config/opsfsm/ops-jobs.json --state-file /state/opsfsm/opsfsm.db tick
        # <<< opsfsm

        Nothing was written. The same with --write does it.
    "#]].assert_eq(&shown);
    assert!(!sandbox.path("crontab").exists());
    let shown = ok(&sandbox, &["install", "--user", "--with", "launchd"]);
    has(&shown, &["--- /home/Library/LaunchAgents/opsfsm.tick.plist", "launchctl bootstrap gui/"]);
    has(&shown, &["<string>/config/opsfsm/ops-jobs.json</string>", "<integer>60</integer>"]);
    assert!(!sandbox.path("home/Library").exists());
}

#[test]
fn systemd_is_given_a_timer_once_and_it_is_taken_back() {
    let sandbox = host();
    let done = ok(&sandbox, &["install", "--user", "--write"]);
    has(&done, &["wrote /config/systemd/user/opsfsm-tick.service and ", "the timer runs"]);
    lacks(&done, &["ingering"]);
    let service = sandbox.read(&format!("{UNITS}.service"));
    has(&service, &["\nType=oneshot\n", "\nKillMode=process\n"]);
    ok(&sandbox, &["install", "--user", "--write", "--every", "30s"]);
    has(
        &sandbox.read(&format!("{UNITS}.timer")),
        &["\nOnCalendar=*-*-* *:*:0/30\n", "AccuracySec=1s"],
    );
    let units = fs::read_dir(sandbox.path("config/systemd/user")).unwrap().count();
    assert_eq!(units, 2, "no draft is left");
    let mode = fs::metadata(sandbox.path(&format!("{UNITS}.timer"))).unwrap().permissions().mode();
    assert_eq!(mode & 0o622, 0o600, "nobody else may change it");
    has(&ok(&sandbox, &["uninstall", "--user"]), &["would remove", "opsfsm-tick.timer", "--write"]);
    assert!(sandbox.path(&format!("{UNITS}.timer")).exists());
    has(&ok(&sandbox, &["uninstall", "--user", "--write"]), &["removed", "opsfsm-tick.service"]);
    assert_eq!(fs::read_dir(sandbox.path("config/systemd/user")).unwrap().count(), 0);
    assert_eq!(ok(&sandbox, &["uninstall", "--user"]), "nothing of `opsfsm install` is here\n");
    expect![[r#"
        systemctl --user daemon-reload
        systemctl --user enable --now opsfsm-tick.timer
        systemctl --user daemon-reload
        systemctl --user enable --now opsfsm-tick.timer
        systemctl --user disable --now opsfsm-tick.timer
        systemctl --user daemon-reload
    "#]]
    .assert_eq(&sandbox.read("calls"));
}

#[test]
fn lingering_that_is_off_is_told() {
    let sandbox = host();
    sandbox.write("linger", "no\n");
    for write in [&[][..], &["--write"]] {
        let done = ok(&sandbox, &[&["install", "--user"], write].concat());
        has(&done, &["Lingering is off", "loginctl enable-linger"]);
    }
}

#[test]
fn what_systemd_refuses_is_told_with_what_stands_and_the_way_on() {
    let sandbox = host();
    sandbox.write("refusal", "Failed to connect to bus\n");
    let ran = run(&sandbox, &["install", "--user", "--write"]);
    ran.exits(1).says("stand there, but don't count yet").says("Failed to connect to bus");
    ran.says("systemctl --user daemon-reload && systemctl --user enable --now opsfsm-tick.timer");
    let ran = run(&sandbox, &["uninstall", "--user", "--write"]);
    ran.exits(1).says("the units are gone, but systemd was not told");
    assert!(!sandbox.path(&format!("{UNITS}.service")).exists());
    sandbox.remove("bin/systemctl");
    let ran = call(&sandbox, &["install", "--user", "--write", "--with", "systemd"])
        .env("PATH", sandbox.path("bin"))
        .run();
    ran.exits(2).says("there is no program `systemctl` here; nothing was written");
    assert!(!sandbox.path(&format!("{UNITS}.service")).exists());
}

#[test]
fn files_of_others_stay_and_half_an_install_is_none() {
    let sandbox = host();
    sandbox.write(&format!("{UNITS}.timer"), "[Timer]\nOnCalendar=daily\n");
    let ran = run(&sandbox, &["install", "--user", "--write"]);
    ran.exits(2).says("is there already, and `opsfsm install` did not write it");
    assert!(!sandbox.path(&format!("{UNITS}.service")).exists());
    let ran = run(&sandbox, &["uninstall", "--user", "--write"]);
    ran.exits(0)
        .says("is not of `opsfsm install`, and stays")
        .prints("nothing of `opsfsm install`");
    assert_eq!(sandbox.read(&format!("{UNITS}.timer")), "[Timer]\nOnCalendar=daily\n");
    // The timer can't be written, as on a full disk: the service goes again.
    sandbox.remove(&format!("{UNITS}.timer"));
    let draft = "config/systemd/user/.opsfsm-tick.timer";
    let blocked =
        format!("mkdir {draft}.$$.draft; exec \"$OPSFSM\" install --user --with systemd --write");
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    let ran = sandbox.shell(&blocked).env("PATH", path).run();
    ran.exits(2).says("opsfsm-tick.timer can't be written").says("nothing was written");
    assert!(!sandbox.path(&format!("{UNITS}.service")).exists());
}

#[test]
fn a_line_gets_into_the_crontab_once_and_out_of_it_exactly() {
    let sandbox = host();
    let others = "# mine\nMAILTO=\"\"\n\n0 5 * * * backup\n";
    sandbox.write("crontab", others);
    let cron = &["install", "--with", "cron", "--write"];
    let done = ok(&sandbox, cron);
    has(&done, &["put a line into the crontab", "\n* * * * * /bin/opsfsm --config-file /config"]);
    has(&ok(&sandbox, cron), &["the crontab had this line already"]);
    let done = ok(&sandbox, &[&cron[..], &["--every", "10m"]].concat());
    has(&done, &["changed the line in the crontab; it was\n  * * * * *", "\n*/10 * * * * "]);
    let now = sandbox.read("crontab");
    assert!(now.starts_with(others) && now.matches("opsfsm install").count() == 1, "{now}");
    has(&ok(&sandbox, &["uninstall", "--with", "cron"]), &["in this account's crontab: */10"]);
    ok(&sandbox, &["uninstall", "--user", "--write"]);
    assert_eq!(sandbox.read("crontab"), others);
    sandbox.remove("crontab");
    ok(&sandbox, cron);
    ok(&sandbox, &["uninstall", "--user", "--write"]);
    assert!(!sandbox.path("crontab").exists(), "as it was: none");
    sandbox.write("crontab", "* * * * * opsfsm tick\n");
    has(
        &ok(&sandbox, cron),
        &["Another line there calls a tick as well:\n  * * * * * opsfsm tick"],
    );
}

#[test]
fn a_crontab_that_can_not_be_changed_safely_is_left() {
    let sandbox = host();
    let cron = &["install", "--with", "cron", "--write"];
    ok(&sandbox, cron);
    let torn = sandbox.read("crontab").replace("# <<< opsfsm\n", "");
    sandbox.write("crontab", &torn);
    for command in [&cron[..], &["uninstall", "--with", "cron", "--write"]] {
        run(&sandbox, command).exits(2).says("one is missing").says("crontab -e");
    }
    assert_eq!(sandbox.read("crontab"), torn);
    sandbox.script("bin/crontab", "#!/bin/sh\necho 'you (me) are not allowed' >&2\nexit 1\n");
    run(&sandbox, cron).exits(2).says("the crontab can't be read").says("not allowed");
    run(&sandbox, &["uninstall", "--user"]).exits(0).says("not allowed");
    // BusyBox's words for "you may not": not those for "there is none".
    let refusal = "#!/bin/sh\necho \"crontab: can't open 'me': Permission denied\" >&2\nexit 1\n";
    sandbox.script("bin/crontab", refusal);
    run(&sandbox, cron).exits(2).says("the crontab can't be read");
    sandbox.script("bin/crontab", "#!/bin/sh\n");
    run(&sandbox, cron).exits(2).says("shows another");
    run(&sandbox, &["install", "--with", "cron", "--every", "30s"]).exits(2).says("no seconds");
}

#[test]
fn a_span_or_a_config_that_can_not_be_is_refused_before_anything_is_written() {
    let sandbox = host();
    for span in ["7m", "0s", "-1m", "2h", "x", "1500ms"] {
        run(&sandbox, &["install", &format!("--every={span}")]).exits(2).says("fits a calendar");
    }
    sandbox.raw_config(&json!({"version": 2}));
    run(&sandbox, &["install", "--user", "--write"]).exits(2).says("is broken");
    assert!(!sandbox.path("config/systemd").exists());
}

/// What means something to systemd, cron or a shell: in the program's path what systemd allows there,
/// in the config's everything.
const ODD: &str = "a b%h$HOME ;é#&";
const ODD_CONFIG: &str = "jobs% 'q' \"d\".toml";

/// The program in a folder of this name: a second name for it, or a copy on another file system.
fn place_program(sandbox: &Sandbox, folder: &str) -> String {
    fs::create_dir(sandbox.path(folder)).unwrap();
    let program = sandbox.path(&format!("{folder}/opsfsm"));
    let place = "ln \"$OPSFSM\" \"$PROGRAM\" 2>/dev/null || cp \"$OPSFSM\" \"$PROGRAM\"";
    sandbox.shell(place).env("PROGRAM", &program).run().exits(0);
    program.to_str().unwrap().to_owned()
}

fn odd_host() -> (Sandbox, String) {
    let sandbox = host();
    let program = place_program(&sandbox, ODD);
    sandbox.write(&format!("{ODD}/{ODD_CONFIG}"), "version = 1\n");
    (sandbox, program)
}

fn install_odd(sandbox: &Sandbox, program: &str, with: &[&str]) {
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    let config = sandbox.path(&format!("{ODD}/{ODD_CONFIG}"));
    let args = [&["install", "--write", "--config-file", config.to_str().unwrap()], with].concat();
    let call = sandbox.call_program(program, &args).env("PATH", path);
    call.env("XDG_RUNTIME_DIR", sandbox.path("run")).run().exits(0);
}

#[test]
fn a_program_that_systemd_would_not_start_is_refused() {
    let sandbox = host();
    let program = place_program(&sandbox, "it's");
    let install = sandbox.call_program(&program, &["install", "--with", "systemd"]);
    install.run().exits(2).says("systemd starts no program with a quote");
}

#[test]
fn systemd_itself_finds_nothing_wrong_with_the_units() {
    let (sandbox, program) = odd_host();
    install_odd(&sandbox, &program, &["--user"]);
    if sandbox.shell("command -v systemd-analyze").run().code != 0 {
        let _ = writeln!(std::io::stderr(), "skipped: systemd-analyze is not installed here");
        return;
    }
    let units = sandbox.path("config/systemd/user");
    let unit = |ending: &str| units.join(format!("opsfsm-tick.{ending}")).display().to_string();
    // What it says of the host's own units is not ours.
    let faults = || {
        let verify = ["verify", "--man=no", &unit("service"), &unit("timer")];
        let call = sandbox.call_program("systemd-analyze", &verify);
        let said = call.env("SYSTEMD_UNIT_PATH", format!("{}:", units.display())).run().err;
        said.lines().filter(|line| line.contains("opsfsm")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(faults(), "");
    let service = sandbox.read(&format!("{UNITS}.service"));
    sandbox.write(
        &format!("{UNITS}.service"),
        service.replace("opsfsm\" --config", "none\" --config"),
    );
    has(&faults(), &["none is not executable"]);
    sandbox.write(&format!("{UNITS}.service"), service);
    for every in ["30s", "5m", "60m"] {
        ok(&sandbox, &["install", "--user", "--every", every, "--write"]);
        let timer = sandbox.read(&format!("{UNITS}.timer"));
        let calendar = timer.lines().find_map(|line| line.strip_prefix("OnCalendar=")).unwrap();
        sandbox.call_program("systemd-analyze", &["calendar", calendar]).run().exits(0);
    }
}

/// What cron does to a command before a shell sees it, and the shell itself.
#[test]
fn cron_and_its_shell_call_exactly_the_tick() {
    let (sandbox, program) = odd_host();
    install_odd(&sandbox, &program, &["--with", "cron"]);
    let crontab = sandbox.read("crontab");
    let line = crontab.lines().find(|line| !line.starts_with('#')).unwrap();
    let command = line.strip_prefix("* * * * * ").unwrap();
    let (mut seen, mut escaped) = (String::new(), false);
    for c in command.chars() {
        match c {
            '%' if escaped => {
                seen.pop();
            }
            '%' => panic!("the command ends here: {seen}"),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        seen.push(c);
    }
    sandbox.shell(&seen).run().exits(0);
    assert!(sandbox.has_store(), "a tick has made it");
    let owner = sandbox.path(&format!("{ODD}/{ODD_CONFIG}"));
    let status = ["status", "--config-file", owner.to_str().unwrap()];
    sandbox.ok(&status);
}

#[test]
fn the_split_user_set_up_is_shown_whole_and_nothing_is_written() {
    let sandbox = host();
    let shown = run(&sandbox, &["install", "--system", "--every", "5m"]);
    shown.exits(0).prints("/etc/opsfsm: root's, 0755").prints("Nothing was written");
    let program = Sandbox::program();
    has(
        &shown.out,
        &[
            &format!("Cmnd_Alias OPSFSM_DOOR = {program} door *\n"),
            &format!("Cmnd_Alias OPSFSM_APPROVE = {program} door-approve *\n"),
            "ALL ALL = (opsfsm) NOPASSWD: NOSETENV: OPSFSM_DOOR\n",
            "%opsfsm-approvers ALL = (opsfsm) PASSWD: NOSETENV: OPSFSM_APPROVE\n",
            "\nUser=opsfsm\n",
            "\nKillMode=process\n",
            "--config-file /etc/opsfsm/opsfsm.toml --state-file /var/lib/opsfsm/opsfsm.db tick\n",
            "\nOnCalendar=*-*-* *:0/5:00\n",
            "\n  systemctl enable --now opsfsm-tick.timer\n",
        ],
    );
    assert!(!sandbox.path("calls").exists());
    run(&sandbox, &["install", "--system", "--with", "cron"]).exits(2).says("cannot be used with");
    run(&sandbox, &["install", "--system", "--user"]).exits(2).says("cannot be used with");
    run(&sandbox, &["install", "--system", "--every", "7m"]).exits(2).says("fits a calendar");
}

#[test]
fn a_door_opens_only_for_its_account_and_only_to_its_own_commands() {
    let sandbox = host();
    for door in ["door", "door-approve"] {
        run(&sandbox, &[door, "--help"]).exits(0).prints("Usage: sudo -u opsfsm opsfsm door");
        run(&sandbox, &[door]).exits(2);
        run(&sandbox, &[door, "tick"]).exits(2).says("unrecognized subcommand");
        let config = sandbox.config_path();
        let config = config.to_str().unwrap();
        run(&sandbox, &[door, "status", "--config-file", config])
            .exits(2)
            .says("unexpected argument");
        let forged = call(&sandbox, &[door, "status"]).env("SUDO_UID", "0").run();
        forged.exits(2).says("this is for the account opsfsm").says("call it so: sudo -u opsfsm /");
    }
    assert!(!sandbox.has_store());
}
