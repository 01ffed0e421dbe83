//! The way that reports go: looked for, chosen, and made ready.
//!
//! In: settings and flags. Out: a notifier; one that only says what to set, where there is no way.
//! Invariant: nothing is sent here, and nothing is chosen that the settings do not allow.

use std::path::PathBuf;

use super::context::Context;
use super::io::{self, StdoutNotifier};
use crate::adapters::openclaw::{Found, OpenclawProgram, discover};
use crate::adapters::os_world::OsWorld;
use crate::adapters::telegram::Telegram;
use crate::adapters::webhook::Webhook;
use crate::base::limits;
use crate::decide::route::{Choice, Means, choose_route};
use crate::journal::Report;
use crate::model::{ReportSettings, Route, Undelivered, UndeliveredKind};
use crate::ports::Notifier;

/// Everything that bears on the way of reports.
pub(super) struct Ways {
    pub(super) found: Found,
    pub(super) choice: Choice,
}

/// Looks for all ways and chooses one.
pub(super) fn look_for_ways(settings: &ReportSettings, target: Option<&str>) -> Ways {
    let found = discover(&settings.telegram, target, &OsWorld);
    let means = Means {
        token: found.token.as_ref().map(Option::is_some).map_err(Clone::clone),
        chat: found.chat.as_ref().map(Option::is_some).map_err(Clone::clone),
        root: found.api_root.as_ref().map(|_| ()).map_err(Clone::clone),
        program: found.program.is_some(),
        webhook: settings.webhook.is_some(),
    };
    let choice = choose_route(settings.via, &means);
    Ways { found, choice }
}

/// Telegram's Bot API, if that is the way that reports go.
pub(super) fn direct_telegram(settings: &ReportSettings) -> Option<Telegram> {
    let Ways { found, choice } = look_for_ways(settings, None);
    if choice.route != Route::Telegram || choice.missing.is_some() {
        return None;
    }
    let (token, chat, root) = (found.token.ok()??, found.chat.ok()??, found.api_root.ok()?);
    Some(Telegram::new((token.token, token.source), (chat.value, chat.source), root.value))
}

/// What a command says of the way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wishes<'a> {
    /// The chat, whatever the config says.
    pub(super) target: Option<&'a str>,
    /// Print, whatever the config says.
    pub(super) print_only: bool,
    /// What would be printed is part of an answer.
    pub(super) hands_over: bool,
}

/// The notifier of a command that delivers.
pub(super) fn notifier_of<'a>(
    context: &'a Context,
    settings: &ReportSettings,
    options: Wishes<'_>,
) -> Box<dyn Notifier + 'a> {
    let ways = look_for_ways(settings, options.target);
    let printing = StdoutNotifier { silent: options.hands_over, printed: false };
    if options.print_only {
        return Box::new(printing);
    }
    let Choice { route, missing, .. } = ways.choice;
    if options.target.is_some() && matches!(route, Route::Stdout | Route::Webhook) {
        let via = settings.via.as_str();
        io::note(&format!("--target has no effect: report.via is {via}"));
    }
    let nowhere = |why: Option<String>| -> Box<dyn Notifier + 'a> {
        Box::new(Nowhere { route, why: why.unwrap_or_default() })
    };
    if missing.is_some() {
        return nowhere(missing);
    }
    let Found { token, chat, api_root, program, .. } = ways.found;
    match (route, token, chat, api_root, program, &settings.webhook) {
        (Route::Stdout, ..) => Box::new(printing),
        (Route::Telegram, Ok(Some(token)), Ok(Some(chat)), Ok(root), ..) => {
            let token = (token.token, token.source);
            Box::new(Telegram::new(token, (chat.value, chat.source), root.value))
        }
        (Route::Openclaw, _, Ok(Some(chat)), _, Some(program), _) => Box::new(OpenclawProgram {
            program,
            chat,
            cwd: context.located.around.home.clone().unwrap_or_else(|| PathBuf::from("/")),
            limit: limits::OPENCLAW_TIMEOUT,
            cancel: context.interrupt.as_ref(),
        }),
        (Route::Webhook, .., Some(url)) => {
            Box::new(Webhook { url: url.clone(), limit: limits::DELIVER_TIMEOUT })
        }
        (Route::Telegram | Route::Openclaw | Route::Webhook, ..) => nowhere(None),
    }
}

/// No way: whatever is to be sent waits, and says what to set.
struct Nowhere {
    route: Route,
    why: String,
}

impl Notifier for Nowhere {
    fn route(&self) -> Route {
        self.route
    }

    fn deliver(&mut self, _: &Report) -> Result<(), Undelivered> {
        Err(Undelivered { kind: UndeliveredKind::NoRoute, detail: self.why.clone() })
    }
}
