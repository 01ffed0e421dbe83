//! What strace wrote, as calls.
//!
//! In: a log of `strace -f -y -xx -o`. Out: the calls that were done, in the order they were done.
//! Invariant: a call that failed, or never came back, is left out; nothing else is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// A call that was done.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The thread, by its id.
    pub(crate) thread: u32,
    pub(crate) name: String,
    /// Its arguments as strace shows them.
    pub(crate) args: Vec<String>,
    /// What came back, as strace shows it.
    pub(crate) result: String,
}

impl Call {
    /// The bytes of a string among the arguments.
    pub(crate) fn bytes(&self, n: usize) -> Vec<u8> {
        let arg = &self.args[n];
        let quoted = arg.strip_prefix('"').and_then(|arg| arg.strip_suffix('"'));
        unhex(quoted.unwrap_or_else(|| panic!("not a whole string: {arg:.80}")))
    }

    /// A path among the arguments; a relative one begins at the folder that stands before it.
    pub(crate) fn path(&self, n: usize) -> PathBuf {
        let path = path_of(self.bytes(n));
        match n.checked_sub(1).and_then(|before| file_of(&self.args[before])) {
            Some(folder) => folder.join(path),
            None => path,
        }
    }

    /// The file that an open descriptor among the arguments leads to.
    pub(crate) fn file(&self, n: usize) -> Option<PathBuf> {
        file_of(&self.args[n])
    }

    /// The file that was opened.
    pub(crate) fn file_of_result(&self) -> Option<PathBuf> {
        file_of(&self.result)
    }

    /// A number among the arguments.
    pub(crate) fn number(&self, n: usize) -> usize {
        self.args[n].parse().unwrap_or_else(|_| panic!("no number: {}", self.args[n]))
    }

    /// What came back, as a number.
    pub(crate) fn count(&self) -> usize {
        self.result.split([' ', '<']).next().unwrap().parse().unwrap()
    }
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    OsString::from_vec(bytes).into()
}

/// `4</a/file>`, or `AT_FDCWD</a/folder>`.
fn file_of(arg: &str) -> Option<PathBuf> {
    let (_, rest) = arg.split_once('<')?;
    // What has no name any more is followed by `(deleted)`.
    rest.strip_suffix('>').map(|path| path_of(unhex(path)))
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |b: u8| u8::try_from(char::from(b).to_digit(16).unwrap()).unwrap();
    let (mut bytes, text) = (Vec::with_capacity(text.len() / 4), text.as_bytes());
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(b"\\x") {
            bytes.push(digit(text[at + 2]) * 16 + digit(text[at + 3]));
            at += 4;
        } else {
            bytes.push(text[at]);
            at += 1;
        }
    }
    bytes
}

/// Reads a whole log.
pub(crate) fn read_calls(text: &str) -> Vec<Call> {
    let mut begun = BTreeMap::<u32, &str>::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let (thread, line) = line.trim_start().split_once(' ').unwrap();
        let (thread, line) = (thread.parse().unwrap(), line.trim_start());
        if let Some(half) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, half);
        } else if let Some((_, rest)) =
            line.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"))
        {
            let half = begun.remove(&thread).unwrap();
            calls.extend(read_call(thread, &format!("{half}{rest}")));
        } else if !line.starts_with("---") && !line.starts_with("+++") {
            calls.extend(read_call(thread, line));
        }
    }
    calls
}

fn read_call(thread: u32, line: &str) -> Option<Call> {
    let (call, result) = line.rsplit_once(" = ")?;
    if result.starts_with("-1 ") || result.starts_with('?') {
        return None;
    }
    let (name, args) = call.trim_end().strip_suffix(')')?.split_once('(')?;
    let (name, result) = (name.to_owned(), result.to_owned());
    Some(Call { thread, name, args: split_args(args), result })
}

/// At each comma that is within nothing.
fn split_args(text: &str) -> Vec<String> {
    let (mut args, mut arg, mut depth, mut quoted) = (Vec::new(), String::new(), 0_u32, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' | '{' | '<' if !quoted => depth += 1,
            ')' | ']' | '}' | '>' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c == ',' && depth == 0 && !quoted {
            args.push(std::mem::take(&mut arg));
        } else if !(c == ' ' && arg.is_empty()) {
            arg.push(c);
        }
    }
    args.push(arg);
    args
}

#[test]
fn calls_are_read_as_they_were_done() {
    let log = "7  openat(AT_FDCWD<\\x2f\\x61>, \"\\x62\", O_RDWR|O_CREAT, 0600) = 4<\\x2f\\x61\\x2f\\x62>\n\
               7  write(4<\\x2f\\x61\\x2f\\x62>, \"\\x2c\\x22\", 2 <unfinished ...>\n\
               12 unlink(\"\\x63\") = -1 ENOENT (No such file or directory)\n\
               12 fcntl(3<\\x2f\\x64>, F_SETLK, {l_type=F_WRLCK, l_len=1}) = 0\n\
               7  <... write resumed>)              = 2\n\
               7  --- SIGCHLD {si_signo=SIGCHLD} ---\n\
               7  +++ exited with 0 +++\n";
    let calls = read_calls(log);
    let names: Vec<(u32, &str)> = calls.iter().map(|c| (c.thread, c.name.as_str())).collect();
    assert_eq!(names, [(7, "openat"), (12, "fcntl"), (7, "write")]);
    assert_eq!(calls[0].path(1), PathBuf::from("/a/b"));
    assert_eq!(calls[1].args[2], "{l_type=F_WRLCK, l_len=1}");
    assert_eq!((calls[2].bytes(1), calls[2].count()), (b",\"".to_vec(), 2));
    assert_eq!(calls[2].file(0), Some("/a/b".into()));
}
