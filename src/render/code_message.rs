//! The message that carries a one-time code to a person's own chat.
//!
//! Invariant: the code stands in this text and in no other.

use super::envelope::{Block, pack};
use super::quote::shell_quote;
use super::report::Style;
use super::words;
use crate::approval::{Code, Evidence};
use crate::base::redact::Secrets;
use crate::base::{Now, ReportId, limits};
use crate::decide::clean_text;
use crate::journal::Report;
use crate::model::{Language, Planned};

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
    let command = shown(&planned.plan.step.argv, language);
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

/// The command without what looks secret, since a chat keeps it. One that is too long to be shown
/// says so: what is approved may stand behind the cut.
fn shown(argv: &[String], language: Language) -> String {
    let command = argv.iter().map(|word| shell_quote(word)).collect::<Vec<_>>().join(" ");
    let command = Secrets::default().redact(&command, false);
    let shown = clean_text(&command);
    match shown.strip_suffix('…').filter(|_| command.chars().count() > limits::TEXT_CHARS) {
        Some(_) => format!("{shown} {}", words::command_cut(language)),
        None => shown,
    }
}

fn who(by: &Evidence) -> String {
    let login = by.login_uid.filter(|login| *login != by.uid);
    let login = login.map(|uid| format!(", login uid {uid}")).unwrap_or_default();
    let tty = by.tty.as_deref().map(|tty| format!(", {}", clean_text(tty))).unwrap_or_default();
    format!("{} (uid {}{login}{tty})", clean_text(&by.user), by.uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> String {
        let argv: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        shown(&argv, Language::En)
    }

    #[test]
    fn a_command_that_is_cut_says_so_and_one_that_fits_does_not() {
        let fits = "x".repeat(limits::TEXT_CHARS);
        assert_eq!(of(&[&fits]), fits);
        assert_eq!(of(&["echo", "more…"]), "echo 'more…'");
        let cut = of(&[&fits, "--delete-everything"]);
        assert_eq!(cut, format!("{fits}… (cut here: see the whole plan)"));
    }

    #[test]
    fn no_secret_of_a_command_is_shown_not_even_by_half() {
        let token = format!("ghp_{}", "A".repeat(36));
        assert_eq!(of(&["push", &token, "a b"]), "push [redacted] 'a b'");
        assert_eq!(of(&["sh", "-c", "PASSWORD=hunter22 run"]), "sh -c 'PASSWORD=[redacted] run'");
        let at_the_cut = of(&[&"x".repeat(limits::TEXT_CHARS - 10), &token]);
        assert!(!at_the_cut.contains("ghp_"), "{at_the_cut}");
    }
}
