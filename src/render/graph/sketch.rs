//! What a drawn picture shows, before any language: nodes, arrows, notes, a legend.
//!
//! Invariant: every word that is shown stands here; a language only escapes and places it.

/// A picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    /// What it is of.
    pub(super) title: String,
    /// In the order they are written.
    pub(super) nodes: Vec<Node>,
    pub(super) arrows: Vec<Arrow>,
    /// Sentences below it.
    pub(super) notes: Vec<Note>,
}

/// A sentence below a picture.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) text: String,
    /// It tells of a fault.
    pub(super) fault: bool,
}

/// A job, an approval or a state.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its whole id, as it is: no two nodes share one with the same shape of gate or none.
    pub(super) id: String,
    pub(super) lines: Vec<String>,
    pub(super) shape: Shape,
    pub(super) tone: Tone,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Watch,
    Check,
    Write,
    /// A job whose kind is not known.
    Untyped,
    Gate,
    Missing,
    State,
}

/// How a node looks beside its shape; its words say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    Plain,
    /// Of risk write_local.
    Local,
    /// Of risk write_external.
    External,
    /// Disabled, or never reached.
    Off,
    /// The job is here now.
    Now,
}

/// A link or an edge.
#[derive(Clone, Debug)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) lines: Vec<String>,
    pub(super) stroke: Stroke,
    pub(super) hue: Hue,
}

/// How an arrow is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stroke {
    Solid,
    Dashed,
    Bold,
    Dotted,
}

/// The colour of an arrow; its words say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hue {
    Plain,
    /// Part of a cycle.
    Cycle,
    /// On a write's way through its gate.
    Gate,
    /// Never taken.
    Muted,
}

/// One entry of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Node(Shape, Tone),
    Arrow(Stroke, Hue),
}

impl Key {
    /// What it means.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Node(Shape::State, Tone::Off) => "never reached",
            Self::Node(_, Tone::Off) => "disabled",
            Self::Node(_, Tone::Now) => "where it is now",
            Self::Node(Shape::State, _) => "state",
            Self::Node(_, Tone::Local) => "write_local: changes this host",
            Self::Node(_, Tone::External) => "write_external: changes others",
            Self::Node(Shape::Watch, Tone::Plain) => "long_running_read",
            Self::Node(Shape::Check, Tone::Plain) => "one_shot_read",
            Self::Node(Shape::Write, Tone::Plain) => "one_shot_write",
            Self::Node(Shape::Untyped, Tone::Plain) => "job without a kind",
            Self::Node(Shape::Gate, Tone::Plain) => "a person approves the exact plan",
            Self::Node(Shape::Missing, Tone::Plain) => "missing: no such job",
            Self::Arrow(Stroke::Dotted, Hue::Muted) => "ruled out by its config",
            Self::Arrow(_, Hue::Gate) => "a write's way through its gate",
            Self::Arrow(_, Hue::Cycle) => "part of a cycle",
            Self::Arrow(Stroke::Bold, _) => "verifies the write",
            Self::Arrow(Stroke::Dashed, _) => "on failure",
            Self::Arrow(Stroke::Solid | Stroke::Dotted, _) => "on success",
        }
    }
}

impl Sketch {
    /// The legend: an entry for each thing that the picture shows. A picture of states needs none
    /// for what an arrow or a state is.
    pub(super) fn legend(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        for node in &self.nodes {
            keys.push(Key::Node(node.shape, Tone::Plain));
            keys.push(match node.tone {
                Tone::Plain => Key::Node(node.shape, Tone::Plain),
                // One entry for what is the same of every kind.
                tone @ (Tone::Local | Tone::External) => Key::Node(Shape::Write, tone),
                Tone::Off if node.shape == Shape::State => Key::Node(Shape::State, Tone::Off),
                Tone::Off => Key::Node(Shape::Check, Tone::Off),
                Tone::Now => Key::Node(Shape::State, Tone::Now),
            });
        }
        let machine = self.nodes.iter().any(|n| n.shape == Shape::State);
        for arrow in &self.arrows {
            keys.push(match arrow.hue {
                Hue::Plain => Key::Arrow(arrow.stroke, Hue::Plain),
                Hue::Cycle => Key::Arrow(Stroke::Solid, Hue::Cycle),
                Hue::Gate => Key::Arrow(Stroke::Bold, Hue::Gate),
                Hue::Muted => Key::Arrow(Stroke::Dotted, Hue::Muted),
            });
        }
        let told = |key: &Key| {
            let plain_edge = matches!(key, Key::Arrow(Stroke::Solid, Hue::Plain));
            let plain_state = *key == Key::Node(Shape::State, Tone::Plain);
            !(machine && (plain_edge || plain_state))
        };
        keys.retain(told);
        keys.sort();
        keys.dedup();
        keys
    }
}
