//! The program `openclaw`, as it really behaves, played by a stand-in.

use std::time::Duration;

use opsfsm::adapters::openclaw::{OpenclawProgram, Sourced};
use opsfsm::base::ReportId;
use opsfsm::journal::Report;
use opsfsm::model::{Chat, UndeliveredKind};
use opsfsm::ports::Notifier as _;

use super::support::Sandbox;

const PASSING: UndeliveredKind = UndeliveredKind::Passing { after: None };

fn send(sandbox: &Sandbox, shell: &str, summary: &str) -> Result<(), (UndeliveredKind, String)> {
    sandbox.stand_in(shell);
    send_within(sandbox, summary, Duration::from_mins(2))
}

fn send_within(
    sandbox: &Sandbox,
    summary: &str,
    limit: Duration,
) -> Result<(), (UndeliveredKind, String)> {
    let chat = Chat::parse("-1001:topic:7").unwrap();
    let mut way = OpenclawProgram {
        program: sandbox.path("claw/openclaw"),
        chat: Sourced { value: chat, source: "the chat's place".to_owned() },
        cwd: "/".into(),
        limit,
        cancel: None,
    };
    let (text, summary) = ("what a job said".to_owned(), summary.to_owned());
    let report = Report { id: ReportId::new("60301da5"), at_ms: 0, text, summary };
    way.deliver(&report).map_err(|why| (why.kind, why.detail))
}

#[test]
fn only_the_summary_is_in_its_arguments() {
    let sandbox = Sandbox::new();
    let sent = r#"echo '{"action":"send","channel":"telegram","dryRun":false,"messageId":"7","payload":{}}'"#;
    send(&sandbox, sent, "two jobs\nare stalled").unwrap();
    let argv = sandbox.read("claw/argv");
    let wanted = "message\nsend\n--channel\ntelegram\n--target\n-1001\n--message\ntwo jobs\nare stalled\n\
                  --thread-id\n7\n--json\n--\n";
    assert_eq!(argv, wanted);
}

#[test]
fn a_piece_without_a_summary_is_not_sent() {
    let sandbox = Sandbox::new();
    for nothing in ["", " \n"] {
        send(&sandbox, "exit 1", nothing).unwrap();
        assert_eq!(sandbox.read("claw/argv"), "", "nothing was started");
    }
}

#[test]
fn lines_before_the_answer_are_passed_over() {
    let sandbox = Sandbox::new();
    let chatty = "echo '[plugins] loaded {3}'; echo '{\"level\":\"warn\"}'; echo >&2 noise\n\
                  printf '{\\n  \"action\": \"send\",\\n  \"messageId\": 7\\n}\\n'; echo bye";
    send(&sandbox, chatty, "s").unwrap();
}

#[test]
fn only_a_message_id_is_a_success_and_only_a_clear_no_is_a_failure() {
    let sandbox = Sandbox::new();
    let ambiguous = UndeliveredKind::Ambiguous;
    for (shell, kind) in [
        ("echo '{\"action\":\"send\",\"payload\":{}}'", ambiguous),
        ("echo '{\"action\":\"send\",\"dryRun\":true,\"messageId\":\"7\"}'", ambiguous),
        ("echo sent", ambiguous),
        ("exit 1", ambiguous),
        ("kill -9 $$", ambiguous),
        (
            "echo '{\"error\":{\"message\":\"x\",\"deliveryStatus\":\"failed\",\"sentBeforeError\":true}}'; exit 1",
            ambiguous,
        ),
        ("echo '{\"error\":\"x\",\"deliveryStatus\":\"unknown\"}'; exit 1", ambiguous),
        ("echo '{\"messageId\":\"7\",\"sentBeforeError\":true}'; exit 1", ambiguous),
        (
            "echo '{\"error\":{\"message\":\"chat not found\",\"sentBeforeError\":false}}'; exit 1",
            UndeliveredKind::Refused,
        ),
        ("echo '{\"error\":\"x\",\"sentBeforeError\":false}'; exit 1", PASSING),
        (
            "echo '{\"ok\":false,\"error\":{\"type\":\"cli_error\",\"message\":\"x\"},\"deliveryStatus\":\"failed\",\"action\":\"send\"}'; exit 1",
            PASSING,
        ),
        (
            "echo '{\"ok\":false,\"error\":{\"message\":\"x\"},\"deliveryStatus\":\"partial_failed\",\"sentBeforeError\":true}'; exit 1",
            ambiguous,
        ),
        (
            "echo '{\"ok\":false,\"error\":{\"message\":\"x\"},\"deliveryStatus\":\"suppressed\"}'",
            UndeliveredKind::Refused,
        ),
        // The gateway's failures come as words alone (OpenClaw 2026.9.6).
        (
            "echo '{\"ok\":false,\"error\":{\"type\":\"cli_error\",\"message\":\"Gateway not reachable at ws://127.0.0.1:18789 (ECONNREFUSED).\"}}'; exit 1",
            PASSING,
        ),
        (
            "echo '{\"ok\":false,\"error\":{\"type\":\"cli_error\",\"message\":\"Telegram send failed: chat not found (chat_id=-1)\"}}'; exit 1",
            UndeliveredKind::Refused,
        ),
        (
            "echo '{\"ok\":false,\"error\":{\"type\":\"cli_error\",\"message\":\"Telegram delivered message 42 to topic unknown\"}}'; exit 1",
            ambiguous,
        ),
        ("echo \"env: 'node': No such file or directory\" >&2; exit 127", PASSING),
        ("yes x | head -c 200000", ambiguous),
    ] {
        let (found, detail) = send(&sandbox, shell, "s").unwrap_err();
        assert_eq!(found, kind, "{shell}: {detail}");
        assert!(detail.contains("the chat's place"), "{detail}");
    }
    let (_, detail) = send(
        &sandbox,
        "echo '{\"error\":{\"message\":\"chat not found\",\"sentBeforeError\":false}}'; exit 1",
        "s",
    )
    .unwrap_err();
    assert!(detail.contains("chat not found"), "{detail}");
    sandbox.remove("claw/openclaw");
    let limit = Duration::from_mins(2);
    assert_eq!(send_within(&sandbox, "s", limit).unwrap_err().0, PASSING, "it is gone");
}

#[test]
fn who_takes_too_long_may_have_sent_it() {
    let sandbox = Sandbox::new();
    sandbox.stand_in("exec sleep 600");
    let (kind, detail) = send_within(&sandbox, "s", Duration::from_millis(300)).unwrap_err();
    assert_eq!(kind, UndeliveredKind::Ambiguous, "{detail}");
}
