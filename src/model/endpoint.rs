//! An address that reports, or signs of life, are sent to.
//!
//! In: what a config says. Out: an [`Endpoint`]: https, or http to this very machine.
//! What comes after the host may be a secret (a webhook's path often is), so it is never shown.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An address that may be sent to. Its `Debug` and `Display` show no more than scheme and host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    url: String,
}

impl Endpoint {
    /// What an address has to be, for findings.
    pub const RULE: &str =
        "an https:// address (or http:// of this machine: localhost, 127.0.0.1, [::1])";

    /// Takes an address, if it may be sent to: nothing goes unencrypted over a network.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let fine = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '`');
        if !text.chars().all(fine) || authority.contains('@') || text.contains('#') {
            return None;
        }
        let (host, port) = split_port(authority)?;
        let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        let named = host.chars().any(|c| c.is_ascii_alphanumeric());
        let allowed = match scheme {
            "https" => true,
            "http" => is_loopback(host),
            _ => false,
        };
        (allowed && named && port_fits).then(|| Self { url: text.to_owned() })
    }

    /// The whole address, for the one who sends. It may be a secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.url
    }

    /// Is it sent to without TLS, on this machine?
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.url.starts_with("http:")
    }

    /// Scheme and host.
    #[must_use]
    pub fn origin(&self) -> &str {
        let host_at = self.url.find("://").map_or(0, |at| at + 3);
        let rest = self.url.get(host_at..).unwrap_or_default();
        let end = rest.find(['/', '?']).map_or(self.url.len(), |at| host_at + at);
        self.url.get(..end).unwrap_or_default()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.origin())?;
        let more = self.url.len() > self.origin().len() + 1;
        f.write_str(if more { "/…" } else { "" })
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// Host and port of an authority; an IPv6 host keeps its brackets.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.starts_with('[') {
        let end = authority.find(']')? + 1;
        let (host, rest) = authority.split_at(end);
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

fn is_loopback(host: &str) -> bool {
    let v4 = host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
    v4 || host.eq_ignore_ascii_case("localhost") || host == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_unencrypted_over_a_network() {
        for fine in [
            "https://api.telegram.org",
            "https://hooks.example.com/services/T0/B0/xyz?a=b",
            "https://[2001:db8::1]:8443/x",
            "http://127.0.0.1:8081",
            "http://127.8.9.1/",
            "http://localhost:80/x",
            "http://[::1]:9/x",
        ] {
            assert!(Endpoint::parse(fine).is_some(), "{fine}");
        }
        for wrong in [
            "",
            "api.telegram.org",
            "https://",
            "https:///x",
            "http://api.telegram.org",
            "http://localhost.example.com/x",
            "http://127.0.0.1.example.com/",
            "http://0.0.0.0/",
            "http://localhost@example.com/",
            "https://user:word@example.com/",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://[::1/",
            "https://exa mple.com/",
            "https://example.com/\n",
            "https://example.com/#x",
            "ftp://localhost/",
            "HTTP://localhost/",
        ] {
            assert!(Endpoint::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn what_comes_after_the_host_is_never_shown() {
        let shown = |url: &str| {
            let endpoint = Endpoint::parse(url).expect("an address");
            (endpoint.to_string(), format!("{endpoint:?}"))
        };
        for url in ["https://h.example:1/secret", "https://h.example:1?secret"] {
            let (display, debug) = shown(url);
            assert_eq!(display, "https://h.example:1/…");
            assert_eq!(debug, "Endpoint(https://h.example:1/…)");
        }
        assert_eq!(shown("https://h.example/").0, "https://h.example");
    }
}
