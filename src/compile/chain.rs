//! The chain graph: who follows whom, and whether that is sound.
//!
//! In: all jobs and their `after` links. Out: findings OF020 to OF024, and the cycles, for pictures
//! too. Those are found per strongly connected component (petgraph's Kosaraju), then told one by one
//! as edge-disjoint shortest cycles, so that each is shown with its whole path and the work stays
//! polynomial.
//! Invariant: this module never decides what a link does; `decide` does.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::base::{JobId, limits};
use crate::diag::{Code, Finding, Severity, Sink, did_you_mean};
use crate::model::{Kind, Link, LinkWhen, Outline, Risk};

/// All jobs that have an id.
pub(super) type Outlines = BTreeMap<JobId, Outline>;

fn is_verification_link(kind: Option<Kind>, link: &Link) -> bool {
    kind == Some(Kind::OneShotWrite) && link.when == LinkWhen::Success
}

/// Checks all chains.
pub(super) fn check_chains(jobs: &Outlines) -> Sink {
    let mut sink = Sink::new();
    let mut guesses = limits::GUESSES;
    for (id, job) in jobs {
        for link in &job.after {
            check_target(id, job, link, jobs, &mut guesses, &mut sink);
        }
        if job.kind == Some(Kind::OneShotWrite) {
            check_verification(id, job, jobs, &mut sink);
        }
    }
    check_cycles(jobs, &mut sink);
    sink
}

/// `guesses`: how many more ids may be looked at for one that is meant.
fn check_target(
    id: &JobId,
    job: &Outline,
    link: &Link,
    jobs: &Outlines,
    guesses: &mut usize,
    sink: &mut Sink,
) {
    if link.target == *id {
        let message = format!("job `{id}` starts itself");
        sink.push(
            Finding::new(Code::SelfChain, link.target_span, message)
                .also(job.id_span, "the job")
                .help("remove the link, or use `everySeconds` on a one_shot_read"),
        );
    } else if !jobs.contains_key(&link.target) {
        let message = format!("job `{id}` leads to `{}`, which does not exist", link.target);
        let mut finding = Finding::new(Code::DanglingChain, link.target_span, message)
            .also(job.id_span, "the job");
        let near = guesses.checked_sub(jobs.len()).and_then(|left| {
            *guesses = left;
            let others = jobs.keys().filter(|other| *other != id).map(JobId::as_str);
            did_you_mean(link.target.as_str(), others)
        });
        if let Some(near) = near {
            finding = finding.help(format!("did you mean `{near}`?"));
        }
        sink.push(finding.help("declare that job, or remove the link"));
    }
}

fn check_verification(id: &JobId, job: &Outline, jobs: &Outlines, sink: &mut Sink) {
    let candidates: Vec<&Link> =
        job.after.iter().filter(|link| is_verification_link(job.kind, link)).collect();
    let fit = |link: &&Link| jobs.get(&link.target).is_some_and(Outline::may_verify);
    let mut fits = candidates.iter().copied().filter(fit).peekable();
    if let Some(first) = fits.peek().copied() {
        let watched = |link: &Link| {
            jobs.get(&link.target).filter(|target| target.kind == Some(Kind::LongRunningRead))
        };
        if let (Some(target), true) = (watched(first), fits.all(|link| watched(link).is_some())) {
            sink.push(only_watched(id, first, target));
        }
        return;
    }
    if candidates.is_empty() {
        let message = format!("write `{id}` has no verification: nothing shows that it worked");
        sink.push(
            Finding::new(Code::NoVerification, job.id_span, message)
                .help("add to `after`: { jobId = \"<a read_only job that checks the result>\" }"),
        );
    }
    // A target that does not exist, or is the job itself, has been told already.
    for link in candidates.into_iter().filter(|link| link.target != *id) {
        let Some(target) = jobs.get(&link.target) else { continue };
        let kind = target.kind.map_or("of unknown kind", Kind::as_str);
        let risk = target.risk.map_or("of unknown risk", Risk::as_str);
        let message = format!(
            "write `{id}` is verified by `{}`, which is no read-only read job",
            link.target
        );
        sink.push(
            Finding::new(Code::UnfitVerification, link.target_span, message)
                .also(target.id_span, format!("{kind}, {risk}"))
                .help("verify with a job of kind one_shot_read and risk read_only"),
        );
    }
}

/// A config of ops-monitor may say so, which is why it stops nothing: the write just has no plan.
fn only_watched(id: &JobId, link: &Link, target: &Outline) -> Finding {
    let message = format!(
        "write `{id}` is verified by the watched job `{}` only: it has no plan that could be approved",
        link.target
    );
    Finding::new(Code::UnfitVerification, link.target_span, message)
        .severity(Severity::Warning)
        .of(id)
        .also(target.id_span, "a long_running_read")
        .help("verify with a job of kind one_shot_read and risk read_only")
}

/// Reports cycles; self links have a code of their own and are left out here.
fn check_cycles(jobs: &Outlines, sink: &mut Sink) {
    for cycle in cycles_of(jobs).paths.into_iter().take(limits::FINDINGS_PER_FILE) {
        sink.push(cycle_finding(&cycle, jobs));
    }
}

/// Where jobs start each other in a cycle. Self links are not among them.
pub(super) struct Cycles<'a> {
    /// Cycles, each from its smallest id on: no two share a link. Sorted.
    pub(super) paths: Vec<Vec<&'a JobId>>,
    /// For each job on a cycle, which knot of cycles it belongs to: a link is on a cycle where
    /// both its ends belong to the same.
    pub(super) knots: BTreeMap<&'a JobId, usize>,
}

/// All cycles.
pub(super) fn cycles_of(jobs: &Outlines) -> Cycles<'_> {
    let mut cycles = Cycles { paths: Vec::new(), knots: BTreeMap::new() };
    if jobs.values().all(|job| job.after.is_empty()) {
        return cycles;
    }
    let mut graph: DiGraph<&JobId, ()> = DiGraph::new();
    let nodes: BTreeMap<&JobId, NodeIndex> =
        jobs.keys().map(|id| (id, graph.add_node(id))).collect();
    // Sets, because looking an edge up in the graph takes as long as a job has links.
    for (id, job) in jobs {
        let targets: BTreeSet<&JobId> = job.after.iter().map(|link| &link.target).collect();
        for target in targets.into_iter().filter(|target| *target != id) {
            if let (Some(&from), Some(&to)) = (nodes.get(id), nodes.get(target)) {
                graph.add_edge(from, to, ());
            }
        }
    }
    let mut steps = limits::CYCLE_STEPS;
    // Kosaraju's: petgraph's Tarjan recurses, and a long chain would overflow the stack.
    for (knot, component) in kosaraju_scc(&graph).into_iter().enumerate() {
        if component.len() > 1 {
            let members: BTreeSet<NodeIndex> = component.into_iter().collect();
            cycles.knots.extend(members.iter().map(|n| (graph[*n], knot)));
            cycles.paths.extend(disjoint_cycles(&graph, &members, &mut steps));
        }
    }
    cycles.paths.sort();
    cycles
}

/// Edge-disjoint cycles of one component: a shortest one through each member in turn, its edges
/// then removed. Each cycle shares an edge with a reported one, as long as there are `steps` left:
/// links that may be looked at. There is one in any case.
fn disjoint_cycles<'a>(
    graph: &DiGraph<&'a JobId, ()>,
    members: &BTreeSet<NodeIndex>,
    steps: &mut usize,
) -> Vec<Vec<&'a JobId>> {
    let mut left = Untold::of(graph, members);
    let mut cycles = Vec::new();
    for &start in members {
        while let Some(cycle) = shortest_cycle(&left.out, start, steps) {
            for (i, from) in cycle.iter().enumerate() {
                left.remove(*from, cycle[(i + 1) % cycle.len()]);
            }
            let mut ids: Vec<&JobId> = cycle.iter().map(|n| graph[*n]).collect();
            let smallest = ids.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(i, _)| i);
            ids.rotate_left(smallest);
            cycles.push(ids);
            if cycles.len() >= limits::FINDINGS_PER_FILE || *steps == 0 {
                return cycles;
            }
        }
        if !cycles.is_empty() && *steps == 0 {
            return cycles;
        }
    }
    cycles
}

type Edges = BTreeMap<NodeIndex, BTreeSet<NodeIndex>>;

/// The edges of a component that are on no told cycle. What has no way in, or none out, is on no
/// cycle at all and is left out too: a search that finds nothing would else go over it for each job.
struct Untold {
    out: Edges,
    into: Edges,
}

impl Untold {
    fn of(graph: &DiGraph<&JobId, ()>, members: &BTreeSet<NodeIndex>) -> Self {
        let (mut out, mut into) = (Edges::new(), Edges::new());
        for &from in members {
            for to in graph.neighbors(from).filter(|to| members.contains(to)) {
                out.entry(from).or_default().insert(to);
                into.entry(to).or_default().insert(from);
            }
        }
        Self { out, into }
    }

    fn remove(&mut self, from: NodeIndex, to: NodeIndex) {
        let mut gone = vec![(from, to)];
        while let Some((from, to)) = gone.pop() {
            let (Some(out), Some(into)) = (self.out.get_mut(&from), self.into.get_mut(&to)) else {
                continue;
            };
            out.remove(&to);
            into.remove(&from);
            let (no_way_on, no_way_here) = (out.is_empty(), into.is_empty());
            if no_way_on {
                self.out.remove(&from);
                let before = self.into.get(&from).into_iter().flatten();
                gone.extend(before.map(|before| (*before, from)));
            }
            if no_way_here {
                self.into.remove(&to);
                gone.extend(self.out.get(&to).into_iter().flatten().map(|next| (to, *next)));
            }
        }
    }
}

/// Breadth-first search from `start` back to it, which counts its steps.
fn shortest_cycle(edges: &Edges, start: NodeIndex, steps: &mut usize) -> Option<Vec<NodeIndex>> {
    let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for &next in edges.get(&at).into_iter().flatten() {
            *steps = steps.saturating_sub(1);
            if next == start {
                let mut path = vec![at];
                while let Some(&before) = path.last().and_then(|n| came_from.get(n)) {
                    path.push(before);
                }
                path.reverse();
                return Some(path);
            }
            if let Entry::Vacant(unseen) = came_from.entry(next) {
                unseen.insert(at);
                open.push_back(next);
            }
        }
    }
    None
}

fn cycle_finding(cycle: &[&JobId], jobs: &Outlines) -> Finding {
    let mut path: Vec<String> =
        cycle.iter().take(limits::CYCLE_SHOWN).map(ToString::to_string).collect();
    if cycle.len() > path.len() {
        path.push(format!("… ({} more)", cycle.len() - path.len()));
    }
    path.extend(cycle.first().map(ToString::to_string));
    let message = format!("jobs start each other in a circle: {}", path.join(" → "));
    let links = cycle.iter().enumerate().take(limits::CYCLE_SHOWN).filter_map(|(i, id)| {
        let next = cycle[(i + 1) % cycle.len()];
        let link = jobs.get(*id)?.after.iter().find(|link| link.target == *next)?;
        Some((link.target_span, format!("`{id}` leads to `{next}`")))
    });
    let mut finding: Option<Finding> = None;
    for (span, text) in links {
        finding = Some(match finding {
            None => Finding::new(Code::CyclicChain, span, message.clone()).label(text),
            Some(finding) => finding.also(span, text),
        });
    }
    finding
        .unwrap_or_else(|| Finding::nowhere(Code::CyclicChain, message))
        .help("remove one of these links")
}
