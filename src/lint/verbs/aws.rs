//! `aws SERVICE VERB`.

/// Beginnings of verbs that change something.
const PREFIXES: [&str; 13] = [
    "delete-",
    "put-",
    "create-",
    "update-",
    "terminate-",
    "stop-",
    "modify-",
    "remove-",
    "reboot-",
    "revoke-",
    "detach-",
    "deregister-",
    "purge-",
];

/// Flags before the service that take a word.
const FLAGS_WITH_WORD: [&str; 10] = [
    "--profile",
    "--region",
    "--output",
    "--query",
    "--endpoint-url",
    "--ca-bundle",
    "--cli-read-timeout",
    "--cli-connect-timeout",
    "--color",
    "--cli-binary-format",
];

pub(super) fn aws(args: &[String]) -> Option<String> {
    let mut words = args.iter();
    let mut next = || {
        while let Some(word) = words.next() {
            if FLAGS_WITH_WORD.contains(&word.as_str()) {
                words.next();
            } else if !word.starts_with('-') {
                return Some(word.as_str());
            }
        }
        None
    };
    let (service, verb) = (next()?, next()?);
    if service == "s3" {
        let known = ["rm", "mv", "rb", "mb"].into_iter().find(|v| *v == verb);
        let deletes = verb == "sync" && args.iter().any(|word| word == "--delete");
        return known
            .map(|known| format!("`aws s3 {known}`"))
            .or_else(|| deletes.then(|| "`aws s3 sync --delete`".to_owned()));
    }
    let prefix = PREFIXES.into_iter().find(|prefix| verb.starts_with(prefix))?;
    Some(format!("`aws … {prefix}…`"))
}
