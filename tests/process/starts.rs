//! Starts that fail, each with its own clear error, and the environment that children get.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use opsfsm::adapters::process::{Capture, ChildSpec};
use opsfsm::model::{End, SpawnFault};

use crate::support::{code, command, run, run_all, sh, sh_in, text};

fn refusal(spec: ChildSpec) -> (SpawnFault, String) {
    let end = run(spec).end;
    let End::NotStarted { fault, detail } = end else { panic!("started: {end:?}") };
    (fault, detail)
}

#[expect(clippy::unwrap_used, reason = "a test that can't write its files has failed")]
fn file(folder: &Path, name: &str, content: &str, mode: u32) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

fn check(spec: ChildSpec, fault: SpawnFault, named: &[&str]) {
    let (found, detail) = refusal(spec);
    assert_eq!(found, fault, "{detail}");
    for name in named {
        assert!(detail.contains(name), "{detail} names {name}");
    }
}

#[test]
fn a_missing_program_is_named() {
    check(command(&["/no/such/program"]), SpawnFault::NotFound, &["/no/such/program"]);
    check(command(&["nosuchprogram"]), SpawnFault::NotFound, &["nosuchprogram", "PATH"]);
    check(command(&[]), SpawnFault::NotFound, &["empty"]);
    check(command(&["/bin/sh/x"]), SpawnFault::NotFound, &["/bin/sh/x"]);
}

#[test]
fn a_file_that_is_not_executable_is_told_from_a_missing_one() {
    let folder = tempfile::tempdir().unwrap();
    let plain = file(folder.path(), "plain", "#!/bin/sh\n", 0o644);
    check(command(&[&plain]), SpawnFault::NotExecutable, &[&plain, "chmod +x"]);
    let shown = folder.path().display().to_string();
    check(command(&[&shown]), SpawnFault::NotExecutable, &[&shown, "folder"]);
    let mut bare = command(&["plain"]);
    bare.env.push(("PATH".into(), shown));
    check(bare, SpawnFault::NotExecutable, &[&plain]);
}

#[test]
fn a_text_without_a_first_line_is_a_bad_format_and_never_run_by_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let text = file(folder.path(), "text", "echo ran > ran\n", 0o755);
    let spec = ChildSpec { cwd: folder.path().to_owned(), ..command(&[&text]) };
    check(spec, SpawnFault::BadFormat, &[&text, "#!"]);
    assert!(!folder.path().join("ran").exists());
    let empty = file(folder.path(), "empty", "", 0o755);
    check(command(&[&empty]), SpawnFault::BadFormat, &[&empty]);
}

#[test]
fn a_missing_interpreter_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let script = file(folder.path(), "script", "#!/no/such/interpreter -x\n", 0o755);
    check(command(&[&script]), SpawnFault::NotFound, &[&script, "`/no/such/interpreter`"]);
}

#[test]
fn a_bad_folder_is_named_before_the_program_is_blamed() {
    let nowhere = |argv: &[&str]| ChildSpec { cwd: PathBuf::from("/no/cwd"), ..command(argv) };
    check(nowhere(&["true"]), SpawnFault::BadCwd, &["/no/cwd", "exist"]);
    check(nowhere(&["/no/program"]), SpawnFault::BadCwd, &["/no/cwd"]);
    check(nowhere(&["no/program"]), SpawnFault::BadCwd, &["/no/cwd"]);
    check(nowhere(&["nosuch"]), SpawnFault::BadCwd, &["/no/cwd"]);
    let no_folder = ChildSpec { cwd: PathBuf::from("/etc/passwd"), ..command(&["true"]) };
    check(no_folder, SpawnFault::BadCwd, &["/etc/passwd", "not a folder"]);
}

#[test]
fn too_long_a_command_is_told() {
    let long = "x".repeat(4 << 20);
    check(command(&["/bin/true", &long]), SpawnFault::TooLong, &["/bin/true"]);
}

#[test]
fn a_nul_byte_and_an_impossible_log_are_told() {
    check(command(&["/bin/true", "a\0b"]), SpawnFault::Other, &["/bin/true", "NUL"]);
    let capture = Capture::Log { path: PathBuf::from("/no/such/log") };
    let spec = ChildSpec { capture, ..sh("true") };
    check(spec, SpawnFault::Other, &["/no/such/log"]);
}

#[test]
fn a_relative_program_is_found_in_the_working_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("bin")).unwrap();
    file(&folder.path().join("bin"), "tool", "#!/bin/sh\npwd; echo $0 $1\n", 0o755);
    let spec = ChildSpec { cwd: folder.path().to_owned(), ..command(&["bin/tool", "a b"]) };
    let result = run(spec);
    let real = folder.path().canonicalize().unwrap();
    let script = folder.path().join("bin/tool");
    let expected = format!("{}\n{} a b\n", real.display(), script.display());
    assert_eq!((result.end, text(&result.stdout.bytes)), (code(0), expected));
}

#[test]
fn the_environment_is_inherited_and_added_to() {
    let mut spec = sh("echo $ADDED; [ -n \"$PATH\" ] && echo inherited");
    spec.env = vec![("ADDED".into(), "first".into()), ("ADDED".into(), "last".into())];
    assert_eq!(text(&run(spec).stdout.bytes), "last\ninherited\n");
}

#[test]
fn the_name_stays_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = sh_in(folder.path(), "");
    spec.argv = ["sh", "-c", "tr '\\0' ' ' < /proc/$$/cmdline"].map(str::to_owned).to_vec();
    assert!(text(&run(spec).stdout.bytes).starts_with("sh -c "));
}

#[test]
fn a_child_leads_its_own_group() {
    let result = run(sh("read a b c d group rest < /proc/self/stat; echo $group $$"));
    let shown = text(&result.stdout.bytes);
    let (group, pid) = shown.trim().split_once(' ').unwrap();
    assert_eq!(group, pid);
}

#[test]
fn no_child_gets_a_file_of_its_neighbours() {
    let results = run_all(&vec![command(&["ls", "/proc/self/fd"]); 60]);
    let first = &results[0].stdout;
    assert!(first.bytes.starts_with(b"0\n1\n"));
    assert!(results.iter().all(|result| result.stdout == *first));
}
