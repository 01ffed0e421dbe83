//! A world made of a few variables and paths, and where things are found in it.
//!
//! In: a fake `World`. Out: assertions on places. Invariant: these tests never ask the real one.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[derive(Default)]
struct Fake {
    vars: BTreeMap<&'static str, &'static str>,
    homeless: bool,
    there: BTreeSet<&'static str>,
    json: BTreeSet<&'static str>,
}

impl World for Fake {
    fn var(&self, name: &str) -> Option<OsString> {
        self.vars.get(name).map(OsString::from)
    }
    fn home(&self) -> Option<PathBuf> {
        (!self.homeless).then(|| PathBuf::from("/home/u"))
    }
    fn current_dir(&self) -> Option<PathBuf> {
        Some(PathBuf::from("/now"))
    }
    fn exists(&self, path: &Path) -> bool {
        self.there.iter().any(|there| Path::new(there).starts_with(path))
    }
    fn begins_with_brace(&self, path: &Path) -> bool {
        self.json.iter().any(|json| Path::new(json) == path)
    }
}

fn world<const V: usize, const T: usize>(
    vars: [(&'static str, &'static str); V],
    there: [&'static str; T],
) -> Fake {
    Fake { vars: vars.into(), there: there.into(), ..Fake::default() }
}

fn config(world: &Fake) -> String {
    match locate(&Asked::default(), world).config {
        Ok(place) => format!("{} {:?}", place.path.display(), place.via),
        Err(error) => error.to_string(),
    }
}

fn store(asked: Option<&str>, world: &Fake) -> String {
    let asked = Asked { state_file: asked.map(PathBuf::from), ..Asked::default() };
    match locate(&asked, world).store {
        Ok(place) => {
            let import = place.import.map(|path| format!(" import {}", path.display()));
            format!("{} {:?}{}", place.path.display(), place.via, import.unwrap_or_default())
        }
        Err(error) => error.to_string(),
    }
}

const NET_JSON: &str = "/home/u/.openclaw/net/config/ops-jobs.json";
const NET_TOML: &str = "/home/u/.openclaw/net/config/opsfsm.toml";
const XDG_JSON: &str = "/home/u/.config/opsfsm/ops-jobs.json";
const XDG_TOML: &str = "/home/u/.config/opsfsm/opsfsm.toml";

#[test]
fn the_config_is_looked_for_from_the_most_explicit_place_to_the_least() {
    let all = [NET_JSON, NET_TOML, XDG_JSON, XDG_TOML];
    let asked = Asked { config_file: Some("x.toml".into()), ..Asked::default() };
    let found = locate(&asked, &world([("OPSFSM_CONFIG", "/c")], all)).config;
    let flag = ConfigPlace { path: "x.toml".into(), via: Via::Flag };
    assert_eq!(found, Ok(flag), "as it was given");
    assert_eq!(config(&world([("OPSFSM_CONFIG", "c.toml")], all)), "/now/c.toml Env");
    assert_eq!(config(&world([("OPSFSM_CONFIG", "~/c")], all)), "/home/u/c Env");
    assert_eq!(config(&world([("OPSFSM_CONFIG", "")], all)), format!("{NET_TOML} OpenClaw"));
    assert_eq!(config(&world([], [NET_JSON, XDG_TOML])), format!("{NET_JSON} OpenClaw"));
    assert_eq!(config(&world([], [XDG_JSON, XDG_TOML])), format!("{XDG_TOML} Xdg"));
    assert_eq!(config(&world([], [XDG_JSON])), format!("{XDG_JSON} Xdg"));
    let xdg = world([("XDG_CONFIG_HOME", "/etc/x")], ["/etc/x/opsfsm/opsfsm.toml", XDG_TOML]);
    assert_eq!(config(&xdg), "/etc/x/opsfsm/opsfsm.toml Xdg");
    let relative = world([("XDG_CONFIG_HOME", "x")], [XDG_TOML]);
    assert_eq!(config(&relative), format!("{XDG_TOML} Xdg"));
}

#[test]
fn without_a_config_every_place_is_named() {
    expect_test::expect![[r"
        no config found; looked for:
          /home/u/.openclaw/net/config/opsfsm.toml
          /home/u/.openclaw/net/config/ops-jobs.json
          /home/u/.config/opsfsm/opsfsm.toml
          /home/u/.config/opsfsm/ops-jobs.json
        let `opsfsm init` write one, or name one with --config-file"]]
    .assert_eq(&config(&world([], [])));
    let homeless = Fake { homeless: true, ..Fake::default() };
    expect_test::expect!["no home folder is known (HOME is not set), so there is nowhere to look for a config: name it with --config-file"]
        .assert_eq(&config(&homeless));
    expect_test::expect!["no home folder is known (HOME is not set), so there is nowhere to look for a store: name it with --state-file"]
        .assert_eq(&store(None, &homeless));
    assert_eq!(locate(&Asked::default(), &homeless).around, Surroundings::default());
}

#[test]
fn openclaw_home_is_its_state_folder_or_its_home_whichever_holds_the_file() {
    let env = [("OPENCLAW_HOME", "/oc")];
    let v1 = world(env, ["/oc/net/config/ops-jobs.json", "/oc/.openclaw/openclaw.json"]);
    assert_eq!(config(&v1), "/oc/net/config/ops-jobs.json OpenClaw");
    let own = world(env, ["/oc/.openclaw/net/config/opsfsm.toml", "/oc/openclaw.json"]);
    assert_eq!(config(&own), "/oc/.openclaw/net/config/opsfsm.toml OpenClaw");
    let bare = world(env, ["/oc/.openclaw/openclaw.json", "/oc/x"]);
    let found = locate(&Asked::default(), &bare);
    assert_eq!(found.openclaw.as_deref(), Some(Path::new("/oc/.openclaw")));
    assert_eq!(found.around.default_cwd, found.openclaw);
    let state = world(
        [("OPENCLAW_STATE_DIR", "/s"), ("OPENCLAW_HOME", "/oc")],
        ["/s/net/config/ops-jobs.json", "/oc/net/config/ops-jobs.json"],
    );
    assert_eq!(config(&state), "/s/net/config/ops-jobs.json OpenClaw");
    assert_eq!(locate(&Asked::default(), &world(env, [])).openclaw, None);
}

#[test]
fn the_store_stands_in_openclaws_net_folder_or_in_the_xdg_one() {
    assert_eq!(store(None, &world([], [])), "/home/u/.local/state/opsfsm/opsfsm.db Xdg");
    let net = "/home/u/.openclaw/net/state";
    assert_eq!(store(None, &world([], [NET_JSON])), format!("{net}/opsfsm.db OpenClaw"));
    assert_eq!(
        store(None, &world([], ["/home/u/.openclaw/net/state/ops-monitor.json"])),
        format!("{net}/opsfsm.db OpenClaw import {net}/ops-monitor.json")
    );
    let xdg = world([("XDG_STATE_HOME", "/var/x")], []);
    assert_eq!(store(None, &xdg), "/var/x/opsfsm/opsfsm.db Xdg");
    let env = world([("OPSFSM_STATE", "s.db")], [NET_JSON]);
    assert_eq!(store(None, &env), "/now/s.db Env");
    assert_eq!(store(Some("f.db"), &env), "f.db Flag");
}

#[test]
fn a_state_file_of_v1_is_imported_and_never_the_store() {
    let there = world([], ["/s/ops-monitor.json", "/s/old.json", "/s/old.db", "/s/plain"]);
    let sees = Fake { json: ["/s/old.db", "/s/plain"].into(), ..there };
    for (asked, found) in [
        ("/s/ops-monitor.json", "/s/opsfsm.db Flag import /s/ops-monitor.json"),
        ("/s/old.json", "/s/old.db.db Flag import /s/old.json"),
        ("/s/new.json", "/s/new.db Flag"),
        ("/s/plain", "/s/plain.db Flag import /s/plain"),
        ("/s/old.db", "/s/old.db.db Flag import /s/old.db"),
        ("/s/other.db", "/s/other.db Flag"),
    ] {
        assert_eq!(store(Some(asked), &sees), found);
    }
}
