//! The page: what it says, that it is sound HTML for everybody, and what no job can do to it.

mod sound;

use std::fmt::Write as _;

use expect_test::{expect, expect_file};

use super::*;
use crate::journal::EventKind;
use crate::machine::{WatchInput, WatchState};
use crate::render::tests::site::{Site, at, day, hostile, now};
use sound::check_sound;

impl Site {
    fn page(&self, language: Language) -> String {
        let style = Style { language, invocation: "opsfsm".to_owned() };
        render_page(&Page {
            config: "/etc/opsfsm/jobs.toml",
            compiled: &self.compiled,
            chains: Some(&self.chains),
            world: &self.world,
            events: &self.events,
            pruned: 12,
            since_ms: at(24 * 3600).wall_ms,
            parcels: &self.parcels,
            now: &now(),
            style: &style,
        })
    }
}

#[test]
fn the_page_of_the_gallery_is_true_and_sound() {
    let page = day().page(Language::En);
    check_sound(&page);
    expect_file!["../../../docs/gallery/report.html"].assert_eq(&page);
}

#[test]
fn the_page_speaks_chinese_too() {
    let page = day().page(Language::Zh);
    check_sound(&page);
    for text in
        ["<html lang=\"zh-Hans\">", "需要人处理", "已停滞", "没有进展", "请求写入", "状态时间线"]
    {
        assert!(page.contains(text), "{text}");
    }
    // The words that have a translation stand in no element of the page's own.
    for text in ["What needs a person", ">stalled<", "Progress"] {
        assert!(!page.contains(text), "{text}");
    }
}

#[test]
fn a_site_without_a_job_or_a_store_has_a_page() {
    let page = Site::new("c.json", r#"{"version":1,"jobs":[]}"#).page(Language::En);
    check_sound(&page);
    assert!(page.contains("Nothing waits for a person."), "{page}");
}

#[test]
fn nothing_that_a_job_says_is_markup() {
    let page = hostile().page(Language::En);
    check_sound(&page);
    let lower = page.to_lowercase();
    for element in ["<script", "<img", "onerror=alert(1)>", "<!--", "\u{1b}", "\u{202e}", "\u{0}"] {
        assert!(!lower.contains(element), "{element:?} stands on the page");
    }
    // What stands there is text: it was not simply dropped.
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_eq!(page.matches("<style>").count(), 2, "the page's own and the picture's");
}

#[test]
fn a_page_of_ten_thousand_jobs_is_bounded_and_says_so() {
    let mut jobs = String::new();
    for n in 0..10_000 {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(
            jobs,
            r#"{comma}{{"id":"job-{n:05}","kind":"long_running_read","risk":"read_only","enabled":true,"commands":{{"start":["s"],"status":["t"]}}}}"#
        );
    }
    let mut site = Site::new("c.json", &format!(r#"{{"version":1,"jobs":[{jobs}]}}"#));
    site.told(500, "job-09999", EventKind::Declared { state: State::Watch(WatchState::Idle) });
    for n in 0_i64..3000 {
        let (input, to) = match n % 3 {
            0 => (WatchInput::SeenRunning, WatchState::Running),
            1 => (WatchInput::NoProgress, WatchState::Stalled),
            _ => (WatchInput::SeenCompleted, WatchState::Completed),
        };
        site.watched(400 - n / 10, "job-09999", input, to);
        if n == 2998 {
            break;
        }
    }
    let page = site.page(Language::En);
    check_sound(&page);
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    for text in ["9700 more are left out", "9900 more are left out", "job-09999"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn spans_follow_what_is_known_and_no_clock_turns_them_round() {
    let (run, stall) = (State::Watch(WatchState::Running), State::Watch(WatchState::Stalled));
    let told = |moves: &[(i64, State)], last: Option<(i64, State)>| {
        let all = crate::render::spans(moves, last, (100, 200));
        let one = |s: &crate::render::Span| {
            let state = s.state.map_or("?", State::as_str);
            format!("{}-{} {state}", s.from_ms, s.to_ms)
        };
        all.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let got = [
        told(&[], None),
        told(&[], Some((150, run))),
        told(&[(50, run)], Some((50, run))),
        told(&[(50, run), (120, stall)], Some((120, stall))),
        told(&[(120, run)], Some((180, stall))),
        told(&[(150, run), (130, stall)], Some((130, stall))),
        told(&[(900, run)], Some((900, run))),
    ];
    expect![[r#"
        100-200 ?
        100-150 ?, 150-200 running
        100-200 running
        100-120 running, 120-200 stalled
        100-120 ?, 120-180 running, 180-200 stalled
        100-150 ?, 150-200 stalled
        100-200 ?"#]]
    .assert_eq(&got.join("\n"));
}
