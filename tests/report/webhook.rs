//! The webhook, and the sign of life.

use std::time::Duration;

use opsfsm::adapters::webhook::{Webhook, send_sign_of_life};
use opsfsm::base::{ReportId, limits};
use opsfsm::journal::Report;
use opsfsm::model::{Endpoint, UndeliveredKind};
use opsfsm::ports::Notifier as _;
use serde_json::{Value, json};

use super::listener::{Listener, Reply};

const SECRET: &str = "T0pSecretPath";
const DOCS: &str = include_str!("../../docs/json.md");

fn endpoint(listener: &Listener) -> Endpoint {
    Endpoint::parse(&format!("{}/hooks/{SECRET}?key={SECRET}", listener.root())).unwrap()
}

fn deliver(listener: &Listener) -> Result<(), (UndeliveredKind, String)> {
    let report = Report {
        id: ReportId::new("60301da59a2ac492"),
        at_ms: 1_795_219_830_915,
        text: "all\nof it".to_owned(),
        summary: "in short".to_owned(),
    };
    let mut webhook = Webhook { url: endpoint(listener), limit: limits::DELIVER_TIMEOUT };
    let sent = webhook.deliver(&report).map_err(|why| (why.kind, why.detail));
    if let Err((_, detail)) = &sent {
        assert!(!detail.contains(SECRET) && !detail.contains("hooks"), "{detail}");
    }
    sent
}

#[test]
fn a_webhook_gets_what_the_page_says() {
    let listener = Listener::start([Reply::Json(204, Value::Null)]);
    deliver(&listener).unwrap();
    let request = &listener.requests()[0];
    let wanted = json!({"version": 1, "id": "60301da59a2ac492", "at": "2026-11-21T00:10:30.915Z",
        "text": "all\nof it", "summary": "in short"});
    assert_eq!(request.body, wanted);
    assert_eq!(request.path, format!("/hooks/{SECRET}?key={SECRET}"));
    let head = request.head.to_ascii_lowercase();
    assert!(head.starts_with("post ") && head.contains("content-type: application/json"), "{head}");
    let example =
        DOCS.split("## What a webhook gets").nth(1).unwrap().split("```json\n").nth(1).unwrap();
    let example: Value = serde_json::from_str(example.split("\n```").next().unwrap()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&example), keys(&wanted), "docs/json.md");
}

#[test]
fn what_a_webhook_answers_decides_and_its_address_is_never_told() {
    let passing = |after| UndeliveredKind::Passing { after };
    for (reply, kind) in [
        (Reply::Json(500, Value::Null), passing(None)),
        (Reply::Json(429, Value::Null), passing(None)),
        (
            Reply::Raw(b"HTTP/1.1 503 X\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".to_vec()),
            passing(Some(Duration::from_secs(7))),
        ),
        (Reply::Json(404, Value::Null), UndeliveredKind::Refused),
        (Reply::Json(413, Value::Null), UndeliveredKind::Impossible),
        (Reply::Json(422, Value::Null), UndeliveredKind::Impossible),
        (
            Reply::Raw(b"HTTP/1.1 302 X\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n".to_vec()),
            UndeliveredKind::Refused,
        ),
        (Reply::CutAfterRequest, UndeliveredKind::Ambiguous),
        (Reply::Raw(b"nonsense".to_vec()), UndeliveredKind::Ambiguous),
    ] {
        let shown = format!("{reply:?}");
        let listener = Listener::start([reply]);
        assert_eq!(deliver(&listener).unwrap_err().0, kind, "{shown}");
        assert_eq!(listener.requests().len(), 1, "nothing is repeated or redirected: {shown}");
    }
}

#[test]
fn a_sign_of_life_is_one_request_and_its_failure_is_a_sentence() {
    let listener = Listener::start([Reply::Json(200, Value::Null), Reply::Json(500, Value::Null)]);
    send_sign_of_life(&endpoint(&listener)).unwrap();
    let why = send_sign_of_life(&endpoint(&listener)).unwrap_err();
    assert!(why.contains("500") && !why.contains(SECRET), "{why}");
    assert!(listener.requests().iter().all(|request| request.head.starts_with("GET ")));
}
