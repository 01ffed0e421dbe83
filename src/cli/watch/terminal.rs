//! The terminal that the view lives on: taken, given back, read from.
//!
//! In: frames. Out: what woke the view: keys, a signal, the time.
//! Invariant: whatever ends the view (a key, a signal, a panic, an error), the terminal gets its
//! modes, its screen and its cursor back; while an order runs, it has them too.

use std::io::{self, Stdout, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
use signal_hook::{flag, low_level};

use super::keys::{Key, is_partial, parse_keys};
use crate::adapters::signals::Interrupt;
use crate::base::limits;

/// The modes to give back, while the view has the terminal.
static TAKEN: Mutex<Option<Termios>> = Mutex::new(None);

/// What woke the view.
pub(super) enum Wake {
    Keys(Vec<Key>),
    /// The time is over, or the terminal has changed.
    Due,
    /// A signal, or the terminal's end.
    Ended,
}

/// What knows which cells have changed.
type Cells = Terminal<CrosstermBackend<Stdout>>;

/// The terminal, taken.
pub(super) struct Screen {
    terminal: Cells,
    size: Rect,
    stop: Arc<AtomicBool>,
    goes_on: Arc<AtomicBool>,
}

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        let (stop, goes_on) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        flag::register(SIGTSTP, Arc::clone(&stop))?;
        flag::register(SIGCONT, Arc::clone(&goes_on))?;
        // Its handler does nothing: what it does is wake the wait below.
        flag::register(SIGWINCH, Arc::new(AtomicBool::new(false)))?;
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        let size = size();
        let terminal = terminal_of(size)?;
        take().inspect_err(|_| give_back())?;
        Ok(Self { terminal, size, stop, goes_on })
    }

    pub(super) fn draw(&mut self, drawing: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let now = size();
        if now != self.size {
            self.size = now;
            self.redraw()?;
        }
        self.terminal.draw(drawing).map(drop)
    }

    /// The next frame is drawn whole. Ratatui's own way asks the terminal where its cursor is, and
    /// takes the answer from what a person types.
    pub(super) fn redraw(&mut self) -> io::Result<()> {
        self.terminal = terminal_of(self.size)?;
        execute!(io::stdout(), Clear(ClearType::All))
    }

    /// Gives the terminal back for as long as `work` takes.
    pub(super) fn pause<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        let done = work();
        take()?;
        self.redraw()?;
        Ok(done)
    }

    /// Stops this process, as Ctrl-Z does, until the shell lets it go on.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.pause(|| low_level::emulate_default_handler(SIGTSTP))??;
        self.goes_on.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Waits for the next thing to do something about, at most this long.
    pub(super) fn next(
        &mut self,
        within: Duration,
        interrupt: Option<&Interrupt>,
    ) -> io::Result<Wake> {
        let stdin = io::stdin();
        let mut fds = vec![PollFd::new(&stdin, PollFlags::IN)];
        fds.extend(interrupt.map(|interrupt| PollFd::new(interrupt, PollFlags::IN)));
        let told = poll(&mut fds, Some(&timespec(within)));
        if interrupt.is_some_and(|interrupt| interrupt.received().is_some()) {
            return Ok(Wake::Ended);
        }
        if self.stop.swap(false, Ordering::SeqCst) {
            self.suspend()?;
            return Ok(Wake::Due);
        }
        if self.goes_on.swap(false, Ordering::SeqCst) {
            // Stopped without a word, as by SIGSTOP: the shell has set the terminal to its own modes.
            give_back();
            take()?;
            self.redraw()?;
            return Ok(Wake::Due);
        }
        match told {
            Ok(_) if !fds[0].revents().is_empty() => read_keys(),
            Ok(_) | Err(Errno::INTR) => Ok(Wake::Due),
            Err(e) => Err(e.into()),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn terminal_of(size: Rect) -> io::Result<Cells> {
    let options = TerminalOptions { viewport: Viewport::Fixed(size) };
    Terminal::with_options(CrosstermBackend::new(io::stdout()), options)
}

/// All keys that have come, the rest of the last one included.
fn read_keys() -> io::Result<Wake> {
    let stdin = io::stdin();
    let (mut bytes, mut part) = (Vec::new(), [0; 256]);
    loop {
        match read(&stdin, &mut part) {
            Ok(0) | Err(Errno::IO) => return Ok(Wake::Ended),
            Ok(n) => bytes.extend_from_slice(&part[..n]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(e) => return Err(e.into()),
        }
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        let rest = Some(timespec(limits::KEY_REST));
        if !is_partial(&bytes) || bytes.len() > part.len() || poll(&mut fds, rest.as_ref()) != Ok(1)
        {
            return Ok(Wake::Keys(parse_keys(&bytes)));
        }
    }
}

fn timespec(span: Duration) -> Timespec {
    Timespec {
        tv_sec: span.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: span.subsec_nanos().into(),
    }
}

/// How large the terminal is; one that doesn't say is as large as ever.
fn size() -> Rect {
    let size = tcgetwinsize(io::stdout()).ok().filter(|s| s.ws_col > 0 && s.ws_row > 0);
    size.map_or(Rect::new(0, 0, 80, 24), |s| Rect::new(0, 0, s.ws_col, s.ws_row))
}

fn take() -> io::Result<()> {
    let modes = tcgetattr(io::stdin())?;
    let mut raw = modes.clone();
    raw.make_raw();
    if let Ok(mut taken) = TAKEN.lock() {
        *taken = Some(modes);
    }
    tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
    execute!(io::stdout(), EnterAlternateScreen, Hide)
}

/// Gives the terminal back, if it is taken. What was typed ahead was meant for the view.
fn give_back() {
    // Never waits: a panic may have struck while it was held.
    let modes = TAKEN.try_lock().ok().and_then(|mut taken| taken.take());
    if let Some(modes) = modes {
        // A terminal that is gone needs nothing back.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = io::stdout().flush();
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &modes);
    }
}
