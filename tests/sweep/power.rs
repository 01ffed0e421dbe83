//! Power that fails at any moment of a command, on a disk that forgets what was not synced.
//!
//! Each command is run once under strace, which gives every step that it does to the disk. Of these states
//! are built that the disk could be in at each moment (`disk.rs`). Whatever it is: the store is as it was at
//! some moment, and never as before something that anybody could know of already; it opens, its replay is
//! what it says; a write never starts twice, and what ran was claimed. By default a spread of the states;
//! `OPSFSM_SWEEP=all` looks at every one.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use opsfsm::journal::{GrantFate, Head};

use crate::disk::{Held, Image, Recording, image_of, put_image};
use crate::orders::{
    after_approving, after_backing_up, after_restoring, after_revoking, after_stopping, approving,
    backing_up, restoring, stopping,
};
use crate::reader::CALLS;
use crate::strace::{
    Stage, adopted, can_strace, forge_witness, overgrown, spread, sweeps_all, tell, untouched,
};
use crate::support::{PROGRAM, code, said};
use crate::trace::read_calls;
use crate::writes::{approve, approved, heals, lines, settle, spent, state, verified_by};

/// The program itself goes on from so many of the states that are looked at by default, and from one of each
/// thing that the store says.
const FEWER: usize = 6;

/// What the databases of a folder say, each row of each table.
type Said = BTreeMap<PathBuf, String>;

/// One command, all that it did to the disk, and what it said in between.
struct Lost<'a> {
    stage: &'a Stage,
    recording: Recording,
    /// What the databases said one after another, and which of it holds at each moment.
    said: Vec<Said>,
    at: Vec<usize>,
    /// Of which of it, with how many effects, the library was asked already; and the program itself.
    sound: RefCell<BTreeSet<(usize, usize)>>,
    gone_on: RefCell<BTreeSet<usize>>,
}

impl<'a> Lost<'a> {
    fn new(stage: &'a Stage) -> Self {
        stage.reset();
        Self::on(stage)
    }

    /// On the folder as it is now.
    fn on(stage: &'a Stage) -> Self {
        let folder = stage.site.folder();
        let before = image_of(folder);
        let log = tempfile::NamedTempFile::new().unwrap();
        let path = log.path().to_str().unwrap();
        let options = ["-f", "-y", "-xx", "-s", "10000000", "-o", path, "-e", CALLS];
        let output = stage.watched(&options);
        assert_eq!(code(&output), 0, "{}", said(&output));
        stage.site.assert_no_process_left();
        let calls = read_calls(&fs::read_to_string(log.path()).unwrap());
        let store_and_program = (stage.site.store.as_path(), Path::new(PROGRAM));
        let recording = Recording::new(folder, &before, &calls, store_and_program);
        let (found, told) = (image_of(folder), recording.image(&recording.all_until(usize::MAX)));
        let differs = |path: &&PathBuf| found.get(*path) != told.get(*path);
        let differ: Vec<_> = found.keys().chain(told.keys()).filter(differs).collect();
        assert!(differ.is_empty(), "the recording is not what happened: {differ:?}");
        let mut lost = Self {
            stage,
            recording,
            said: Vec::new(),
            at: Vec::new(),
            sound: RefCell::default(),
            gone_on: RefCell::default(),
        };
        lost.learn();
        lost
    }

    /// What the databases said at each moment, had the power stayed.
    fn learn(&mut self) {
        let mut last = None;
        for moment in 0..=self.recording.moments {
            let all = self.recording.all_until(moment);
            if last.as_ref() != Some(&all) {
                self.put(&self.recording.image(&all), moment);
                let said = said_by(self.stage.site.folder());
                if self.said.last() != Some(&said) {
                    self.said.push(said);
                }
                last = Some(all);
            }
            self.at.push(self.said.len() - 1);
        }
    }

    /// Puts the folder as the disk holds it.
    fn put(&self, image: &Image, moment: usize) {
        let site = &self.stage.site;
        let state = site.store.parent().unwrap();
        let _ = fs::remove_dir_all(state);
        let others: Vec<PathBuf> = image_of(site.folder()).into_keys().collect();
        for path in others.iter().filter(|path| self.recording.touches(path)) {
            fs::remove_file(path).unwrap();
        }
        put_image(image, |path| path.starts_with(state) || self.recording.touches(path));
        fs::write(site.folder().join("effects"), self.recording.effects_until(moment)).unwrap();
        // A disk comes back with the very files; these are copies, and a copied witness vouches for
        // nothing.
        let witness = image.get(&state.join("opsfsm.db.witness")).and_then(Option::as_deref);
        let text: Option<serde_json::Value> =
            witness.and_then(|bytes| serde_json::from_slice(bytes).ok());
        if let Some(mut text) = text {
            let head: Head = serde_json::from_value(text["head"].take()).unwrap();
            forge_witness(&site.store, &head);
        }
    }

    /// Which of all that the databases said in between they say now. Nothing that somebody could know of
    /// is undone, and nothing that was not done is there.
    fn which(&self, (first, last): (usize, usize)) -> usize {
        let published = self.recording.published.iter().filter(|moment| **moment <= last);
        let seen = published.map(|moment| self.at[*moment]).max().unwrap_or(0);
        let done = self.at[first];
        let said = said_by(self.stage.site.folder());
        let found = self.said.iter().rposition(|known| *known == said);
        let Some(found) = found else {
            panic!("it says what it never said: {}", differences(&self.said, &said));
        };
        assert!(found >= seen, "what was known is undone: at {found}, and {seen} was seen");
        assert!(found <= done, "at {found}, and only {done} was done");
        found
    }

    /// What holds of a store whatever happened, by the library; the same of all that say the same.
    fn assert_sound(&self) {
        let site = &self.stage.site;
        if !site.store.exists() {
            assert_eq!(site.effects(), [], "something ran, and its store is gone");
            return;
        }
        let world = site.assert_sound();
        site.assert_none_twice();
        site.assert_all_claimed();
        assert!(lines(site) <= spent(&world), "a write ran, and its approval is not spent");
    }

    /// The library opens it, and no approval is in force that was used; what vouches for the store may be
    /// lost, and then none is.
    fn assert_in_force(&self) {
        let site = &self.stage.site;
        if site.store.exists() {
            let view = site.open().view().unwrap();
            let live = view.snapshot.grants.values().filter(|g| g.fate == GrantFate::Live).count();
            assert!(live + lines(site) <= 1, "a write ran, and its approval is in force");
        }
    }

    fn try_state(
        &self,
        held: &Held,
        at: (usize, usize),
        (goes_on, then): (bool, &Then<'_>),
    ) -> Tried {
        let image = self.recording.image(held);
        let tried = catch_unwind(AssertUnwindSafe(|| {
            self.put(&image, at.1);
            let which = self.which(at);
            let effects = self.recording.effects_until(at.1).len();
            if self.sound.borrow_mut().insert((which, effects)) {
                self.assert_sound();
            }
            self.assert_in_force();
            let is_new = self.gone_on.borrow_mut().insert(which);
            let fate = (is_new || goes_on).then(|| {
                self.put(&image, at.1);
                if self.stage.site.store.exists() {
                    let output = self.stage.site.run(&["history", "--verify"]);
                    assert_eq!(code(&output), 0, "{}", said(&output));
                }
                then("power lost")
            });
            (which, fate)
        }));
        tried.map_err(|why| {
            let text = why.downcast_ref::<String>().cloned();
            let text = text.or(why.downcast_ref::<&str>().map(ToString::to_string));
            format!("{}\n{}", self.recording.describe(held, at.1), text.unwrap_or_default())
        })
    }
}

/// How it differs from what was said before that is nearest to it.
fn differences(known: &[Said], said: &Said) -> String {
    let lines = |said: &Said| -> BTreeSet<String> {
        let lines = |(path, text): (&PathBuf, &String)| -> Vec<String> {
            let name = path.file_name().unwrap().display().to_string();
            text.lines().map(|line| format!("{name}: {line:.300}")).collect()
        };
        said.iter().flat_map(lines).collect()
    };
    let now = lines(said);
    let apart = |other: &BTreeSet<String>| -> Vec<String> {
        let lacks = other.difference(&now).map(|line| format!("- {line}"));
        lacks.chain(now.difference(other).map(|line| format!("+ {line}"))).collect()
    };
    let nearest = known.iter().map(|known| apart(&lines(known))).min_by_key(Vec::len);
    nearest.unwrap_or_default().into_iter().take(12).collect::<Vec<_>>().join("\n")
}

/// What the disk holds, and the first and the last moment at which it could.
type State = (Held, (usize, usize));

/// What the program makes of a state, in a word.
type Then<'a> = dyn Fn(&str) -> &'static str + 'a;

/// Which state of the databases it was, and what the program made of it, where it was asked.
type Tried = Result<(usize, Option<&'static str>), String>;

fn said_by(folder: &Path) -> Said {
    let mut said = Said::new();
    for (path, bytes) in image_of(folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_one =
            path.extension().is_some_and(|end| end == "db") || name.contains(".db.replaced-");
        if bytes.is_some() && is_one && !name.starts_with('.') && !name.ends_with("-journal") {
            let text = text_of(&path).unwrap_or_else(|e| format!("unreadable: {e}"));
            said.insert(path, text);
        }
    }
    said
}

/// Every row of every table.
fn text_of(path: &Path) -> rusqlite::Result<String> {
    let connection = rusqlite::Connection::open(path)?;
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    let mut text = format!("integrity: {whole}\n");
    let mut tables = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let mut rows = connection.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = rows.column_count();
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let values: Vec<rusqlite::types::Value> =
                (0..columns).map(|n| row.get(n)).collect::<Result<_, _>>()?;
            text += &format!("{table} {values:?}\n");
        }
    }
    Ok(text)
}

/// All states, or some: one part where one change of names is lost and a later one is not, one part where all
/// is lost that could be, or nothing, and one part of all others. The last of all is always there.
fn chosen(recording: &Recording, few: usize) -> (usize, Vec<State>) {
    let mut all = recording.states();
    let whole = all.len();
    if sweeps_all() {
        return (whole, all.into_iter().collect());
    }
    let mut extremes: Vec<State> = Vec::new();
    for held in recording.extremes() {
        extremes.extend(all.remove_entry(&held));
    }
    extremes.sort_by_key(|(_, (_, last))| *last);
    let end = extremes.pop();
    let names = recording.without_a_name();
    let names = names.iter().filter_map(|held| all.remove_entry(held)).collect();
    let mut some = spread(names, few);
    some.extend(spread(extremes, few / 2));
    some.extend(end);
    some.extend(spread(all.into_iter().collect(), few / 2));
    (whole, some)
}

fn lose(what: &str, stage: &Stage, few: usize, then: &Then<'_>) {
    look_at(what, &Lost::new(stage), few, then);
}

/// Looks at what could be left of a command; `then` goes on from there with the program itself.
fn look_at(what: &str, lost: &Lost<'_>, few: usize, then: &Then<'_>) {
    let (whole, states) = chosen(&lost.recording, few);
    let every = if sweeps_all() { FEWER * 16 } else { FEWER };
    let every = states.len().div_ceil(every).max(1);
    let (mut met, mut fates) = (BTreeMap::<usize, usize>::new(), BTreeMap::<&str, usize>::new());
    let mut wrong = Vec::new();
    for (n, (held, at)) in states.iter().enumerate() {
        match lost.try_state(held, *at, (n % every == 0, then)) {
            Ok((which, fate)) => {
                *met.entry(which).or_default() += 1;
                if let Some(fate) = fate {
                    *fates.entry(fate).or_default() += 1;
                }
            }
            Err(why) => wrong.push(why),
        }
    }
    let recording = &lost.recording;
    tell(&format!(
        "power lost in {what}: {} moments, {} syncs, {} spawns; {} states of {whole}; by what the store \
         then said {met:?}; by what the program made of it {fates:?}",
        recording.moments,
        recording.syncs,
        recording.spawns,
        states.len(),
    ));
    let some = wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(wrong.is_empty(), "{what}: {} states are wrong:\n{some}", wrong.len());
    assert!(met.contains_key(&0), "{what}: nothing was ever lost");
    assert!(met.contains_key(&(lost.said.len() - 1)), "{what}: nothing was ever done");
}

fn ended(stage: &Stage) -> &'static str {
    stage.assert_holds();
    match stage.assert_heals() {
        opsfsm::model::End::Lost => "lost",
        _ => "healed",
    }
}

#[test]
fn the_first_tick() {
    if can_strace() {
        let stage = Stage::new(untouched(), &["tick"]);
        lose("the first tick", &stage, 60, &|_| ended(&stage));
    }
}

#[test]
fn a_tick() {
    if can_strace() {
        let stage = Stage::new(adopted(), &["tick"]);
        lose("a tick", &stage, 60, &|_| ended(&stage));
    }
}

#[test]
fn a_tick_that_prunes() {
    if can_strace() {
        let stage = Stage::new(overgrown(), &["tick"]);
        lose("a tick that prunes", &stage, 30, &|_| ended(&stage));
    }
}

#[test]
fn a_start() {
    if can_strace() {
        let stage = Stage::new(adopted(), &["start", "scan"]);
        lose("start", &stage, 50, &|_| ended(&stage));
    }
}

#[test]
fn a_stop() {
    if can_strace() {
        let stage = stopping();
        lose("stop", &stage, 50, &|at| after_stopping(&stage.site, at));
    }
}

#[test]
fn an_approval() {
    if can_strace() {
        let stage = approving();
        lose("approve", &stage, 50, &|at| after_approving(&stage.site, at));
    }
}

/// The power fails when all is written and not yet committed, and fails again while the next call rolls that
/// back, or later in it.
#[test]
fn an_approval_after_another_power_loss() {
    if !can_strace() {
        return;
    }
    let stage = approving();
    let first = Lost::new(&stage);
    let journal = stage.site.store.with_file_name("opsfsm.db-journal");
    let moments = (0..=first.recording.moments).rev();
    let mut images = moments.map(|m| (m, first.recording.image(&first.recording.all_until(m))));
    let is_hot = |bytes: &Vec<u8>| bytes.first().is_some_and(|first| *first != 0);
    let is_open =
        |image: &Image| image.get(&journal).is_some_and(|b| b.as_ref().is_some_and(is_hot));
    let (moment, image) = images.find(|(_, image)| is_open(image)).unwrap();
    first.put(&image, moment);
    let again = Lost::on(&stage);
    assert!(again.recording.syncs > first.recording.syncs, "something was rolled back");
    look_at("approve, after a power loss", &again, 40, &|at| after_approving(&stage.site, at));
}

#[test]
fn a_revocation() {
    if can_strace() {
        let stage = Stage::new(approved(), &["revoke", "w"]);
        lose("revoke", &stage, 40, &|at| after_revoking(&stage.site, at));
    }
}

/// A claim, an approval that is spent, a write that runs, and its end.
#[test]
fn a_write() {
    if can_strace() {
        let stage = Stage::new(approved(), &["run", "w", "--wait"]);
        lose("run w", &stage, 80, &|at| {
            let fate = settle(&stage, at);
            heals(&stage.site, at);
            fate.name()
        });
    }
}

/// The tick after a write, which verifies it.
#[test]
fn a_verification() {
    if !can_strace() {
        return;
    }
    let site = verified_by("true");
    approve(&site);
    assert_eq!(code(&site.run(&["run", "w"])), 0);
    site.assert_no_process_left();
    assert_eq!(state(&site.assert_sound()), "verifying");
    let stage = Stage::new(site, &["tick"]);
    lose("a tick that verifies a write", &stage, 50, &|at| {
        let site = &stage.site;
        let was = state(&site.assert_sound());
        for _ in 0..2 {
            let output = site.run(&["tick"]);
            assert_eq!(code(&output), 0, "{at}: {}", said(&output));
            site.assert_no_process_left();
        }
        assert_eq!(state(&site.assert_sound()), "verified", "{at}");
        assert_eq!(code(&site.run(&["run", "w", "--wait"])), 4, "{at}: its approval is spent");
        assert_eq!(lines(site), 0, "{at}: it ran again");
        if was == "verified" { "verified" } else { "verified later" }
    });
}

#[test]
fn a_backup() {
    if can_strace() {
        let (stage, copy) = backing_up();
        lose("backup", &stage, 40, &|at| after_backing_up(&stage.site, &copy, at));
    }
}

#[test]
fn a_restore() {
    if can_strace() {
        let (stage, copy) = restoring();
        lose("restore", &stage, 100, &|at| after_restoring(&stage.site, &copy, at));
    }
}
