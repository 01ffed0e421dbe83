//! `check` of what nobody means well with, by the whole program: it ends, says what is wrong, and its
//! answer stays small.

use super::support::Sandbox;

const FORMATS: [&str; 5] = ["human", "short", "json", "github", "sarif"];

#[test]
fn a_hundred_megabytes_of_brackets_are_one_finding() {
    let sandbox = Sandbox::new();
    for name in ["a.toml", "a.json"] {
        for (size, says) in [(100 << 20, "larger than 32 MiB"), (30 << 20, "nested deeper than")] {
            let path = sandbox.write(name, vec![b'['; size]);
            let ran = sandbox.run(&["check", path.to_str().unwrap()]);
            ran.exits(1).prints("OF001").prints(says).prints("1 error, 0 warnings");
            assert!(ran.out.len() < 2000, "{}", ran.out.len());
        }
    }
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
