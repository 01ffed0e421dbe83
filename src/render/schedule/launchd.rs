//! A property list of launchd: launchd.plist(5).

use super::{MARK, Schedule};

/// `LABEL.plist`.
///
/// # Errors
/// A word that XML can't hold.
pub fn render_plist(schedule: &Schedule, label: &str) -> Result<String, String> {
    let mut words = String::new();
    for word in &schedule.argv {
        words.push_str(&format!("    <string>{}</string>\n", xml_text(word)?));
    }
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- {MARK} -->\n\
         <plist version=\"1.0\">\n\
         <dict>\n  \
           <key>Label</key>\n  <string>{}</string>\n  \
           <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n  \
           <key>StartInterval</key>\n  <integer>{}</integer>\n  \
           <key>RunAtLoad</key>\n  <true/>\n  \
           <!-- The jobs that a tick starts go on when it ends. -->\n  \
           <key>AbandonProcessGroup</key>\n  <true/>\n\
         </dict>\n\
         </plist>\n",
        xml_text(label)?,
        schedule.every.seconds()
    ))
}

fn xml_text(word: &str) -> Result<String, String> {
    let mut out = String::new();
    for c in word.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // XML 1.0 has no form for these; a line break would be read back as a space by some.
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => {
                return Err(format!("a property list can't hold {}", word.escape_debug()));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::render::schedule::Every;

    #[test]
    fn a_property_list_holds_the_words_as_they_are() {
        let schedule = Schedule {
            argv: ["/o & co/opsfsm", "<\"'>", "tick"].map(str::to_owned).to_vec(),
            every: Every::of_seconds(60).expect("a minute"),
        };
        expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
            <!-- opsfsm: written by `opsfsm install`, removed by `opsfsm uninstall` -->
            <plist version="1.0">
            <dict>
              <key>Label</key>
              <string>opsfsm.tick</string>
              <key>ProgramArguments</key>
              <array>
                <string>/o &amp; co/opsfsm</string>
                <string>&lt;"'&gt;</string>
                <string>tick</string>
              </array>
              <key>StartInterval</key>
              <integer>60</integer>
              <key>RunAtLoad</key>
              <true/>
              <!-- The jobs that a tick starts go on when it ends. -->
              <key>AbandonProcessGroup</key>
              <true/>
            </dict>
            </plist>
        "#]].assert_eq(&render_plist(&schedule, "opsfsm.tick").expect("a list"));
        assert!(xml_text("a\u{1}").is_err());
    }
}
