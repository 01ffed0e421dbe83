//! `opsfsm watch`: how every job is, live on a terminal.
//!
//! In: the store, read anew every few seconds; keys. Out: frames.
//! Invariant: between two looks nothing of the store is open or locked. The view itself observes,
//! decides and records nothing; a start or a stop is the very order that `opsfsm start` and `stop`
//! give, after a yes, and never one of a write.

mod draw;
mod keys;
mod terminal;
#[cfg(test)]
mod tests;
mod ui;
mod view;

use super::args::{StartArgs, StopArgs, WatchArgs};
use super::context::{Context, Failure};
use super::report::{Kept, read_kept};
use super::{io, start, stop};
use crate::base::{Exit, JobId, limits};
use crate::compile::Compiled;
use crate::decide::{clean_text, standings};
use crate::journal::World;
use crate::model::Kind;
use crate::ports::{Clock as _, Parcels};
use crate::render::{self, Drawing, Live};
use terminal::{Screen, Wake};
use ui::{Action, Mode, Order, Ui};
use view::{Sources, View, view_of};

/// Shows the jobs until a person leaves.
pub(super) fn watch(context: &Context, options: &WatchArgs) -> Result<Exit, Failure> {
    if !io::is_at_terminal() {
        return Err(Failure::refused(format!(
            "`watch` needs a terminal to read keys from and to draw on; `{} status` says the same once",
            context.invocation
        )));
    }
    // Before the screen is taken: what is wrong is said as by any command.
    let mut scene = load(context)?;
    let mut ui = Ui::new();
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut screen = Screen::open().map_err(|e| lost(&e))?;
    let mut looked = context.clock.at();
    loop {
        screen.draw(|frame| draw::draw(frame, &scene.view, &ui, colour)).map_err(|e| lost(&e))?;
        let passed = context.clock.at().watched_since(&looked).unwrap_or_default();
        let within = options.every.saturating_sub(passed);
        let wake = screen.next(within, context.interrupt.as_ref()).map_err(|e| lost(&e))?;
        let mut anew = context.clock.at().watched_since(&looked).is_none_or(|p| p >= options.every);
        match wake {
            Wake::Ended => return Ok(Exit::Done),
            Wake::Due => {}
            Wake::Keys(keys) => {
                for key in keys {
                    let action = ui.press(key, &scene.view);
                    if action == Action::Quit {
                        return Ok(Exit::Done);
                    }
                    anew |= act(context, &scene, &mut ui, &mut screen, action)?;
                }
            }
        }
        if anew {
            look_again(context, &mut scene, &mut ui);
            looked = context.clock.at();
        }
    }
}

/// Does what a key asks for; says whether the store has to be looked at anew.
fn act(
    context: &Context,
    scene: &Scene,
    ui: &mut Ui,
    screen: &mut Screen,
    action: Action,
) -> Result<bool, Failure> {
    match action {
        Action::Draw | Action::Quit => Ok(false),
        Action::Redraw => screen.redraw().map(|()| false).map_err(|e| lost(&e)),
        Action::Suspend => screen.suspend().map(|()| true).map_err(|e| lost(&e)),
        Action::Graph(id) => {
            if let Some(text) = scene.machine(context, &id) {
                ui.job = Some(id);
                ui.go(Mode::Graph(text));
            }
            screen.redraw().map(|()| false).map_err(|e| lost(&e))
        }
        Action::Do(order, id) => {
            screen.pause(|| give(context, order, &id)).map(|()| true).map_err(|e| lost(&e))
        }
    }
}

/// What was found at the last look.
struct Scene {
    compiled: Compiled,
    world: World,
    view: View,
}

impl Scene {
    /// One job's machine, and where it stands in it.
    fn machine(&self, context: &Context, id: &JobId) -> Option<String> {
        let job = self.compiled.job(id)?;
        let now = context.now();
        let jobs = standings(&self.compiled, &self.world.snapshot, &now);
        let live = Live { jobs, at_ms: now.at.wall_ms };
        render::render_machine(job, Some(&live), Drawing::Text).ok()
    }
}

fn load(context: &Context) -> Result<Scene, Failure> {
    let compiled = context.config()?.compiled;
    let world = context.read_settled_world(&compiled)?;
    let Kept { events, parcels, .. } =
        read_kept(context, limits::EVENTS_WATCHED, Parcels::Unsettled)?;
    let sources = Sources {
        compiled: &compiled,
        world: &world,
        events: &events,
        parcels: &parcels,
        now: &context.now(),
        invocation: &context.invocation,
    };
    let view = view_of(&sources);
    Ok(Scene { compiled, world, view })
}

/// What can't be read now (a config that is being edited, a store that is held) leaves what was seen
/// last, with a word about it.
fn look_again(context: &Context, scene: &mut Scene, ui: &mut Ui) {
    match load(context) {
        Ok(new) => *scene = new,
        Err(Failure { message, .. }) => {
            let first = message.lines().next().unwrap_or_default();
            ui.notice = Some(format!("as of {}: {}", scene.view.clock, clean_text(first)));
        }
    }
}

/// The order of `opsfsm start` or `opsfsm stop`, on the terminal as it was before.
fn give(context: &Context, order: Order, id: &JobId) {
    let done = refuse_writes(context, id).and_then(|()| match order {
        Order::Start => {
            let job = id.as_str().to_owned();
            let options = StartArgs { job, timeout_seconds: None, allow_risk: false };
            start::start(context, &options)
        }
        Order::Stop => {
            let options = StopArgs { job: id.as_str().to_owned(), timeout_seconds: None };
            stop::stop(context, &options)
        }
    });
    if let Err(Failure { message, .. }) = done {
        io::error(&message);
    }
    // A signal ends the waiting, and then the view.
    let _ = io::ask("Enter: back to the view ", context.interrupt.as_ref());
}

/// The config may have changed since the question was asked.
fn refuse_writes(context: &Context, id: &JobId) -> Result<(), Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, id.as_str())?;
    if job.job().kind() == Kind::LongRunningRead {
        return Ok(());
    }
    let shown = clean_text(id.as_str());
    Err(Failure::refused(format!("`{shown}` is no long_running_read any more; nothing was done")))
}

fn lost(e: &std::io::Error) -> Failure {
    Failure::refused(format!("the terminal can't be used: {e}"))
}
