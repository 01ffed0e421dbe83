//! A one-time code for a requested plan, sent to the person's own chat.
//!
//! Invariant: the code goes to the one chat that this config itself names, and nowhere else.

use super::context::{Context, Failure, LoadedConfig};
use super::gate::{order, somebody};
use super::{io, routes};
use crate::adapters::sqlite::SqliteStore;
use crate::approval::{Code, TypedCode};
use crate::base::id::hex;
use crate::base::{Exit, ReportId, limits};
use crate::compile::CompiledJob;
use crate::decide::CodeIssued;
use crate::model::{Planned, Undelivered, UndeliveredKind};
use crate::ports::Notifier;
use crate::render::{self, Asked};
use crate::writes::{issue_write_code, withdraw_write_code};

/// Makes a code and sends it, if the config names a person's chat and none was sent of late.
pub(super) fn send_code(
    context: &Context,
    config: &LoadedConfig,
    (job, planned): (&CompiledJob, &Planned),
    reason: Option<&str>,
    store: &mut SqliteStore,
) -> Result<(), Failure> {
    let (mut telegram, sent_to) = match routes::own_chat(config.compiled.report()) {
        Ok(way) => way,
        Err(why) if job.job().approval.takes_codes_only() => {
            let text = format!("no code was sent, and nothing else approves it: {why}");
            return Err(Failure { exit: Exit::Undelivered, message: text });
        }
        Err(_) => return Ok(()),
    };
    let code = loop {
        // All but one in a million million draws give a code.
        if let Some(code) = Code::from_bits(&context.seed()?) {
            break code;
        }
    };
    let salt = hex(&context.seed()?[..16]);
    let hash = code.hash(&salt, &planned.digest);
    let hash = hash.ok_or_else(|| Failure::refused("no memory to make a code with"))?;
    let made = TypedCode { salt, hash };
    let (compiled, id) = (&config.compiled, &job.job().id);
    let issued = order(context, compiled, (&mut *store, id), |ports| {
        issue_write_code(compiled, job, (&planned.digest, &made, &sent_to), ports)
    })?;
    if issued == CodeIssued::Before {
        let minutes = limits::CODE_LIFE.as_secs() / 60;
        io::note(&format!(
            "a code was sent less than {minutes} minutes ago; there is no other before that time \
             is over"
        ));
        return Ok(());
    }
    let Err(why) = send(context, config, planned, (reason, &code), &mut telegram) else {
        io::note(&format!(
            "a one-time code was sent to {sent_to}; `{} approve {} --code CODE` takes it",
            context.invocation,
            render::shell_quote(id.as_str())
        ));
        return Ok(());
    };
    // It may have arrived all the same. Another one must be possible at once, and then this one
    // must not serve.
    order(context, compiled, (store, id), |p| withdraw_write_code(compiled, id, &made, p))?;
    let message = format!(
        "it is requested, but its code could not be sent, and serves nobody if it arrives; ask again \
         for another: {}",
        why.detail
    );
    Err(Failure { exit: Exit::Undelivered, message })
}

fn send(
    context: &Context,
    config: &LoadedConfig,
    planned: &Planned,
    (reason, code): (Option<&str>, &Code),
    telegram: &mut dyn Notifier,
) -> Result<(), Undelivered> {
    let local = |detail: String| Undelivered { kind: UndeliveredKind::NoRoute, detail };
    let by = somebody(context, None).map_err(|failure| local(failure.message))?;
    let seed = context.seed().map_err(|failure| local(failure.message))?;
    let mut bits = [0; 8];
    bits.copy_from_slice(&seed[..8]);
    let id = ReportId::from_bits(bits);
    let style = context.style(config.compiled.report().language);
    let asked = Asked { by: &by, reason };
    let now = context.now();
    let messages = render::render_code_message(planned, asked, code, (&now, &style), &id);
    messages.iter().try_for_each(|message| telegram.deliver(message))
}
