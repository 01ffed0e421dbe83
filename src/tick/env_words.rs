//! What `env` is told to start.
//!
//! In: the words after its name. Out: the program, and what follows it.
//! Invariant: where options change how that program is looked up, or a text would have to be read
//! as env reads quotes, nothing is guessed.

use std::collections::VecDeque;

/// The program that env would look up along the PATH it was given; `None`: that can't be told.
pub(super) fn program_of_env(words: &[String]) -> Option<(String, Vec<String>)> {
    let mut words: VecDeque<String> = words.iter().cloned().collect();
    let mut options = true;
    while let Some(word) = words.pop_front() {
        let option = word.strip_prefix('-').filter(|_| options);
        match (option, word.split_once('=')) {
            (Some("-"), _) => options = false,
            (Some(long), _) if long.starts_with('-') => long_option(&long[1..], &mut words)?,
            (Some(letters), _) => letters_of(letters, &mut words)?,
            // It would look its program up along another PATH.
            (None, Some(("PATH", _))) => return None,
            (None, Some(_)) => options = false,
            (None, None) => return Some((word, words.into())),
        }
    }
    None
}

fn long_option(text: &str, words: &mut VecDeque<String>) -> Option<()> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    match name {
        "debug" if value.is_none() => Some(()),
        "unset" => unset(&value.or_else(|| words.pop_front())?),
        "split-string" => split(&value.or_else(|| words.pop_front())?, words),
        _ => None,
    }
}

/// One-letter options in one word; `-` alone, as `-i`, leaves no PATH.
fn letters_of(letters: &str, words: &mut VecDeque<String>) -> Option<()> {
    let mut rest = letters.chars();
    let (letter, rest) = (rest.next()?, rest.as_str());
    let value = |words: &mut VecDeque<String>| {
        if rest.is_empty() { words.pop_front() } else { Some(rest.to_owned()) }
    };
    match letter {
        'v' if rest.is_empty() => Some(()),
        'v' => letters_of(rest, words),
        'u' => unset(&value(words)?),
        'S' => split(&value(words)?, words),
        _ => None,
    }
}

fn unset(name: &str) -> Option<()> {
    (name != "PATH").then_some(())
}

fn split(text: &str, words: &mut VecDeque<String>) -> Option<()> {
    if text.contains(['\'', '"', '\\', '$', '#']) {
        return None;
    }
    for word in text.split_whitespace().rev() {
        words.push_front(word.to_owned());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::program_of_env;

    #[test]
    fn the_program_is_found_behind_options_and_assignments() {
        for (told, found) in [
            ("sh x", "sh|x"),
            ("-S|sh", "sh"),
            ("-S A=1 sh -e|script", "sh|-e|script"),
            ("-vS sh|script", "sh|script"),
            ("-Ssh", "sh"),
            ("--split-string=sh -x", "sh|-x"),
            ("--split-string|sh", "sh"),
            ("-u|FOO|--unset|BAR|--unset=BAZ|-uX|A=1|sh", "sh"),
            ("--|A=1|sh|B=2", "sh|B=2"),
            ("-v|--debug|sh", "sh"),
            ("A=1|-x", "-x"),
        ] {
            let words: Vec<String> = told.split('|').map(str::to_owned).collect();
            let told_as = if told == "sh x" { "sh x" } else { found };
            let program = program_of_env(&words).map(|(name, rest)| [vec![name], rest].concat());
            assert_eq!(program.map(|words| words.join("|")).as_deref(), Some(told_as), "{told}");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for told in [
            "",
            "A=1",
            "-i|sh",
            "-|sh",
            "-iu|X|sh",
            "PATH=/x|sh",
            "-u|PATH|sh",
            "-uPATH|sh",
            "--unset=PATH|sh",
            "-C|/|sh",
            "--chdir=/|sh",
            "-S 'a b'",
            "-S a\\_b",
            "-S ${X}",
            "-0|sh",
            "-P|/x|sh",
            "-a|x|sh",
            "--ignore-environment|sh",
            "-u",
            "-S",
            "--debug=1|sh",
            "-é|sh",
        ] {
            let words: Vec<String> =
                told.split('|').filter(|w| !w.is_empty()).map(str::to_owned).collect();
            assert_eq!(program_of_env(&words), None, "{told}");
        }
    }
}
