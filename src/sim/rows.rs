//! What a simulated store keeps of a change: the rows that it names and no others, as a database file
//! does.
//!
//! In: a change. Out: what is stored then; and the world that the change left behind, which is what the
//! next decision is made from, so that nobody copies a whole store for a row.
//! Invariant: what a change does not name is not stored; [`Rows::are_complete`] says whether that lost
//! anything.

use std::collections::BTreeMap;

use crate::journal::{Change, Head, World};

/// The stored rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    stored: World,
    /// As the last decision left it; `None`: nobody knows, as after a commit that failed.
    decided: Option<World>,
}

impl Clone for Rows {
    fn clone(&self) -> Self {
        Self { stored: self.stored.clone(), decided: None }
    }
}

impl Rows {
    pub(super) fn world(&self) -> &World {
        &self.stored
    }

    /// Somebody edits what is stored.
    pub(super) fn edit(&mut self) -> &mut World {
        self.decided = None;
        &mut self.stored
    }

    /// What the next decision is made from.
    pub(super) fn lend(&mut self) -> World {
        self.decided.take().unwrap_or_else(|| self.stored.clone())
    }

    /// Stores the rows that a change names.
    pub(super) fn store(&mut self, change: Change, head: &Head) {
        let Change { mut world, jobs, items, grants, runs, .. } = change;
        world.head.clone_from(head);
        let World { snapshot: all, notes, runs: open, meta, head: end } = &mut self.stored;
        for id in &jobs {
            put(&mut all.jobs, &world.snapshot.jobs, id);
            put(notes, &world.notes, id);
            put(&mut all.requests, &world.snapshot.requests, id);
            put(&mut all.marks, &world.snapshot.marks, id);
        }
        for id in &items {
            put(&mut all.queue, &world.snapshot.queue, id);
        }
        for id in &grants {
            put(&mut all.grants, &world.snapshot.grants, id);
        }
        for id in &runs {
            put(open, &world.runs, id);
        }
        // The fold keeps these two bounded; what it dropped has no id in the change.
        if !items.is_empty() {
            all.queue.retain(|id, _| world.snapshot.queue.contains_key(id));
        }
        if !grants.is_empty() {
            all.grants.retain(|id, _| world.snapshot.grants.contains_key(id));
        }
        all.epoch.clone_from(&world.snapshot.epoch);
        all.config_path.clone_from(&world.snapshot.config_path);
        meta.clone_from(&world.meta);
        end.clone_from(head);
        self.decided = Some(world);
    }

    /// Is what was decided what is stored?
    pub(super) fn are_complete(&self) -> bool {
        self.decided.as_ref().is_none_or(|decided| *decided == self.stored)
    }
}

/// Stores one row as it is now, or that it is gone.
fn put<K: Ord + Clone, V: Clone>(stored: &mut BTreeMap<K, V>, now: &BTreeMap<K, V>, id: &K) {
    match (now.get(id), stored.get_mut(id)) {
        (Some(row), Some(before)) => before.clone_from(row),
        (Some(row), None) => drop(stored.insert(id.clone(), row.clone())),
        (None, _) => drop(stored.remove(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::JobId;
    use crate::journal::Notes;

    #[test]
    fn a_row_that_a_change_does_not_name_is_not_stored_and_that_is_seen() {
        let mut rows = Rows::default();
        for named in [true, false] {
            let mut change = Change { world: rows.lend(), ..Change::default() };
            let (id, notes) =
                (JobId::new("a"), Notes { stopped_since_stop: named, ..Notes::default() });
            change.world.notes.insert(id.clone(), notes);
            change.jobs.extend(named.then_some(id));
            rows.store(change, &Head::default());
            assert!(rows.world().notes["a"].stopped_since_stop);
            assert_eq!(rows.are_complete(), named);
        }
        assert!(rows.clone().lend().notes["a"].stopped_since_stop);
    }
}
