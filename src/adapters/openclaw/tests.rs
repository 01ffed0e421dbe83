//! What is found in OpenClaw's config, and in which order.
//!
//! In: files in a folder, a made-up environment. Out: assertions on what is found and said.
//! Invariant: no error shows a token.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use expect_test::expect;
use serde_json::{Value, json};

use super::*;

const HASH: &str = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

fn token(id: u32) -> String {
    format!("{id}:{HASH}")
}

struct Fake {
    folder: tempfile::TempDir,
    vars: BTreeMap<&'static str, String>,
}

impl World for Fake {
    fn var(&self, name: &str) -> Option<OsString> {
        self.vars.get(name).map(OsString::from)
    }
    fn home(&self) -> Option<PathBuf> {
        Some(self.folder.path().to_owned())
    }
    fn current_dir(&self) -> Option<PathBuf> {
        None
    }
    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
    fn begins_with_brace(&self, _: &Path) -> bool {
        false
    }
}

impl Fake {
    fn new() -> Self {
        let vars = [("PATH", "/nowhere".to_owned())].into();
        Self { folder: tempfile::tempdir().expect("a folder"), vars }
    }

    fn with(config: &Value) -> Self {
        let fake = Self::new();
        fake.write(".openclaw/openclaw.json", &config.to_string());
        fake
    }

    fn var(mut self, name: &'static str, value: &str) -> Self {
        self.vars.insert(name, value.to_owned());
        self
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        path
    }

    fn shown(&self, text: &str) -> String {
        assert!(!text.contains(HASH), "{text}");
        text.replace(&self.folder.path().display().to_string(), "~")
    }

    fn found(&self) -> Found {
        discover(&TelegramSettings::default(), None, self)
    }

    /// The token found, by its bot's id, and where; or why there is none.
    fn token(&self) -> String {
        match self.found().token {
            Ok(Some(found)) => {
                let id = found.token.expose().split(':').next().unwrap_or_default().to_owned();
                let held = match found.variables.join(", ") {
                    none if none.is_empty() => none,
                    all => format!(" [{all}]"),
                };
                self.shown(&format!("{id}: {}{held}", found.source))
            }
            Ok(None) => "none".to_owned(),
            Err(why) => self.shown(&why),
        }
    }

    fn chat(&self) -> String {
        match self.found().chat {
            Ok(Some(found)) => self.shown(&format!("{}: {}", found.value, found.source)),
            Ok(None) => "none".to_owned(),
            Err(why) => self.shown(&why),
        }
    }
}

fn telegram(settings: &Value) -> Value {
    json!({"channels": {"telegram": settings}})
}

#[test]
fn the_token_is_the_first_that_is_configured() {
    let mut fake = Fake::with(&telegram(&json!({
        "botToken": token(4), "tokenFile": "three", "defaultAccount": "ops",
        "accounts": {"default": {"botToken": token(9)}, "ops": {"tokenFile": "~/one", "botToken": token(2)}},
    })));
    fake.write("one", &format!("{}\n", token(1)));
    fake.write(".openclaw/three", &token(3));
    fake = fake.var("TELEGRAM_BOT_TOKEN", &token(5));
    let rewrite = |gone: &[&str]| {
        let path = fake.folder.path().join(".openclaw/openclaw.json");
        let mut all: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).expect("read")).expect("JSON");
        let (last, way) = gone.split_last().expect("a path");
        let at = way.iter().fold(&mut all["channels"]["telegram"], |v, key| &mut v[*key]);
        at.as_object_mut().expect("an object").remove(*last);
        std::fs::write(path, all.to_string()).expect("written");
    };
    let mut told = vec![fake.token()];
    for gone in [
        vec!["accounts", "ops", "tokenFile"],
        vec!["accounts", "ops", "botToken"],
        vec!["tokenFile"],
        vec!["botToken"],
        vec!["accounts", "default"],
        vec!["accounts"],
    ] {
        rewrite(&gone);
        told.push(fake.token());
    }
    expect![[r#"
        1: channels.telegram.accounts.ops.tokenFile in ~/.openclaw/openclaw.json (~/one)
        2: channels.telegram.accounts.ops.botToken in ~/.openclaw/openclaw.json
        3: channels.telegram.tokenFile in ~/.openclaw/openclaw.json (~/.openclaw/three)
        4: channels.telegram.botToken in ~/.openclaw/openclaw.json
        none
        none
        5: the variable TELEGRAM_BOT_TOKEN [TELEGRAM_BOT_TOKEN]"#]]
    .assert_eq(&told.join("\n"));
    let own = fake.write("own", &token(7));
    let settings = TelegramSettings { token_file: Some(own), ..TelegramSettings::default() };
    let found = discover(&settings, None, &fake).token.expect("readable").expect("found");
    assert_eq!(found.token.expose(), token(7));
    let bare = Fake::new();
    assert_eq!(bare.token(), "none");
    assert_eq!(
        bare.var("TELEGRAM_BOT_TOKEN", &token(5)).token(),
        "5: the variable TELEGRAM_BOT_TOKEN [TELEGRAM_BOT_TOKEN]"
    );
}

#[test]
fn what_is_configured_and_can_not_be_used_is_an_error_that_shows_nothing() {
    let mut told = Vec::new();
    for settings in [
        json!({"botToken": "12345:short"}),
        json!({"botToken": 7}),
        json!({"botToken": "${NOT_SET}"}),
        json!({"botToken": {"source": "env", "id": "NOT_SET"}}),
        json!({"botToken": {"source": "exec", "provider": "vault", "id": HASH}}),
        json!({"tokenFile": "none"}),
        json!({"tokenFile": "link"}),
        json!({"tokenFile": "."}),
        json!({"tokenFile": "long"}),
        json!({"tokenFile": "junk"}),
        json!({"tokenFile": ["a"]}),
    ] {
        let fake = Fake::with(&telegram(&settings)).var("TELEGRAM_BOT_TOKEN", &token(5));
        let real = fake.write(".openclaw/real", &token(1));
        std::os::unix::fs::symlink(real, fake.folder.path().join(".openclaw/link"))
            .expect("linked");
        fake.write(".openclaw/long", &"1".repeat(9000));
        fake.write(".openclaw/junk", &format!("{} x", token(1)));
        told.push(fake.token());
    }
    expect![[r#"
        channels.telegram.botToken in ~/.openclaw/openclaw.json holds no bot's token (digits, a colon, and 30 or more letters, digits, - or _): put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.botToken in ~/.openclaw/openclaw.json holds no bot's token (digits, a colon, and 30 or more letters, digits, - or _): put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.botToken in ~/.openclaw/openclaw.json means the variable NOT_SET, which is not set here: set it, or put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.botToken in ~/.openclaw/openclaw.json means the variable NOT_SET, which is not set: set it, or put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.botToken in ~/.openclaw/openclaw.json refers to a secret that only OpenClaw can look up: put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.tokenFile in ~/.openclaw/openclaw.json: ~/.openclaw/none is not there; put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.tokenFile in ~/.openclaw/openclaw.json: ~/.openclaw/link is no regular file (links are not followed); put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.tokenFile in ~/.openclaw/openclaw.json: ~/.openclaw/. is no regular file (links are not followed); put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.tokenFile in ~/.openclaw/openclaw.json: ~/.openclaw/long is larger than 4096 bytes; put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.tokenFile in ~/.openclaw/openclaw.json (~/.openclaw/junk) holds no bot's token (digits, a colon, and 30 or more letters, digits, - or _): put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile
        channels.telegram.tokenFile in ~/.openclaw/openclaw.json is no path: put the bot's token from @BotFather into a file of its own, and name it with report.telegram.tokenFile"#]].assert_eq(&told.join("\n"));
    for (settings, wanted) in [
        (
            json!({"botToken": "${OPS_BOT}"}),
            "6: channels.telegram.botToken in ~/.openclaw/openclaw.json, from the variable OPS_BOT [OPS_BOT]",
        ),
        (
            json!({"botToken": {"source": "env", "provider": "default", "id": "OPS_BOT"}}),
            "6: channels.telegram.botToken in ~/.openclaw/openclaw.json, from the variable OPS_BOT [OPS_BOT]",
        ),
        (json!({"botToken": " ", "tokenFile": null}), "none"),
    ] {
        assert_eq!(Fake::with(&telegram(&settings)).var("OPS_BOT", &token(6)).token(), wanted);
    }
    let parts = Fake::with(&telegram(&json!({"botToken": "${BOT_ID}:${BOT_HASH}"})));
    assert_eq!(
        parts.var("BOT_ID", "6").var("BOT_HASH", HASH).token(),
        "6: channels.telegram.botToken in ~/.openclaw/openclaw.json, from the variable BOT_ID and the variable BOT_HASH [BOT_ID, BOT_HASH]"
    );
    let literal =
        Fake::with(&telegram(&json!({"botToken": "$${OPS_BOT}"}))).var("OPS_BOT", &token(6));
    assert!(literal.token().contains("holds no bot's token"));
}

#[test]
fn the_chat_is_the_first_that_is_named_and_never_everybody() {
    let mut all = json!({
        "agents": {"defaults": {"heartbeat": {"target": "telegram", "to": "10"}},
                   "list": [{"id": "other", "heartbeat": {"target": "telegram", "to": "99"}}, {"id": "main", "heartbeat": {"to": "11"}}],
                   "entries": {"main": {"heartbeat": {"target": "telegram", "to": "-12:topic:3"}}}},
        "commands": {"ownerAllowFrom": ["discord:1", "20", "telegram:*", "telegram:21", "telegram:22"]},
        "channels": {"telegram": {"defaultTo": "@ops_room", "allowFrom": ["*", "@alice", "tg:40", 41]}},
    });
    let told = |all: &Value| Fake::with(all).chat();
    let mut lines = vec![told(&all)];
    let mut take = |path: &[&str]| {
        let (last, way) = path.split_last().expect("a path");
        let at = way.iter().fold(&mut all, |value, key| &mut value[*key]);
        at.as_object_mut().expect("an object").remove(*last);
        lines.push(told(&all));
    };
    take(&["agents", "entries"]);
    take(&["agents", "list"]);
    take(&["agents", "defaults", "heartbeat", "target"]);
    take(&["commands", "ownerAllowFrom"]);
    take(&["channels", "telegram", "defaultTo"]);
    take(&["channels", "telegram", "allowFrom"]);
    expect![[r#"
        -12:topic:3: the heartbeat of agent main in ~/.openclaw/openclaw.json
        11: the heartbeat of agent main in ~/.openclaw/openclaw.json
        10: the heartbeat of agent main in ~/.openclaw/openclaw.json
        21: commands.ownerAllowFrom in ~/.openclaw/openclaw.json
        @ops_room: channels.telegram.defaultTo in ~/.openclaw/openclaw.json
        40: channels.telegram.allowFrom in ~/.openclaw/openclaw.json
        none"#]]
    .assert_eq(&lines.join("\n"));
    assert_eq!(told(&telegram(&json!({"allowFrom": ["*"]}))), "none");
}

#[test]
fn a_chat_that_is_set_and_can_not_be_used_is_an_error_that_names_it() {
    let heartbeat = |to: Value| {
        json!({"agents": {"defaults": {"heartbeat": {"target": "telegram", "to": to}}},
               "channels": {"telegram": {"allowFrom": [40]}}})
    };
    let default_to = |to: Value| telegram(&json!({"defaultTo": to, "allowFrom": [40]}));
    let allowed = |one: Value| telegram(&json!({"allowFrom": ["*", "discord:1", one, 40]}));
    let mut owners = default_to(json!(7));
    owners["commands"] = json!({"ownerAllowFrom": ["discord:1", "telegram:${OPS_CHAT}"]});
    let mut elsewhere = heartbeat(json!("7"));
    elsewhere["agents"]["defaults"]["heartbeat"]["target"] = json!("${WHERE}");
    let told = [
        heartbeat(json!("${OPS_CHAT}")),
        heartbeat(json!("*")),
        elsewhere,
        owners,
        default_to(json!("${OPS_CHAT}")),
        default_to(json!(1e9)),
        default_to(json!({"id": 7})),
        allowed(json!("${OPS_CHAT}")),
        allowed(json!(1.5)),
        telegram(&json!({"allowFrom": 40})),
    ];
    let told = told.map(|config| Fake::with(&config).chat());
    expect![[r#"
        to of the heartbeat of agent main in ~/.openclaw/openclaw.json means the variable OPS_CHAT, which is not set here: set it, or name the chat with report.telegram.target
        to of the heartbeat of agent main in ~/.openclaw/openclaw.json is not a chat's id, @name, or CHAT:topic:ID: name the chat with report.telegram.target
        target of the heartbeat of agent main in ~/.openclaw/openclaw.json means the variable WHERE, which is not set here: set it, or name the chat with report.telegram.target
        entry 2 of commands.ownerAllowFrom in ~/.openclaw/openclaw.json means the variable OPS_CHAT, which is not set here: set it, or name the chat with report.telegram.target
        channels.telegram.defaultTo in ~/.openclaw/openclaw.json means the variable OPS_CHAT, which is not set here: set it, or name the chat with report.telegram.target
        channels.telegram.defaultTo in ~/.openclaw/openclaw.json is not a chat's id, @name, or CHAT:topic:ID: name the chat with report.telegram.target
        channels.telegram.defaultTo in ~/.openclaw/openclaw.json is not a chat's id, @name, or CHAT:topic:ID: name the chat with report.telegram.target
        entry 3 of channels.telegram.allowFrom in ~/.openclaw/openclaw.json means the variable OPS_CHAT, which is not set here: set it, or name the chat with report.telegram.target
        entry 3 of channels.telegram.allowFrom in ~/.openclaw/openclaw.json is not a chat's id, @name, or CHAT:topic:ID: name the chat with report.telegram.target
        channels.telegram.allowFrom in ~/.openclaw/openclaw.json is no array: name the chat with report.telegram.target"#]].assert_eq(&told.join("\n"));
    let set = Fake::with(&heartbeat(json!("${OPS_CHAT}"))).var("OPS_CHAT", "-1001");
    assert!(set.chat().starts_with("-1001: the heartbeat"), "{}", set.chat());
    let blank = Fake::with(&heartbeat(json!(" ")));
    assert!(blank.chat().starts_with("40: "), "{}", blank.chat());
    let other = Fake::with(&allowed(json!("alice")));
    assert!(other.chat().starts_with("40: "), "a name is nobody's number: {}", other.chat());
}

#[test]
fn the_command_line_and_our_own_settings_come_first() {
    let fake = Fake::with(&telegram(&json!({"defaultTo": "1"})));
    let chat = |asked: Option<&str>, target: Option<&str>, thread| {
        let target = target.map(str::to_owned);
        let settings = TelegramSettings { target, thread, ..TelegramSettings::default() };
        let found = discover(&settings, asked, &fake).chat;
        found.map(|found| found.map(|f| f.value.to_string()).unwrap_or_default())
    };
    assert_eq!(
        chat(Some("3"), Some("2"), Some(8)),
        Ok("3".to_owned()),
        "our topic is not of that chat"
    );
    assert_eq!(chat(Some("3:topic:5"), None, None), Ok("3:topic:5".to_owned()));
    assert_eq!(chat(None, Some("2"), Some(8)), Ok("2:topic:8".to_owned()));
    assert_eq!(chat(None, Some("2:topic:5"), Some(8)), Ok("2:topic:5".to_owned()));
    assert_eq!(chat(None, None, Some(8)), Ok("1:topic:8".to_owned()));
    assert!(chat(Some("*"), Some("2"), None).is_err(), "never a guess");
}

#[test]
fn files_are_merged_within_their_folder_and_bounds() {
    let fake = Fake::new();
    fake.write(
        ".openclaw/openclaw.json",
        r"{ // JSON5
        $include: ['./a.json5', 'sub/b.json5'],
        channels: { telegram: { defaultTo: 7, }, }, }",
    );
    fake.write(
        ".openclaw/a.json5",
        "{channels: {telegram: {defaultTo: 1, allowFrom: [5], apiRoot: 'http://127.0.0.1:9/'}}}",
    );
    fake.write(
        ".openclaw/sub/b.json5",
        "{channels: {telegram: {$include: 'c.json5', allowFrom: [6]}}}",
    );
    fake.write(".openclaw/sub/c.json5", &format!("{{botToken: '{}'}}", token(8)));
    assert!(fake.token().starts_with("8: "), "{}", fake.token());
    assert!(fake.chat().starts_with("7: "), "siblings win: {}", fake.chat());
    assert_eq!(fake.found().api_root.expect("a root").value.expose(), "http://127.0.0.1:9");
    let broken = |text: &str| {
        fake.write(".openclaw/openclaw.json", text);
        let why = fake.found().token.expect_err(text);
        assert_eq!(fake.found().chat.expect_err("the same"), why);
        fake.shown(&why).split(';').next().unwrap_or_default().to_owned()
    };
    fake.write("outside.json5", &format!("{{botToken: '{}'}}", token(8)));
    std::os::unix::fs::symlink(
        fake.folder.path().join("outside.json5"),
        fake.folder.path().join(".openclaw/out"),
    )
    .expect("linked");
    std::os::unix::fs::symlink(
        fake.folder.path().join(".openclaw/a.json5"),
        fake.folder.path().join(".openclaw/in"),
    )
    .expect("linked");
    let mut told = Vec::new();
    for text in [
        "{$include: '../outside.json5'}",
        "{$include: '/etc/hostname'}",
        "{$include: 'out'}",
        "{$include: 'in'}",
        "{$include: 'openclaw.json'}",
        "{$include: 'none'}",
        "{$include: 7}",
        &format!("{{channels: '{}", token(8)),
        &"[".repeat(400),
        &format!("{{a: {}1{}}}", "[".repeat(300), "]".repeat(300)),
        &" ".repeat(3 << 20),
    ] {
        told.push(broken(text));
    }
    expect![[r#"
        OpenClaw's config can't be read: ~/.openclaw/../outside.json5 is included from outside of ~/.openclaw
        OpenClaw's config can't be read: /etc/hostname is included from outside of ~/.openclaw
        OpenClaw's config can't be read: ~/.openclaw/out is included from outside of ~/.openclaw
        OpenClaw's config can't be read: ~/.openclaw/in is no regular file (links are not followed)
        OpenClaw's config can't be read: its files include each other too often
        OpenClaw's config can't be read: ~/.openclaw/none: No such file or directory (os error 2)
        OpenClaw's config can't be read: an $include is neither a file's name nor an array of them
        OpenClaw's config can't be read: ~/.openclaw/openclaw.json: not JSON5 at line 1, column 12
        OpenClaw's config can't be read: ~/.openclaw/openclaw.json: not JSON5 at line 1, column 401
        OpenClaw's config can't be read: nested deeper than 256 levels
        OpenClaw's config can't be read: ~/.openclaw/openclaw.json is larger than 2097152 bytes"#]].assert_eq(&told.join("\n"));
}

#[test]
fn the_config_is_where_openclaw_or_the_original_look_for_it() {
    let place = |vars: &[(&'static str, &str)], files: &[&str]| {
        let mut fake = Fake::new();
        for file in files {
            fake.write(file, "{}");
        }
        for (name, value) in vars {
            let value = value.replace('~', &fake.folder.path().display().to_string());
            fake = fake.var(name, &value);
        }
        let found = fake.found().config.expect("readable");
        found.map(|path| fake.shown(&path.display().to_string())).unwrap_or_default()
    };
    let files =
        ["own.json", "state/openclaw.json", "h/.openclaw/openclaw.json", ".openclaw/openclaw.json"];
    let home = ("OPENCLAW_HOME", "~/h");
    let state = ("OPENCLAW_STATE_DIR", "~/state");
    assert_eq!(place(&[("OPENCLAW_CONFIG_PATH", "~/own.json"), state, home], &files), "~/own.json");
    assert_eq!(place(&[state, home], &files), "~/state/openclaw.json");
    assert_eq!(place(&[home], &files), "~/h/.openclaw/openclaw.json", "a home, as OpenClaw has it");
    assert_eq!(
        place(&[home], &["h/openclaw.json"]),
        "~/h/openclaw.json",
        "a state folder, as v1 had it"
    );
    assert_eq!(place(&[], &files), "~/.openclaw/openclaw.json");
    assert_eq!(place(&[], &[]), "");
    assert_eq!(
        place(&[("OPENCLAW_CONFIG_PATH", "~/none.json")], &files),
        "",
        "what is named and not there is empty"
    );
}
