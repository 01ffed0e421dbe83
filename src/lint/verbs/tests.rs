//! What is known of programs, by example.

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
        ("docker | system | prune | -f", "`docker system prune`"),
        ("curl | -sSXPOST | https://h", "`curl` with a request that changes something"),
        ("curl | -X | put | https://h", "`curl` with a request that changes something"),
        ("curl | -sd | a=b | https://h", "`curl` with a request that changes something"),
        ("curl | --data-binary | @x | https://h", "`curl` with a request that changes something"),
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
        ("kubectl | rollout | status | x", true),
        ("kubectl | --as | x | get | pods", true),
        ("git | push | --dry-run", false),
        ("/opt/own/prune", false),
        ("true", false),
    ] {
        let line = words(line);
        assert_eq!(only_reads(inner(&line)), reads, "{line:?}");
    }
}

#[test]
fn a_write_behind_unknown_flags_and_in_other_spellings_is_known() {
    for (line, said) in [
        ("aws | --profile | prod | s3 | rm | s3://b/x", "`aws s3 rm`"),
        ("aws | --region | eu | ec2 | terminate-instances", "`aws … terminate-…`"),
        ("aws | s3 | sync | a | s3://b | --delete", "`aws s3 sync --delete`"),
        ("restic | --repo | R | --password-file | F | forget | --prune", "`restic forget`"),
        ("rclone | --log-file | L | sync | a: | b:", "`rclone sync`"),
        ("rclone | --transfers | 4 | sync | a: | b:", "`rclone sync`"),
        ("kubectl | --as | x | delete | pod | y", "`kubectl delete`"),
        ("kubectl | -l | app=x | delete | pods", "`kubectl delete`"),
        ("kubectl | rollout | -n | p | restart | deploy/x", "`kubectl rollout restart`"),
        ("helm | --kube-context | x | uninstall | y", "`helm uninstall`"),
        ("apt-get | -o | A=b | -y | upgrade", "`apt-get upgrade`"),
        ("git | commit | -nm | msg", "`git commit`"),
        ("git | commit | -anm | msg", "`git commit`"),
        ("docker | compose | -f | x.yml | down", "`docker compose down`"),
        ("terraform | state | rm | x", "`terraform state rm`"),
        ("yum | update | -y", "`yum update`"),
        ("service | nginx | restart", "`service … restart`"),
        ("flock | -n | /run/l | rm | -rf | x", "`rm`"),
        ("env | -S | rm -rf x", "`rm`"),
        ("env | -Srm -rf x", "`rm`"),
        ("ssh | h | rm -rf /x", "`rm`"),
        ("docker | exec | c | rm | x", "`rm`"),
        ("find | . | -exec | grep | -l | a | {} | ; | -exec | rm | {} | ;", "`rm`"),
        ("find | . | -okdir | rm | {} | ;", "`rm`"),
        ("mysql | -eDELETE FROM t | db", "`DELETE` in SQL"),
        ("psql | -c | /* c */ DELETE FROM t", "`DELETE` in SQL"),
        ("psql | -c | WITH x AS (SELECT 1) DELETE FROM t", "`DELETE` in SQL"),
        ("sqlite3 | db | VACUUM", "`VACUUM` in SQL"),
        ("curl | -XPUT | https://h | -G", "`curl` with a request that changes something"),
        ("chmod | 777 | x", "`chmod`"),
        ("kill | 1", "`kill`"),
        ("crontab | -r", "`crontab`"),
        ("tee | /x", "`tee`"),
        ("iptables | -t | nat | -F", "`iptables`"),
        ("mount | /dev/sda1 | /mnt", "`mount`"),
        ("mount | -a", "`mount`"),
        ("wipefs | -af | /dev/sda", "`wipefs --all`"),
        ("sfdisk | /dev/sda", "`sfdisk`"),
        ("parted | -s | /dev/sda | mklabel | gpt", "`parted mklabel`"),
        ("nft | flush | ruleset", "`nft flush`"),
        ("sed | -ni | s/a/b/p | f", "`sed --in-place`"),
        ("zfs | destroy | -r | p@s", "`zfs destroy`"),
    ] {
        let line = words(line);
        assert_eq!(writing(inner(&line)).as_deref(), Some(said), "{line:?}");
    }
}

#[test]
fn what_only_lists_rehearses_or_copies_is_no_write() {
    for line in [
        "iptables | -L | -n",
        "iptables | -t | FILTER | -nvL",
        "nft | list | ruleset",
        "parted | -l",
        "parted | /dev/sda | print",
        "sfdisk | -d | /dev/sda",
        "mount",
        "mount | -t | ext4",
        "passwd | -S | root",
        "wipefs | /dev/sda",
        "apt-get | -s | upgrade",
        "zfs | destroy | -n | p@s",
        "restic | forget | -n | --keep-last | 3",
        "dd | if=/a | of=/dev/stdout",
        "curl | -XGET | https://h/_search | -d | {}",
        "curl | -X | GET | --data | @q | https://h",
        "sed | -n | -es/in/out/p | f",
        "aws | s3 | cp | s3://a/x | -",
        "aws | s3 | sync | s3://a | /b",
        "rm | --help",
        "kubectl | delete | --help",
        "rclone | copy | r:a | /b",
        "rsync | -a | /a | /b",
        "rsync | -e | ssh | -a | /a | h:/b",
        "cp | -r | /a | /b",
        "restic | backup | /srv",
        "kubectl | rollout | status | deploy/x",
        "kubectl | get | pods | delete",
        "git | stash | push",
        "kill | -0 | 12",
        "crontab | -l",
        "sqlite3 | VACUUM",
        "psql | -c | WITH x AS (SELECT 1) SELECT * FROM x",
        "sysctl | -a",
        "env | -S | df -h",
        "ssh | h | df -h",
    ] {
        let line = words(line);
        assert_eq!(writing(inner(&line)), None, "{line:?}");
    }
}
