//! Programs of a host that write, or only tell, as their flags say.

use crate::lint::argv::in_cluster;

/// What of such a program writes; `None` too where it is none of them.
pub(super) fn writing_flags(name: &str, args: &[String]) -> Option<&'static str> {
    let any = |test: &dyn Fn(&str) -> bool| args.iter().any(|word| test(word));
    let has = |words: &[&str]| any(&|word| words.contains(&word));
    let positional = || any(&|word| !word.starts_with('-'));
    let found = match name {
        "iptables" | "ip6tables" => (any(&is_table_change), "`iptables`"),
        "sfdisk" => {
            let lists = ["-d", "--dump", "-l", "--list", "-J", "--json", "-s", "--show-size"];
            let tells = ["-V", "--verify", "-F", "--list-free", "-T", "--list-types", "-g"];
            (!has(&lists) && !has(&tells), "`sfdisk`")
        }
        "wipefs" => {
            let wipes = |word: &str| in_cluster(word, 'a', "ot") || in_cluster(word, 'o', "ot");
            (any(&wipes) || has(&["--all", "--offset"]), "`wipefs --all`")
        }
        "mount" => (mounts(args), "`mount`"),
        "passwd" => {
            let tells = |word: &str| in_cluster(word, 'S', "") || word == "--status";
            (!any(&tells), "`passwd`")
        }
        "nft" => (has(&["-f", "--file"]), "`nft --file`"),
        "kill" | "pkill" | "killall" => {
            let tells = ["-0", "-l", "-L", "--list"];
            (positional() && !has(&tells), "`kill`")
        }
        "crontab" => (
            any(&|word| in_cluster(word, 'r', "u")) || after_flags(args, &["-u"]).is_some(),
            "`crontab`",
        ),
        "sysctl" => (
            any(&|word| in_cluster(word, 'w', "p") || word == "--write" || word == "--system"),
            "`sysctl --write`",
        ),
        "tee" => (any(&|word| !word.starts_with('-') && !word.starts_with("/dev/")), "`tee`"),
        "tar" => (has(&["--remove-files"]), "`tar --remove-files`"),
        "dd" => (any(&|word| word.strip_prefix("of=").is_some_and(is_kept)), "`dd of=…`"),
        "rsync" => {
            let deletes = |word: &str| {
                word.starts_with("--delete") || word == "--del" || word == "--remove-source-files"
            };
            (any(&deletes), "`rsync --delete`")
        }
        "sed" => {
            let edits = |word: &str| in_cluster(word, 'i', "efl") || word.starts_with("--in-place");
            (any(&edits), "`sed --in-place`")
        }
        _ => (name.starts_with("mkfs"), "`mkfs`"),
    };
    found.0.then_some(found.1)
}

/// Is this a file whose content stays?
fn is_kept(path: &str) -> bool {
    !["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/1"].contains(&path)
}

fn is_table_change(word: &str) -> bool {
    let long = [
        "--append",
        "--delete",
        "--insert",
        "--replace",
        "--flush",
        "--zero",
        "--new-chain",
        "--delete-chain",
        "--policy",
        "--rename-chain",
    ];
    let commands = "ADIRFZNXPE";
    long.contains(&word) || commands.chars().any(|c| in_cluster(word, c, "tpsdijm"))
}

/// Without a place `mount` lists what is mounted.
fn mounts(args: &[String]) -> bool {
    let all = |word: &String| in_cluster(word, 'a', "toOL") || word == "--all";
    let takes = ["-t", "--types", "-O", "--test-opts"];
    args.iter().any(all) || after_flags(args, &takes).is_some()
}

/// The first word that is no flag, and not what one takes.
fn after_flags<'a>(args: &'a [String], takes: &[&str]) -> Option<&'a str> {
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if takes.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') || word == "-" {
            return Some(word);
        }
    }
    None
}
