//! `suppressions`: findings that a person has looked at and lets be, each with a reason and an end.
//!
//! In: the cursor of the top level. Out: [`Suppression`]s, findings for what is wrong with them.
//! Invariant: this module never hides anything; whether one matches is found out by who lints.

use super::context::Context;
use super::cursor::Cursor;
use super::tree::Node;
use crate::base::{Day, JobId};
use crate::model::Suppression;

const EXAMPLES: [(&str, &str); 4] = [
    ("job", "\"nightly-scan\""),
    ("code", "\"OF053\""),
    ("reason", "\"the script is reviewed\""),
    ("until", "\"2027-06-30\""),
];

/// Reads the list, if there is one.
pub(super) fn read_suppressions(ctx: &mut Context, top: &mut Cursor<'_>) -> Vec<Suppression> {
    let entries = top.array(ctx, "suppressions").unwrap_or_default();
    let read = |(index, node): (usize, &Node)| read_one(ctx, node, index);
    entries.iter().enumerate().filter_map(read).collect()
}

fn read_one(ctx: &mut Context, node: &Node, index: usize) -> Option<Suppression> {
    let name = format!("suppressions[{index}]");
    let mut table = Cursor::open(ctx, node, name.clone())?;
    for (key, value) in EXAMPLES {
        if table.take(key).is_none() {
            ctx.missing(table.head, format!("`{name}` has no `{key}`"), &[(key, value)]);
        }
    }
    let job = table.text(ctx, "job");
    let code = table.text(ctx, "code");
    let reason = table.text(ctx, "reason");
    let until = table.text(ctx, "until");
    let day = until.and_then(|(text, node)| {
        let day = Day::parse(text.trim());
        if day.is_none() {
            ctx.out_of_range(node, &table.path("until"), "a day, as in \"2027-06-30\"");
        }
        day
    });
    table.finish(ctx);
    let ((job, job_node), (code, code_node)) = (job?, code?);
    Some(Suppression {
        job: JobId::new(job.trim()),
        job_span: job_node.span,
        code: code.trim().to_owned(),
        code_span: code_node.span,
        reason: reason?.0.trim().to_owned(),
        until: day?,
        until_span: until?.1.span,
    })
}
