//! Which way reports go.
//!
//! In: the settings, and what was found. Out: a [`Choice`]: one route and why, or what to set.
//! Invariant: what is missing is never made up for by another way than the settings allow.

use crate::model::{Route, Via};

/// What was found that reports could go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Means {
    /// Is there a bot's token? Why what is configured as one can't be used.
    pub token: Result<bool, String>,
    /// Is there a chat? Why what is configured as one can't be used.
    pub chat: Result<bool, String>,
    /// Can the root of the Bot API be sent to?
    pub root: Result<(), String>,
    /// Is there the program `openclaw`?
    pub program: bool,
    /// Is there a webhook's address?
    pub webhook: bool,
}

/// The way that reports go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The route; with `missing`, the one that was wanted.
    pub route: Route,
    /// Why this one.
    pub why: &'static str,
    /// Why nothing can be sent there, and what to set.
    pub missing: Option<String>,
}

const TOKEN_REMEDY: &str = "no bot's token is found: put it into a file of its own and name that with \
                            report.telegram.tokenFile";
const CHAT_REMEDY: &str = "no chat is found: name it with report.telegram.target, or with --target";
const PROGRAM_REMEDY: &str =
    "there is no program openclaw on PATH: install it, or choose another report.via";
const NO_WAY_REMEDY: &str = "a chat is named, but nothing that reaches it: name the file of a bot's token \
                             with report.telegram.tokenFile, or install openclaw; or choose to print \
                             with report.via = stdout or --print-only";
const WEBHOOK_REMEDY: &str = "there is no report.webhook.url: set it, or choose another report.via";

/// Chooses the way.
#[must_use]
pub fn choose_route(via: Via, means: &Means) -> Choice {
    match via {
        Via::Auto => choose_by_itself(means),
        Via::Telegram => {
            Choice { missing: telegram_lacks(means), ..to(Route::Telegram, "report.via says so") }
        }
        Via::Openclaw => {
            Choice { missing: openclaw_lacks(means), ..to(Route::Openclaw, "report.via says so") }
        }
        Via::Webhook => {
            let missing = (!means.webhook).then(|| WEBHOOK_REMEDY.to_owned());
            Choice { missing, ..to(Route::Webhook, "report.via says so") }
        }
        Via::Stdout => to(Route::Stdout, "report.via says so"),
    }
}

const fn to(route: Route, why: &'static str) -> Choice {
    Choice { route, why, missing: None }
}

fn choose_by_itself(means: &Means) -> Choice {
    match &means.token {
        Ok(false) => {}
        Ok(true) => {
            let why = "a bot's token is found";
            return Choice { missing: telegram_lacks(means), ..to(Route::Telegram, why) };
        }
        Err(_) => {
            let why = "a bot's token is configured";
            return Choice { missing: telegram_lacks(means), ..to(Route::Telegram, why) };
        }
    }
    if means.program {
        let why = "no bot's token is found, and there is the program openclaw";
        return Choice { missing: openclaw_lacks(means), ..to(Route::Openclaw, why) };
    }
    if means.chat == Ok(false) {
        return to(Route::Stdout, "neither a bot's token, nor openclaw, nor a chat is found");
    }
    let broken = means.chat.as_ref().err();
    let missing = Some(broken.map_or(NO_WAY_REMEDY, String::as_str).to_owned());
    Choice { missing, ..to(Route::Telegram, "a chat is named") }
}

fn telegram_lacks(means: &Means) -> Option<String> {
    let token = match &means.token {
        Ok(true) => None,
        Ok(false) => Some(TOKEN_REMEDY.to_owned()),
        Err(why) => Some(why.clone()),
    };
    token.or_else(|| chat_lacks(means)).or_else(|| means.root.clone().err())
}

fn openclaw_lacks(means: &Means) -> Option<String> {
    let program = (!means.program).then(|| PROGRAM_REMEDY.to_owned());
    program.or_else(|| chat_lacks(means))
}

fn chat_lacks(means: &Means) -> Option<String> {
    match &means.chat {
        Ok(true) => None,
        Ok(false) => Some(CHAT_REMEDY.to_owned()),
        Err(why) => Some(why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_means() -> Vec<Means> {
        let three = || [Ok(true), Ok(false), Err("broken".to_owned())];
        let two = [true, false];
        let mut all = Vec::new();
        for token in three() {
            for chat in three() {
                for (program, webhook) in two.into_iter().flat_map(|p| two.map(|w| (p, w))) {
                    for root in [Ok(()), Err("odd root".to_owned())] {
                        let (token, chat) = (token.clone(), chat.clone());
                        all.push(Means { token, chat, root, program, webhook });
                    }
                }
            }
        }
        all
    }

    #[test]
    fn what_is_asked_for_is_what_is_chosen_and_needs_what_it_needs() {
        for means in all_means() {
            let lacks = |via| choose_route(via, &means).missing.is_some();
            let chat = means.chat == Ok(true);
            let telegram = means.token == Ok(true) && chat && means.root.is_ok();
            assert_eq!(lacks(Via::Telegram), !telegram, "{means:?}");
            assert_eq!(lacks(Via::Openclaw), !(means.program && chat), "{means:?}");
            assert_eq!(lacks(Via::Webhook), !means.webhook, "{means:?}");
            assert!(!lacks(Via::Stdout));
            for (via, route) in [
                (Via::Telegram, Route::Telegram),
                (Via::Openclaw, Route::Openclaw),
                (Via::Webhook, Route::Webhook),
                (Via::Stdout, Route::Stdout),
            ] {
                assert_eq!(choose_route(via, &means).route, route);
            }
        }
    }

    #[test]
    fn by_itself_it_is_telegram_then_openclaw_and_stdout_only_where_nothing_is_named() {
        for means in all_means() {
            let choice = choose_route(Via::Auto, &means);
            let route = if means.token != Ok(false) {
                Route::Telegram
            } else if means.program {
                Route::Openclaw
            } else if means.chat == Ok(false) {
                Route::Stdout
            } else {
                Route::Telegram
            };
            assert_eq!(choice.route, route, "{means:?}");
            assert!(choice.route != Route::Stdout || choice.missing.is_none());
            // A token that is configured and broken is an error, never passed over.
            if means.token.is_err() {
                assert_eq!(choice.missing.as_deref(), Some("broken"), "{means:?}");
            }
            if means.chat.is_err() {
                assert!(choice.missing.is_some(), "{means:?}");
            }
        }
    }
}
