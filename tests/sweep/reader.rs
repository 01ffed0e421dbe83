//! From calls to steps: what each call did to the folder, and who may have seen the store by then.
//!
//! In: calls, one by one. Out: steps of a recording.
//! Invariant: a call that changes a file in a way that is not understood ends the test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::disk::{Node, Recording};
use crate::trace::Call;

/// The calls to record; one that this machine does not have is no fault.
pub(crate) const CALLS: &str = "trace=?open,?openat,?openat2,?creat,?write,?pwrite64,?writev,?pwritev,\
    ?pwritev2,?copy_file_range,?sendfile,?splice,?truncate,?ftruncate,?fallocate,?fsync,?fdatasync,\
    ?sync_file_range,?msync,?rename,?renameat,?renameat2,?unlink,?unlinkat,?rmdir,?link,?linkat,?symlink,\
    ?symlinkat,?mkdir,?mkdirat,?lseek,?fcntl,?execve";

/// The bytes of its database that SQLite locks, and takes to write (<https://www.sqlite.org/lockingv3.html>).
const PENDING: &str = "l_start=1073741824";
const SHARED: &str = "l_start=1073741826";

pub(crate) struct Reader<'a> {
    folder: &'a Path,
    store: &'a Path,
    program: &'a Path,
    names: BTreeMap<PathBuf, Node>,
    /// Of each file: where the next plain write goes, whether always to its end, and its length.
    places: BTreeMap<usize, (usize, bool)>,
    lengths: BTreeMap<usize, usize>,
    /// Threads that may be changing the store.
    writers: BTreeSet<u32>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        folder: &'a Path,
        store: &'a Path,
        program: &'a Path,
        names: &BTreeMap<PathBuf, Node>,
    ) -> Self {
        let (places, lengths, writers) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { folder, store, program, names: names.clone(), places, lengths, writers }
    }

    pub(crate) fn take(&mut self, call: &Call, into: &mut Recording) {
        match call.name.as_str() {
            "open" => self.open(call, call.path(0), &call.args[1], into),
            "openat" => self.open(call, call.path(1), &call.args[2], into),
            "write" => self.write(call, into),
            "pwrite64" => {
                if let Some(file) = self.file(call, 0) {
                    self.put(file, call.number(3), call, into);
                }
            }
            "ftruncate" => {
                if let Some(file) = self.file(call, 0) {
                    self.lengths.insert(file, call.number(1));
                    into.cut(file, call.number(1));
                }
            }
            "lseek" => {
                if let Some(file) = self.file(call, 0) {
                    self.places.entry(file).or_default().0 = call.count();
                }
            }
            "fsync" | "fdatasync" => self.sync(call, into),
            "unlink" | "rmdir" => self.rename(vec![(call.path(0), None)], into),
            "unlinkat" => self.rename(vec![(call.path(1), None)], into),
            "rename" => self.moved(&call.path(0), &call.path(1), into),
            "renameat" | "renameat2" => self.moved(&call.path(1), &call.path(3), into),
            "link" => self.linked(&call.path(0), call.path(1), into),
            "linkat" => self.linked(&call.path(1), call.path(3), into),
            "mkdir" => self.rename(vec![(call.path(0), Some(Node::Folder))], into),
            "mkdirat" => self.rename(vec![(call.path(1), Some(Node::Folder))], into),
            "fcntl" => self.lock(call, into),
            "execve" if call.path(0) != self.program => {
                into.spawns += 1;
                self.seen(into);
            }
            "execve" => {}
            _ => {
                let touches = (0..call.args.len()).filter_map(|n| call.file(n));
                let ours = touches.filter(|path| path.starts_with(self.folder));
                assert_eq!(ours.count(), 0, "what this does is not understood: {call:?}");
            }
        }
    }

    fn is_outside(&self, path: &Path) -> bool {
        !path.starts_with(self.folder) || path == self.folder.join("effects")
    }

    /// The file behind a descriptor, if it is one of the folder that still has a name.
    fn file(&self, call: &Call, n: usize) -> Option<usize> {
        match self.names.get(&call.file(n)?) {
            Some(Node::File(file)) => Some(*file),
            Some(Node::Folder) | None => None,
        }
    }

    fn open(&mut self, call: &Call, path: PathBuf, flags: &str, into: &mut Recording) {
        let has = |flag: &str| flags.split('|').any(|f| f == flag);
        if self.is_outside(&path) || has("O_DIRECTORY") {
            return;
        }
        let path = call.file_of_result().unwrap_or(path);
        if !self.names.contains_key(&path) && has("O_CREAT") {
            let made = into.new_file(Vec::new());
            self.rename(vec![(path.clone(), Some(made))], into);
        }
        let Some(Node::File(file)) = self.names.get(&path).copied() else { return };
        if has("O_TRUNC") {
            self.lengths.insert(file, 0);
            into.cut(file, 0);
        }
        if !has("O_RDONLY") {
            self.places.insert(file, (0, has("O_APPEND")));
        }
    }

    fn write(&mut self, call: &Call, into: &mut Recording) {
        if call.file(0).is_some_and(|path| path == self.folder.join("effects")) {
            into.effect(call.bytes(1));
        } else if let Some(file) = self.file(call, 0) {
            let (place, to_end) = self.places.get(&file).copied().unwrap_or_default();
            let at = if to_end { self.length(file, into) } else { place };
            self.put(file, at, call, into);
            self.places.insert(file, (at + call.count(), to_end));
        } else if ["1<", "2<"].iter().any(|stream| call.args[0].starts_with(stream)) {
            // Somebody is told of what was done.
            self.seen(into);
        }
    }

    fn length(&self, file: usize, into: &Recording) -> usize {
        self.lengths.get(&file).copied().unwrap_or_else(|| into.length_before(file))
    }

    fn put(&mut self, file: usize, at: usize, call: &Call, into: &mut Recording) {
        let mut bytes = call.bytes(1);
        bytes.truncate(call.count());
        let length = self.length(file, into).max(at + bytes.len());
        self.lengths.insert(file, length);
        into.write(file, at, bytes);
    }

    fn sync(&mut self, call: &Call, into: &mut Recording) {
        let Some(path) = call.file(0) else { return };
        match self.names.get(&path) {
            Some(Node::File(file)) => into.sync_file(*file),
            Some(Node::Folder) => into.sync_folder(&path),
            None if path == self.folder => into.sync_folder(&path),
            None => {}
        }
    }

    fn rename(&mut self, mut sets: Vec<(PathBuf, Option<Node>)>, into: &mut Recording) {
        sets.retain(|(path, _)| !self.is_outside(path));
        for (path, node) in &sets {
            match node {
                Some(node) => self.names.insert(path.clone(), *node),
                None => self.names.remove(path),
            };
        }
        if !sets.is_empty() {
            into.rename(sets);
        }
    }

    fn moved(&mut self, from: &Path, to: &Path, into: &mut Recording) {
        let node = self.names.get(from).copied();
        self.rename(vec![(from.to_owned(), None), (to.to_owned(), node)], into);
    }

    fn linked(&mut self, from: &Path, to: PathBuf, into: &mut Recording) {
        let node = self.names.get(from).copied();
        self.rename(vec![(to, node)], into);
    }

    /// Whoever lets go of a changed store lets others read it.
    fn lock(&mut self, call: &Call, into: &mut Recording) {
        if call.file(0).as_deref() != Some(self.store) || !call.args[1].starts_with("F_SETLK") {
            return;
        }
        let lock = &call.args[2];
        let is_main = lock.contains(PENDING) || lock.contains(SHARED);
        if is_main && lock.contains("F_WRLCK") {
            self.writers.insert(call.thread);
        } else if is_main && self.writers.remove(&call.thread) {
            self.seen(into);
        }
    }

    fn seen(&self, into: &mut Recording) {
        if self.writers.is_empty() {
            into.mark();
        }
    }
}
