//! Completions and manual pages, tried by those who read them, where they are installed.

use super::support::{Sandbox, has, lacks};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

#[test]
fn each_shell_has_completions_without_what_is_hidden_and_without_a_config() {
    let sandbox = Sandbox::new();
    for shell in SHELLS {
        let script = sandbox.ok(&["completions", shell]);
        has(&script, &["opsfsm", "explain", "textfile"]);
        lacks(&script, &["__exec", "__sandbox", "allow-risk"]);
    }
    assert!(!sandbox.has_store());
    sandbox.run(&["completions", "tcsh"]).exits(2).says("bash");
}

/// The shell's own look at the syntax, where that shell is.
#[test]
fn shells_take_their_scripts() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let file =
            sandbox.write(&format!("data/script.{shell}"), sandbox.ok(&["completions", shell]));
        let script =
            format!("command -v {shell} > /dev/null || exit 77; {shell} -n '{}'", file.display());
        let ran = sandbox.shell(&script).run();
        assert!(ran.code == 77 || (ran.code, ran.err.as_str()) == (0, ""), "{ran:?}");
    }
}

/// What a real bash proposes after these words.
fn proposed(sandbox: &Sandbox, words: &[&str]) -> String {
    let file = sandbox.write("data/opsfsm.bash", sandbox.ok(&["completions", "bash"]));
    let list = words.iter().map(|w| format!("'{w}'")).collect::<Vec<_>>().join(" ");
    let (word, before) = (words[words.len() - 1], words[words.len() - 2]);
    let script = format!(
        "command -v bash > /dev/null || exit 77; exec bash --norc -c '. \"$0\"; COMP_WORDS=(\"$@\"); \
         COMP_CWORD=$(($# - 1)); _opsfsm opsfsm \"{word}\" \"{before}\"; printf \"%s\\n\" \"${{COMPREPLY[@]}}\"' \
         '{}' {list}",
        file.display()
    );
    let ran = sandbox.shell(&script).run();
    if ran.code == 77 { "(no bash)".to_owned() } else { ran.exits(0).out.clone() }
}

#[test]
fn a_real_bash_completes_commands_flags_and_values() {
    let sandbox = Sandbox::new();
    for (words, wanted) in [
        (&["opsfsm", "expl"][..], "explain\n"),
        (&["opsfsm", "tick", "--no"], "--no-reply\n--now\n"),
        (&["opsfsm", "graph", "--format", "m"], "mermaid\n"),
        (&["opsfsm", "config", "ex"], "explain\n"),
        (&["opsfsm", "__"], "\n"),
    ] {
        let found = proposed(&sandbox, words);
        if found == "(no bash)" {
            return;
        }
        let mut lines: Vec<&str> = found.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines.join("\n") + "\n", wanted, "{words:?}");
    }
}

#[test]
fn there_is_a_page_for_each_command_and_groff_has_nothing_to_say() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("data");
    sandbox.ok(&["man", "--dir", folder.to_str().unwrap()]);
    let page = sandbox.ok(&["man"]);
    has(&page, &[".TH opsfsm 1", ".SH NAME", "opsfsm\\-explain(1)", ".SH EXAMPLES\n.nf\n"]);
    lacks(&page, &["__exec", "__sandbox"]);
    let pages: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    let listed = page.matches("(1)\n").count();
    // The first page, one for each command that it lists, and one for each command of those.
    assert!(pages.len() > listed && listed > 25, "{} {listed}", pages.len());
    assert!(folder.join("opsfsm-config-explain.1").is_file());
    let script = "command -v groff > /dev/null || exit 77; cd \"$0\"; groff -k -man -ww -Tutf8 *.1 2>&1 > /dev/null";
    let ran = sandbox.call_program("/bin/sh", &["-c", script, folder.to_str().unwrap()]).run();
    assert!(ran.code == 77 || (ran.code, ran.out.as_str()) == (0, ""), "{ran:?}");
    sandbox.run(&["man", "--dir", "/no/such/folder"]).exits(3).says("can't be written");
}
