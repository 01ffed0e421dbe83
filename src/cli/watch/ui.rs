//! What a person does with the view: where they are in it, and what a key means there.
//!
//! In: a key, the view. Out: the next place, and what is to be done.
//! Invariant: nothing here starts or stops a job; that is an [`Action`], after a yes.

use super::keys::Key;
use super::view::{JobLine, View};
use crate::base::JobId;

/// Which screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    List,
    Detail,
    /// The selected job's machine, as text.
    Graph(String),
    Help,
    /// Is this really meant?
    Confirm(Order),
}

/// What a person may have done from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Start,
    Stop,
}

impl Order {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }
}

/// What is to be done about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Only the screen is another.
    Draw,
    /// Draw all of it anew.
    Redraw,
    Quit,
    Suspend,
    /// Show this job's machine.
    Graph(JobId),
    Do(Order, JobId),
}

/// Where a person is.
#[derive(Clone, Debug)]
pub(super) struct Ui {
    pub(super) mode: Mode,
    /// The job they are at. It stays the same one where others come or go.
    pub(super) job: Option<JobId>,
    pub(super) scroll: usize,
    /// A word about what was just done, or could not be.
    pub(super) notice: Option<String>,
}

impl Ui {
    pub(super) fn new() -> Self {
        Self { mode: Mode::List, job: None, scroll: 0, notice: None }
    }

    /// The place of the selected job; the nearest one where it is gone.
    pub(super) fn selected(&self, view: &View) -> usize {
        let place = self.job.as_ref().map_or(0, |id| view.jobs.partition_point(|j| j.id < *id));
        place.min(view.jobs.len().saturating_sub(1))
    }

    pub(super) fn job<'a>(&self, view: &'a View) -> Option<&'a JobLine> {
        view.jobs.get(self.selected(view))
    }

    /// Takes a key.
    pub(super) fn press(&mut self, key: Key, view: &View) -> Action {
        self.notice = None;
        match key {
            Key::Interrupt => return Action::Quit,
            Key::Suspend => return Action::Suspend,
            Key::Redraw => return Action::Redraw,
            Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End
            | Key::Enter
            | Key::Esc
            | Key::Char(_) => {}
        }
        match self.mode.clone() {
            Mode::List => self.press_in_list(key, view),
            Mode::Confirm(order) => self.press_in_question(key, order, view),
            Mode::Detail | Mode::Graph(_) | Mode::Help => self.press_in_text(key, view),
        }
    }

    fn press_in_list(&mut self, key: Key, view: &View) -> Action {
        let place = self.selected(view);
        let last = view.jobs.len().saturating_sub(1);
        let to = match key {
            Key::Up | Key::Char('k') => place.saturating_sub(1),
            Key::Down | Key::Char('j') => place + 1,
            Key::PageUp => place.saturating_sub(10),
            Key::PageDown => place + 10,
            Key::Home => 0,
            Key::End => last,
            Key::Esc | Key::Char('q') => return Action::Quit,
            Key::Enter => {
                if let Some(job) = self.job(view) {
                    self.job = Some(job.id.clone());
                    self.go(Mode::Detail);
                }
                return Action::Redraw;
            }
            Key::Char(c) => return self.press_letter(c, view),
            Key::Interrupt | Key::Suspend | Key::Redraw => return Action::Draw,
        };
        self.job = view.jobs.get(to.min(last)).map(|job| job.id.clone());
        Action::Draw
    }

    fn press_letter(&mut self, c: char, view: &View) -> Action {
        match c {
            '?' | 'h' => {
                self.go(Mode::Help);
                Action::Redraw
            }
            'g' => self.job(view).map_or(Action::Draw, |job| Action::Graph(job.id.clone())),
            's' => self.question(Order::Start, view),
            'x' => self.question(Order::Stop, view),
            _ => Action::Draw,
        }
    }

    fn question(&mut self, order: Order, view: &View) -> Action {
        let Some(job) = self.job(view) else { return Action::Draw };
        let may = match order {
            Order::Start => job.may_start,
            Order::Stop => job.may_stop,
        };
        // The job that the question names is the one that is meant, whatever comes or goes.
        self.job = Some(job.id.clone());
        if may {
            self.mode = Mode::Confirm(order);
        } else {
            let (word, shown, kind) = (order.word(), &job.shown, job.kind);
            self.notice = Some(format!("no {word} from here: {shown} is a {kind}, or writes"));
        }
        Action::Draw
    }

    fn press_in_question(&mut self, key: Key, order: Order, view: &View) -> Action {
        self.mode = Mode::List;
        let job = self.job.clone().filter(|id| view.jobs.iter().any(|j| j.id == *id));
        if let (Key::Char('y' | 'Y'), Some(id)) = (key, job) {
            return Action::Do(order, id);
        }
        self.notice = Some(format!("nothing done: no {}", order.word()));
        Action::Draw
    }

    fn press_in_text(&mut self, key: Key, view: &View) -> Action {
        match key {
            Key::Up | Key::Char('k') => self.scroll = self.scroll.saturating_sub(1),
            Key::Down | Key::Char('j') => self.scroll += 1,
            Key::PageUp => self.scroll = self.scroll.saturating_sub(10),
            Key::PageDown => self.scroll += 10,
            Key::Home => self.scroll = 0,
            Key::End => self.scroll = usize::MAX / 2,
            Key::Esc | Key::Enter | Key::Char('q') => {
                self.go(Mode::List);
                return Action::Redraw;
            }
            Key::Char(c) => {
                if matches!(c, 's' | 'x') {
                    self.go(Mode::List);
                    self.press_letter(c, view);
                    return Action::Redraw;
                }
                return self.press_letter(c, view);
            }
            Key::Interrupt | Key::Suspend | Key::Redraw => {}
        }
        Action::Draw
    }

    pub(super) fn go(&mut self, mode: Mode) {
        self.mode = mode;
        self.scroll = 0;
    }
}
