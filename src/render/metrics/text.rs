//! The text of metrics: families and samples, in the syntax of OpenMetrics or of Prometheus.
//!
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>, and the older text format, version 0.0.4,
//! which node_exporter reads from files.
//! Invariant: what is written has the grammar's form, whatever a label's value is: a quote, a backslash
//! or a line's end in it is escaped.

/// Which syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// OpenMetrics 1.0: counters are named without `_total`, and there are infos and state sets.
    OpenMetrics,
    /// Prometheus text format 0.0.4: those are gauges.
    Prometheus,
}

/// What a family of samples is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gauge,
    Counter,
    Info,
    StateSet,
}

/// Families, one after the other.
pub(super) struct Writer {
    syntax: Exposition,
    text: String,
}

/// The samples of one family. Its head is written with the first: a family without samples is none.
pub(super) struct Family<'a> {
    writer: &'a mut Writer,
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    help: &'static str,
    begun: bool,
}

impl Writer {
    pub(super) fn new(syntax: Exposition) -> Self {
        Self { syntax, text: String::new() }
    }

    /// A family; `unit`: seconds, bytes or none, which its name ends in.
    pub(super) fn family(
        &mut self,
        (name, kind): (&'static str, Kind),
        unit: &'static str,
        help: &'static str,
    ) -> Family<'_> {
        Family { writer: self, name, kind, unit, help, begun: false }
    }

    pub(super) fn finish(mut self) -> String {
        // In the older format a comment.
        self.text.push_str("# EOF\n");
        self.text
    }
}

impl Family<'_> {
    /// One sample.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: &str) {
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::StateSet => "",
        };
        if !self.begun {
            self.head(suffix);
        }
        let text = &mut self.writer.text;
        text.push_str(self.name);
        text.push_str(suffix);
        if !labels.is_empty() {
            let labels: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
                .collect();
            text.push_str(&format!("{{{}}}", labels.join(",")));
        }
        text.push_str(&format!(" {value}\n"));
    }

    fn head(&mut self, suffix: &str) {
        self.begun = true;
        let (name, kind) = match (self.writer.syntax, self.kind) {
            (Exposition::OpenMetrics, Kind::Gauge) => (self.name.to_owned(), "gauge"),
            (Exposition::OpenMetrics, Kind::Counter) => (self.name.to_owned(), "counter"),
            (Exposition::OpenMetrics, Kind::Info) => (self.name.to_owned(), "info"),
            (Exposition::OpenMetrics, Kind::StateSet) => (self.name.to_owned(), "stateset"),
            (Exposition::Prometheus, Kind::Counter) => {
                (format!("{}{suffix}", self.name), "counter")
            }
            (Exposition::Prometheus, Kind::Gauge | Kind::Info | Kind::StateSet) => {
                (format!("{}{suffix}", self.name), "gauge")
            }
        };
        let text = &mut self.writer.text;
        text.push_str(&format!("# TYPE {name} {kind}\n"));
        if self.writer.syntax == Exposition::OpenMetrics && !self.unit.is_empty() {
            text.push_str(&format!("# UNIT {name} {}\n", self.unit));
        }
        text.push_str(&format!("# HELP {name} {}\n", self.help));
    }
}

/// A label's value between its quotes.
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_syntaxes_name_counters_and_infos_as_they_are_to() {
        let write = |syntax| {
            let mut writer = Writer::new(syntax);
            let mut family = writer.family(("a_events", Kind::Counter), "", "Events.");
            family.sample(&[], "3");
            let mut family = writer.family(("b", Kind::Info), "", "About b.");
            family.sample(&[("is", "x\"y\\z\n")], "1");
            _ = writer.family(("none", Kind::Gauge), "", "Nothing.");
            let mut family = writer.family(("c_seconds", Kind::Gauge), "seconds", "Time.");
            family.sample(&[], "0.5");
            writer.finish()
        };
        expect_test::expect![[r#"
            # TYPE a_events counter
            # HELP a_events Events.
            a_events_total 3
            # TYPE b info
            # HELP b About b.
            b_info{is="x\"y\\z\n"} 1
            # TYPE c_seconds gauge
            # UNIT c_seconds seconds
            # HELP c_seconds Time.
            c_seconds 0.5
            # EOF
        "#]]
        .assert_eq(&write(Exposition::OpenMetrics));
        expect_test::expect![[r#"
            # TYPE a_events_total counter
            # HELP a_events_total Events.
            a_events_total 3
            # TYPE b_info gauge
            # HELP b_info About b.
            b_info{is="x\"y\\z\n"} 1
            # TYPE c_seconds gauge
            # HELP c_seconds Time.
            c_seconds 0.5
            # EOF
        "#]]
        .assert_eq(&write(Exposition::Prometheus));
    }
}
