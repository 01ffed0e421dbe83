//! The system calls of one tick, by strace.

use std::fs;
use std::process::Command;

use crate::support::{PROGRAM, Site, code, has_program, output_of, said, skip};

/// Is there a strace that may trace here?
pub(crate) fn can_strace() -> bool {
    let tried = has_program("strace")
        && output_of(Command::new("strace").args(["-qq", "-o", "/dev/null", "/bin/true"]))
            .status
            .success();
    if !tried {
        skip("counts: no strace, or tracing is not allowed here");
    }
    tried
}

/// A site with so many watched jobs, adopted and ticked once, whose status command is `argv`; FILE
/// in it is a status of all of them.
pub(crate) fn watching(jobs: usize, argv: &str) -> Site {
    let site = Site::new();
    let file = site.folder().join("status.json");
    let argv = argv.replace("FILE", &file.display().to_string());
    let job = |i: usize| {
        format!(
            "[[jobs]]\nid = \"job-{i:03}\"\nkind = \"long_running_read\"\nrisk = \"read_only\"\n\
             enabled = true\ncwd = \"/\"\ncommands.start = [\"/bin/true\"]\n\
             commands.status = {argv}\n"
        )
    };
    let jobs: String = (0..jobs).map(job).collect();
    fs::write(site.folder().join("opsfsm.toml"), format!("version = 1\n{jobs}")).unwrap();
    progress(&site, 1);
    for words in [&["adopt"][..], &["tick"]] {
        let output = site.run(words);
        assert_eq!(code(&output), 0, "{}", said(&output));
    }
    site
}

/// Moves every job.
pub(crate) fn progress(site: &Site, n: u32) {
    let status = format!(r#"{{"running":true,"completed":false,"progress":{{"n":{n}}}}}"#);
    fs::write(site.folder().join("status.json"), status).unwrap();
}

/// Runs a tick, after the shell words `setup`, and gives its calls of these names, those of its
/// threads and children too. A call that another one interrupted stands there in two pieces.
pub(crate) fn traced_tick(site: &Site, setup: &str, calls: &str) -> Vec<String> {
    let log = site.folder().join("trace");
    let mut command = Command::new("/bin/sh");
    let script = format!("{setup} exec strace -f -qq -o trace -e trace={calls} \"$@\"");
    command.args(["-c", &script, "sh", PROGRAM, "tick", "--config-file", "opsfsm.toml"]);
    command.arg("--state-file").arg(&site.store);
    site.surround(&mut command);
    let output = output_of(&mut command);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = fs::read_to_string(log).unwrap();
    let call = |line: &&str| !line.contains(" resumed>") && !line.contains(" --- SIG");
    text.lines().filter(call).map(str::to_owned).collect()
}
