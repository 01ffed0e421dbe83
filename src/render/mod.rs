//! Data → text. One file a form: the report, the status lines, findings, JSON,
//! and a folder for pictures.
//!
//! In: plain data of the rooms below. Out: strings.
//! Invariant: nothing here prints, and the same data gives the same text.

mod approvals;
mod check;
mod code_message;
mod config_alert;
mod digest;
mod doctor;
mod envelope;
mod explain;
mod explain_job;
mod findings;
mod graph;
mod history;
mod json;
mod logs;
mod metrics;
mod outbox;
mod page;
mod plan;
mod printable;
mod quote;
mod report;
mod schedule;
mod simulated;
mod spans;
mod status;
#[cfg(test)]
pub(crate) mod tests;
mod tone;
mod words;

pub use approvals::{render_approvals, render_approvals_json};
pub use check::{
    CheckedConfig, Look, render_check_github, render_check_human, render_check_json,
    render_check_sarif, render_check_short,
};
pub use code_message::{Asked, render_code_message};
pub use config_alert::render_config_alert;
pub use doctor::{Checkup, Health, render_doctor, render_doctor_json};
pub use explain::{Explained, Looked, Place, render_explained, render_explained_json};
pub use explain_job::{render_explained_job, render_explained_job_json};
pub use findings::{render_finding, render_findings};
pub use graph::{Drawing, Live, TooLarge, due_lines, render_chains, render_machine};
pub use history::{
    event_text, local_text, render_history, render_history_json, render_verified,
    render_verified_json,
};
pub use json::{render_run_json, render_run_plan_json, render_status_json, render_tick_json};
pub use logs::{KeptRun, StartLog, render_logs};
pub use metrics::{Exposition, Measured, render_metrics};
pub use outbox::{render_outbox, render_outbox_json};
pub use page::{Page, render_page};
pub use plan::{render_plan, render_plan_json};
pub use printable::{counted, lines as printable_lines};
pub use quote::{not_text, shell_quote};
pub use report::{Style, cause_text, end_text, render_report};
pub use schedule::{
    Crontab, CrontabFault, Every, MARK, Schedule, render_plist, render_service, render_sudoers,
    render_system_service, render_timer,
};
pub use simulated::{Basis, Simulated, SimulatedJob, render_simulated, render_simulated_json};
pub use spans::{Span, spans, states_of};
pub use status::{
    LiveStatus, Orphan, StatusLine, StatusView, Waiting, render_run, render_run_plan, render_status,
};
pub use tone::Tone;
pub use words::language_of_locale;
