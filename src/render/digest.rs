//! What quiet hours held back, as one line of a section.
//!
//! Invariant: a warning's words are the job's own, cleaned and bounded by whoever kept them.

use super::words::{self, state_words};
use crate::journal::{Held, HeldItem, HeldNews};
use crate::model::Language;

/// The line; `None` where nothing was held back.
pub(super) fn held_text(held: &Held, language: Language) -> Option<String> {
    if held.items.is_empty() {
        return None;
    }
    let mut parts: Vec<String> = held.items.iter().map(|item| item_text(item, language)).collect();
    if held.dropped > 0 {
        parts.insert(0, format!("… (+{})", held.dropped));
    }
    Some(format!("{}: {}", words::held(language), parts.join(" · ")))
}

fn item_text(item: &HeldItem, language: Language) -> String {
    let what = match &item.what {
        HeldNews::State { state } => state_words(language, *state).to_owned(),
        HeldNews::Recovered => words::recovered(language).to_owned(),
        HeldNews::Warned { message: None } => words::warned(language).to_owned(),
        HeldNews::Warned { message: Some(message) } => {
            format!("{} ({message})", words::warned(language))
        }
        HeldNews::Routine => words::routine(language).to_owned(),
    };
    format!("{} {what}", item.clock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{State, WatchState};

    #[test]
    fn what_was_held_back_reads_well_in_both_languages() {
        let item = |clock: &str, what| HeldItem { what, clock: clock.to_owned() };
        let completed = HeldNews::State { state: State::Watch(WatchState::Completed) };
        let warned = HeldNews::Warned { message: Some("92 % full".to_owned()) };
        let mut held = Held {
            items: vec![
                item("23:10", HeldNews::Routine),
                item("00:01", HeldNews::Recovered),
                item("01:30", HeldNews::Warned { message: None }),
                item("02:00", warned),
                item("07:59", completed),
            ],
            ..Held::default()
        };
        let text = |held: &Held, language| held_text(held, language).expect("something");
        assert_eq!(
            text(&held, Language::En),
            "held back in quiet hours: 23:10 routine progress · 00:01 recovered · 01:30 warning · \
             02:00 warning (92 % full) · 07:59 completed"
        );
        assert_eq!(
            text(&held, Language::Zh),
            "静默时段内: 23:10 例行进度 · 00:01 已恢复 · 01:30 警告 · 02:00 警告 (92 % full) · 07:59 已完成"
        );
        held.dropped = 3;
        assert!(text(&held, Language::En).starts_with("held back in quiet hours: … (+3) · 23:10"));
        assert_eq!(held_text(&Held::default(), Language::En), None);
    }
}
