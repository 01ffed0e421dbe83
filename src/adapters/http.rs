//! HTTP: one request, one bounded answer. The only place that knows ureq.
//!
//! In: an address, a body, a limit. Out: an [`Answer`], or a [`Lost`] that says whether the request
//! may have arrived.
//! Invariant: no redirect is followed, nothing is sent twice, and no word of an address is in any
//! error.

use std::io::{self, Read as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as Limit;
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};
use ureq::{Agent, Body, http};

use crate::adapters::token::mask_tokens;
use crate::base::limits;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// How long the other side wants to be left alone.
    pub(super) retry_after: Option<Duration>,
    /// Its body, or why that could not be read.
    pub(super) body: Result<Vec<u8>, String>,
}

/// No answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// No connection was made: nothing was sent.
    NotSent(String),
    /// The request may have arrived.
    Unknown(String),
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Send<'a> {
    /// Nothing is, something is fetched.
    Get,
    /// JSON is posted, under a key that is the same for every copy.
    Post { json: &'a str, key: &'a str },
}

/// Makes one request, within `limit` from its beginning to the end of its answer.
pub(super) fn request(url: &str, send: Send<'_>, limit: Duration) -> Result<Answer, Lost> {
    let connected = Arc::new(AtomicBool::new(false));
    let agent = agent(url, limit, Connected(Arc::clone(&connected)));
    let answered = match send {
        Send::Get => agent.get(url).call(),
        Send::Post { json, key } => agent
            .post(url)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .send(json),
    };
    match answered {
        Ok(response) => Ok(read(response)),
        Err(error) => {
            let words = words(&error, limit);
            let may_have_arrived = connected.load(Ordering::SeqCst);
            Err(if may_have_arrived { Lost::Unknown(words) } else { Lost::NotSent(words) })
        }
    }
}

fn agent(url: &str, limit: Duration, connected: Connected) -> Agent {
    let plain = url.starts_with("http:");
    let config = Agent::config_builder()
        .timeout_global(Some(limit))
        .https_only(!plain)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .user_agent(concat!("opsfsm/", env!("CARGO_PKG_VERSION")));
    // What goes to this machine goes there directly, and never unencrypted to a proxy.
    let config = if plain { config.proxy(None) } else { config }.build();
    let connector = DefaultConnector::default().chain(connected);
    Agent::with_parts(config, connector, Lookup)
}

/// Looks a name up within the time that is left, which takes a thread. Where there is none to be
/// had, that is an error like any other; ureq's own would panic. An address needs no thread.
#[derive(Debug)]
struct Lookup;

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let here = NextTimeout { after: Limit::NotHappening, ..timeout };
        if is_address(uri) {
            return DefaultResolver::default().resolve(uri, config, here);
        }
        let (tell, told) = mpsc::sync_channel(1);
        let (uri, config) = (uri.clone(), config.clone());
        let look = move || {
            // Whoever asked may have given up.
            let _ = tell.send(DefaultResolver::default().resolve(&uri, &config, here));
        };
        thread::Builder::new().spawn(look).map_err(|e| {
            io::Error::new(e.kind(), format!("no thread could be started to look up its name: {e}"))
        })?;
        told.recv_timeout(*timeout.after).unwrap_or_else(|why| match why {
            RecvTimeoutError::Timeout => Err(ureq::Error::Timeout(timeout.reason)),
            RecvTimeoutError::Disconnected => {
                Err(io::Error::other("the look-up of its name broke off").into())
            }
        })
    }
}

fn is_address(uri: &http::Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse::<IpAddr>().is_ok()
}

/// Notes that a connection stands, TLS included: from here on a request may arrive.
#[derive(Debug)]
struct Connected(Arc<AtomicBool>);

impl<In: Transport> Connector<In> for Connected {
    type Out = In;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<In>, ureq::Error> {
        self.0.fetch_or(chained.is_some(), Ordering::SeqCst);
        Ok(chained)
    }
}

fn read(response: http::Response<Body>) -> Answer {
    let status = response.status().as_u16();
    let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = header.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let mut bytes = Vec::new();
    let mut reader = response.into_body().into_reader().take(limits::ANSWER_BYTES + 1);
    let body = match reader.read_to_end(&mut bytes) {
        Ok(_) if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits::ANSWER_BYTES => {
            Err(format!("its answer is longer than {} bytes", limits::ANSWER_BYTES))
        }
        Ok(_) => Ok(bytes),
        Err(_) => Err("its answer broke off".to_owned()),
    };
    Answer { status, retry_after, body }
}

/// An error in words of our own: ureq's may repeat the address.
fn words(error: &ureq::Error, limit: Duration) -> String {
    use ureq::Error as E;
    if matches!(error, E::Timeout(_)) {
        return format!("there was no answer within {} s", limit.as_millis().div_ceil(1000));
    }
    if let E::Io(e) = error {
        return mask_tokens(&e.to_string());
    }
    if let E::Rustls(e) = error {
        return format!("TLS failed: {e}");
    }
    if let E::Tls(why) = error {
        return format!("TLS failed: {why}");
    }
    let fixed = if matches!(error, E::HostNotFound) {
        "its name can't be resolved"
    } else if matches!(error, E::ConnectionFailed) {
        "no connection could be made"
    } else if matches!(error, E::ConnectProxyFailed(_) | E::InvalidProxyUrl) {
        "the proxy of HTTPS_PROXY refused"
    } else if matches!(error, E::BadUri(_) | E::Http(_) | E::RequireHttpsOnly(_)) {
        "its address can't be used"
    } else {
        "it did not answer in HTTP"
    };
    fixed.to_owned()
}
