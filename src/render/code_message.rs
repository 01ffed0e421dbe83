//! The message that carries a one-time code to a person's own chat.
//!
//! Invariant: the code stands in this text and in no other.

use super::envelope::{Block, pack};
use super::quote::shell_quote;
use super::report::Style;
use super::words;
use crate::approval::{Code, Evidence};
use crate::base::{Now, ReportId, limits};
use crate::decide::clean_text;
use crate::journal::Report;
use crate::model::Planned;

/// Most characters of a command that are shown; `opsfsm plan` shows all.
const COMMAND_CHARS: usize = 400;

/// Who asks for a plan, and why.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who.
    pub by: &'a Evidence,
    /// Why, in their words.
    pub reason: Option<&'a str>,
}

/// Renders the message. Nothing but its first part is sent: it is short by its making.
#[must_use]
pub fn render_code_message(
    planned: &Planned,
    asked: Asked<'_>,
    code: &Code,
    (now, style): (&Now, &Style),
    id: &ReportId,
) -> Vec<Report> {
    let language = style.language;
    let job = planned.plan.job.as_str();
    let call = format!("{} approve {}", style.invocation, shell_quote(job));
    let command = planned.plan.step.argv.iter().map(|word| shell_quote(word));
    let command = clean_text(&command.collect::<Vec<_>>().join(" "));
    let command: String = command.chars().take(COMMAND_CHARS).collect();
    let mut lines = vec![
        format!("🔐 {}: {}", clean_text(job), words::code_asked(language)),
        format!("  {} {}: {command}", words::plan(language), planned.digest.short()),
        format!("  {}: {}", words::folder(language), clean_text(&planned.plan.step.cwd)),
        format!("  {} {}", words::requested_by(language), who(asked.by)),
    ];
    if let Some(reason) = asked.reason {
        lines.push(format!("  {}: {}", words::reason(language), clean_text(reason)));
    }
    let whole = format!("{} plan {}", style.invocation, shell_quote(job));
    lines.push(format!("  {}: {whole}", words::whole_plan(language)));
    lines.push(format!("  {}: {}", words::code(language), code.spelled_out()));
    let minutes = limits::CODE_LIFE.as_secs() / 60;
    lines.push(format!("  {}", words::code_serves(language, minutes)));
    lines.push(format!("  {call} --code {}", code.spelled_out()));
    let block = Block { text: lines.join("\n"), summary: String::new() };
    pack(&words::headline(language, &now.clock_text()), vec![block], id, now.at.wall_ms)
}

fn who(by: &Evidence) -> String {
    let login = by.login_uid.filter(|login| *login != by.uid);
    let login = login.map(|uid| format!(", login uid {uid}")).unwrap_or_default();
    let tty = by.tty.as_deref().map(|tty| format!(", {}", clean_text(tty))).unwrap_or_default();
    format!("{} (uid {}{login}{tty})", clean_text(&by.user), by.uid)
}
