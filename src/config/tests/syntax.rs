//! Syntax errors, repeated keys, encodings.
//!
//! In: texts that their format does not allow. Out: snapshots of all that a person reads.
//! Invariant: this module never looks at what keys mean.

use expect_test::expect;

use super::*;

#[test]
fn toml_goes_on_after_a_syntax_error() {
    let text = "version = 1\n[defaults]\nstallSeconds = \nautoResume = yes\nonStall = 'x'\n\
                [[jobs]]\nid = 'a\nkind = 'one_shot_read'\nrisk = 'nothing'\ncwd = [1, 2\n";
    expect![[r#"
        toml:3:16: error[OF001]: not TOML: string values must be quoted, expected literal string
        toml:4:14: error[OF001]: not TOML: string values must be quoted, expected literal string
        toml:5:11: error[OF010]: `defaults.onStall` can't be "x"
          help: one of: report, restart
        toml:7:8: error[OF001]: not TOML: invalid literal string, expected `'`
        toml:9:8: error[OF010]: `risk` can't be "nothing"
          help: one of: read_only, write_local, write_external
        toml:10:12: error[OF001]: not TOML: unclosed array, expected `]`
    "#]]
    .assert_eq(&findings("toml", text));
}

#[test]
fn a_broken_header_or_too_many_errors_leave_only_syntax_errors() {
    expect![[r#"
        toml:2:8: error[OF001]: not TOML: unclosed array table, expected `]`
        toml:4:10: error[OF001]: not TOML: unclosed table, expected `]`
    "#]]
    .assert_eq(&findings("toml", "version = 2\n[[jobs]\nid = 1\n[defaults\nx = 1\n"));
    let many = findings("toml", &"a = = 1\n".repeat(30));
    assert_eq!(many.matches("OF001").count(), 20, "{many}");
    assert!(many.contains("10 more lines of this file are broken"), "{many}");
}

#[test]
fn json_stops_at_its_first_syntax_error() {
    let texts = [
        "",
        "{\"version\": 1,}",
        "{\"version\": 1 // one\n}",
        "{'version': 1}",
        "{version: 1}",
        "{\"version\": 01}",
        "{\"version\": 0x1}",
        "{\"version\": NaN}",
        "{\"version\": 1} {}",
        "{\"version\": 1",
        "{\"a\": \"b",
        "{\"a\": \"\t\"}",
        "{\"a\":\u{a0}1}",
        "{\"a\": \"\\ud800\"}",
        "{\"a\": \"\u{0}\"}",
    ];
    let told: String =
        texts.iter().flat_map(|text| [format!("── {text:?}\n"), findings("json", text)]).collect();
    expect![[r#"
        ── ""
        json:1:1: error[OF001]: not JSON: the file is empty
        ── "{\"version\": 1,}"
        json:1:14: error[OF001]: not JSON: trailing commas are not allowed
          help: remove it, or write the config as TOML, which allows it
        ── "{\"version\": 1 // one\n}"
        json:1:15: error[OF001]: not JSON: comments are not allowed
          help: remove it, or write the config as TOML, which allows it
        ── "{'version': 1}"
        json:1:2: error[OF001]: not JSON: single-quoted strings are not allowed
        ── "{version: 1}"
        json:1:2: error[OF001]: not JSON: expected string for object property
        ── "{\"version\": 01}"
        json:1:14: error[OF001]: not JSON: expected comma
        ── "{\"version\": 0x1}"
        json:1:13: error[OF001]: not JSON: hexadecimal numbers are not allowed
        ── "{\"version\": NaN}"
        json:1:13: error[OF001]: not JSON: unexpected token
        ── "{\"version\": 1} {}"
        json:1:16: error[OF001]: not JSON: text cannot contain more than one JSON value
        ── "{\"version\": 1"
        json:1:1: error[OF001]: not JSON: unterminated object
        ── "{\"a\": \"b"
        json:1:7: error[OF001]: not JSON: unterminated string literal
        ── "{\"a\": \"\t\"}"
        json:1:8: error[OF001]: not JSON: a character that JSON does not allow here
          help: inside a string, write it as an escape: \n, \t, \u0000
        ── "{\"a\":\u{a0}1}"
        json:1:6: error[OF001]: not JSON: a character that JSON does not allow here
          help: inside a string, write it as an escape: \n, \t, \u0000
        ── "{\"a\": \"\\ud800\"}"
        json:1:8: error[OF001]: not JSON: invalid unicode escape sequence. 'd800 (unpaired high surrogate)' is not a valid UTF8 character
        ── "{\"a\": \"\0\"}"
        json:1:8: error[OF001]: not JSON: a character that JSON does not allow here
          help: inside a string, write it as an escape: \n, \t, \u0000
    "#]].assert_eq(&told);
}

#[test]
fn a_key_twice_names_both_places() {
    expect![[r#"
        json:1:29: warning[OF002]: unknown key `a` in `defaults`: it has no effect
          help: known here: quietHours, reportEverySeconds, stallSeconds, autoResume, autoResumeBackoffSeconds, maxResumes, startGraceSeconds, onStall, onlyOnChange, reportWhileRunning, reportOutput, alertAfter, statusTimeoutSeconds, tickLimitSeconds, timezone
        json:2:1: error[OF003]: the key `a` stands here twice
          json:1:29: first here
          help: remove one of them
        json:3:1: error[OF003]: the key `version` stands here twice
          json:1:2: first here
          help: remove one of them
    "#]].assert_eq(&findings(
        "json",
        "{\"version\": 1, \"defaults\": {\"a\": {\"b\": 1},\n\"a\": 2},\n\"version\": 2}",
    ));
    let text = "version = 1\nversion = 2\n[defaults]\nquietHours = { start = '01:00', start = '02:00' }\n\
                [defaults]\n[[jobs]]\nid = 'a'\n\"kind\" = 'one_shot_read'\nrisk = 'read_only'\n\
                commands = { run = ['a'] }\nkind = 'x'\nenv.A = 'b'\nenv.A = 'c'\n\
                [jobs.policy]\n[jobs.policy]\n";
    expect![[r#"
        toml:2:1: error[OF003]: the key `version` stands here twice
          toml:1:1: first here
          help: remove one of them
        toml:4:33: error[OF003]: the key `start` stands here twice
          toml:4:16: first here
          help: remove one of them
        toml:5:2: error[OF003]: the key `defaults` stands here twice
          toml:3:1: first here
          help: remove one of them
        toml:11:1: error[OF003]: the key `kind` stands here twice
          toml:8:1: first here
          help: remove one of them
        toml:13:5: error[OF003]: the key `A` stands here twice
          toml:12:5: first here
          help: remove one of them
        toml:15:7: error[OF003]: the key `policy` stands here twice
          toml:14:1: first here
          help: remove one of them
    "#]]
    .assert_eq(&findings("toml", text));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let text = format!("\u{feff}{{\"version\": 1, \"jobs\": [{{{CHECK}}}]}}");
    clean("json", &text);
    clean("toml", &format!("\u{feff}{}", toml_twin(&text["\u{feff}".len()..])));
    expect![[r#"
        toml:1:11: error[OF007]: a config version that this build can't read
          help: this build reads version = 1
    "#]]
    .assert_eq(&findings("toml", "\u{feff}version = 2"));
}

#[test]
fn other_encodings_are_refused_by_byte() {
    for (bytes, expected) in [
        (
            b"version = 1\nx = '\xff'\n".to_vec(),
            expect![[r#"
            toml:2:6: error[OF001]: not UTF-8: byte 0xff at offset 17
              help: save the file as UTF-8
        "#]],
        ),
        (
            b"\xff\xfev\0e\0".to_vec(),
            expect![[r#"
            toml:1:1: error[OF001]: not UTF-8: byte 0xff at offset 0
              help: the file looks like UTF-16: save it as UTF-8
        "#]],
        ),
        (
            b"\xef\xbb\xbfa\xc3".to_vec(),
            expect![[r#"
            toml:1:2: error[OF001]: not UTF-8: byte 0xc3 at offset 4
              help: save the file as UTF-8
        "#]],
        ),
    ] {
        let parsed = parse_config(vec![source("toml", bytes)], &around());
        expected.assert_eq(&rendered(&parsed));
    }
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    let size = usize::try_from(crate::base::limits::CONFIG_BYTES).expect("fits") + 1;
    let parsed = parse_config(vec![source("big.toml", vec![b'['; size])], &around());
    expect![[r#"
        nowhere: error[OF001]: big.toml is larger than 32 MiB
          help: split the jobs over several files of one folder
    "#]]
    .assert_eq(&rendered(&parsed));
}

#[test]
fn depth_is_bounded_in_both_formats() {
    expect![[r#"
        json:1:70: error[OF001]: not JSON: nested deeper than 64 levels
    "#]]
    .assert_eq(&findings("json", &format!("{{\"x\": {}", "[".repeat(100))));
    expect![[r#"
        toml:1:69: error[OF001]: not TOML that a config needs: nested deeper than 64 levels
    "#]]
    .assert_eq(&findings("toml", &format!("x = {}", "[".repeat(100))));
    let fine = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    let unknown = findings("json", &format!("{{\"version\": 1, \"x\": {fine}}}"));
    assert!(unknown.contains("OF002"), "{unknown}");
    let unknown = findings("toml", &format!("version = 1\nx = {fine}"));
    assert!(unknown.contains("OF002"), "{unknown}");
}
