//! `check` of what nobody means well with, by the whole program: it ends, says what is wrong, and its
//! answer and its memory stay small.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::support::{Ran, Sandbox, has};

const FORMATS: [&str; 5] = ["human", "short", "json", "github", "sarif"];
/// So many times its own size a file may take while it is checked, beside the program itself.
const TIMES: usize = 40;
/// The program, its stack and its libraries.
const PROGRAM_KB: usize = 256 << 10;

/// Checks a file with no more memory than it is worth.
fn checked(sandbox: &Sandbox, path: &Path, format: &str) -> Ran {
    // No more of it is ever read.
    let size = usize::try_from(fs::metadata(path).unwrap().len()).unwrap().min(32 << 20);
    let most = PROGRAM_KB + TIMES * size / 1024;
    let line = format!("ulimit -v {most} && exec \"$OPSFSM\" check --format {format} \"$FILE\"");
    sandbox.shell(&line).env("FILE", path).run()
}

/// Nearly as large as a config may be.
const LARGE: usize = 31 << 20;

/// A text of this size: the piece again and again.
fn flood(piece: &str, size: usize) -> Vec<u8> {
    piece.repeat(size / piece.len()).into_bytes()
}

#[test]
fn a_hundred_megabytes_are_refused_by_their_size() {
    let sandbox = Sandbox::new();
    for name in ["a.toml", "a.json"] {
        let path = sandbox.write(name, flood("[", 100 << 20));
        let ran = checked(&sandbox, &path, "human");
        ran.exits(1).prints("OF001").prints("larger than 32 MiB").prints("1 error, 0 warnings");
        ran.prints("split the jobs over several files");
        assert!(ran.out.len() < 2000, "{}", ran.out.len());
    }
}

/// `format` is an index: TOML, then JSON.
fn large_ones_are_told_in_few_words(name: &str, format: usize) {
    let sandbox = Sandbox::new();
    let deep = "nested deeper than";
    for (head, piece, size, says) in [
        ("", "[", LARGE, [deep, deep]),
        ("", "{\"a\":", LARGE, [deep, deep]),
        ("", "{a=", LARGE, [deep, deep]),
        ("", "a.", LARGE, [deep, "not JSON"]),
        // What it costs goes by the findings, not by the size.
        ("", "[[jobs]]\n", 4 << 20, ["has no `id`", "not JSON"]),
        ("version = \"", "a", LARGE, ["not TOML", "not JSON"]),
        ("{\"version\": \"", "\\", LARGE, ["not TOML", "not JSON"]),
        ("a = '''", "a\n", LARGE, ["not TOML", "not JSON"]),
        ("", "'''", LARGE, ["not TOML", "not JSON"]),
        ("", "\0", LARGE, ["not TOML", "not JSON"]),
    ] {
        let path = sandbox.write(name, [head.as_bytes(), &flood(piece, size)].concat());
        let ran = checked(&sandbox, &path, "human");
        ran.exits(1).prints(says[format]).prints("error");
        assert!(ran.out.len() < 40_000, "{piece:?}: {}", ran.out.len());
    }
}

#[test]
fn toml_as_large_as_a_config_may_be_is_told_in_few_words() {
    large_ones_are_told_in_few_words("a.toml", 0);
}

#[test]
fn json_as_large_as_a_config_may_be_is_told_in_few_words() {
    large_ones_are_told_in_few_words("a.json", 1);
}

#[test]
fn what_is_no_text_at_all_is_told_in_every_format() {
    let sandbox = Sandbox::new();
    let none: [(&[u8], [&str; 2]); 8] = [
        (b"", ["OF005", "OF001"]),
        (b"\n \n", ["OF005", "OF001"]),
        ("\u{feff}".as_bytes(), ["OF005", "OF001"]),
        (b"\0\0\0\0", ["OF001", "OF001"]),
        (b"version = 1\n\xff\xfe", ["OF001", "OF001"]),
        (b"\xed\xa0\x80", ["OF001", "OF001"]),
        (b"\xff\xfev\0e\0r\0", ["OF001", "OF001"]),
        (b"\x80", ["OF001", "OF001"]),
    ];
    for (bytes, codes) in none {
        for (name, code) in ["a.toml", "a.json"].iter().zip(codes) {
            let path = sandbox.write(name, bytes);
            for format in FORMATS {
                let ran = checked(&sandbox, &path, format);
                ran.exits(1).prints(code);
                assert_eq!(ran.err, "", "{bytes:?} {format}");
            }
        }
    }
}

#[test]
fn what_is_no_file_to_read_is_an_error_and_never_waited_for() {
    let sandbox = Sandbox::new();
    let fifo = |name: &str| {
        let path = sandbox.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    };
    let link = |to: &str, name: &str| {
        let path = sandbox.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
    };
    fifo("fifo/a.toml");
    link("b.toml", "loop/a.toml");
    link("a.toml", "loop/b.toml");
    link("nowhere.toml", "dangling/a.toml");
    link("/dev/zero", "device/a.toml");
    fs::create_dir(sandbox.path("empty")).unwrap();
    for (path, says) in [
        ("fifo", "neither a regular file"),
        ("fifo/a.toml", "neither a regular file"),
        ("loop", "loop/a.toml"),
        ("loop/a.toml", "loop/a.toml"),
        ("dangling", "dangling/a.toml"),
        ("device", "neither a regular file"),
        ("/dev/zero", "neither a regular file"),
        ("empty", "no *.toml or *.json"),
    ] {
        let path = sandbox.path(path);
        for format in FORMATS {
            let ran = sandbox.run(&["check", "--format", format, path.to_str().unwrap()]);
            ran.exits(2).says(says);
        }
    }
    // What is not named as a config is none of its business.
    fifo("set/fifo");
    link("loop", "set/loop");
    fs::create_dir_all(sandbox.path("set/folder.toml")).unwrap();
    sandbox.write("set/a.toml", "version = 1\n");
    has(&sandbox.ok(&["check", sandbox.path("set").to_str().unwrap()]), &["set: ok"]);
}

#[test]
fn a_thousand_findings_on_one_line_of_megabytes_are_told_in_every_format() {
    let sandbox = Sandbox::new();
    let pad = "x".repeat(4 << 20);
    let keys: String = (0..1000).map(|n| format!("\"é{n}\u{7f}\": 1, ")).collect();
    let text = format!("{{\"pad\": \"{pad}\", {keys}\"version\": 1, \"jobs\": []}}");
    let path = sandbox.write("a.json", text);
    for format in FORMATS {
        let ran = sandbox.run(&["check", path.to_str().unwrap(), "--format", format]);
        ran.exits(0).prints("OF002");
        assert!(ran.out.len() < 1 << 20, "{format}: {}", ran.out.len());
        assert!(!ran.out.contains('\u{7f}'), "{format}");
    }
}
