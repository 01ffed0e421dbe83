//! What a sandbox needs to send: a token's file, a chat, settings, a stand-in for `openclaw`.

use serde_json::{Value, json};

use super::listener::Listener;
use super::support::{Ran, Sandbox};

/// A token that is no bot's.
pub(crate) const TOKEN: &str = "123456789:AAFcanary-Qk3x9_Zt7vLr2Ws8Yd5Np1Mb6";

impl Sandbox {
    /// Writes a config with this `report` and these jobs, and defaults that wait for nothing.
    pub(crate) fn reporting(&self, report: &Value, jobs: &[Value]) {
        let quiet = json!({"start": "00:00", "end": "00:00"});
        let defaults = json!({"quietHours": quiet, "startGraceSeconds": 0});
        let config = json!({"version": 1, "defaults": defaults, "report": report, "jobs": jobs});
        self.raw_config(&config);
    }

    /// The settings of a direct route to this listener.
    pub(crate) fn telegram(&self, listener: &Listener) -> Value {
        let file = self.write("secrets/token", format!("{TOKEN}\n"));
        json!({"telegram": {"tokenFile": file, "target": "-1001", "apiRoot": listener.root()}})
    }

    /// A program `openclaw` that notes its arguments and environment and then does this.
    pub(crate) fn stand_in(&self, shell: &str) {
        let folder = self.path("claw").display().to_string();
        let text = format!(
            "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\n' \"$word\" >> '{folder}/argv'; done\n\
             echo -- >> '{folder}/argv'\ncat /proc/self/environ >> '{folder}/environ'\n{shell}\n"
        );
        self.script("claw/openclaw", &text);
    }

    /// A call with the stand-in's folder before PATH.
    pub(crate) fn run_with_claw(&self, args: &[&str]) -> Ran {
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.path("claw").display());
        self.call(args).env("PATH", path).run()
    }
}
