//! Programs that send requests: `curl`, `wget`.

/// Flags of `curl` that send a body.
const SENDS: [&str; 4] = ["--data", "--json", "--form", "--upload-file"];

/// Letters of `curl` that take a word.
const TAKES: &str = "XdFTHoAuebcCmrKyYzwxEQPtUD";

/// What a command line of `curl` says about its request.
#[derive(Default)]
struct Request<'a> {
    is_get: bool,
    sends: bool,
    /// The last one counts.
    method: Option<&'a str>,
}

pub(super) fn curl(args: &[String]) -> Option<String> {
    let mut request = Request::default();
    for (at, word) in args.iter().enumerate() {
        let next = args.get(at + 1).map_or("", String::as_str);
        if word == "--get" {
            request.is_get = true;
        } else if word == "--request" {
            request.method = Some(next);
        } else if let Some(method) = word.strip_prefix("--request=") {
            request.method = Some(method);
        } else if SENDS.iter().any(|flag| word.starts_with(flag)) {
            request.sends = true;
        } else if let Some(letters) = word.strip_prefix('-').filter(|w| !w.starts_with('-')) {
            request.read_letters(letters, next);
        }
    }
    // A method that is asked for is sent, with a body or without one.
    let changes = match request.method {
        Some(method) => is_changing_method(method),
        None => request.sends && !request.is_get,
    };
    changes.then(|| "`curl` with a request that changes something".to_owned())
}

impl<'a> Request<'a> {
    /// A cluster of flags ends at the first one that takes a word; what follows is that word.
    fn read_letters(&mut self, letters: &'a str, next: &'a str) {
        let end = letters.find(|c| TAKES.contains(c));
        self.is_get |= letters[..end.unwrap_or(letters.len())].contains('G');
        let Some(end) = end else { return };
        let (flag, rest) = letters[end..].split_at(1);
        self.sends |= ["d", "F", "T"].contains(&flag);
        if flag == "X" {
            self.method = Some(if rest.is_empty() { next } else { rest });
        }
    }
}

pub(super) fn wget(args: &[String]) -> Option<String> {
    let sends = ["--post-data", "--post-file", "--body-data", "--body-file"];
    let changes = |word: &String| {
        sends.iter().any(|flag| word.starts_with(flag))
            || word.strip_prefix("--method=").is_some_and(is_changing_method)
    };
    let said = args.iter().any(changes);
    said.then(|| "`wget` with a request that changes something".to_owned())
}

fn is_changing_method(method: &str) -> bool {
    !["GET", "HEAD", "OPTIONS", "PROPFIND", ""].contains(&method.to_uppercase().as_str())
}
