//! Paths of the config: `~`, and what a relative one starts from.
//!
//! In: a path as it is written. Out: an absolute one, or why there is none.
//! Invariant: this module never asks the file system; `a/../b` stays as it is written, for `a`
//! may be a link.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::tree::Node;

/// `text` as an absolute path: `~` and `~/…` below home, a relative one below `base`.
pub(super) fn expand(
    ctx: &mut Context,
    node: &Node,
    name: &str,
    text: &str,
    base: &Path,
) -> Option<PathBuf> {
    let below_home = text.strip_prefix('~');
    let path = match below_home {
        None => base.join(text),
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let Some(home) = &ctx.around.home else {
                let must = "an absolute path here: no home folder is known that `~` could mean";
                ctx.out_of_range(node, name, must);
                return None;
            };
            home.join(rest.trim_start_matches('/'))
        }
        Some(_) => {
            let must = "a path whose `~` stands alone or before `/`: other users' homes, and files \
                        whose name begins with `~`, need an absolute path or `./~`";
            ctx.out_of_range(node, name, must);
            return None;
        }
    };
    // Drops `.` and doubled slashes, nothing else.
    Some(path.components().collect())
}
