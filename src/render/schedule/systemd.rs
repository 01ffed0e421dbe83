//! A service and a timer of systemd. How words stand in them: systemd.service(5), "Command lines".

use super::{Every, MARK, Schedule};

/// `opsfsm-tick.service`. `user`: the account that a unit of the system runs as. With it systemd tells
/// the jobs whose home they are in, as cron does.
///
/// # Errors
/// systemd starts no program with such a path.
pub fn render_service(schedule: &Schedule, user: Option<&str>) -> Result<String, String> {
    let unfit = |c: char| c.is_control() || "'\"\\".contains(c);
    if let Some(program) = schedule.argv.first().filter(|program| program.contains(unfit)) {
        let program = program.escape_debug();
        return Err(format!(
            "systemd starts no program with a quote, a backslash or a control character in its path, as \
             in {program}: put it elsewhere, or name another --with"
        ));
    }
    let user = user.map(|user| format!("User={user}\n")).unwrap_or_default();
    let words: Vec<String> = schedule.argv.iter().map(|word| unit_word(word)).collect();
    // A colon before the program: no word is taken for a variable. Older ones don't know it, so it
    // stands only where a word could be.
    let literal = if schedule.argv.iter().any(|word| word.contains('$')) { ":" } else { "" };
    Ok(format!(
        "# {MARK}\n\
         [Unit]\n\
         Description=One cycle of opsfsm: observe, decide, record, report, resume\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         {user}ExecStart={literal}{}\n\
         # The jobs that a tick starts go on when it ends.\n\
         KillMode=process\n",
        words.join(" ")
    ))
}

/// The same for an account of its own. A tick starts nothing that may write to the system: writes are
/// started by whoever runs an approved one.
///
/// # Errors
/// As above.
pub fn render_system_service(schedule: &Schedule, account: &str) -> Result<String, String> {
    let service = render_service(schedule, Some(account))?;
    Ok(service
        + "# What a tick starts only reads, so /usr and /etc are closed to it.\nProtectSystem=full\n")
}

/// `opsfsm-tick.timer`.
#[must_use]
pub fn render_timer(every: Every) -> String {
    format!(
        "# {MARK}\n\
         [Unit]\n\
         Description=Calls opsfsm every {every}\n\
         \n\
         [Timer]\n\
         OnCalendar={}\n\
         AccuracySec=1s\n\
         Persistent=true\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n",
        calendar(every)
    )
}

fn calendar(every: Every) -> String {
    match every.minutes() {
        Some(60) => "*-*-* *:00:00".to_owned(),
        Some(minutes) => format!("*-*-* *:0/{minutes}:00"),
        None => format!("*-*-* *:*:0/{}", every.seconds()),
    }
}

/// A word as systemd reads it back: specifiers doubled, everything else as in C.
fn unit_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=@+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '%' => out.push_str("%%"),
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn words_stand_as_systemd_reads_them() {
        for (word, unit) in [
            ("/usr/bin/opsfsm", "/usr/bin/opsfsm"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("50%h", "\"50%%h\""),
            (r#"it's "x" \n"#, r#""it's \"x\" \\n""#),
            ("a\nb\t", "\"a\\x0ab\\x09\""),
            (";", "\";\""),
            ("é日", "\"é日\""),
            ("$HOME", "\"$HOME\""),
        ] {
            assert_eq!(unit_word(word), unit);
        }
    }

    #[test]
    fn a_dollar_is_a_dollar() {
        let service = |program: &str, word: &str| {
            let argv = vec![program.to_owned(), word.to_owned()];
            let every = Every::of_seconds(60).expect("a minute");
            render_service(&Schedule { argv, every }, None)
        };
        let holds =
            |word: &str, line: &str| service("/o", word).is_ok_and(|all| all.contains(line));
        assert!(holds("$x", "\nExecStart=:/o \"$x\"\n"));
        assert!(holds("x", "\nExecStart=/o x\n"));
        let schedule = Schedule {
            argv: vec!["/o".to_owned()],
            every: Every::of_seconds(60).expect("a minute"),
        };
        let of_system = render_service(&schedule, Some("root")).expect("a unit");
        assert!(of_system.contains("\nUser=root\nExecStart=/o\n"));
        assert!(service("/o'", "x").is_err_and(|why| why.contains("/o\\'")));
    }

    #[test]
    fn every_span_has_a_calendar() {
        let of = |seconds| Every::of_seconds(seconds).map(calendar).unwrap_or_default();
        expect!["*-*-* *:*:0/30 | *-*-* *:0/1:00 | *-*-* *:0/15:00 | *-*-* *:00:00"]
            .assert_eq(&[30, 60, 900, 3600].map(of).join(" | "));
    }
}
