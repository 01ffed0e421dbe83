//! Where reports go, and what can keep one from arriving.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::chat::Chat;
use super::endpoint::Endpoint;

/// A language that reports can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// Settings of the report (`report`). The store keeps the last ones that were good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ReportSettings {
    /// The language of reports (`report.language`); `None`: from the locale.
    pub language: Option<Language>,
    /// Which way they go (`report.via`).
    pub via: Via,
    /// Telegram's own settings (`report.telegram`).
    pub telegram: TelegramSettings,
    /// Where a webhook listens (`report.webhook.url`).
    pub webhook: Option<Endpoint>,
    /// What is fetched after each complete tick (`report.deadman.url`).
    pub deadman: Option<Endpoint>,
}

impl ReportSettings {
    /// The chat of one person that one-time codes go to.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn codes_chat(&self) -> Result<Chat, String> {
        let own = &self.telegram;
        let (Some(_), Some(chat)) = (&own.token_file, &own.target) else {
            return Err("codes go to a chat of one person that this config names itself: set \
                        report.telegram.tokenFile and report.telegram.target"
                .to_owned());
        };
        let chat = Chat::parse(chat).ok_or_else(|| format!("report.telegram.target is {chat}"))?;
        if !chat.id.parse::<i64>().is_ok_and(|id| id > 0) {
            return Err(format!(
                "report.telegram.target is {chat}: codes go to a chat of one person only, whose id \
                 is a number above 0"
            ));
        }
        if !matches!(self.via, Via::Auto | Via::Telegram) {
            let via = self.via.as_str();
            return Err(format!("report.via is {via}: codes go by Telegram's Bot API only"));
        }
        Ok(chat)
    }
}

/// `report.telegram`: each setting comes before whatever else may be found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TelegramSettings {
    /// The file with the bot's token.
    pub token_file: Option<PathBuf>,
    /// The chat: an id, `@channel`, or `CHAT:topic:THREAD`.
    pub target: Option<String>,
    /// The root of the Bot API, where it is not Telegram's own.
    pub api_root: Option<Endpoint>,
    /// The topic in the chat.
    pub thread: Option<i64>,
}

/// What a token's source says where the environment holds it: it is kept from every child then.
pub const TOKEN_VARIABLE: &str = "the variable";

/// Which way reports are to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// Telegram where a token is found, else openclaw, else standard output.
    #[default]
    Auto,
    /// Telegram's Bot API.
    Telegram,
    /// The program `openclaw`.
    Openclaw,
    /// A webhook.
    Webhook,
    /// Standard output.
    Stdout,
}

impl Via {
    /// Every way.
    pub const ALL: [Self; 5] =
        [Self::Auto, Self::Telegram, Self::Openclaw, Self::Webhook, Self::Stdout];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Telegram => "telegram",
            Self::Openclaw => "openclaw",
            Self::Webhook => "webhook",
            Self::Stdout => "stdout",
        }
    }
}

/// A way that a report went, or was about to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// Telegram's Bot API.
    Telegram,
    /// The program `openclaw`.
    Openclaw,
    /// A webhook.
    Webhook,
    /// Standard output.
    Stdout,
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 4] = [Self::Telegram, Self::Openclaw, Self::Webhook, Self::Stdout];

    /// The stable name, as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Openclaw => "openclaw",
            Self::Webhook => "webhook",
            Self::Stdout => "stdout",
        }
    }

    /// Can an attempt have arrived without our knowing? What is printed twice after a crash was
    /// printed to nobody the first time.
    #[must_use]
    pub const fn leaves_the_host(self) -> bool {
        match self {
            Self::Telegram | Self::Openclaw | Self::Webhook => true,
            Self::Stdout => false,
        }
    }

    /// The route of a stable name.
    #[must_use]
    pub fn of_str(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.as_str() == name)
    }
}

/// A report did not arrive, or nobody can know whether it did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Undelivered {
    /// What that means for the next attempt.
    pub kind: UndeliveredKind,
    /// What happened and what to do, in a sentence without secrets.
    pub detail: String,
}

/// What a failed delivery means for the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndeliveredKind {
    /// There is no way to send anything: nothing was tried.
    NoRoute,
    /// It did not arrive; another attempt may, but not before `after`, where that is said.
    Passing {
        /// How long the other side wants to be left alone.
        after: Option<Duration>,
    },
    /// It may have arrived. Another attempt is made on the same route only.
    Ambiguous,
    /// It did not arrive, and will not before a person changes something there.
    Refused,
    /// This report will never arrive.
    Impossible,
}
