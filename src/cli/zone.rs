//! The time zone that a config names: the clock follows it, or a finding says why it can't.
//!
//! Invariant: a zone that this host does not know keeps nothing from running.

use crate::adapters::clock::{OsClock, known_zones};
use crate::base::ZoneFault;
use crate::compile::Compiled;
use crate::diag::{Code, Finding, Sink, did_you_mean};
use crate::model::ZoneName;

/// The clock goes by the config's time zone; one that this host can't use is a finding. It stops
/// nothing: hosts differ in the zones that they know, and jobs are watched in any of them.
pub(super) fn follow_zone(clock: &OsClock, compiled: &Compiled, sink: &mut Sink) {
    let zone = compiled.timezone();
    let Err(fault) = clock.follow(zone.map(|z| z.name.as_str())) else { return };
    let Some(ZoneName { name, span }) = zone else { return };
    let (message, help) = match fault {
        ZoneFault::NoDatabase => (
            format!("this host has no time zone database, so `{name}` means nothing to it"),
            "install the package tzdata; until then the host's own clock counts".to_owned(),
        ),
        ZoneFault::UnknownZone | ZoneFault::HostZone => {
            let known = known_zones();
            let near = did_you_mean(name, known.iter().map(String::as_str));
            let help = near
                .map_or("until it does, the host's own clock counts".to_owned(), |near| {
                    format!("did you mean \"{near}\"? Until then the host's own clock counts")
                });
            (format!("this host's time zone database does not know `{name}`"), help)
        }
    };
    sink.push(Finding::new(Code::UnknownZone, *span, message).help(help));
}
