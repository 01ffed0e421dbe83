//! An HTTP server of a few lines, whose answers and faults are scripted.
//!
//! In: a script. Out: the requests that came, in order.
//! Invariant: it ends with its test, and never outwaits a client that has gone.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// What is done with one connection.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A message of the Bot API that arrived.
    Sent,
    /// This status and this body.
    Json(u16, Value),
    /// These bytes, and the end.
    Raw(Vec<u8>),
    /// The connection is reset before anything is read.
    ResetOnAccept,
    /// The whole request is read, and then the connection is cut.
    CutAfterRequest,
    /// The request is read, these bytes are sent, and then nothing until the client goes.
    Stall(Vec<u8>),
}

/// One request that was read whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<Request>>,
    closing: AtomicBool,
}

/// A server on a loopback port of its own.
pub(crate) struct Listener {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Answers by the script, then with [`Reply::Sent`] for ever.
    pub(crate) fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::on(socket, script)
    }

    pub(crate) fn on(socket: TcpListener, script: impl IntoIterator<Item = Reply>) -> Self {
        let port = socket.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        shared.script.lock().unwrap().extend(script);
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve(&socket, &theirs));
        Self { port, shared, thread: Some(thread) }
    }

    pub(crate) fn root(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.script.lock().unwrap().extend(replies);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests_from(0)
    }

    /// Those after the first so many.
    pub(crate) fn requests_from(&self, first: usize) -> Vec<Request> {
        self.shared.requests.lock().unwrap()[first..].to_vec()
    }

    /// The texts of all messages.
    pub(crate) fn texts(&self) -> Vec<String> {
        let text = |request: &Request| request.body["text"].as_str().unwrap_or_default().to_owned();
        self.requests().iter().map(text).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        // Wakes the one that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the listener failed");
        }
    }
}

fn serve(socket: &TcpListener, shared: &Shared) {
    while let Ok((stream, _)) = socket.accept() {
        if shared.closing.load(Ordering::SeqCst) {
            return;
        }
        let reply = shared.script.lock().unwrap().pop_front().unwrap_or(Reply::Sent);
        // A client that breaks off is what some tests are about.
        let _ = answer(stream, reply, shared);
    }
}

fn answer(mut stream: TcpStream, reply: Reply, shared: &Shared) -> std::io::Result<()> {
    if matches!(reply, Reply::ResetOnAccept) {
        // A first byte that stays unread turns the close into a reset.
        let _ = stream.peek(&mut [0])?;
        return Ok(());
    }
    let request = read_request(&mut stream)?;
    shared.requests.lock().unwrap().push(request);
    let (bytes, stalls) = match reply {
        Reply::Sent => {
            let result = json!({"ok": true, "result": {"message_id": 7, "date": 0, "text": "…"}});
            (response(200, &result), false)
        }
        Reply::Json(status, body) => (response(status, &body), false),
        Reply::Raw(bytes) => (bytes, false),
        Reply::Stall(bytes) => (bytes, true),
        Reply::ResetOnAccept | Reply::CutAfterRequest => (Vec::new(), false),
    };
    stream.write_all(&bytes)?;
    while stalls && stream.read(&mut [0; 64])? > 0 {}
    Ok(())
}

fn response(status: u16, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn read_request(stream: &mut TcpStream) -> std::io::Result<Request> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let body = serde_json::from_str(body).unwrap_or(Value::Null);
                return Ok(Request { path, head: head.to_owned(), body });
            }
        }
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
}
