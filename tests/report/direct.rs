//! The direct route to Telegram, every answer and every fault of it.

use std::net::TcpListener;
use std::time::Duration;

use opsfsm::adapters::telegram::Telegram;
use opsfsm::adapters::token::Token;
use opsfsm::base::{ReportId, limits};
use opsfsm::journal::Report;
use opsfsm::model::{Chat, Endpoint, Undelivered, UndeliveredKind};
use opsfsm::ports::Notifier as _;
use serde_json::{Value, json};

use super::listener::{Listener, Reply};
use super::surroundings::TOKEN;

const PASSING: UndeliveredKind = UndeliveredKind::Passing { after: None };
const ID: &str = "60301da59a2ac492";

fn report(text: &str) -> Report {
    let (text, summary) = (text.to_owned(), "in short".to_owned());
    Report { id: ReportId::new(ID), at_ms: 0, text, summary }
}

fn way(root: &str, chat: &str) -> Telegram {
    let token = (Token::parse(TOKEN).unwrap(), "the token's place".to_owned());
    let chat = (Chat::parse(chat).unwrap(), "the chat's place".to_owned());
    Telegram::new(token, chat, Endpoint::parse(root).unwrap())
}

/// Delivers once; what is said must not show the token.
fn deliver(root: &str, text: &str) -> Result<(), Undelivered> {
    let result = way(root, "-100:topic:5").within(limits::DELIVER_TIMEOUT).deliver(&report(text));
    if let Err(why) = &result {
        assert!(!why.detail.contains(&TOKEN[..20]), "{why}");
        assert!(!why.detail.contains("/bot"), "{why}");
    }
    result
}

fn answered(reply: Reply) -> (UndeliveredKind, String) {
    let listener = Listener::start([reply]);
    let why = deliver(&listener.root(), "text").unwrap_err();
    (why.kind, why.detail)
}

fn bot_error(code: u16, description: &str, parameters: &Value) -> Reply {
    let body = json!({"ok": false, "error_code": code, "description": description, "parameters": parameters});
    Reply::Json(code, body)
}

#[test]
fn a_message_is_plain_text_to_the_chat_and_its_topic() {
    let listener = Listener::start([]);
    deliver(&format!("{}/", listener.root()), "*bold* <b> https://x.example").unwrap();
    let mut named = way(&listener.root(), "@ops_room");
    named.deliver(&report("hi")).unwrap();
    let requests = listener.requests();
    assert_eq!(requests[0].path, format!("/bot{TOKEN}/sendMessage"));
    let wanted = json!({
        "chat_id": -100, "message_thread_id": 5, "text": "*bold* <b> https://x.example",
        "link_preview_options": {"is_disabled": true},
    });
    assert_eq!(requests[0].body, wanted);
    assert_eq!(requests[1].body["chat_id"], "@ops_room");
    assert!(requests[0].head.to_ascii_lowercase().contains(&format!("idempotency-key: {ID}")));
}

#[test]
fn what_passes_is_tried_again_and_not_before_the_other_side_wants() {
    let after = |secs| UndeliveredKind::Passing { after: Some(Duration::from_secs(secs)) };
    let retry = json!({"retry_after": 41});
    assert_eq!(answered(bot_error(429, "Too Many Requests: retry after 41", &retry)).0, after(41));
    let header = b"HTTP/1.1 429 X\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n".to_vec();
    assert_eq!(answered(Reply::Raw(header)).0, after(9));
    for status in [500, 502, 503, 504] {
        assert_eq!(answered(bot_error(status, "Bad Gateway", &json!({}))).0, PASSING);
    }
    let html = b"HTTP/1.1 502 X\r\ncontent-length: 6\r\n\r\n<html>".to_vec();
    assert_eq!(answered(Reply::Raw(html)).0, PASSING);
}

#[test]
fn without_a_connection_nothing_was_sent() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://127.0.0.1:{}", free.local_addr().unwrap().port());
    drop(free);
    let why = deliver(&refused, "text").unwrap_err();
    assert_eq!(why.kind, PASSING, "{why}");
    // A name that no resolver knows (RFC 6761), a server that hangs up on TLS, and one that never
    // answers it.
    let listener = Listener::start([Reply::ResetOnAccept, Reply::Stall(Vec::new())]);
    let tls = format!("https://127.0.0.1:{}", listener.port);
    for root in ["https://opsfsm.invalid", &tls, &tls] {
        let limit = Duration::from_millis(500);
        let why = way(root, "1").within(limit).deliver(&report("text")).unwrap_err();
        assert_eq!(why.kind, PASSING, "{why}");
    }
}

#[test]
fn what_may_have_arrived_is_neither_a_yes_nor_a_no() {
    let huge =
        format!("HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n{}", "x".repeat(9_000_000));
    for (reply, said) in [
        (Reply::ResetOnAccept, "may have arrived"),
        (Reply::CutAfterRequest, "may have arrived"),
        (Reply::Raw(b"\x00\x01garbage\r\n\r\n".to_vec()), "may have arrived"),
        (Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_vec()), "not JSON"),
        (Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello".to_vec()), "broke off"),
        (Reply::Raw(huge.into_bytes()), "longer than 65536 bytes"),
        (Reply::Json(200, json!({"ok": true})), "no message id"),
        (Reply::Json(200, json!({"ok": true, "result": {"message_id": "x"}})), "no message id"),
        (Reply::Json(200, json!([1])), "no message id"),
    ] {
        let shown = format!("{reply:?}").chars().take(60).collect::<String>();
        let (kind, detail) = answered(reply);
        assert_eq!(kind, UndeliveredKind::Ambiguous, "{shown}: {detail}");
        assert!(detail.contains(said), "{detail}");
    }
}

#[test]
fn who_answers_too_slowly_may_have_taken_it() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"ok\"".to_vec();
    for bytes in [Vec::new(), head] {
        let listener = Listener::start([Reply::Stall(bytes)]);
        let limit = Duration::from_millis(300);
        let why = way(&listener.root(), "1").within(limit).deliver(&report("text")).unwrap_err();
        assert_eq!(why.kind, UndeliveredKind::Ambiguous, "{why}");
    }
}

#[test]
fn a_refusal_names_its_remedy() {
    for (code, description, remedy) in [
        (400, "Bad Request: chat not found", "report.telegram.target"),
        (400, "Bad Request: message thread not found", "report.telegram.target"),
        (401, "Unauthorized", "@BotFather"),
        (403, "Forbidden: bot was blocked by the user", "unblock it"),
        (404, "Not Found", "@BotFather"),
        (409, "Conflict", "apiRoot"),
    ] {
        let (kind, detail) = answered(bot_error(code, description, &json!({})));
        assert_eq!(kind, UndeliveredKind::Refused, "{detail}");
        for part in [description, remedy, "the token's place", "the chat's place"] {
            assert!(detail.contains(part), "no {part:?} in {detail}");
        }
    }
    let moved =
        b"HTTP/1.1 307 X\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\n\r\n";
    let (kind, detail) = answered(Reply::Raw(moved.to_vec()));
    assert_eq!(kind, UndeliveredKind::Refused, "{detail}");
    assert!(detail.contains("redirects"), "{detail}");
}

#[test]
fn a_message_that_can_never_be_sent_is_given_up() {
    let (kind, _) = answered(bot_error(400, "Bad Request: message text is empty", &json!({})));
    assert_eq!(kind, UndeliveredKind::Impossible);
}

#[test]
fn too_long_goes_in_pieces_that_each_bear_the_id() {
    let too_long = || bot_error(400, "Bad Request: message is too long", &json!({}));
    let listener = Listener::start([too_long()]);
    let text = format!("{}\n{}\n\n#{ID}", "a".repeat(50), "🛠".repeat(30));
    deliver(&listener.root(), &text).unwrap();
    let texts = listener.texts();
    assert_eq!(texts.len(), 3);
    assert!(texts[1..].iter().all(|text| text.ends_with(&format!("#{ID}"))), "{texts:?}");
    assert!(texts[1].starts_with(&"a".repeat(50)) && texts[2].starts_with('🛠'), "{texts:?}");
    // What is measured to be too long is not even tried whole.
    let listener = Listener::start([]);
    deliver(&listener.root(), &"é🛠\n".repeat(2000)).unwrap();
    let texts = listener.texts();
    let marks: usize = texts.iter().map(|text| text.matches('🛠').count()).sum();
    assert_eq!((marks, texts.len() >= 2), (2000, true));
    assert!(texts.iter().all(|text| text.encode_utf16().count() <= 4096 && text.contains(ID)));
    // One that is too long however short it gets is given up, after a few requests.
    let listener = Listener::start(std::iter::repeat_with(too_long).take(500));
    let why = deliver(&listener.root(), &"word ".repeat(700)).unwrap_err();
    assert_eq!(why.kind, UndeliveredKind::Impossible, "{why}");
    assert!(listener.requests().len() <= limits::MESSAGE_PIECES, "{}", listener.requests().len());
}

#[test]
fn once_a_piece_has_arrived_the_rest_goes_the_same_way() {
    let listener =
        Listener::start([Reply::Sent, bot_error(429, "later", &json!({"retry_after": 9}))]);
    let why = deliver(&listener.root(), &"a\n".repeat(4000)).unwrap_err();
    assert_eq!(why.kind, UndeliveredKind::Ambiguous, "{why}");
}

#[test]
fn a_chat_that_moved_is_followed_once_and_told() {
    let moved = |id: i64| {
        let parameters = json!({"migrate_to_chat_id": id});
        bot_error(400, "Bad Request: group chat was upgraded to a supergroup chat", &parameters)
    };
    let listener = Listener::start([moved(-100_777)]);
    let mut way = way(&listener.root(), "-5");
    way.deliver(&report("one")).unwrap();
    way.deliver(&report("two")).unwrap();
    let notes = way.take_notes();
    assert!(notes.len() == 1 && notes[0].contains("-100777"), "{notes:?}");
    let chats: Vec<Value> = listener.requests().iter().map(|r| r.body["chat_id"].clone()).collect();
    assert_eq!(chats, [json!(-5), json!(-100_777), json!(-100_777)]);
    let listener = Listener::start([moved(-100_777), moved(-100_888)]);
    let why = deliver(&listener.root(), "text").unwrap_err();
    assert_eq!(why.kind, UndeliveredKind::Refused, "{why}");
}

#[test]
fn what_the_other_side_says_is_bounded_and_shows_no_secret() {
    let nasty = format!("Bad Request: chat\u{7}\n{} {TOKEN}", "x".repeat(10));
    let long = format!("{nasty} {}", "y".repeat(5000));
    let (_, detail) = answered(bot_error(400, &long, &json!({})));
    assert!(!detail.contains('\u{7}') && !detail.contains('\n') && detail.len() < 800, "{detail}");
    assert!(detail.contains("123456…"), "{detail}");
}
