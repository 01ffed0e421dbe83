//! A config of so many jobs, its store, and the three ways to ask those jobs.

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tools::Tools;

/// How the jobs of a site say how they are.
pub(crate) enum Source<'a> {
    /// By `cat FILE`, all of the same file.
    Cat,
    /// By a program and its arguments, then the file.
    Program(&'a [String]),
    /// By a file each, which opsfsm reads itself. The other ways `cat` them.
    Files,
}

/// A folder with everything in it.
pub(crate) struct Site<'a> {
    tools: &'a Tools,
    folder: PathBuf,
    jobs: usize,
    argv: Vec<String>,
    files: Vec<PathBuf>,
    moved: Cell<u32>,
}

impl<'a> Site<'a> {
    /// A site in a folder of its own, adopted and ticked once.
    pub(crate) fn new(tools: &'a Tools, name: &str, jobs: usize, source: &Source<'_>) -> Self {
        let folder = tools.folder.join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let count = if matches!(source, Source::Files) { jobs } else { 1 };
        let files: Vec<PathBuf> =
            (0..count).map(|i| folder.join(format!("status-{i:05}.json"))).collect();
        let mut argv = match source {
            Source::Cat | Source::Files => vec!["/bin/cat".to_owned()],
            Source::Program(argv) => argv.to_vec(),
        };
        argv.push(text(&files[0]));
        let site = Self { tools, folder, jobs, argv, files, moved: Cell::new(1_000_000) };
        for file in &site.files {
            fs::write(file, site.status()).expect("a status");
        }
        let by_file = matches!(source, Source::Files);
        fs::write(site.config(), site.config_text(by_file)).expect("a config");
        fs::write(site.folder.join("plain.json"), site.config_text(false)).expect("a config");
        fs::write(site.folder.join("plain.py"), include_str!("plain.py")).expect("a script");
        run(&mut site.opsfsm("adopt"));
        run(&mut site.tick());
        site
    }

    /// Moves every job's progress, so that a tick has every row to write.
    pub(crate) fn stir(&self) {
        self.moved.set(self.moved.get() + 1);
        for file in &self.files {
            // In place: a new file's blocks would have to be written out by the tick's own sync.
            let mut file = OpenOptions::new().write(true).open(file).expect("a status");
            file.write_all(self.status().as_bytes()).expect("a status");
        }
    }

    pub(crate) fn tick(&self) -> Command {
        self.opsfsm("tick")
    }

    /// The same children, so many threads at a time, and nothing else.
    pub(crate) fn floor(&self, threads: usize) -> Result<Command, String> {
        let mut command = self.surrounded(self.tools.floor()?);
        command.arg("run").arg(threads.to_string()).arg(self.jobs.to_string()).args(&self.argv);
        Ok(command)
    }

    /// The original's way.
    pub(crate) fn plain(&self) -> Result<Command, String> {
        let mut command = self.surrounded(self.tools.python.as_ref()?);
        command.arg("plain.py").arg("plain.json").arg("state.json");
        Ok(command)
    }

    /// What one file holds now: always as many bytes.
    fn status(&self) -> String {
        let moved = self.moved.get();
        format!(r#"{{"running":true,"completed":false,"progress":{{"n":{moved}}}}}"#)
    }

    fn config(&self) -> PathBuf {
        self.folder.join("config.json")
    }

    fn opsfsm(&self, word: &str) -> Command {
        let mut command = self.surrounded(&self.tools.opsfsm);
        command.arg(word).arg("--config-file").arg(self.config());
        command.arg("--state-file").arg(self.folder.join("store.db"));
        command
    }

    /// Home is here, and nothing in the environment leads elsewhere.
    fn surrounded(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("HOME", &self.folder);
        for name in ["OPENCLAW_HOME", "OPENCLAW_STATE_DIR", "TELEGRAM_BOT_TOKEN"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn config_text(&self, by_file: bool) -> String {
        let job = |i: usize| {
            let mut job = serde_json::json!({
                "id": format!("job-{i:05}"), "kind": "long_running_read", "risk": "read_only",
                "enabled": true, "cwd": "/", "commands": {"start": ["/bin/true"]},
            });
            if by_file {
                job["commands"]["statusFile"] = text(&self.files[i]).into();
            } else {
                job["commands"]["status"] = self.argv.clone().into();
            }
            job
        };
        let jobs: Vec<_> = (0..self.jobs).map(job).collect();
        serde_json::json!({"version": 1, "jobs": jobs}).to_string()
    }
}

/// The same command by another program that runs it: `taskset -c 0 …`, `floor usage …`.
pub(crate) fn through(program: &Path, words: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(program);
    outer.args(words).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    outer.stdin(Stdio::null()).stdout(Stdio::null());
    outer
}

/// Runs a command that has to succeed.
pub(crate) fn run(command: &mut Command) {
    let status = command.status().expect("a program");
    assert!(status.success(), "{command:?}: {status}");
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}
