//! The jobs of the pack, and what is expected of each.
//!
//! In: the scripts of this folder. Out: a sandbox with a config of all of them.
//! Invariant: no script of the folder is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::support::{Sandbox, await_that, with};

/// For those that never end; all others have time enough even on a busy machine.
const LIMIT: f64 = 2.0;

/// What the first report says of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told {
    /// Its status can't be read, for this reason.
    Broken(&'static str),
    /// It runs: what it leaves behind is no fault of its status.
    Runs,
}

use Told::{Broken, Runs};

/// The scripts of this folder.
const SCRIPTS: [(&str, Told); 17] = [
    ("01-hangs", Broken("timed out")),
    ("02-gigabyte", Broken("printed 1000000000 bytes, more than a status may have")),
    ("03-drips", Broken("timed out")),
    ("04-not-utf8", Broken("not UTF-8")),
    ("04-nul", Broken("not one JSON object")),
    ("05-nan", Broken("not one JSON object")),
    ("05-huge", Broken("number out of range")),
    ("05-pid-2-63", Broken("pid")),
    ("06-twice", Broken("stands twice")),
    ("07-deep", Broken("recursion limit")),
    ("07-goes-on", Broken("trailing characters")),
    ("08-holds-the-pipe", Runs),
    ("09-ignores-term", Broken("timed out")),
    ("10-escapes", Runs),
    ("11-fork-bomb", Broken("timed out")),
    ("13-zombies", Broken("timed out")),
    ("20-reads-stdin", Broken("exit 9: no line for me")),
];

/// Those that no script can be.
const OTHERS: [(&str, Told); 6] = [
    ("15-missing", Broken("does not exist")),
    ("15-not-executable", Broken("not executable")),
    ("15-bad-format", Broken("not started")),
    ("16-no-folder", Broken("nowhere/at/all")),
    ("17-too-long", Broken("not started")),
    ("names-another", Runs),
];

/// Healthy jobs among them.
const HEALTHY: usize = 3;

/// A sandbox with the pack.
pub(crate) struct Pack {
    pub(crate) sandbox: Sandbox,
}

/// Its hostile jobs, and what is expected of each.
pub(crate) fn hostile() -> BTreeMap<String, Told> {
    let all = SCRIPTS.iter().chain(&OTHERS);
    all.map(|(id, told)| ((*id).to_owned(), *told)).collect()
}

/// Those whose status can't be read.
pub(crate) fn broken() -> Vec<String> {
    let broken = |(id, told)| matches!(told, Broken(_)).then_some(id);
    hostile().into_iter().filter_map(broken).collect()
}

/// What a report says of a job.
#[track_caller]
pub(crate) fn section<'a>(told: &'a str, id: &str) -> &'a str {
    let head = format!(" {id} [");
    let found = told.split("\n\n").find(|s| s.contains(&head));
    found.unwrap_or_else(|| panic!("nothing of {id}:\n{told}"))
}

/// As many jobs as the pack has, all of them well.
pub(crate) fn quiet() -> Sandbox {
    let sandbox = Sandbox::new();
    let job = |n: usize| {
        let id = format!("well-{n:02}");
        sandbox.runs_on(&id, 1);
        sandbox.watched(&id)
    };
    let jobs: Vec<Value> = (0..hostile().len() + HEALTHY).map(job).collect();
    sandbox.config(&json!({}), &jobs);
    sandbox
}

impl Pack {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        let mut jobs: Vec<Value> = scripted(&sandbox);
        jobs.extend(others(&sandbox));
        jobs.extend(healthy(&sandbox));
        // Whatever moves is told at the next tick.
        sandbox.config(&json!({"reportEverySeconds": 0}), &jobs);
        Self { sandbox }
    }

    /// The state of each job as it is recorded: none is asked for it.
    pub(crate) fn states(&self) -> BTreeMap<String, String> {
        let metrics = self.sandbox.ok(&["metrics"]);
        let is_so = |line: &str| {
            let labels = line.strip_prefix("opsfsm_job_state{")?.strip_suffix("} 1")?;
            let mut values = labels.split('"').skip(1).step_by(2);
            Some((values.next()?.to_owned(), values.next()?.to_owned()))
        };
        metrics.lines().filter_map(is_so).collect()
    }

    /// What marks a process as this sandbox's, as a shell word.
    pub(crate) fn mark(&self) -> String {
        let mark = self.sandbox.mark();
        let (name, value) = mark.as_object().unwrap().iter().next().unwrap();
        format!("{name}='{}'", value.as_str().unwrap())
    }

    /// The healthy jobs move on.
    pub(crate) fn goes_on(&self) {
        self.sandbox.runs_on("well", 2);
        self.sandbox.runs_on("falls", 1);
    }

    /// Every hostile job is well from now on.
    pub(crate) fn recovers(&self) {
        let mut config: Value =
            serde_json::from_slice(&fs::read(self.sandbox.config_path()).unwrap()).unwrap();
        for job in config["jobs"].as_array_mut().unwrap() {
            let id = job["id"].as_str().unwrap().to_owned();
            if broken().contains(&id) {
                self.sandbox.runs_on(&id, 1);
                let status = self.sandbox.path(&format!("jobs/{id}/status"));
                job["commands"]["status"] = json!(["cat", status]);
                job.as_object_mut().unwrap().remove("cwd");
            }
        }
        self.sandbox.raw_config(&config);
    }

    /// Two of the jobs left a child on purpose: beside these nothing is left, zombies included.
    pub(crate) fn left_only_what_its_jobs_left(&self) {
        // Whoever was killed with its group may yet be about to go.
        await_that("the end of all others", || self.sandbox.survivors().len() <= 2);
        let left = self.sandbox.survivors();
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(left.iter().all(|(_, line)| line == "sleep 600 "), "{left:?}");
    }
}

fn asked(sandbox: &Sandbox, id: &str, status: Value) -> Value {
    let mut job = with(sandbox.watched(id), &json!({"policy": {"autoResume": true}}));
    job["commands"]["status"] = status;
    job
}

fn scripted(sandbox: &Sandbox) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
    let scripts: BTreeSet<&str> = names.iter().filter_map(|n| n.strip_suffix(".sh")).collect();
    assert_eq!(scripts, SCRIPTS.iter().map(|(id, _)| *id).collect());
    let job = |(id, told): &(&str, Told)| {
        let script = folder.join(format!("{id}.sh"));
        let job = asked(sandbox, id, json!(["/bin/sh", script]));
        let limited = matches!(told, Broken("timed out"));
        if limited { with(job, &json!({"statusTimeoutSeconds": LIMIT})) } else { job }
    };
    SCRIPTS.iter().map(job).collect()
}

fn others(sandbox: &Sandbox) -> Vec<Value> {
    let plain = sandbox.write("plain", "#!/bin/sh\n");
    let odd = sandbox.script("odd", "\u{7f}ELF nonsense");
    let away = asked(sandbox, "16-no-folder", json!(["true"]));
    let another = sandbox.unstoppable("names-another");
    sandbox.runs_on("names-another", 1);
    vec![
        asked(sandbox, "15-missing", json!(["/no/such/program"])),
        asked(sandbox, "15-not-executable", json!([plain])),
        asked(sandbox, "15-bad-format", json!([odd])),
        with(away, &json!({"cwd": "/nowhere/at/all"})),
        asked(sandbox, "17-too-long", json!(["/bin/echo", "x".repeat(200_000)])),
        another,
    ]
}

/// One that runs, one that has fallen and is started again, and a check that is due.
fn healthy(sandbox: &Sandbox) -> [Value; HEALTHY] {
    let (well, falls) = (sandbox.watched("well"), sandbox.watched("falls"));
    sandbox.runs_on("well", 1);
    sandbox.stands("falls");
    let runs = json!({"running": true, "completed": false, "progress": {"n": 0}});
    sandbox.on("falls", "start", &format!("echo '{runs}' > status"));
    sandbox.on("disk", "run", "echo 'ALERT: nearly full'");
    [
        well,
        with(falls, &json!({"policy": {"autoResume": true}})),
        with(sandbox.check("disk"), &json!({"everySeconds": 86_400})),
    ]
}
