//! A plan as people read it before they approve it, and as programs do.
//!
//! In: a plan and its digest. Out: every fact that the digest covers, and what it does not cover.
//! Invariant: nothing that would run is left out or shortened but the values of environment
//! variables: they may be secrets, the digest covers them, and their names are shown.

use serde_json::{Value, json};

use super::json::{VERSION, pretty};
use super::quote::shell_quote;
use crate::base::time::limit_text;
use crate::decide::clean_text;
use crate::model::{Plan, PlanDigest, PlanStep, PlanVerification, SealedFile};

/// Renders a plan for people.
#[must_use]
pub fn render_plan(plan: &Plan, digest: &PlanDigest) -> String {
    let mut text = format!("plan of {}\n", clean_text(plan.job.as_str()));
    let account = &plan.account;
    text.push_str(&format!("  user         {} (uid {})\n", account.name, account.uid));
    text.push_str(&step_text(&plan.step));
    for check in &plan.verifications {
        let delay = match check.delay_ms {
            0 => String::new(),
            ms => format!(", {} later", limit_text(ms)),
        };
        let id = clean_text(check.job.as_str());
        let sandbox = if check.sandboxed { "" } else { ", outside the sandbox" };
        let within = limit_text(plan.verify_within_ms);
        text.push_str(&format!("\nthen verified by {id}{delay}, within {within}{sandbox}\n"));
        if check.sandboxed {
            text.push_str(
                "  sandbox      writes below a scratch folder only; gains no rights, as by sudo\n",
            );
        }
        text.push_str(&step_text(&check.step));
    }
    text.push_str(&format!("\ndigest {}\n short {}\n", digest.as_str(), digest.short()));
    text
}

fn step_text(step: &PlanStep) -> String {
    let argv: Vec<String> = step.argv.iter().map(|word| visible(&shell_quote(word))).collect();
    let mut lines = vec![format!("command      {}", argv.join(" "))];
    lines.push(format!("program      {}", file_text(&step.program)));
    if step.exec != step.program.path {
        lines.push(format!("started as   {}", visible(&step.exec)));
    }
    lines.extend(step.interpreters.iter().map(|f| format!("interpreter  {}", file_text(f))));
    lines.push(format!("folder       {}", visible(&step.cwd)));
    let names: Vec<String> = step.env.keys().map(|name| visible(name)).collect();
    lines.push(format!("environment  {} (values not shown)", names.join(" ")));
    lines.extend(step.files.iter().map(|f| format!("file         {}", file_text(f))));
    let link = |(from, to): (&String, &String)| {
        format!("link         {} leads to {}", visible(from), visible(to))
    };
    let others = step.links.iter().filter(|(from, _)| **from != step.exec);
    lines.extend(others.map(link));
    let limit = step.limit_ms.map_or("none".to_owned(), limit_text);
    lines.push(format!("time limit   {limit}"));
    lines.extend(step.not_covered.iter().map(|w| format!("not covered  {}", visible(w))));
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

fn file_text(file: &SealedFile) -> String {
    format!("{}  sha256 {} ({} bytes)", visible(&file.path), file.sha256, file.bytes)
}

/// A text whole, with whatever would not show, or would show as something else, spelled out.
fn visible(text: &str) -> String {
    let plain = |c: char| !c.is_control() && clean_text(&c.to_string()).contains(c) || c == ' ';
    let shown = |c: char| match c {
        // Else a text that is spelled out, and one that reads so of itself, would look the same.
        '\\' => "\\\\".to_owned(),
        c if plain(c) => c.to_string(),
        c => c.escape_unicode().to_string(),
    };
    text.chars().map(shown).collect()
}

/// Renders a plan for programs.
#[must_use]
pub fn render_plan_json(plan: &Plan, digest: &PlanDigest) -> String {
    let check = |check: &PlanVerification| json!({"job": check.job, "delayMs": check.delay_ms, "sandboxed": check.sandboxed, "step": step_json(&check.step)});
    pretty(&json!({
        "version": VERSION,
        "command": "plan",
        "digest": digest.as_str(),
        "shortDigest": digest.short(),
        "job": plan.job,
        "account": plan.account,
        "step": step_json(&plan.step),
        "verifyWithinMs": plan.verify_within_ms,
        "verifications": plan.verifications.iter().map(check).collect::<Vec<_>>(),
    }))
}

fn step_json(step: &PlanStep) -> Value {
    json!({
        "argv": step.argv,
        "exec": step.exec,
        "program": step.program,
        "interpreters": step.interpreters,
        "cwd": step.cwd,
        "environment": step.env.keys().collect::<Vec<_>>(),
        "files": step.files,
        "links": step.links,
        "limitMs": step.limit_ms,
        "notCovered": step.not_covered,
    })
}
