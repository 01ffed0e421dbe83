//! A disk that forgets what was not synced.
//!
//! In: a folder as it was, and the calls of a command in it. Out: what the command did to the folder, step
//! by step, and what could be left of it if the power failed after any of these steps.
//! Invariant: what was synced is there; of the rest anything may be, in any order, torn between sectors.
//! Bytes are durable by a sync of their file, names only by a sync of their folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::trace::Call;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Folder,
    /// By its place among all files that there ever were.
    File(usize),
}

/// A step.
#[derive(Clone, Debug)]
enum Act {
    Write {
        file: usize,
        at: usize,
        bytes: Vec<u8>,
    },
    Cut {
        file: usize,
        to: usize,
    },
    /// One change of names: what each stands for after it.
    Names(Vec<(PathBuf, Option<Node>)>),
}

#[derive(Clone, Debug)]
struct Op {
    act: Act,
    /// The moment it was done, and the one from which on it is durable.
    done: usize,
    sure: Option<usize>,
    /// Folders that are not synced since.
    open: BTreeSet<PathBuf>,
}

/// How much of a step the disk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kept {
    Whole,
    /// Of a write: the length without the bytes.
    Zeros,
    /// Only what lies before this place in the file, or from it on.
    Before(usize),
    From(usize),
}

/// What the disk holds: steps by number.
pub(crate) type Held = Vec<(usize, Kept)>;

/// Names of files with their bytes, and of folders without.
pub(crate) type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// What a command did to a folder.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    names: BTreeMap<PathBuf, Node>,
    files: Vec<Vec<u8>>,
    ops: Vec<Op>,
    /// Moments so far: each step, each sync and each mark is one.
    pub(crate) moments: usize,
    /// Moments before which somebody may have read the store, or heard of it.
    pub(crate) published: Vec<usize>,
    /// Moments that a sync follows.
    before_sync: BTreeSet<usize>,
    /// What jobs wrote outside, and when.
    pub(crate) effects: Vec<(usize, Vec<u8>)>,
    pub(crate) syncs: usize,
    pub(crate) spawns: usize,
}

/// What the folder holds as it is, but for what jobs write outside.
pub(crate) fn image_of(folder: &Path) -> Image {
    let mut image = Image::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            image.insert(path.clone(), None);
            image.append(&mut image_of(&path));
        } else if entry.file_name() != "effects" {
            let bytes = fs::read(&path).unwrap();
            image.insert(path, Some(bytes));
        }
    }
    image
}

impl Recording {
    /// `store` is the file whose locks say when it may be read; `program` is opsfsm.
    pub(crate) fn new(
        folder: &Path,
        before: &Image,
        calls: &[Call],
        (store, program): (&Path, &Path),
    ) -> Self {
        let mut recording = Self::default();
        for (path, bytes) in before {
            let node = match bytes {
                None => Node::Folder,
                Some(bytes) => recording.new_file(bytes.clone()),
            };
            recording.names.insert(path.clone(), node);
        }
        let mut reader = crate::reader::Reader::new(folder, store, program, &recording.names);
        for call in calls {
            reader.take(call, &mut recording);
        }
        recording.mark();
        recording
    }

    pub(crate) fn new_file(&mut self, bytes: Vec<u8>) -> Node {
        self.files.push(bytes);
        Node::File(self.files.len() - 1)
    }

    /// How long a file was when all began.
    pub(crate) fn length_before(&self, file: usize) -> usize {
        self.files[file].len()
    }

    fn push(&mut self, act: Act, open: BTreeSet<PathBuf>) {
        self.moments += 1;
        self.ops.push(Op { act, done: self.moments, sure: None, open });
    }

    pub(crate) fn write(&mut self, file: usize, at: usize, bytes: Vec<u8>) {
        self.push(Act::Write { file, at, bytes }, BTreeSet::new());
    }

    pub(crate) fn cut(&mut self, file: usize, to: usize) {
        self.push(Act::Cut { file, to }, BTreeSet::new());
    }

    pub(crate) fn rename(&mut self, sets: Vec<(PathBuf, Option<Node>)>) {
        let open = sets.iter().filter_map(|(path, _)| path.parent().map(Path::to_owned)).collect();
        self.push(Act::Names(sets), open);
    }

    /// Somebody may know by now what the store says.
    pub(crate) fn mark(&mut self) {
        self.moments += 1;
        self.published.push(self.moments);
    }

    pub(crate) fn effect(&mut self, bytes: Vec<u8>) {
        self.moments += 1;
        self.effects.push((self.moments, bytes));
    }

    pub(crate) fn sync_file(&mut self, synced: usize) {
        self.before_sync.insert(self.moments);
        self.moments += 1;
        self.syncs += 1;
        for op in self.ops.iter_mut().filter(|op| op.sure.is_none()) {
            match op.act {
                Act::Write { file, .. } | Act::Cut { file, .. } if file == synced => {
                    op.sure = Some(self.moments);
                }
                Act::Write { .. } | Act::Cut { .. } | Act::Names(_) => {}
            }
        }
    }

    pub(crate) fn sync_folder(&mut self, folder: &Path) {
        self.before_sync.insert(self.moments);
        self.moments += 1;
        self.syncs += 1;
        for op in self.ops.iter_mut().filter(|op| op.sure.is_none()) {
            if op.open.remove(folder) && op.open.is_empty() {
                op.sure = Some(self.moments);
            }
        }
    }

    /// Everything that was done up to this moment.
    pub(crate) fn all_until(&self, moment: usize) -> Held {
        let done = self.ops.iter().enumerate().filter(|(_, op)| op.done <= moment);
        done.map(|(n, _)| (n, Kept::Whole)).collect()
    }

    /// Of that, what is durable at this moment.
    fn sure_at(&self, moment: usize) -> Held {
        let sure = |op: &Op| op.sure.is_some_and(|sure| sure <= moment);
        let sure = self.ops.iter().enumerate().filter(|(_, op)| sure(op));
        sure.map(|(n, _)| (n, Kept::Whole)).collect()
    }

    /// The states in which everything is lost that could be, or nothing is.
    pub(crate) fn extremes(&self) -> BTreeSet<Held> {
        let both = |moment: usize| [self.all_until(moment), self.sure_at(moment)];
        (0..=self.moments).flat_map(both).collect()
    }

    /// The states in which all is there but one change of names, beside another that is not durable either.
    pub(crate) fn without_a_name(&self) -> BTreeSet<Held> {
        let mut found = BTreeSet::new();
        for moment in 0..=self.moments {
            let is_sure = |op: &Op| op.sure.is_some_and(|sure| sure <= moment);
            let is_name = |op: &Op| matches!(op.act, Act::Names(_));
            let open = |op: &Op| op.done <= moment && is_name(op) && !is_sure(op);
            let open = self.ops.iter().enumerate().filter(|(_, op)| open(op)).map(|(n, _)| n);
            let open: Vec<usize> = open.collect();
            for but in open.iter().filter(|_| open.len() > 1) {
                let mut all = self.all_until(moment);
                all.retain(|(n, _)| n != but);
                found.insert(all);
            }
        }
        found
    }

    /// What jobs had written outside by then.
    pub(crate) fn effects_until(&self, moment: usize) -> Vec<u8> {
        let by_then = self.effects.iter().filter(|(at, _)| *at <= moment);
        by_then.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
    }

    /// The folder, if that is what the disk holds.
    pub(crate) fn image(&self, held: &Held) -> Image {
        let (mut names, mut files) = (self.names.clone(), BTreeMap::<usize, Vec<u8>>::new());
        for (n, kept) in held {
            match &self.ops[*n].act {
                Act::Names(sets) => {
                    for (path, node) in sets {
                        match node {
                            Some(node) => names.insert(path.clone(), *node),
                            None => names.remove(path),
                        };
                    }
                }
                Act::Cut { file, to } => {
                    files.entry(*file).or_insert_with(|| self.files[*file].clone()).resize(*to, 0);
                }
                Act::Write { file, at, bytes } => {
                    let old = files.entry(*file).or_insert_with(|| self.files[*file].clone());
                    put(old, *at, bytes, *kept);
                }
            }
        }
        let reachable = |path: &Path| {
            let mut folders = path.ancestors().skip(1).filter(|folder| self.known(folder));
            folders.all(|folder| names.contains_key(folder))
        };
        let found = names.iter().filter(|(path, _)| reachable(path));
        let bytes = |file: &usize| files.get(file).unwrap_or(&self.files[*file]).clone();
        let content = |node: &Node| match node {
            Node::Folder => None,
            Node::File(file) => Some(bytes(file)),
        };
        found.map(|(path, node)| (path.clone(), content(node))).collect()
    }

    /// Was this folder there before, or made since?
    fn known(&self, folder: &Path) -> bool {
        let is_it = |(path, node): &(PathBuf, Option<Node>)| path == folder && node.is_some();
        let made = |op: &Op| matches!(&op.act, Act::Names(sets) if sets.iter().any(is_it));
        self.names.contains_key(folder) || self.ops.iter().any(made)
    }

    /// States that the disk could be in if the power failed, each with the first and the last moment at
    /// which it could: not every subset of what is not synced, but those in which one thing is apart.
    pub(crate) fn states(&self) -> BTreeMap<Held, (usize, usize)> {
        let mut states = BTreeMap::new();
        for moment in 0..=self.moments {
            let is_sure = |op: &Op| op.sure.is_some_and(|sure| sure <= moment);
            let is_open = |op: &Op| op.done <= moment && !is_sure(op);
            let open = self.ops.iter().enumerate().filter(|(_, op)| is_open(op));
            let open: Vec<usize> = open.map(|(n, _)| n).collect();
            let sure = self.sure_at(moment);
            for some in self.of_open(moment, &open) {
                let mut held: Held = sure.iter().copied().chain(some).collect();
                held.sort_unstable();
                let at = states.entry(held).or_insert((moment, moment));
                at.1 = moment;
            }
        }
        states
    }

    /// What may be left of the steps that are not durable yet.
    fn of_open(&self, moment: usize, open: &[usize]) -> Vec<Held> {
        let whole = |n: &usize| (*n, Kept::Whole);
        let is_name = |n: &&usize| matches!(self.ops[**n].act, Act::Names(_));
        let zeros = |n: &usize| match self.ops[*n].act {
            Act::Write { .. } => (*n, Kept::Zeros),
            Act::Cut { .. } | Act::Names(_) => whole(n),
        };
        let all_but = |but: usize| open.iter().filter(move |n| **n != but).map(whole);
        let mut found = vec![Vec::new(), open.iter().map(whole).collect()];
        found.push(open.iter().filter(is_name).map(whole).collect());
        found.push(open.iter().filter(|n| !is_name(n)).map(whole).collect());
        found.push(open.iter().map(zeros).collect());
        let mut chance = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(moment as u64 + 1);
        for _ in 0..3 {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let is_kept = |n: &&usize| (chance >> (16 + **n % 40)) & 1 == 1;
            found.push(open.iter().filter(is_kept).map(whole).collect());
        }
        for n in open {
            found.push(vec![whole(n)]);
            found.push(all_but(*n).collect());
            let is_last = self.ops[*n].done == moment;
            if is_last || self.before_sync.contains(&moment) {
                for torn in self.torn(*n) {
                    found.push(all_but(*n).chain([(*n, torn)]).collect());
                    if is_last {
                        found.push(vec![(*n, torn)]);
                    }
                }
            }
        }
        found
    }

    /// The ways in which a write may be on the disk in part.
    fn torn(&self, n: usize) -> Vec<Kept> {
        let Act::Write { at, bytes, .. } = &self.ops[n].act else { return Vec::new() };
        let first = (at / SECTOR + 1) * SECTOR;
        let cuts = (first..at + bytes.len()).step_by(SECTOR);
        cuts.flat_map(|cut| [Kept::Before(cut), Kept::From(cut)]).chain([Kept::Zeros]).collect()
    }

    /// Which of these paths the command has changed.
    pub(crate) fn touches(&self, path: &Path) -> bool {
        self.ops.iter().any(|op| match &op.act {
            Act::Names(sets) => sets.iter().any(|(name, _)| name == path),
            Act::Write { file, .. } | Act::Cut { file, .. } => {
                self.names.get(path) == Some(&Node::File(*file))
            }
        })
    }

    /// In words, what a state lacks of all that was done by then.
    pub(crate) fn describe(&self, held: &Held, moment: usize) -> String {
        let name = |file: usize| {
            let named = |(path, node): &(&PathBuf, &Node)| {
                (**node == Node::File(file)).then(|| path.file_name().map(PathBuf::from)).flatten()
            };
            let made = self.ops.iter().find_map(|op| match &op.act {
                Act::Names(sets) => sets
                    .iter()
                    .find_map(|(path, node)| node.as_ref().and_then(|node| named(&(path, node)))),
                Act::Write { .. } | Act::Cut { .. } => None,
            });
            let name = self.names.iter().find_map(|pair| named(&pair)).or(made);
            name.map_or_else(|| file.to_string(), |name| name.display().to_string())
        };
        let by_then = self.ops.iter().enumerate().filter(|(_, op)| op.done <= moment);
        let lacks = by_then.filter_map(|(n, op)| {
            let kept = held.iter().find(|(m, _)| *m == n).map(|(_, kept)| *kept);
            let what = match &op.act {
                _ if kept == Some(Kept::Whole) => return None,
                Act::Write { file, at, bytes } => {
                    format!("{} bytes at {at} of {}", bytes.len(), name(*file))
                }
                Act::Cut { file, to } => format!("{} cut to {to}", name(*file)),
                Act::Names(sets) => format!("the names {sets:?}"),
            };
            Some(kept.map_or_else(|| what.clone(), |kept| format!("{what} ({kept:?} is there)")))
        });
        format!("moment {moment} of {}; without {:?}", self.moments, lacks.collect::<Vec<_>>())
    }
}

fn put(old: &mut Vec<u8>, at: usize, bytes: &[u8], kept: Kept) {
    let end = at + bytes.len();
    let (from, to) = match kept {
        Kept::Whole | Kept::Zeros => (at, end),
        Kept::Before(cut) => (at, cut),
        Kept::From(cut) => (cut, end),
    };
    if old.len() < to {
        old.resize(to, 0);
    }
    match kept {
        Kept::Zeros => old[from..to].fill(0),
        Kept::Whole | Kept::Before(_) | Kept::From(_) => {
            old[from..to].copy_from_slice(&bytes[from - at..to - at]);
        }
    }
}

/// Puts an image in place of what stands there, for its owner alone.
pub(crate) fn put_image(image: &Image, is_ours: impl Fn(&Path) -> bool) {
    for (path, bytes) in image.iter().filter(|(path, _)| is_ours(path)) {
        match bytes {
            None => {
                let _ = fs::create_dir(path);
                fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
            }
            Some(bytes) => {
                fs::write(path, bytes).unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
            }
        }
    }
}

/// A file of two sectors that is made, synced and given its name, and then its folder synced.
#[test]
fn what_is_not_synced_may_be_there_or_not_or_in_part() {
    let log = "7 openat(AT_FDCWD</s>, \"/s/new\", O_WRONLY|O_CREAT, 0600) = 3</s/new>\n\
               7 pwrite64(3</s/new>, \"TEXT\", 1024, 0) = 1024\n\
               7 fsync(3</s/new>) = 0\n\
               7 rename(\"/s/new\", \"/s/file\") = 0\n\
               7 fsync(4</s>) = 0\n";
    let calls = crate::trace::read_calls(&log.replace("TEXT", &"a".repeat(1024)));
    let before = Image::from([("/s/file".into(), Some(b"old".to_vec()))]);
    let folder = Path::new("/s");
    let recording = Recording::new(folder, &before, &calls, (Path::new("/s/db"), Path::new("/p")));
    let states = recording.states();
    let may = |moment: usize, name: &str, bytes: Option<&[u8]>| {
        let mut then = states.iter().filter(|(_, at)| at.0 <= moment && moment <= at.1);
        let wanted = bytes.map(|bytes| Some(bytes.to_vec()));
        then.any(|(held, _)| recording.image(held).get(Path::new(name)) == wanted.as_ref())
    };
    // Moments: 1 its name, 2 its bytes, 3 their sync, 4 its other name, 5 the folder's sync, 6 the end.
    assert_eq!((recording.moments, recording.syncs), (6, 2));
    let (old, new): (&[u8], &[u8]) = (b"old", &[b'a'; 1024]);
    assert!(may(1, "/s/new", None) && may(1, "/s/new", Some(b"")), "a name, or none");
    let second = [[0; 512], [b'a'; 512]].concat();
    for part in [&[], &new[..512], &second, &[0; 1024], new] {
        assert!(may(2, "/s/new", Some(part)), "some sectors, or a length without bytes: {part:?}");
    }
    assert!(!may(3, "/s/new", Some(&second)) && may(3, "/s/new", None), "bytes, but not the name");
    assert!(may(4, "/s/file", Some(old)) && may(4, "/s/file", Some(new)), "replaced, or not");
    assert!(!may(4, "/s/file", Some(&new[..512])), "never by a part");
    assert!(!may(5, "/s/file", Some(old)) && may(5, "/s/file", Some(new)), "replaced");
    assert!(!may(5, "/s/new", Some(new)), "under one name");
}
