//! The view on cells: what stands where, at every size, and what keys do.

use expect_test::expect;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::draw::draw;
use super::keys::Key;
use super::ui::{Action, Mode, Order, Ui};
use super::view::{Sources, View, view_of};
use crate::base::JobId;
use crate::render::tests::site::{Site, at, day, hostile, now};

fn view(site: &Site) -> View {
    let sources = Sources {
        compiled: &site.compiled,
        world: &site.world,
        events: &site.events,
        parcels: &site.parcels,
        now: &now(),
        invocation: "opsfsm",
    };
    view_of(&sources)
}

/// What stands on a terminal of this size.
fn drawn((width, height): (u16, u16), view: &View, ui: &Ui) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, view, ui, true)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y: u16| {
        let mut text = String::new();
        let mut skip = 0;
        for x in 0..width {
            let symbol = buffer[(x, y)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = ratatui::text::Span::raw(symbol).width().saturating_sub(1);
            text.push_str(symbol);
        }
        format!("{}\n", text.trim_end())
    };
    (0..height).map(row).collect()
}

fn at_job(id: &str, mode: Mode) -> Ui {
    Ui { mode, job: Some(JobId::new(id)), ..Ui::new() }
}

#[test]
fn the_list_on_a_usual_terminal_is_that_of_the_gallery() {
    let screen = drawn((80, 24), &view(&day()), &at_job("inventory", Mode::List));
    let page = include_str!("../../../docs/gallery.md");
    let block = format!("```text\n{screen}```");
    assert!(page.contains(&block), "docs/gallery.md should hold:\n{block}");
}

#[test]
fn the_list_on_a_large_terminal() {
    let screen = drawn((120, 40), &view(&day()), &Ui::new());
    expect![[r#"
        opsfsm watch  16:13:20  last tick 25s ago
        ! 1 stalled  ! 1 failed  ● 1 running  ○ 5 idle  ○ 3 blocked
          Job                      State      For     Progress        Last 12 h    Next
        ○ certificates             idle       20h                     ▁▁▁▁▁▁▁▁▁▁▁▁ due now: its schedule
        ○ checksums                idle       20h                     ▁▁▁▁▁▁▁▁▁▁▁▁
        ! disk-space               failed     59m                     ▅▃▃▃▃▃▅▃▃▃▃█ due in 40s: its schedule
        ● inventory                running    9h 59m  ██████░░░░  68% ▅█▅▅▅▅▅▅▅▅▅▅
        ! mirror                   stalled    2h      ████░░░░░░  45% ▅▅▅▅▅▅▅▅▅▅██ no progress (still at 4100 of 9000)
        ○ prune                    blocked    20h                     ▁▁▁▁▁▁▁▁▁▁▁▁ a person's approval is asked for
        ○ prune-verify             idle       20h                     ▁▁▁▁▁▁▁▁▁▁▁▁
        ○ publish                  blocked    20h                     ▁▁▁▁▁▁▁▁▁▁▁▁
        ○ repair                   blocked    20h                     ▁▁▁▁▁▁▁▁▁▁▁▁ disabled
        ○ repair-verify            idle       20h                     ▁▁▁▁▁▁▁▁▁▁▁▁ disabled
        ○ site-answers             idle       20h                     ▁▁▁▁▁▁▁▁▁▁▁▁
















        Waits for a person
        prune: asked for 59m ago (the disk is 93 % full): opsfsm approve prune
        1 report was given up: opsfsm outbox
        Last events
        09-21 10:14:00 disk-space: exited_ok → completed
        09-21 15:13:20 disk-space: begin → running
        09-21 15:14:00 disk-space: check ended: exit=9, run run3
        09-21 15:14:00 disk-space: exited_err → failed: run_failed
        09-21 15:14:10 prune: write requested by the end of disk-space: the disk is 93 % full
         ↑↓ job  Enter details  g machine  s start  x stop  ? keys  q leave
    "#]].assert_eq(&screen);
}

#[test]
fn the_list_on_a_tiny_terminal() {
    let screen = drawn((20, 5), &view(&day()), &at_job("mirror", Mode::List));
    expect![[r#"
        opsfsm watch  16:13…
        ● inventory
        ! mirror
        ○ prune
         ?: keys  q: leave
    "#]]
    .assert_eq(&screen);
}

#[test]
fn the_details_of_a_job() {
    let mut site = day();
    for n in 1..=30_u32 {
        let done = (n * n * 100).to_string();
        let fields = [("done", done.as_str()), ("total", "90000")];
        site.seen(900 - i64::from(n) * 30, "inventory", &fields, Some("on it"));
    }
    let view = view(&site);
    let place = view.jobs.iter().find(|job| job.id == JobId::new("inventory")).unwrap();
    assert_eq!(place.trail.figures().count(), 30);
    let screen = drawn((80, 24), &view, &at_job("inventory", Mode::Detail));
    expect![[r#"
        ● inventory
        name      Inventory of the archive
        kind      long_running_read
        state     running for 9h 59m
        progress  ████████████████████ 100%
        fields    done=90000 · total=90000
        says      on it
        last 12h  ▅█▅▅▅▅▅▅▅▅▅▅

        Events
        09-21 06:14:20 seen_running → running
        09-21 06:13:20 resume → resuming
        09-21 05:13:20 seen_stopped → stalled: stopped (out of memory)
        09-20 21:13:20 started → running
        09-20 20:13:20 declared: idle




        Progress since 09-21 15:58:50
                                                                            ▂▂▂▃▃▃▄▄▄▆▆█
                                                         ▁▁▁▂▂▂▃▃▄▄▄▆▆▆▇▇▇██████████████
                        ▁▁▁▁▁▁▂▂▂▂▂▃▃▃▃▃▃▄▄▅▅▅▆▆▆▆▆▆▇▇██████████████████████████████████
         ↑↓ scroll  q back
    "#]]
    .assert_eq(&screen);
}

#[test]
fn a_job_that_stands_still_says_when_it_will_count_as_stalled() {
    let mut site = day();
    site.seen(25, "inventory", &[("done", "1"), ("total", "2")], None);
    let notes = site.world.notes.get_mut(&JobId::new("inventory")).unwrap();
    notes.still_since = Some(at(600));
    let view = view(&site);
    let job = view.jobs.iter().find(|job| job.id == JobId::new("inventory")).unwrap();
    assert_eq!(job.next, ["stalls in 50m"]);
}

#[test]
fn nothing_that_a_job_says_reaches_the_terminal_as_a_command() {
    let site = hostile();
    let view = view(&site);
    for size in [(80, 24), (120, 40), (20, 5)] {
        for mode in [Mode::List, Mode::Detail, Mode::Help, Mode::Confirm(Order::Start)] {
            let ui = Ui { mode, job: Some(view.jobs[0].id.clone()), ..Ui::new() };
            let screen = drawn(size, &view, &ui);
            let bad =
                |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!screen.contains(bad), "{screen:?}");
            assert_eq!(screen.lines().count(), usize::from(size.1));
        }
    }
}

#[test]
fn no_size_is_too_small_or_too_odd() {
    let mut site = day();
    site.seen(
        25,
        "mirror",
        &[("字", "漢字漢字漢字漢字漢字"), ("e\u{301}", "👩\u{200d}🔧")],
        Some("漢字"),
    );
    let (full, empty) = (view(&site), View::default());
    let text = Mode::Graph("a\nb\nc".to_owned());
    for mode in [Mode::List, Mode::Detail, Mode::Help, Mode::Confirm(Order::Stop), text] {
        let mut ui = at_job("mirror", mode);
        ui.scroll = usize::MAX / 2;
        for width in [0, 1, 2, 3, 5, 10, 19, 20, 21, 30, 38, 55, 56, 69, 70, 79, 80, 99, 100, 130] {
            for height in [0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 40] {
                drawn((width, height), &full, &ui);
                drawn((width, height), &empty, &ui);
            }
        }
    }
}

#[test]
fn colour_says_nothing_that_is_not_said_without_it() {
    let view = view(&day());
    let cells = |colour: bool| {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, &view, &Ui::new(), colour)).unwrap();
        terminal.backend().buffer().clone()
    };
    let (with, without) = (cells(true), cells(false));
    let symbols = |b: &ratatui::buffer::Buffer| {
        b.content.iter().map(|c| c.symbol().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(symbols(&with), symbols(&without));
    let reset = ratatui::style::Color::Reset;
    assert!(without.content.iter().all(|c| c.fg == reset && c.bg == reset));
}

/// Presses keys one after another; what the last one comes to.
fn press(ui: &mut Ui, view: &View, keys: &[Key]) -> Action {
    keys.iter().map(|key| ui.press(*key, view)).last().unwrap()
}

#[test]
fn keys_move_and_open_and_leave() {
    let view = view(&day());
    let mut ui = Ui::new();
    assert_eq!(ui.selected(&view), 0);
    press(&mut ui, &view, &[Key::Char('j'), Key::Down, Key::Char('k')]);
    assert_eq!(ui.selected(&view), 1);
    press(&mut ui, &view, &[Key::End, Key::Down, Key::PageDown]);
    assert_eq!(ui.selected(&view), view.jobs.len() - 1);
    press(&mut ui, &view, &[Key::Home, Key::Up]);
    assert_eq!((ui.selected(&view), &ui.mode), (0, &Mode::List));
    assert_eq!(press(&mut ui, &view, &[Key::Enter]), Action::Redraw);
    assert_eq!(ui.mode, Mode::Detail);
    assert_eq!(press(&mut ui, &view, &[Key::Esc]), Action::Redraw);
    assert_eq!(ui.mode, Mode::List);
    assert_eq!(press(&mut ui, &view, &[Key::Char('g')]), Action::Graph(view.jobs[0].id.clone()));
    for key in [Key::Char('q'), Key::Esc, Key::Interrupt] {
        assert_eq!(ui.press(key, &view), Action::Quit);
    }
    assert_eq!(press(&mut ui, &view, &[Key::Char('?'), Key::Interrupt]), Action::Quit);
    assert_eq!(Ui::new().press(Key::Enter, &View::default()), Action::Redraw);
}

#[test]
fn a_start_or_a_stop_wants_a_yes_and_no_write_gets_one() {
    let view = view(&day());
    let mut ui = at_job("inventory", Mode::List);
    let id = JobId::new("inventory");
    let started = press(&mut ui, &view, &[Key::Char('s'), Key::Char('y')]);
    assert_eq!(started, Action::Do(Order::Start, id.clone()));
    let stopped = press(&mut ui, &view, &[Key::Enter, Key::Char('x'), Key::Char('y')]);
    assert_eq!(stopped, Action::Do(Order::Stop, id.clone()));
    for no in [Key::Char('n'), Key::Enter, Key::Esc, Key::Char('s')] {
        assert_eq!(press(&mut ui, &view, &[Key::Char('s'), no]), Action::Draw);
        assert_eq!(ui.mode, Mode::List);
        assert!(ui.notice.as_ref().is_some_and(|n| n.starts_with("nothing done")));
    }
    // A watched job that writes may be stopped, and is never started from here.
    ui.job = Some(JobId::new("mirror"));
    press(&mut ui, &view, &[Key::Char('s')]);
    assert_eq!(ui.mode, Mode::List);
    for job in ["prune", "disk-space"] {
        for key in ['s', 'x'] {
            ui.job = Some(JobId::new(job));
            assert_eq!(press(&mut ui, &view, &[Key::Char(key)]), Action::Draw);
            assert_eq!(ui.mode, Mode::List, "{job} {key}");
        }
    }
    // The job that was asked about has left the config meanwhile: nothing is done to another.
    ui.job = Some(id.clone());
    ui.press(Key::Char('x'), &view);
    let mut less = view.clone();
    less.jobs.retain(|job| job.id != id);
    assert_eq!(ui.press(Key::Char('y'), &less), Action::Draw);
}
