//! Input that no one means well with: never a panic, never a stack overflow, linear time.
//!
//! In: random bytes, damaged configs, depth and floods. Out: nothing; it must just end, and soon.
//! Invariant: this module never builds more than a few megabytes.

use proptest::prelude::*;

use super::*;

/// Valid configs to be damaged.
const TOML: &str = "version = 1\n[defaults]\nquietHours = { start = '23:00', end = '08:00' }\n\
    stallSeconds = 1_000.5\n[[jobs]]\nid = \"a\\u00e9\"\nkind = 'one_shot_read'\n\
    risk = 'read_only'\nenv.A = 'b'\n[jobs.commands]\nrun = ['''x''', \"\"\"y\"\"\"]\n\
    [[jobs.after]]\njobId = 'b'\nwhen = 'failure'\n# end\n";

fn json() -> String {
    format!(
        "{{\"version\": 1, \"defaults\": {{\"maxResumes\": 1}}, \"jobs\": [{{{WATCH}}}, {{{WRITE}}}]}}"
    )
}

fn parse_both(bytes: &[u8]) {
    for name in ["x.toml", "x.json"] {
        let parsed = parse_config(vec![source(name, bytes)], &around());
        rendered(&parsed);
    }
}

/// A file that is only half written when a tick reads it. (Of TOML a beginning can be a whole config:
/// the page on configs says how to replace one.)
#[test]
fn a_json_config_that_is_cut_anywhere_is_refused() {
    let whole = json();
    assert!(!parse_config(vec![source("x.json", whole.as_bytes())], &around()).sink.has_errors());
    for cut in 0..whole.len() {
        let parsed = parse_config(vec![source("x.json", &whole.as_bytes()[..cut])], &around());
        assert!(parsed.sink.has_errors() && parsed.model.is_none(), "cut at {cut}");
    }
}

/// One that is cut gives no job but those of the whole, and each of these as it is there.
#[test]
fn a_toml_config_that_is_cut_anywhere_is_refused_or_a_beginning() {
    let whole = TOML.replace("[[jobs.after]]\njobId = 'b'\nwhen = 'failure'\n", "");
    let mut sound = 0;
    for cut in 0..=whole.len() {
        let parsed = parse_config(vec![source("x.toml", &whole.as_bytes()[..cut])], &around());
        let Some(model) = parsed.model else { continue };
        sound += usize::from(!model.jobs.is_empty());
        assert!(model.jobs.is_empty() || cut + 10 > whole.len(), "cut at {cut}");
    }
    assert!(sound > 0, "the whole is sound");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        parse_both(&bytes);
    }

    #[test]
    fn arbitrary_marks_never_panic(text in "[\\[\\]{}=.,:\"'#\\\\\n a1é_-]{0,120}") {
        parse_both(text.as_bytes());
    }

    #[test]
    fn damaged_configs_never_panic(
        is_toml in any::<bool>(),
        cuts in proptest::collection::vec((any::<u16>(), 0_usize..9, "[\\[\\]{}=.,:\"'#\\\\\n a1é]{0,4}"), 1..5),
    ) {
        let mut bytes = if is_toml { TOML.as_bytes().to_vec() } else { json().into_bytes() };
        for (at, length, put) in cuts {
            let at = usize::from(at) % (bytes.len() + 1);
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, put.bytes());
        }
        parse_both(&bytes);
    }
}

#[test]
fn depth_never_overflows_the_stack() {
    let big = 2 << 20;
    for text in [
        "[".repeat(big),
        "{".repeat(big),
        "{\"a\":".repeat(big / 5),
        "x = ".to_owned() + &"[".repeat(big),
        "x = ".to_owned() + &"{a=".repeat(big / 3),
        format!("[{}a]", "a.".repeat(big / 2)),
        format!("{}a = 1", "a . ".repeat(big / 4)),
        format!("x = {{{}a = 1}}", "'a'.".repeat(big / 4)),
    ] {
        let parsed =
            parse_config(vec![source("a.toml", &*text), source("a.json", &*text)], &around());
        assert!(parsed.model.is_none());
    }
}

#[test]
fn nesting_up_to_the_limit_in_every_way_at_once_is_safe() {
    let key = "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a";
    let inline = format!("{key}={{").repeat(63);
    let close = "}".repeat(63);
    parse_both(format!("[{key}]\n{key}={{{inline}{close}}}\n").as_bytes());
}

#[test]
fn floods_are_bounded_and_quick() {
    let keys = |format: fn(usize) -> String| (0..20_000).map(format).collect::<String>();
    let flood = keys(|i| format!("k{i} = 1\n"));
    let parsed = parse_one("a.toml", &format!("version = 1\n{flood}"));
    assert_eq!(parsed.sink.sorted().len(), 200);
    assert_eq!(parsed.sink.left_out(), 19_800);
    let flood = keys(|i| format!("\"k{i}\": 1,\n"));
    parse_one("a.json", &format!("{{{flood} \"version\": 1}}"));
    let twice = keys(|i| format!("k{i} = 1\nk{i} = 1\n"));
    parse_one("a.toml", &twice);
    parse_one("a.toml", &"a = = 1\n".repeat(20_000));
    parse_one("a.toml", &"a = = 1\n".repeat(300_000));
    parse_one("a.toml", &"[[jobs]]\n".repeat(20_000));
    parse_one("a.json", &format!("{{\"jobs\": [{}0]}}", "0,".repeat(200_000)));
}

#[test]
fn ten_thousand_jobs_are_read() {
    let jobs: Vec<String> = (0..10_000)
        .map(|i| format!("{{{}}}", WATCH.replace("\"w\"", &format!("\"w{i}\""))))
        .collect();
    let json = format!("{{\"version\": 1, \"jobs\": [{}]}}", jobs.join(",\n"));
    assert_eq!(clean("a.json", &json).jobs.len(), 10_000);
    assert_eq!(clean("a.toml", &toml_twin(&json)).jobs.len(), 10_000);
}
