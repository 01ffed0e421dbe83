//! The view on a terminal's cells.
//!
//! In: a view, where the person is, a frame of any size. Out: its cells.
//! Invariant: pure; every size down to nothing is drawn without a panic; what colour says is said
//! by a sign or a word too.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;
use ratatui::widgets::{Sparkline, Widget as _};

use super::ui::{Mode, Ui};
use super::view::{JobLine, STRIP_HOURS, View};
use crate::render::Tone;

const HELP: [&str; 14] = [
    "↑ ↓  j k       another job; in a text: scroll",
    "PgUp PgDn Home End",
    "Enter          details of the job",
    "g              its machine, and where it stands in it",
    "s              start it, after a yes",
    "x              stop it, after a yes",
    "?              this",
    "q Esc          back; from the list: leave",
    "Ctrl-C  Ctrl-Z leave, suspend",
    "",
    "○ rests   ● at work   ✓ done   ! in trouble",
    "Last hours: a cell an hour, ▁ rests ▃ done ▅ at work █ in trouble · unknown",
    "Progress is that of the last tick: this view asks no job itself, and",
    "writes are approved by `opsfsm approve`, never from here.",
];

/// A pen that knows whether colours are wanted.
struct Pen<'a> {
    buffer: &'a mut Buffer,
    colour: bool,
}

impl Pen<'_> {
    /// One line, cut where the room ends. Gives back the column behind it.
    fn put(&mut self, (x, y): (u16, u16), wide: u16, text: &str, style: Style) -> u16 {
        let inside = self.buffer.area.contains((x, y).into());
        if wide == 0 || !inside {
            return x;
        }
        let wide = wide.min(self.buffer.area.right().saturating_sub(x));
        let fits = Span::raw(text).width() <= usize::from(wide);
        if fits {
            return self.buffer.set_stringn(x, y, text, usize::from(wide), style).0;
        }
        let (end, _) = self.buffer.set_stringn(x, y, text, usize::from(wide) - 1, style);
        self.buffer.set_stringn(end, y, "…", 1, style).0
    }

    fn tone(&self, tone: Tone) -> Style {
        if !self.colour {
            return match tone {
                Tone::Trouble => Style::new().add_modifier(Modifier::BOLD),
                Tone::Calm | Tone::Busy | Tone::Done => Style::new(),
            };
        }
        match tone {
            Tone::Calm => Style::new(),
            Tone::Busy => Style::new().fg(Color::Cyan),
            Tone::Done => Style::new().fg(Color::Green),
            Tone::Trouble => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        }
    }
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const HEAD: Style = Style::new().add_modifier(Modifier::UNDERLINED);
const PLAIN: Style = Style::new();

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, view: &View, ui: &Ui, colour: bool) {
    let area = frame.area();
    let mut pen = Pen { buffer: frame.buffer_mut(), colour };
    if area.width == 0 || area.height == 0 {
        return;
    }
    match &ui.mode {
        Mode::List | Mode::Confirm(_) => draw_list(&mut pen, area, view, ui),
        Mode::Detail => draw_detail(&mut pen, area, view, ui),
        Mode::Graph(text) => {
            let lines: Vec<&str> = text.lines().collect();
            draw_text(&mut pen, (area, 0), "Machine", &lines, ui.scroll);
        }
        Mode::Help => draw_text(&mut pen, (area, 0), "Keys", &HELP, ui.scroll),
    }
}

/// How the rows of the list's screen are shared out.
struct Rows {
    head: u16,
    jobs: u16,
    waiting: u16,
    queue: u16,
    events: u16,
}

fn share_rows(height: u16, view: &View) -> Rows {
    let count = |n: usize, most: u16| u16::try_from(n).unwrap_or(most).min(most);
    // The title, the jobs' heads and the keys; on a small screen the jobs need the room.
    let head = if height >= 8 { 3 } else { u16::from(height >= 3) };
    let foot = u16::from(height >= 2);
    let mut left = height.saturating_sub(head + foot);
    let jobs_least = count(view.jobs.len(), 6).max(1).min(left);
    left -= jobs_least;
    let mut take = |wanted: u16, title: u16| {
        let rows = if wanted == 0 || left < title + 1 { 0 } else { (wanted + title).min(left) };
        left -= rows;
        rows
    };
    let waiting = take(count(view.waiting.len(), 3), 1);
    let queue = take(u16::from(!view.queue.is_empty()), 0);
    let events = take(count(view.events.len(), 5), 1);
    Rows { head, jobs: jobs_least + left, waiting, queue, events }
}

fn draw_list(pen: &mut Pen<'_>, area: Rect, view: &View, ui: &Ui) {
    let rows = share_rows(area.height, view);
    let wide = area.width;
    let mut y = area.y;
    if rows.head > 0 {
        let end = pen.put((0, y), wide, &format!("opsfsm watch  {}  ", view.clock), BOLD);
        pen.put((end, y), wide.saturating_sub(end), &view.tick, PLAIN);
        y += 1;
    }
    let columns = Columns::of(wide);
    if rows.head == 3 {
        let mut x = 0;
        for (tone, text) in &view.counts {
            let style = pen.tone(*tone);
            let text = format!("{} {text}  ", sign(*tone));
            x = pen.put((x, y), wide.saturating_sub(x), &text, style);
        }
        columns.draw_head(pen, y + 1);
        y += 2;
    }
    draw_jobs(pen, &columns, (y, rows.jobs), view, ui.selected(view));
    y += rows.jobs;
    if rows.waiting > 0 {
        y = draw_panel(pen, (y, rows.waiting), wide, "Waits for a person", &view.waiting, false);
    }
    if rows.queue > 0 {
        pen.put((0, y), wide, &format!("Queue: {}", view.queue.join(", ")), PLAIN);
        y += 1;
    }
    if rows.events > 0 {
        draw_panel(pen, (y, rows.events), wide, "Last events", &view.events, true);
    }
    draw_foot(pen, area, view, ui);
}

/// A title and the first, or the last, of some lines. Gives back the row behind them.
fn draw_panel(
    pen: &mut Pen<'_>,
    (y, rows): (u16, u16),
    wide: u16,
    title: &str,
    lines: &[String],
    last: bool,
) -> u16 {
    pen.put((0, y), wide, title, HEAD);
    let room = usize::from(rows.saturating_sub(1));
    let skipped = if last { lines.len().saturating_sub(room) } else { 0 };
    for (n, line) in (1..).zip(lines.iter().skip(skipped).take(room)) {
        pen.put((0, y + n), wide, line, PLAIN);
    }
    y + rows
}

fn draw_foot(pen: &mut Pen<'_>, area: Rect, view: &View, ui: &Ui) {
    if area.height < 2 {
        return;
    }
    let y = area.bottom() - 1;
    let text = match (&ui.mode, &ui.notice) {
        (Mode::Confirm(order), _) => {
            let job = ui.job(view).map(|job| job.shown.as_str()).unwrap_or_default();
            format!("{} {job}? y/n", order.word())
        }
        (_, Some(notice)) => notice.clone(),
        (_, None) if area.width < 60 => "?: keys  q: leave".to_owned(),
        (_, None) => {
            "↑↓ job  Enter details  g machine  s start  x stop  ? keys  q leave".to_owned()
        }
    };
    let style = Style::new().add_modifier(Modifier::REVERSED);
    pen.put((0, y), area.width, &format!(" {text} "), style);
}

/// Where the columns of the list begin, and how wide they are; those without room have none.
struct Columns {
    job: (u16, u16),
    state: (u16, u16),
    age: (u16, u16),
    progress: (u16, u16),
    strip: (u16, u16),
    next: (u16, u16),
}

impl Columns {
    fn of(wide: u16) -> Self {
        let strip = u16::try_from(STRIP_HOURS).unwrap_or(0);
        let job = if wide >= 100 { 24 } else { 18.min(wide.saturating_sub(2)) };
        let mut x = 2 + job + 1;
        let mut take = |width: u16, least: u16| {
            if wide < least || x + width > wide {
                return (0, 0);
            }
            let at = (x, width);
            x += width + 1;
            at
        };
        let state = take(10, 30);
        let age = take(7, 38);
        let progress = take(if wide >= 100 { 15 } else { 11 }, 56);
        let strip = take(strip, 70);
        let next = if wide >= 70 { (x, wide.saturating_sub(x)) } else { (0, 0) };
        Self { job: (2, job), state, age, progress, strip, next }
    }

    fn draw_head(&self, pen: &mut Pen<'_>, y: u16) {
        let last = format!("Last {STRIP_HOURS} h");
        for ((x, wide), text) in [
            (self.job, "Job"),
            (self.state, "State"),
            (self.age, "For"),
            (self.progress, "Progress"),
            (self.strip, last.as_str()),
            (self.next, "Next"),
        ] {
            pen.put((x, y), wide, text, HEAD);
        }
    }

    fn draw_job(&self, pen: &mut Pen<'_>, y: u16, job: &JobLine) {
        let style = pen.tone(job.tone);
        let cells = [
            ((0, 1), sign(job.tone).to_owned(), style),
            (self.job, job.shown.clone(), PLAIN),
            (self.state, job.state.to_owned(), style),
            (self.age, job.age.clone(), PLAIN),
            (self.progress, progress_text(job, self.progress.1), PLAIN),
            (self.strip, job.strip.clone(), style),
            (self.next, job.next.first().or(job.why.as_ref()).cloned().unwrap_or_default(), PLAIN),
        ];
        for ((x, wide), text, style) in cells {
            pen.put((x, y), wide, &text, style);
        }
    }
}

const fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Calm => "○",
        Tone::Busy => "●",
        Tone::Done => "✓",
        Tone::Trouble => "!",
    }
}

/// A bar and the percentage, in this many columns; else the fields.
fn progress_text(job: &JobLine, wide: u16) -> String {
    let Some(percent) = job.percent else { return job.fields.clone() };
    let cells = wide.saturating_sub(5);
    let full = percent * cells / 100;
    let bar: String = (0..cells).map(|n| if n < full { '█' } else { '░' }).collect();
    format!("{bar}{percent:>4}%")
}

/// The jobs around the selected one.
fn draw_jobs(
    pen: &mut Pen<'_>,
    columns: &Columns,
    (y, rows): (u16, u16),
    view: &View,
    selected: usize,
) {
    if view.jobs.is_empty() {
        pen.put((0, y), pen.buffer.area.width, "the config has no job", PLAIN);
        return;
    }
    let room = usize::from(rows);
    let begin = selected.saturating_sub(room / 2).min(view.jobs.len().saturating_sub(room));
    for (row, (n, job)) in (y..).zip(view.jobs.iter().enumerate().skip(begin).take(room)) {
        columns.draw_job(pen, row, job);
        if n == selected {
            let line = Rect { x: 0, y: row, width: pen.buffer.area.width, height: 1 };
            let style = Style::new().add_modifier(Modifier::REVERSED);
            pen.buffer.set_style(line.intersection(pen.buffer.area), style);
        }
    }
}

/// A text that scrolls, under a title; so many rows above the keys are left to something else.
fn draw_text(
    pen: &mut Pen<'_>,
    (area, reserved): (Rect, u16),
    title: &str,
    lines: &[&str],
    scroll: usize,
) {
    let (wide, rows) = (area.width, area.height);
    pen.put((0, area.y), wide, title, BOLD);
    let room = usize::from(rows.saturating_sub(2 + reserved));
    let skipped = scroll.min(lines.len().saturating_sub(room));
    for (n, line) in (1..).zip(lines.iter().skip(skipped).take(room)) {
        pen.put((0, area.y + n), wide, line, PLAIN);
    }
    if rows >= 2 {
        let more = lines.len().saturating_sub(skipped + room);
        let more = if more > 0 { format!("{more} more lines  ") } else { String::new() };
        let style = Style::new().add_modifier(Modifier::REVERSED);
        pen.put((0, area.bottom() - 1), wide, &format!(" {more}↑↓ scroll  q back "), style);
    }
}

/// Rows of the picture of progress.
const SPARK_ROWS: u16 = 3;

fn draw_detail(pen: &mut Pen<'_>, area: Rect, view: &View, ui: &Ui) {
    let Some(job) = ui.job(view) else { return };
    let lines = detail_lines(job);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let spread = job.trail.spread(usize::from(area.width), job.trail_until);
    let spark = job.trail.figures().count() > 1 && area.height >= 16;
    let reserved = if spark { SPARK_ROWS + 1 } else { 0 };
    let title = format!("{} {}", sign(job.tone), job.shown);
    draw_text(pen, (area, reserved), &title, &lines, ui.scroll);
    if spark {
        let y = area.bottom() - 1 - reserved;
        pen.put((0, y), area.width, &format!("Progress since {}", job.trail_since), HEAD);
        let place = Rect { x: 0, y: y + 1, width: area.width, height: SPARK_ROWS };
        let style = pen.tone(Tone::Busy);
        let samples: Vec<u64> = spread.iter().map(|n| n + 1).collect();
        Sparkline::default().data(&samples).max(1001).style(style).render(place, pen.buffer);
    }
}

fn detail_lines(job: &JobLine) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |label: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("{label:<9} {text}"));
        }
    };
    add("name", if job.name == job.shown { "" } else { &job.name });
    add("kind", job.kind);
    add(
        "state",
        &format!(
            "{} {}",
            job.state,
            if job.age.is_empty() { String::new() } else { format!("for {}", job.age) }
        ),
    );
    add("why", job.why.as_deref().unwrap_or_default());
    if job.percent.is_some() {
        add("progress", &progress_text(job, 25));
    }
    add("fields", &job.fields);
    add("says", job.message.as_deref().unwrap_or_default());
    for next in &job.next {
        add("next", next);
    }
    add(&format!("last {STRIP_HOURS}h"), &job.strip);
    lines.push(String::new());
    lines.push("Events".to_owned());
    if job.events.is_empty() {
        lines.push("none is kept".to_owned());
    }
    lines.extend(job.events.iter().rev().cloned());
    lines
}
