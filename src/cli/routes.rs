//! The way that reports go: looked for, chosen, and made ready.
//!
//! In: settings and flags. Out: a notifier; one that only says what to set, where there is no way.
//! Invariant: nothing is sent here, and nothing is chosen that the settings do not allow.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{Format, TickArgs};
use super::context::{Context, Failure};
use super::io::{self, StdoutNotifier};
use crate::adapters::openclaw::{Found, OpenclawProgram, TELEGRAM_ROOT, discover};
use crate::adapters::os_world::OsWorld;
use crate::adapters::process::Deadline;
use crate::adapters::telegram::Telegram;
use crate::adapters::tick_lock::{self, TickLock};
use crate::adapters::webhook::Webhook;
use crate::base::limits;
use crate::decide::route::{Choice, Means, choose_route};
use crate::journal::Report;
use crate::model::{Endpoint, ReportSettings, Route, Undelivered, UndeliveredKind};
use crate::ports::{Clock as _, Notifier};

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

/// The way to a person's own chat, for codes. It is what this config says and nothing else: not
/// OpenClaw's config, nor the environment, which whoever asks could have set.
///
/// # Errors
/// Why there is none, in words.
pub(super) fn own_chat(settings: &ReportSettings) -> Result<(Telegram, String), String> {
    let own = &settings.telegram;
    let chat = settings.codes_chat()?;
    let root = own.api_root.clone().or_else(|| Endpoint::parse(TELEGRAM_ROOT));
    let root = root.ok_or_else(|| "no root of the Bot API is known".to_owned())?;
    let token = discover(own, None, &OsWorld).token?;
    let token = token.ok_or_else(|| "no token is found".to_owned())?;
    let sent_to = format!("chat {chat} by {root}");
    let source = "report.telegram.target".to_owned();
    Ok((Telegram::new((token.token, token.source), (chat, source), root), sent_to))
}

/// What the command line says of the way.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    /// `--target`.
    pub(super) target: Option<&'a str>,
    /// `--print-only`.
    pub(super) print_only: bool,
    /// Reports stand inside an answer in JSON, where they would be printed.
    pub(super) in_json: bool,
}

impl<'a> From<&'a TickArgs> for Asked<'a> {
    fn from(options: &'a TickArgs) -> Self {
        let (target, print_only) =
            (options.target.as_deref(), options.print_only || options.no_reply);
        Self { target, print_only, in_json: options.format == Format::Json }
    }
}

/// Only one process at a time delivers, so that nothing is sent twice and all in its order. Waits
/// for another one as long as is said; `None` where it goes on for longer.
pub(super) fn lock_outbox(
    context: &Context,
    store: &Path,
    patience: Duration,
) -> Result<Option<TickLock>, Failure> {
    let until = Deadline::after(patience);
    loop {
        if let Ok(lock) = tick_lock::take_outbox(store, &context.now().at)? {
            return Ok(Some(lock));
        }
        let told = context.interrupt.as_ref().is_some_and(|i| i.received().is_some());
        if told || until.passed() {
            return Ok(None);
        }
        context.clock.pause(limits::OUTBOX_RETRY);
    }
}

/// The notifier of a tick. Most ticks have nothing to send: then no way is looked for.
pub(super) fn notifier_on_demand<'a>(
    context: &'a Context,
    settings: &'a ReportSettings,
    asked: Asked<'a>,
) -> Box<dyn Notifier + 'a> {
    if asked.target.is_some() {
        // Whether that has an effect is said in any case.
        return notifier_of(context, settings, asked);
    }
    let choose = Box::new(move || notifier_of(context, settings, asked));
    Box::new(OnDemand { choose, chosen: OnceCell::new() })
}

/// A notifier that is chosen when it is first asked for anything.
struct OnDemand<'a> {
    choose: Box<dyn Fn() -> Box<dyn Notifier + 'a> + 'a>,
    chosen: OnceCell<Box<dyn Notifier + 'a>>,
}

impl OnDemand<'_> {
    fn chosen(&self) -> &dyn Notifier {
        &**self.chosen.get_or_init(&self.choose)
    }
}

impl Notifier for OnDemand<'_> {
    fn route(&self) -> Route {
        self.chosen().route()
    }

    fn deliver(&mut self, report: &Report) -> Result<(), Undelivered> {
        self.chosen();
        let unchosen = || Undelivered { kind: UndeliveredKind::NoRoute, detail: String::new() };
        self.chosen.get_mut().ok_or_else(unchosen)?.deliver(report)
    }

    fn patience(&self) -> Duration {
        self.chosen().patience()
    }

    fn take_notes(&mut self) -> Vec<String> {
        self.chosen.get_mut().map(|chosen| chosen.take_notes()).unwrap_or_default()
    }

    fn hands_over(&self) -> bool {
        self.chosen().hands_over()
    }
}

/// The notifier of a tick, or of a run that reports.
pub(super) fn notifier_of<'a>(
    context: &'a Context,
    settings: &ReportSettings,
    asked: Asked<'_>,
) -> Box<dyn Notifier + 'a> {
    let ways = look_for_ways(settings, asked.target);
    let printing = StdoutNotifier { silent: asked.in_json, printed: false };
    if asked.print_only {
        return Box::new(printing);
    }
    let Choice { route, missing, .. } = ways.choice;
    if asked.target.is_some() && matches!(route, Route::Stdout | Route::Webhook) {
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

/// Another process is at the outbox: what there is to send waits for the next one.
pub(super) fn delivered_by_another() -> Box<dyn Notifier> {
    let why = "another opsfsm is delivering".to_owned();
    Box::new(Nowhere { route: Route::Telegram, why })
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
