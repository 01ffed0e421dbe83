//! Any bytes as what the Bot API answers, and as what `openclaw` prints.
//!
//! In: bytes. Out: a panic where a promise is broken. The fuzz targets and the tests on stable run
//! the same functions.
//! Invariant: only a message id in a success is taken for an arrival, and what is said of anything
//! else is short, on one line and without the token.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opsfsm::adapters::openclaw::{OpenclawProgram, Sourced};
use opsfsm::adapters::telegram::Telegram;
use opsfsm::adapters::token::Token;
use opsfsm::base::ReportId;
use opsfsm::journal::Report;
use opsfsm::model::{Chat, Endpoint, Undelivered};
use opsfsm::ports::Notifier;

const TOKEN: &str = "123456789:AAFcanary-Qk3x9_Zt7vLr2Ws8Yd5Np1Mb6";
/// Only a hang comes near it.
const HANG: Duration = Duration::from_mins(2);
/// Most bytes of what is said of an answer.
const SAID: usize = 2000;

fn report() -> Report {
    let text = format!("{}\n\n#60301da5", "what a job said\n".repeat(8));
    Report { id: ReportId::new("60301da5"), at_ms: 0, text, summary: "one job".to_owned() }
}

fn has(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// Delivers, and looks at what is said; did it arrive?
fn delivered(way: &mut dyn Notifier) -> bool {
    let fate = way.deliver(&report());
    let said = fate.as_ref().err().map(|Undelivered { detail, .. }| detail.clone());
    for text in way.take_notes().into_iter().chain(said) {
        assert!(!text.is_empty() && text.len() < SAID, "{} bytes are said", text.len());
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(!text.contains("canary"), "{text:?}");
    }
    fate.is_ok()
}

/// A Bot API on a loopback port that gives every request the same bytes for an answer.
pub(crate) struct Api {
    root: String,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Api {
    /// Listens until the process ends.
    pub(crate) fn new() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let root = format!("http://{}", socket.local_addr().expect("its address"));
        let answer = Arc::new(Mutex::new(Vec::new()));
        let theirs = Arc::clone(&answer);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = socket.accept() {
                // Whoever breaks off wants no answer.
                let _ = give(stream, &theirs);
            }
        });
        Self { root, answer }
    }

    /// Did a report arrive, by this answer?
    pub(crate) fn feed(&self, bytes: &[u8]) -> bool {
        *self.answer.lock().expect("not poisoned") = bytes.to_vec();
        let token = (Token::parse(TOKEN).expect("a token"), "its place".to_owned());
        let chat = (Chat::parse("-1001").expect("a chat"), "its place".to_owned());
        let root = Endpoint::parse(&self.root).expect("an address");
        let arrived = delivered(&mut Telegram::new(token, chat, root).within(HANG));
        // What is cut into chunks may have the word in two of them.
        let plain = !has(bytes, "transfer-encoding");
        assert!(!arrived || !plain || (has(bytes, "message_id") && has(bytes, "HTTP/1")));
        arrived
    }
}

fn give(mut stream: TcpStream, answer: &Mutex<Vec<u8>>) -> std::io::Result<()> {
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    while !is_whole(&read) {
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            n => read.extend_from_slice(&chunk[..n]),
        }
    }
    let bytes = answer.lock().expect("not poisoned").clone();
    stream.write_all(&bytes)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length
        .is_none_or(|length| length.trim().parse().is_ok_and(|length: usize| body.len() >= length))
}

/// A program `openclaw` that prints what is in a file, and exits as its first byte says.
pub(crate) struct Openclaw {
    folder: PathBuf,
}

impl Openclaw {
    /// In this folder.
    pub(crate) fn new(folder: &Path) -> Self {
        let program = folder.join("openclaw");
        let script = format!(
            "#!/bin/sh\ncd '{}'\ncat said\nread -r code < code\nexit $code\n",
            folder.display()
        );
        fs::write(&program, script).expect("the program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
        Self { folder: folder.to_owned() }
    }

    /// Did a report arrive, by what it printed?
    pub(crate) fn feed(&self, bytes: &[u8]) -> bool {
        let (first, said) = bytes.split_first().unwrap_or((&b'0', &[]));
        let code = match first % 4 {
            0 => 0,
            1 => 1,
            2 => 126,
            _ => 127,
        };
        fs::write(self.folder.join("said"), said).expect("what it says");
        fs::write(self.folder.join("code"), format!("{code}\n")).expect("its code");
        let chat = Chat::parse("-1001:topic:7").expect("a chat");
        let arrived = delivered(&mut OpenclawProgram {
            program: self.folder.join("openclaw"),
            chat: Sourced { value: chat, source: "its place".to_owned() },
            cwd: "/".into(),
            limit: HANG,
            cancel: None,
        });
        assert!(!arrived || (code == 0 && has(said, "message")), "exit {code}");
        arrived
    }
}
