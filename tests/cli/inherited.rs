//! What opsfsm's caller left open, ignored, blocked or unset reaches nothing that opsfsm starts.

use std::fs;

use serde_json::json;

use super::support::{Call, Sandbox, with};

/// Writes down what it was given: open files, signals, the end of its input.
const LOOK: &str = r#"
for f in /proc/$$/fd/*; do readlink "$f" >> "$OUT.fds" 2>/dev/null; done
grep -E '^Sig(Blk|Ign)' /proc/self/status > "$OUT.signals"
if read line; then echo "input: $line" > "$OUT.input"; else echo end > "$OUT.input"; fi
"#;

/// Every kind of command that opsfsm starts, each looking about.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let looks = |name: &str, say: &str| {
        let text = format!("OUT='{}'\n{LOOK}\n{say}", sandbox.path(name).display());
        json!(["/bin/sh", "-c", text])
    };
    let stands = r#"echo '{"running":false,"completed":false}'"#;
    let scan = json!({"commands": {
        "status": looks("status", stands), "start": looks("start", ":"), "stop": looks("stop", ":"),
    }});
    let scan = with(sandbox.watched("scan"), &scan);
    sandbox.gated_jobs(
        &json!({"commands": {"run": looks("write", ":")}}),
        &json!({"commands": {"run": looks("verify", ":")}}),
        &[scan, with(sandbox.check("check"), &json!({"commands": {"run": looks("check", ":")}}))],
    );
    sandbox
}

/// Each order once, from a caller with these habits. Standard input is a file with a line in it.
fn ordered(sandbox: &Sandbox, habits: &str) -> Call {
    sandbox.write("input", "of the caller\n");
    let held = sandbox.path("held").display().to_string();
    sandbox.shell(&format!(
        "exec 7>'{held}' 9<'{held}'; exec < '{}'; {habits}
         for order in tick 'start scan' 'stop scan' 'run check' 'run prune --wait'; do
           $WRAP \"$OPSFSM\" $order || exit 9
         done",
        sandbox.path("input").display()
    ))
}

const STARTED: [&str; 6] = ["status", "start", "stop", "check", "write", "verify"];

#[test]
fn children_get_no_file_of_the_callers_but_the_standard_ones() {
    let sandbox = sandbox();
    sandbox.approve("prune");
    ordered(&sandbox, "WRAP=").run().exits(0);
    for name in STARTED {
        let mut fds: Vec<String> =
            sandbox.read(&format!("{name}.fds")).lines().map(String::from).collect();
        assert!(
            !fds.iter().any(|f| f.ends_with("/held") || f.ends_with("/input")),
            "{name}: {fds:?}"
        );
        fds.retain(|f| f != "/dev/null" && !f.starts_with("pipe:") && !f.ends_with("scan.log"));
        // The shell's glob lists itself, and what is being written is open.
        fds.retain(|f| !f.starts_with("/proc/") && !f.ends_with("fds"));
        if name == "write" {
            let lock = fds.pop().unwrap_or_default();
            assert!(lock.ends_with("opsfsm.db.flights/prune.lock"), "{lock}");
        }
        assert_eq!(fds, [""; 0], "{name}");
        assert_eq!(sandbox.read(&format!("{name}.input")), "end\n", "{name}");
    }
}

#[test]
fn a_lock_that_the_caller_holds_is_not_held_by_what_was_started() {
    let sandbox = Sandbox::new();
    let stays = "sleep 600 > /dev/null 2>&1 < /dev/null & :";
    let mut scan = sandbox.watched("scan");
    scan["commands"]["start"] = json!(["/bin/sh", "-c", stays]);
    sandbox.config(&json!({}), &[scan]);
    let lock = sandbox.path("lock").display().to_string();
    let script = format!("exec 9>'{lock}'; flock 9; \"$OPSFSM\" start scan");
    sandbox.shell(&script).run().exits(0);
    assert!(sandbox.survivors().iter().any(|(_, line)| line.contains("sleep 600")));
    sandbox.shell(&format!("flock --nonblock '{lock}' true")).run().exits(0);
}

#[test]
fn children_start_with_no_signal_ignored_or_blocked() {
    let sandbox = sandbox();
    sandbox.approve("prune");
    let habits = "WRAP='env --ignore-signal=CHLD,INT,HUP,PIPE,QUIT,USR1,USR2,ALRM \
                  --block-signal=TERM,USR1,CHLD,INT,ALRM'";
    ordered(&sandbox, habits).run().exits(0);
    for name in STARTED {
        for line in sandbox.read(&format!("{name}.signals")).lines() {
            let (mask, bits) = line.split_once(":\t").unwrap();
            // Beyond the classic ones there are the C library's own, which nobody can set.
            let classic = u64::from_str_radix(bits, 16).unwrap() & 0x7fff_ffff;
            assert_eq!((mask, classic), (mask, 0), "{name}");
        }
    }
}

/// Standard streams that are closed, and not only empty.
#[test]
fn with_standard_streams_closed_everything_is_as_before() {
    let sandbox = sandbox();
    sandbox.approve("prune");
    for closed in ["0<&-", "0<&- 1>&-", "2>&-", "0<&- 1>&- 2>&-"] {
        let ran = sandbox.shell(&format!("exec {closed}; \"$OPSFSM\" tick; echo $? > code")).run();
        ran.exits(0);
        let told = sandbox.read("code");
        assert!(["0\n", "3\n"].contains(&told.as_str()), "{closed}: {told}");
        let facts = fs::read(sandbox.store_path()).unwrap();
        assert!(facts.starts_with(b"SQLite format 3\0"), "nothing is printed into the store");
        sandbox.journal_is_whole();
    }
    assert!(!sandbox.read("status.input").contains("caller"));
}

/// cron sets next to nothing: no PATH but its own, no locale, no terminal.
#[test]
fn a_bare_environment_behaves_the_same() {
    let sandbox = sandbox();
    sandbox.approve("prune");
    let script = "for umask in 000 022 077 777; do umask $umask; \
                  env -i HOME=\"$HOME\" XDG_STATE_HOME=\"$XDG_STATE_HOME\" \
                  XDG_CONFIG_HOME=\"$XDG_CONFIG_HOME\" \"$OPSFSM\" status --format json > out-$umask || exit 9; done";
    sandbox.shell(script).run().exits(0);
    sandbox.shell("chmod u+r out-*").run().exits(0);
    let states = |name: &str| {
        let text = sandbox.read(name);
        let all: serde_json::Value = serde_json::from_str(&text).unwrap();
        let jobs = all["jobs"].as_array().unwrap();
        jobs.iter().map(|job| job["state"].to_string()).collect::<Vec<_>>()
    };
    for umask in ["022", "077", "777"] {
        assert_eq!(states(&format!("out-{umask}")), states("out-000"), "{umask}");
    }
}
