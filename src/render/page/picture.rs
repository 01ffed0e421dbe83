//! The chains, as the picture that `opsfsm graph --live` draws.

use super::Desk;
use super::html::escape;
use crate::base::limits;
use crate::compile::ChainGraph;
use crate::render::graph::{Drawing, Live, render_chains};
use crate::render::words::page as words;

/// The picture, and the same in words.
pub(super) fn chains(desk: &Desk<'_>) -> String {
    let l = desk.language;
    let large = || format!("<p>{}</p>\n", words::chains_large(l));
    let small = |graph: &&ChainGraph| graph.jobs.len() <= limits::CHAIN_JOBS_SHOWN;
    let Some(graph) = desk.page.chains.filter(small) else { return large() };
    let standings = desk.rows.iter().map(|row| (row.id().clone(), row.standing.clone()));
    let live = Live { jobs: standings.collect(), at_ms: desk.page.now.at.wall_ms };
    let drawn = render_chains(graph, Some(&live), Drawing::Svg);
    let text = render_chains(graph, Some(&live), Drawing::Text);
    let (Ok(svg), Ok(text)) = (drawn, text) else { return large() };
    // It scrolls by itself where the page is narrower, so that a keyboard has to reach it.
    format!(
        "<div class=\"wide\" lang=\"en\" tabindex=\"0\" role=\"group\" aria-labelledby=\"chains\">\n{svg}</div>\n\
         <details><summary>{}</summary>\n<pre lang=\"en\">{}</pre></details>\n",
        words::chains_words(l),
        escape(&text)
    )
}
