//! The chains as trees, like those of `cargo tree`.
//!
//! In: the graph, and where the jobs stand. Out: text. Each job's links are written out where it
//! comes first, and `(*)` stands for them wherever it comes again; a way that comes back to itself
//! ends with `(cycle)`.
//! Invariant: no recursion, and the text grows with the links: no way is indented without end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Live;
use super::words::{
    condition, cycle_notes, due_lines, kind_and_risk, roles, standing_line, visible,
};
use crate::base::JobId;
use crate::base::time::rfc3339;
use crate::compile::{ChainEdge, ChainGraph, ChainJob};
use crate::model::Kind;

/// A way longer than this goes on in a tree of its own.
const DEEP: usize = 40;

struct Forest<'a> {
    graph: &'a ChainGraph,
    live: Option<&'a Live>,
    links: BTreeMap<&'a JobId, Vec<&'a ChainEdge>>,
    written: BTreeSet<&'a JobId>,
    /// Where a way was cut for its depth: roots of trees to come.
    cut: VecDeque<&'a JobId>,
    text: String,
    /// A `(*)` was written.
    repeats: bool,
}

/// One job on the way from a root, and which of its links comes next.
struct Step<'a> {
    id: &'a JobId,
    next: usize,
}

/// Writes the trees.
pub(super) fn chains_tree(graph: &ChainGraph, live: Option<&Live>) -> String {
    let mut links: BTreeMap<&JobId, Vec<&ChainEdge>> = BTreeMap::new();
    let mut led_to = BTreeSet::new();
    for edge in &graph.edges {
        links.entry(&edge.from).or_default().push(edge);
        led_to.insert(&edge.to);
    }
    let mut forest = Forest {
        graph,
        live,
        links,
        written: BTreeSet::new(),
        cut: VecDeque::new(),
        text: String::new(),
        repeats: false,
    };
    for id in graph.jobs.keys().filter(|id| !led_to.contains(id)) {
        forest.grow(id);
    }
    // What is left hangs on cycles that nothing else leads to.
    for id in graph.jobs.keys() {
        forest.grow(id);
    }
    let mut text = std::mem::take(&mut forest.text);
    if text.is_empty() {
        text.push_str("no jobs\n");
    }
    if forest.repeats {
        text.push_str("(*) its links are written out elsewhere\n");
    }
    for note in cycle_notes(graph) {
        text.push_str(&format!("{note}\n"));
    }
    if let Some(live) = live {
        text.push_str(&format!("as of {}\n", rfc3339(live.at_ms)));
    }
    text
}

impl<'a> Forest<'a> {
    /// A tree from this root, and those that its depth cuts off, unless it is written already.
    fn grow(&mut self, root: &'a JobId) {
        if self.written.contains(root) {
            return;
        }
        self.tree(root);
        while let Some(root) = self.cut.pop_front() {
            if !self.written.contains(root) {
                self.tree(root);
            }
        }
    }

    fn tree(&mut self, root: &'a JobId) {
        let line = self.job_words(root);
        self.text.push_str(&format!("{line}\n"));
        self.more(root, "", self.has_links(root));
        self.written.insert(root);
        let mut way = vec![Step { id: root, next: 0 }];
        let mut stems = String::new();
        while let Some(step) = way.last_mut() {
            let links = self.links.get(step.id).map_or(&[][..], Vec::as_slice);
            let Some(edge) = links.get(step.next).copied() else {
                way.pop();
                // A stem is four characters, of which some have three bytes.
                let kept = stems.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
                stems.truncate(kept);
                continue;
            };
            step.next += 1;
            let is_last = step.next == links.len();
            let in_cycle = edge.in_cycle && way.iter().any(|step| *step.id == edge.to);
            let deeper = self.branch(edge, &stems, is_last, in_cycle, way.len());
            if deeper {
                stems.push_str(if is_last { "    " } else { "│   " });
                way.push(Step { id: &edge.to, next: 0 });
            }
        }
    }

    /// Writes one link; says whether the links of its target follow.
    fn branch(
        &mut self,
        edge: &'a ChainEdge,
        stems: &str,
        is_last: bool,
        in_cycle: bool,
        depth: usize,
    ) -> bool {
        let to = &edge.to;
        let mut words: Vec<String> = vec![condition(edge)];
        // What is in a cycle is said where the cycle closes.
        let roles = roles(edge).into_iter().filter(|role| *role != "in a cycle");
        words.extend(roles.map(str::to_owned));
        let gate = if edge.requests { "◇ approval → " } else { "" };
        let has_links = self.has_links(to);
        let repeated = self.written.contains(to);
        let too_deep = depth >= DEEP && has_links && !repeated;
        let elsewhere = !in_cycle && has_links && (repeated || too_deep);
        self.repeats |= elsewhere;
        let mark = match (in_cycle, elsewhere) {
            (true, _) => " (cycle)",
            (false, true) => " (*)",
            (false, false) => "",
        };
        let fork = if is_last { "└── " } else { "├── " };
        let job = self.job_words(to);
        self.text.push_str(&format!("{stems}{fork}{}: {gate}{job}{mark}\n", words.join(", ")));
        if too_deep {
            self.cut.push_back(to);
        }
        if repeated || in_cycle || too_deep {
            return false;
        }
        let below = format!("{stems}{}", if is_last { "    " } else { "│   " });
        self.more(to, &below, has_links);
        self.written.insert(to);
        has_links
    }

    fn has_links(&self, id: &JobId) -> bool {
        self.links.contains_key(id)
    }

    fn job_words(&self, id: &JobId) -> String {
        let name = visible(id.as_str());
        let Some(job) = self.graph.jobs.get(id) else { return name };
        let ChainJob { name: own, kind, enabled, missing, .. } = job;
        let own = own.as_deref().map(visible).filter(|own| *own != name);
        let own = own.map_or(String::new(), |own| format!(" “{own}”"));
        let about = kind_and_risk(job);
        let off = if *enabled || *missing { "" } else { " · disabled" };
        let gated = *kind == Some(Kind::OneShotWrite);
        let gated = if gated { " · behind approval" } else { "" };
        format!("{name}{own}  [{about}{off}{gated}]")
    }

    /// Where the job stands, on lines of their own below it.
    fn more(&mut self, id: &JobId, stems: &str, has_links: bool) {
        let Some(standing) = self.live.and_then(|live| live.jobs.get(id)) else { return };
        let stem = if has_links { "│ " } else { "  " };
        for line in std::iter::once(standing_line(standing)).chain(due_lines(standing)) {
            self.text.push_str(&format!("{stems}{stem}  {line}\n"));
        }
    }
}
