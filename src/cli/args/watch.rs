//! The arguments of `watch`.

use std::time::Duration;

use clap::Args as ClapArgs;

use crate::base::limits;

// `opsfsm watch`.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct WatchArgs {
    /// Look again so often
    #[arg(long, value_name = "SPAN", default_value = "2s", value_parser = parse_every)]
    pub(in crate::cli) every: Duration,
}

fn parse_every(text: &str) -> Result<Duration, String> {
    let span: Option<jiff::SignedDuration> = text.parse().ok();
    let span = span.and_then(|span| Duration::try_from(span).ok());
    let fits = |s: &Duration| (limits::WATCH_EVERY_MIN..=limits::WATCH_EVERY_MAX).contains(s);
    span.filter(fits).ok_or_else(|| "a span from 1s to 1h, as in 2s or 5m".to_owned())
}
