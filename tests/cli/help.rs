//! What a person sees who asks for help, or mistypes; and the table of exit codes.

use expect_test::{Expect, expect};
use opsfsm::base::Exit;
use serde_json::json;

use super::support::Sandbox;

fn help_of(command: &[&str], wanted: &Expect) {
    let sandbox = Sandbox::new();
    let text = sandbox.ok(&[command, &["--help"]].concat());
    let trimmed: Vec<&str> = text.lines().map(str::trim_end).collect();
    wanted.assert_eq(&trimmed.join("\n"));
}

#[test]
fn help_of_opsfsm() {
    help_of(
        &[],
        &expect![[r#"
            A declarative state-machine engine for long jobs: started, watched, found stalled, resumed from
            their checkpoints and reported on, without a daemon

            Usage: opsfsm [OPTIONS] <COMMAND>

            Commands:
              init         Write a config to begin with, or an old one in today's shape
              install      Have a timer call a tick: systemd, cron or launchd; shows what it would do
              uninstall    Take back what `install` has put on this host; shows what that is
              tick         One cycle: observe, decide, record, report, resume
              status       How every job is now; records nothing
              explain      Why a job is in its state, what comes next, and what holds it back; asks no job
              watch        The same, live on the terminal, with each job's details; records nothing by itself
              start        Start a long_running_read
              stop         Stop a long_running_read, which stays stopped until a person starts it; end a running
                           write
              run          Run a one_shot_read, or an approved one_shot_write, once
              plan         Exactly what a one_shot_write would run, with the digest that stands for it
              request      Ask for a one_shot_write: what an agent may do
              approve      Approve exactly one plan of a one_shot_write, for one start
              deny         Say no to a request
              revoke       Take an approval back that was not used yet
              approvals    Requests and approvals: pending, live, used, expired, void, denied
              verify       Verify a write once more whose outcome is not proved
              acknowledge  Take note of a write that is unverified or unknown; it is blocked again then
              check        Is the config sound? For people and for CI
              schema       The JSON Schema of a config, for editors
              config       What opsfsm found where, for this config
              doctor       Is everything there that opsfsm needs, and does it work together? Records and sends
                           nothing
              graph        A picture of the chains, or of one job's machine
              simulate     What would be told in the days to come, or of the past, by this config? Starts
                           nothing
              history      What happened: the journal, newest last
              logs         What a job printed, as far as it is kept: its start log, and the ends of its last
                           runs
              metrics      How jobs and opsfsm stand, as numbers in OpenMetrics text; asks no job
              report       A page of HTML that tells how everything stands: to keep, send or print
              outbox       Reports on their way: what waits, and what was given up
              adopt        Give the store to another config, after it was moved or renamed
              backup       Copy the store to a file
              restore      Replace the store by a backup; whatever was approved is void then
              selftest     Try the engine itself, offline; touches no config, store or job
              completions  A completion script for a shell
              man          The manual page

            Options:
              -h, --help     Print help
              -V, --version  Print version

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Examples:
              opsfsm check                          is the config sound?
              opsfsm tick --print-only              one cycle, its report on stdout
              * * * * * opsfsm tick                 the same from cron, every minute
              opsfsm start inventory                start a job; ticks watch it from then on
              opsfsm graph | dot -Tsvg > jobs.svg   a picture of all chains

            Exit codes:
              0 done (anomalies of jobs included)      4 an approval is needed
              1 the job's command failed, or findings  5 busy: another process is at work
              2 config or usage error, or refused      6 the store is refused
              3 a report could not be delivered now, or was given up"#]],
    );
}

#[test]
fn help_of_tick() {
    help_of(
        &["tick"],
        &expect![[r#"
            One cycle: observe, decide, record, report, resume

            Usage: opsfsm tick [OPTIONS]

            Options:
                  --target <CHAT>    Send to this Telegram chat, whatever the config says: an id, @name, or
                                     CHAT:topic:ID
                  --print-only       Print the report instead of sending it; it counts as told
                  --no-reply         The same for a chat gateway that posts what is printed: with nothing to
                                     say, exactly NO_REPLY
                  --dry-run          Observe, but record, start and send nothing; print what a tick would do
                  --now <TIME>       Decide as of this time (RFC 3339), with --dry-run
                  --format <FORMAT>  How to answer: for people, or for programs (see docs/json.md) [default:
                                     text] [possible values: text, json]
              -h, --help             Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Examples:
              opsfsm tick --dry-run            what would a tick do?
              opsfsm tick --format json        the same tick for a program to read"#]],
    );
}

#[test]
fn help_of_status() {
    help_of(
        &["status"],
        &expect![[r"
            How every job is now; records nothing

            Usage: opsfsm status [OPTIONS]

            Options:
                  --format <FORMAT>  How to answer: for people, or for programs (see docs/json.md) [default:
                                     text] [possible values: text, json]
              -h, --help             Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Example:
              opsfsm status --format json | jq '.jobs[] | {id, state}'"]],
    );
}

#[test]
fn help_of_start() {
    help_of(
        &["start"],
        &expect![[r"
            Start a long_running_read

            Usage: opsfsm start [OPTIONS] <JOB>

            Arguments:
              <JOB>  The job

            Options:
                  --timeout-seconds <N>  Limit of the start command [default: timeoutSeconds of the job, else
                                         60]
              -h, --help                 Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Example:
              opsfsm start inventory"]],
    );
}

#[test]
fn help_of_stop() {
    help_of(
        &["stop"],
        &expect![[r#"
            Stop a long_running_read, which stays stopped until a person starts it; end a running write

            Usage: opsfsm stop [OPTIONS] <JOB>

            Arguments:
              <JOB>  The job

            Options:
                  --timeout-seconds <N>  Limit of the stop command [default: timeoutSeconds of the job, else 60]
              -h, --help                 Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Example:
              opsfsm stop inventory"#]],
    );
}

#[test]
fn help_of_run() {
    help_of(
        &["run"],
        &expect![[r#"
            Run a one_shot_read, or an approved one_shot_write, once

            Usage: opsfsm run [OPTIONS] <JOB>

            Arguments:
              <JOB>  The job

            Options:
                  --timeout-seconds <N>  Limit of the command [default: timeoutSeconds of the job, else 300]
                  --dry-run              Show what would run, and run nothing
                  --wait                 Of a write: wait for its verification too, and run that when it is due
                  --report               Of a check: report it as a tick would, when it needs attention, failed
                                         or recovered; else print nothing
                  --format <FORMAT>      How to answer: for people, or for programs (see docs/json.md) [default:
                                         text] [possible values: text, json]
              -h, --help                 Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Examples:
              opsfsm run disk-space
              opsfsm run prune --wait          an approved write, and then its verification
              0 * * * * opsfsm run disk-space --report   from cron: silent unless there is something to say"#]],
    );
}

#[test]
fn help_of_check() {
    help_of(
        &["check"],
        &expect![[r#"
            Is the config sound? For people and for CI

            Usage: opsfsm check [OPTIONS] [PATH]...

            Arguments:
              [PATH]...  Configs to check, each by itself: files, or folders of files [default: where a tick
                         would look]

            Options:
                  --format <FORMAT>     How to answer (see docs/json.md and docs/ci.md) [default: human]
                                        [possible values: human, short, json, github, sarif]
                  --fail-on <SEVERITY>  Exit 1 if there is a finding as bad as this, or worse [default: error]
                                        [possible values: error, warning, info, never]
                  --explain <CODE>      Explain a code: why it is, a bad example, a good one
                  --portable            Look at the text alone, so that every machine gives the same answer: no
                                        programs, modes, time zones, and no store
                  --period <SECONDS>    How often a tick comes [default: as the store has seen it]
              -h, --help                Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Severity:
              -A, --allow <CODE>  Do not tell findings of this code; of several levels for a code the most
                                  severe counts
              -W, --warn <CODE>   Findings of this code are warnings
              -D, --deny <CODE>   Findings of this code are errors
                  --strict        A key that nothing reads is an error

            Examples:
              opsfsm check
              opsfsm check jobs/opsfsm.toml
              opsfsm check --format github --fail-on warning jobs   in a CI job"#]],
    );
}

#[test]
fn help_of_graph() {
    help_of(
        &["graph"],
        &expect![[r#"
            A picture of the chains, or of one job's machine

            Usage: opsfsm graph [OPTIONS] [JOB]

            Arguments:
              [JOB]  One job's compiled machine instead of the chains

            Options:
                  --job <JOB>        The same, as a flag
                  --live             Show where each job stands, since when, and what is due of it
                  --format <FORMAT>  The form of the picture: for Graphviz, for Mermaid, as it is, for programs,
                                     for a terminal [default: dot] [possible values: dot, mermaid, svg, json,
                                     text]
              -h, --help             Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Examples:
              opsfsm graph --format text             a tree in the terminal
              opsfsm graph --format svg > jobs.svg   a picture by itself
              opsfsm graph | dot -Tsvg > jobs.svg    the same by Graphviz
              opsfsm graph inventory --live          one job's machine, and where it is"#]],
    );
}

#[test]
fn help_of_adopt() {
    help_of(
        &["adopt"],
        &expect![[r"
            Give the store to another config, after it was moved or renamed

            Usage: opsfsm adopt [OPTIONS]

            Options:
              -h, --help  Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Example:
              opsfsm adopt --config-file jobs/opsfsm.toml"]],
    );
}

#[test]
fn help_of_simulate() {
    help_of(
        &["simulate"],
        &expect![[r#"
            What would be told in the days to come, or of the past, by this config? Starts nothing

            Usage: opsfsm simulate [OPTIONS] [JOB]...

            Arguments:
              [JOB]...  Only these jobs, and what follows them

            Options:
                  --days <N>               For so many days [default: 7; with --history all that is recorded]
                  --every <SPAN>           How often a tick comes [default: 1m]
                  --from <TIME>            From this time on, as in 2026-11-21 or 2026-11-21T22:00 [default:
                                           now]
                  --assume <FILE>          What happens to the jobs: a file, see docs/simulate.md
                  --history                What has happened to the jobs, as the store's journal says
                  --recorded-stall <SPAN>  With --history: what stallSeconds was then, as in 1h [default: what
                                           it is now]
                  --summary                Only how much there is, without the messages
                  --format <FORMAT>        How to answer: for people, or for programs (see docs/json.md)
                                           [default: text] [possible values: text, json]
              -h, --help                   Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Examples:
              opsfsm simulate                        a week in which all goes well
              opsfsm simulate --days 2 --assume bad-night.toml inventory
              opsfsm simulate --history --summary    what today's config would have told

            docs/simulate.md says what a file of assumptions may say."#]],
    );
}

#[test]
fn help_of_selftest() {
    help_of(
        &["selftest"],
        &expect![[r"
            Try the engine itself, offline; touches no config, store or job

            Usage: opsfsm selftest [OPTIONS]

            Options:
              -h, --help  Print help

            Files:
                  --config-file <PATH>  The config: a TOML or JSON file, or a folder of them
                  --state-file <PATH>   The store (a state file of ops-monitor is imported and left alone)

            Example:
              opsfsm selftest && echo fine"]],
    );
}

#[test]
fn help_fits_a_terminal() {
    let sandbox = Sandbox::new();
    for command in ["tick", "status", "start", "stop", "run", "check", "graph", "adopt", "selftest"]
    {
        for flag in ["-h", "--help"] {
            let text = sandbox.ok(&[command, flag]);
            let long = text.lines().find(|line| line.chars().count() > 100);
            assert_eq!(long, None, "{command} {flag}");
        }
    }
}

#[test]
fn nothing_typed_shows_the_help_and_exits_2() {
    let sandbox = Sandbox::new();
    sandbox.run(&[]).exits(2).says("Usage: opsfsm").says("Commands:");
}

#[test]
fn a_mistyped_command_or_flag_is_a_usage_error_with_a_hint() {
    let sandbox = Sandbox::new();
    sandbox.run(&["tikc"]).exits(2).says("tick");
    sandbox.run(&["tick", "--dryrun"]).exits(2).says("--dry-run");
    sandbox.run(&["tick", "--format", "yaml"]).exits(2).says("json");
    sandbox.run(&["start"]).exits(2).says("<JOB>");
    sandbox.run(&["run", "a", "b"]).exits(2);
}

#[test]
fn an_unknown_job_is_answered_with_the_nearest_one() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("inventory"), sandbox.check("disk-space")]);
    for command in ["start", "stop", "run", "explain"] {
        let ran = sandbox.run(&[command, "disk-spcae"]);
        ran.exits(2).says("there is no job `disk-spcae`; did you mean `disk-space`?");
        sandbox.run(&[command, "qqq"]).exits(2).says("status` for all jobs");
        sandbox.run(&[command, ""]).exits(2).says("there is no job");
    }
}

#[test]
fn version_is_printed() {
    let sandbox = Sandbox::new();
    let short = format!("opsfsm {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(sandbox.ok(&["-V"]), short);
    // With the commit, where the build could tell it.
    let long = sandbox.ok(&["--version"]);
    let commit = long.strip_prefix(short.trim_end()).expect("the version first").trim_end();
    let told = commit.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    let is_hash = |text: &str| text.len() >= 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(commit.is_empty() || told.is_some_and(is_hash), "{long:?}");
}

#[test]
fn the_table_of_exit_codes_is_the_programs() {
    let page = include_str!("../../docs/exit-codes.md");
    let rows: Vec<(u8, &str)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .filter_map(|(code, rest)| Some((code.parse().ok()?, rest.split(" | ").next()?)))
        .collect();
    let own: Vec<(u8, &str)> = Exit::ALL.iter().map(|e| (e.code(), e.meaning())).collect();
    assert_eq!(rows, own);
    // The help has the same seven.
    let help = Sandbox::new().ok(&["--help"]);
    let table = help.split("Exit codes:").nth(1).unwrap();
    for (code, meaning) in own {
        assert!(table.contains(&format!("{code} {meaning}")), "{code} {meaning}\n{table}");
    }
}

/// Each code is really given by something; the page names the same examples.
#[test]
fn every_exit_code_occurs() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.watched("scan"), sandbox.check("disk"), sandbox.write_job("prune", "disk")];
    sandbox.config(&json!({}), &jobs);
    sandbox.run(&["check"]).exits(0);
    sandbox.on("disk", "run", "exit 9");
    sandbox.run(&["run", "disk"]).exits(1);
    sandbox.run(&["start", "disk"]).exits(2);
    sandbox.run(&["tick", "--target", "1"]).exits(3);
    sandbox.run(&["run", "prune"]).exits(4);
    sandbox.on("disk", "run", "echo >> reached; until [ -e gate ]; do sleep 0.01; done");
    let first = sandbox.call(&["run", "disk"]).spawn();
    super::support::await_that("the run", || sandbox.count("disk", "reached") > 0);
    sandbox.run(&["run", "disk"]).exits(5);
    sandbox.write("jobs/disk/gate", "");
    first.wait().exits(0);
    sandbox.write("state/opsfsm/opsfsm.db", "");
    sandbox.run(&["status"]).exits(6);
}
