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
    for (id, job) in jobs {
        for link in &job.after {
            check_target(id, job, link, jobs, &mut sink);
        }
        if job.kind == Some(Kind::OneShotWrite) {
            check_verification(id, job, jobs, &mut sink);
        }
    }
    check_cycles(jobs, &mut sink);
    sink
}

fn check_target(id: &JobId, job: &Outline, link: &Link, jobs: &Outlines, sink: &mut Sink) {
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
        let others = jobs.keys().filter(|other| *other != id).map(JobId::as_str);
        if let Some(near) = did_you_mean(link.target.as_str(), others) {
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
    let mut cycles = Cycles { paths: Vec::new(), knots: BTreeMap::new() };
    // Kosaraju's: petgraph's Tarjan recurses, and a long chain would overflow the stack.
    for (knot, component) in kosaraju_scc(&graph).into_iter().enumerate() {
        if component.len() > 1 {
            let members: BTreeSet<NodeIndex> = component.into_iter().collect();
            cycles.knots.extend(members.iter().map(|n| (graph[*n], knot)));
            cycles.paths.extend(disjoint_cycles(&graph, &members));
        }
    }
    cycles.paths.sort();
    cycles
}

/// Edge-disjoint cycles of one component: a shortest one through each member in turn, its edges
/// then removed. None is left when it ends, so each cycle shares an edge with a reported one.
fn disjoint_cycles<'a>(
    graph: &DiGraph<&'a JobId, ()>,
    members: &BTreeSet<NodeIndex>,
) -> Vec<Vec<&'a JobId>> {
    let mut left: BTreeMap<NodeIndex, BTreeSet<NodeIndex>> = members
        .iter()
        .map(|&n| (n, graph.neighbors(n).filter(|m| members.contains(m)).collect()))
        .collect();
    let mut cycles = Vec::new();
    for &start in members {
        while let Some(cycle) = shortest_cycle(&left, start) {
            for (i, from) in cycle.iter().enumerate() {
                let to = cycle[(i + 1) % cycle.len()];
                left.entry(*from).or_default().remove(&to);
            }
            let mut ids: Vec<&JobId> = cycle.iter().map(|n| graph[*n]).collect();
            let smallest = ids.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(i, _)| i);
            ids.rotate_left(smallest);
            cycles.push(ids);
            if cycles.len() >= limits::FINDINGS_PER_FILE {
                return cycles;
            }
        }
    }
    cycles
}

/// Breadth-first search from `start` back to it.
fn shortest_cycle(
    edges: &BTreeMap<NodeIndex, BTreeSet<NodeIndex>>,
    start: NodeIndex,
) -> Option<Vec<NodeIndex>> {
    let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for &next in edges.get(&at).into_iter().flatten() {
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
