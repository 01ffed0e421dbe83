//! Scripted jobs: their status is a file that the test rewrites, and what runs counts itself.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::support::{Sandbox, with};

impl Sandbox {
    /// A watched job; its status is what [`Sandbox::status`] says, its starts and stops are
    /// counted. It is first seen as neither running nor completed.
    pub(crate) fn watched(&self, id: &str) -> Value {
        if !self.path(&format!("jobs/{id}/status")).exists() {
            self.status(id, &json!({"running": false, "completed": false}));
        }
        let log = |name: &str| {
            let folder = self.path(&format!("jobs/{id}"));
            let folder = quoted(&folder);
            let text = format!(
                "#!/bin/sh\ncd {folder}\necho \"$OPSFSM_RUN\" >> {name}s\n[ ! -e on-{name} ] || . ./on-{name}\n"
            );
            self.script(&format!("jobs/{id}/{name}"), &text)
        };
        let (start, stop) = (log("start"), log("stop"));
        let status = self.path(&format!("jobs/{id}/status"));
        json!({
            "id": id, "kind": "long_running_read", "risk": "read_only", "enabled": true,
            "commands": {"start": [start], "stop": [stop], "status": ["cat", status]},
        })
    }

    /// A watched job that has no stop command.
    pub(crate) fn unstoppable(&self, id: &str) -> Value {
        let mut job = self.watched(id);
        job["commands"].as_object_mut().unwrap().remove("stop");
        job
    }

    /// A one-shot job whose runs are counted.
    pub(crate) fn one_shot(&self, id: &str, kind: &str, risk: &str) -> Value {
        let folder = self.path(&format!("jobs/{id}"));
        let folder = quoted(&folder);
        let text = format!(
            "#!/bin/sh\ncd {folder}\necho \"$OPSFSM_RUN\" >> runs\n[ ! -e on-run ] || . ./on-run\n"
        );
        let run = self.script(&format!("jobs/{id}/run"), &text);
        json!({"id": id, "kind": kind, "risk": risk, "enabled": true, "commands": {"run": [run]}})
    }

    pub(crate) fn check(&self, id: &str) -> Value {
        self.one_shot(id, "one_shot_read", "read_only")
    }

    /// A write that the check `verifier` verifies.
    pub(crate) fn write_job(&self, id: &str, verifier: &str) -> Value {
        let job = self.one_shot(id, "one_shot_write", "write_local");
        with(job, &json!({"after": [{"jobId": verifier}]}))
    }

    pub(crate) fn status(&self, id: &str, status: &Value) {
        self.raw_status(id, &status.to_string());
    }

    pub(crate) fn raw_status(&self, id: &str, text: &str) {
        // Written whole, so that no status command reads half of it.
        let draft = self.write(&format!("jobs/{id}/status.new"), text);
        fs::rename(draft, self.path(&format!("jobs/{id}/status"))).unwrap();
    }

    pub(crate) fn runs_on(&self, id: &str, n: u32) {
        self.status(id, &json!({"running": true, "completed": false, "progress": {"n": n}}));
    }

    pub(crate) fn stands(&self, id: &str) {
        self.status(id, &json!({"running": false, "completed": false, "stopReason": "gone"}));
    }

    pub(crate) fn completes(&self, id: &str) {
        self.status(id, &json!({"running": false, "completed": true}));
    }

    /// What the job's next start, stop or run does beside being counted.
    pub(crate) fn on(&self, id: &str, what: &str, shell: &str) {
        self.write(&format!("jobs/{id}/on-{what}"), shell);
    }

    /// How often the job was really started (`starts`), stopped (`stops`) or run (`runs`).
    pub(crate) fn count(&self, id: &str, what: &str) -> usize {
        self.read(&format!("jobs/{id}/{what}")).lines().count()
    }
}

/// A path as a shell reads it back.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
