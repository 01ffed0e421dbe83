//! What well-known programs do: change something, or only read.
//!
//! In: a program and its arguments. Out: the words that are known to write, or to read.
//! Invariant: this is a net with holes, on purpose: what is unknown is neither. It goes by names
//! alone, and what it gives back is from its own tables, never from an argv.

use super::argv::{Inner, inner, is_short};

/// Programs that write whatever they are told.
const WRITERS: [&str; 24] = [
    "rm", "rmdir", "unlink", "shred", "mv", "truncate", "wipefs", "mkswap", "parted", "sfdisk",
    "reboot", "shutdown", "poweroff", "halt", "useradd", "usermod", "userdel", "groupadd",
    "groupdel", "passwd", "iptables", "nft", "mount", "umount",
];

/// Programs and those of their subcommands that write.
const WRITING_SUBCOMMANDS: &[(&str, &[&str])] = &[
    ("git", &["push", "commit", "reset", "clean", "rm", "merge", "rebase"]),
    (
        "kubectl",
        &[
            "apply",
            "delete",
            "create",
            "replace",
            "patch",
            "scale",
            "edit",
            "label",
            "annotate",
            "drain",
            "cordon",
            "uncordon",
            "taint",
            "expose",
            "autoscale",
            "set",
        ],
    ),
    (
        "rclone",
        &[
            "move",
            "moveto",
            "sync",
            "bisync",
            "delete",
            "deletefile",
            "purge",
            "copy",
            "copyto",
            "rmdir",
            "rmdirs",
            "cleanup",
            "dedupe",
        ],
    ),
    ("terraform", &["apply", "destroy", "import", "taint", "untaint"]),
    ("tofu", &["apply", "destroy", "import", "taint", "untaint"]),
    ("helm", &["install", "upgrade", "uninstall", "delete", "rollback"]),
    ("docker", &["rm", "rmi", "kill", "stop", "restart", "push", "prune"]),
    ("podman", &["rm", "rmi", "kill", "stop", "restart", "push", "prune"]),
    (
        "systemctl",
        &[
            "start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "kill",
            "reboot", "poweroff",
        ],
    ),
    ("apt", &["install", "remove", "purge", "upgrade", "full-upgrade", "autoremove"]),
    ("apt-get", &["install", "remove", "purge", "upgrade", "dist-upgrade", "autoremove"]),
    ("dnf", &["install", "remove", "upgrade", "autoremove"]),
    ("zfs", &["destroy", "rollback", "create", "rename", "set"]),
    ("restic", &["forget", "prune", "backup", "unlock"]),
];

/// Programs that only read, whatever they are told.
const READERS: [&str; 34] = [
    "ls",
    "cat",
    "df",
    "du",
    "stat",
    "head",
    "tail",
    "wc",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "ps",
    "uptime",
    "free",
    "who",
    "id",
    "uname",
    "sha256sum",
    "sha1sum",
    "md5sum",
    "cksum",
    "cmp",
    "diff",
    "file",
    "which",
    "readlink",
    "realpath",
    "test",
    "ping",
    "dig",
    "lsblk",
    "blkid",
    "pgrep",
];

/// Programs and those of their subcommands that only read.
const READING_SUBCOMMANDS: &[(&str, &[&str])] = &[
    ("git", &["status", "log", "diff", "show", "ls-remote", "ls-files", "rev-parse", "fsck"]),
    ("kubectl", &["get", "describe", "logs", "top", "version"]),
    ("rclone", &["ls", "lsl", "lsd", "lsf", "check", "size", "about"]),
    ("terraform", &["plan", "show", "validate", "output"]),
    ("tofu", &["plan", "show", "validate", "output"]),
    ("helm", &["list", "status", "history", "get"]),
    ("docker", &["ps", "logs", "images", "inspect", "stats"]),
    ("podman", &["ps", "logs", "images", "inspect", "stats"]),
    ("systemctl", &["status", "is-active", "is-enabled", "list-units", "show"]),
    ("restic", &["snapshots", "check", "stats", "ls"]),
];

/// Flags of those programs that take the next word, so that it is no subcommand.
const FLAGS_WITH_WORD: [&str; 14] = [
    "-C",
    "-c",
    "-n",
    "--namespace",
    "--context",
    "--kubeconfig",
    "--config",
    "-H",
    "--host",
    "-r",
    "--repo",
    "--git-dir",
    "--work-tree",
    "-chdir",
];

/// Words that begin a statement of SQL that changes something.
const SQL_WRITES: [&str; 13] = [
    "INSERT", "UPDATE", "DELETE", "DROP", "TRUNCATE", "ALTER", "CREATE", "GRANT", "REVOKE",
    "REPLACE", "MERGE", "VACUUM", "REINDEX",
];

/// What of a command looks like a write, in words from the tables; `None` where nothing does.
pub(super) fn writing(command: Inner<'_>) -> Option<String> {
    let Inner { name, args, .. } = command;
    if is_rehearsed(command) {
        return None;
    }
    if let Some(writer) = WRITERS.iter().find(|writer| **writer == name) {
        return Some(format!("`{writer}`"));
    }
    if let Some(found) = subcommand(command, WRITING_SUBCOMMANDS) {
        return Some(found);
    }
    let any = |test: &dyn Fn(&str) -> bool| args.iter().any(|word| test(word));
    let said = |found: bool, words: &str| found.then(|| words.to_owned());
    match name {
        "dd" => said(any(&|w| w.starts_with("of=") && w != "of=/dev/null"), "`dd of=…`"),
        "rsync" => said(
            any(&|w| w.starts_with("--delete") || w == "--del" || w == "--remove-source-files"),
            "`rsync --delete`",
        ),
        "sed" => {
            said(any(&|w| is_short(w, 'i') || w.starts_with("--in-place")), "`sed --in-place`")
        }
        "find" => finding(args),
        "curl" => curl(args),
        "wget" => said(
            any(&|w| {
                ["--post-data", "--post-file", "--body-data", "--body-file"]
                    .iter()
                    .any(|flag| w.starts_with(flag))
                    || w.strip_prefix("--method=").is_some_and(is_changing_method)
            }),
            "`wget` with a request that changes something",
        ),
        "psql" | "mysql" | "mariadb" | "sqlite3" | "duckdb" => {
            args.iter().find_map(|word| sql(word)).map(|verb| format!("`{verb}` in SQL"))
        }
        "aws" => aws(args),
        _ if name.starts_with("mkfs") => Some("`mkfs`".to_owned()),
        _ => None,
    }
}

/// Is it known to do nothing but read?
pub(super) fn only_reads(command: Inner<'_>) -> bool {
    if writing(command).is_some() {
        return false;
    }
    READERS.contains(&command.name) || subcommand(command, READING_SUBCOMMANDS).is_some()
}

/// Does it only say what it would do?
fn is_rehearsed(Inner { name, args, .. }: Inner<'_>) -> bool {
    let short = ["rsync", "rclone", "git"].contains(&name);
    args.iter().any(|word| match word.strip_prefix("--dry") {
        Some(rest) => matches!(rest, "-run" | "run" | "-run=client" | "-run=server" | "-run=true"),
        None => short && is_short(word, 'n'),
    })
}

/// The first subcommand of a program, if it stands in the table. Those with a group before them
/// (`docker system prune`) are found behind it.
fn subcommand(
    Inner { name, args, .. }: Inner<'_>,
    table: &[(&'static str, &[&'static str])],
) -> Option<String> {
    let (program, known) = table.iter().find(|(program, _)| *program == name)?;
    let mut positional = Vec::new();
    let mut words = args.iter();
    while let (Some(word), true) = (words.next(), positional.len() < 2) {
        if FLAGS_WITH_WORD.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            positional.push(word.as_str());
        }
    }
    let groups = ["system", "image", "volume", "container", "network", "builder", "rollout"];
    let at = usize::from(positional.first().is_some_and(|word| groups.contains(word)));
    let found = known.iter().find(|word| positional.get(at) == Some(*word))?;
    Some(format!("`{program} {found}`"))
}

fn finding(args: &[String]) -> Option<String> {
    if args.iter().any(|word| word == "-delete") {
        return Some("`find -delete`".to_owned());
    }
    let at = args.iter().position(|w| ["-exec", "-execdir", "-ok"].contains(&w.as_str()))?;
    let run = inner(args.get(at + 1..)?);
    // One step only: a command inside a command inside a command is nobody's way to hide.
    if run.name == "find" { None } else { writing(run) }
}

fn curl(args: &[String]) -> Option<String> {
    const SENDS: [&str; 4] = ["--data", "--json", "--form", "--upload-file"];
    let mut is_get = false;
    let mut sends = false;
    let mut changes = false;
    for (at, word) in args.iter().enumerate() {
        let next = args.get(at + 1).map_or("", String::as_str);
        if word == "--get" || word == "-G" {
            is_get = true;
        } else if word == "--request" {
            changes |= is_changing_method(next);
        } else if let Some(method) = word.strip_prefix("--request=") {
            changes |= is_changing_method(method);
        } else if SENDS.iter().any(|flag| word.starts_with(flag)) {
            sends = true;
        } else if let Some(letters) = word.strip_prefix('-').filter(|w| !w.starts_with('-')) {
            // A cluster ends at the first flag that takes a word; what follows is that word.
            let takes = |c: char| "XdFTHoAuebcCmrKyYzwxEQPtUD".contains(c);
            let end = letters.find(takes);
            let (flag, rest) = end.map_or((' ', ""), |end| {
                (letters[end..].chars().next().unwrap_or(' '), &letters[end + 1..])
            });
            is_get |= letters[..end.unwrap_or(letters.len())].contains('G');
            sends |= ['d', 'F', 'T'].contains(&flag);
            changes |= flag == 'X' && is_changing_method(if rest.is_empty() { next } else { rest });
        }
    }
    let found = changes || (sends && !is_get);
    found.then(|| "`curl` with a request that changes something".to_owned())
}

fn is_changing_method(method: &str) -> bool {
    !["GET", "HEAD", "OPTIONS", "PROPFIND", ""].contains(&method.to_uppercase().as_str())
}

/// The first word of a statement that changes something.
fn sql(text: &str) -> Option<&'static str> {
    // `--command=UPDATE …` has its statement in the same word.
    let text =
        text.split_once('=').filter(|(flag, _)| flag.starts_with("--")).map_or(text, |s| s.1);
    text.split(';').find_map(|statement| {
        let mut words = statement.split_whitespace();
        let first = words.next()?.to_uppercase();
        // A bare word is a database's name.
        words.next()?;
        SQL_WRITES.iter().copied().find(|verb| *verb == first)
    })
}

fn aws(args: &[String]) -> Option<String> {
    const PREFIXES: [&str; 7] =
        ["delete-", "put-", "create-", "update-", "terminate-", "stop-", "modify-"];
    let mut words = args.iter().filter(|word| !word.starts_with('-')).map(String::as_str);
    let (service, verb) = (words.next()?, words.next()?);
    if service == "s3" {
        let known = ["rm", "mv", "sync", "cp", "rb", "mb"].into_iter().find(|v| *v == verb)?;
        return Some(format!("`aws s3 {known}`"));
    }
    let prefix = PREFIXES.into_iter().find(|prefix| verb.starts_with(prefix))?;
    Some(format!("`aws … {prefix}…`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split('|').map(|word| word.trim().to_owned()).collect()
    }

    #[test]
    fn what_changes_something_is_known() {
        for (line, said) in [
            ("/bin/rm | -rf | x", "`rm`"),
            ("sudo | -n | mv | a | b", "`mv`"),
            ("dd | if=/dev/zero | of=/dev/sda", "`dd of=…`"),
            ("rsync | -a | --delete-after | a | b", "`rsync --delete`"),
            ("rclone | --config | /etc/r.conf | sync | a: | b:", "`rclone sync`"),
            ("kubectl | -n | prod | delete | pod | x", "`kubectl delete`"),
            ("git | -C | /srv | push | origin", "`git push`"),
            ("terraform | -chdir=/srv | apply", "`terraform apply`"),
            ("docker | system | prune | -f", "`docker prune`"),
            ("curl | -sSXPOST | https://h", "`curl` with a request that changes something"),
            ("curl | -X | put | https://h", "`curl` with a request that changes something"),
            ("curl | -sd | a=b | https://h", "`curl` with a request that changes something"),
            (
                "curl | --data-binary | @x | https://h",
                "`curl` with a request that changes something",
            ),
            ("wget | --method=DELETE | https://h", "`wget` with a request that changes something"),
            ("psql | -c | select 1; update t set x = 1", "`UPDATE` in SQL"),
            ("psql | --command=DELETE FROM t", "`DELETE` in SQL"),
            ("find | . | -name | *.tmp | -delete", "`find -delete`"),
            ("find | . | -exec | /bin/rm | {} | ;", "`rm`"),
            ("xargs | -n | 1 | rm", "`rm`"),
            ("sed | -i | s/a/b/ | f", "`sed --in-place`"),
            ("aws | s3 | rm | s3://b", "`aws s3 rm`"),
            ("aws | ec2 | terminate-instances", "`aws … terminate-…`"),
            ("mkfs.ext4 | /dev/sda", "`mkfs`"),
        ] {
            let line = words(line);
            assert_eq!(writing(inner(&line)).as_deref(), Some(said), "{line:?}");
            assert!(!only_reads(inner(&line)), "{line:?}");
        }
    }

    #[test]
    fn what_only_reads_or_is_unknown_is_no_write() {
        for line in [
            "ls | rm",
            "dd | if=/dev/sda | of=/dev/null",
            "rsync | -a | a | b",
            "rsync | -avn | --delete | a | b",
            "rclone | sync | --dry-run | a: | b:",
            "kubectl | apply | --dry-run=server | -f | x",
            "kubectl | get | -n | delete | pods",
            "git | log | push",
            "terraform | plan",
            "curl | -sS | -o | /dev/null | https://h",
            "curl | -G | -d | q=x | https://h",
            "curl | -XGET | https://h",
            "curl | -Hdata: x | https://h",
            "psql | -c | select * from update",
            "psql | update",
            "find | . | -exec | cat | {} | ;",
            "/opt/own/rm-or-not",
            "sed | s/i/j/",
        ] {
            let line = words(line);
            assert_eq!(writing(inner(&line)), None, "{line:?}");
        }
    }

    #[test]
    fn readers_are_known_and_the_unknown_is_no_reader() {
        for (line, reads) in [
            ("df | -h", true),
            ("sudo | cat | x", true),
            ("git | status", true),
            ("docker | image | inspect | x", true),
            ("git | push | --dry-run", false),
            ("/opt/own/prune", false),
            ("true", false),
        ] {
            let line = words(line);
            assert_eq!(only_reads(inner(&line)), reads, "{line:?}");
        }
    }
}
