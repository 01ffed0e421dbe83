//! A text that is too long, in two.
//!
//! Invariant: nothing of the text is lost, no character is cut, and each half bears the foot.

/// The length that Telegram counts: UTF-16 units.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Both halves, cut at the line's end that is nearest to the middle, else between characters;
/// `None` for what has nothing to cut. `foot` is for a text that has none of its own.
pub(super) fn in_two(text: &str, foot: &str) -> Option<[String; 2]> {
    let (body, own) = text.rsplit_once('\n').unwrap_or(("", text));
    let (body, foot) = if is_foot(own, foot) { (body, own) } else { (text, foot) };
    let body = body.trim_end();
    let middle = body.len() / 2;
    let far = |at: &usize| at.abs_diff(middle);
    let lines = body.match_indices('\n').map(|(at, _)| at).filter(|at| *at > 0);
    // A line's end that leaves next to nothing in one half is worse than a cut line.
    let near = lines.min_by_key(far).filter(|at| far(at) <= body.len() / 4);
    let between = || body.char_indices().map(|(at, _)| at).filter(|at| *at > 0).min_by_key(far);
    let at = near.or_else(between)?;
    let (first, second) = body.split_at(at);
    let sealed = |half: &str| format!("{}\n\n{foot}", half.trim_matches('\n'));
    let halves = [sealed(first), sealed(second)];
    let shorter = halves.iter().all(|half| half.len() < text.len());
    shorter.then_some(halves)
}

/// Is this line `#id`, or `#id 1/2`? A later piece's own id is `id.2`; its foot shows the first's.
fn is_foot(line: &str, foot: &str) -> bool {
    let first = foot.split_once('.').map_or(foot, |(first, _)| first);
    let numbers = |nth: &str| {
        let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        nth.split_once('/').is_some_and(|(n, count)| is_number(n) && is_number(count))
    };
    let nth = || line.strip_prefix(first)?.strip_prefix(' ');
    line == foot || nth().is_some_and(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_keeps_its_number_at_the_foot_of_each_half_and_nowhere_else() {
        let (a, b) = ("a".repeat(20), "b".repeat(20));
        for (foot, own) in [("#id", "#id 1/2"), ("#id.2", "#id 2/2"), ("#id.12", "#id 12/12")] {
            let halves = in_two(&format!("{a}\n{b}\n\n{own}"), foot);
            assert_eq!(halves, Some([format!("{a}\n\n{own}"), format!("{b}\n\n{own}")]));
        }
        for no_foot in ["#id 1/", "#id of", "#idea 1/2"] {
            let [_, second] = in_two(&format!("{a}\n{b}\n{no_foot}"), "#id").expect("two");
            assert_eq!(second, format!("{b}\n{no_foot}\n\n#id"));
        }
    }

    #[test]
    fn halves_are_cut_between_lines_or_characters_and_bear_the_id() {
        let cut = |text: &str| in_two(text, "#id");
        let both = |a: &str, b: &str| Some([format!("{a}\n\n#id"), format!("{b}\n\n#id")]);
        let lines = "a".repeat(20) + "\n" + &"b".repeat(20) + "\n\n#id";
        assert_eq!(cut(&lines), both(&"a".repeat(20), &"b".repeat(20)));
        let lopsided = format!("a\n{}", "é🛠".repeat(10));
        let [first, second] = cut(&lopsided).expect("two");
        assert_eq!(first.replace("\n\n#id", "") + &second.replace("\n\n#id", ""), lopsided);
        assert_eq!(units("é🛠"), 3);
        for short in ["", "a", "ab", "#id", "é\n\n#id"] {
            assert_eq!(cut(short), None, "{short:?}");
        }
    }
}
