//! Plans of real files, without the program around them: what is hashed, where paths lead, and what is
//! refused or listed as not covered.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use opsfsm::adapters::file_facts::OsFileFacts;
use opsfsm::base::limits;
use opsfsm::config::Format;
use opsfsm::model::{Plan, STANDARD_PATH};
use opsfsm::ports::FileFacts as _;
use opsfsm::sim::compile_text;
use opsfsm::writes::plan_now;

use crate::support::job;

/// A folder of files, and what plans say of a write in it.
struct Site {
    _kept: tempfile::TempDir,
    root: PathBuf,
}

impl Site {
    fn new() -> Self {
        let kept = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(kept.path()).expect("a folder");
        for folder in ["data", "real/sub"] {
            fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        Self { _kept: kept, root }
    }

    fn path(&self, name: &str) -> String {
        self.root.join(name).to_str().expect("UTF-8").to_owned()
    }

    fn put(&self, name: &str, text: &str) -> String {
        fs::write(self.root.join(name), text).expect("written");
        fs::set_permissions(self.root.join(name), fs::Permissions::from_mode(0o755)).expect("set");
        self.path(name)
    }

    fn link(&self, name: &str, to: &str) -> String {
        symlink(to, self.root.join(name)).expect("a link");
        self.path(name)
    }

    /// Plans this command as a write, with a check that runs `/bin/true` in this folder.
    fn plan_with(&self, argv: &[&str], more: &str, check_cwd: &str) -> Result<Plan, String> {
        let quoted: Vec<String> = argv.iter().map(|word| format!("{word:?}")).collect();
        let text = format!(
            "version = 1\n[[jobs]]\nid = \"w\"\nkind = \"one_shot_write\"\nrisk = \"write_local\"\n\
             enabled = true\ncwd = {:?}\ncommands = {{ run = [{}] }}\n{more}\n\
             after = [{{ jobId = \"v\" }}, {{ jobId = \"risky\" }}]\n\
             [[jobs]]\nid = \"v\"\nkind = \"one_shot_read\"\nrisk = \"read_only\"\nenabled = true\n\
             cwd = {check_cwd:?}\nsandbox = \"off\"\ncommands = {{ run = [\"/bin/true\"] }}\n\
             [[jobs]]\nid = \"risky\"\nkind = \"one_shot_read\"\nrisk = \"write_local\"\n\
             enabled = true\ncommands = {{ run = [\"/bin/true\"] }}\n",
            self.path("data"),
            quoted.join(", "),
        );
        let compiled = compile_text(&text, Format::Toml).expect(&text);
        let write = compiled.job(&job("w")).expect("a job");
        plan_now(&compiled, write, &OsFileFacts).map(|p| p.plan).map_err(|e| e.to_string())
    }

    fn plan(&self, argv: &[&str]) -> Plan {
        self.plan_with(argv, "", &self.path("data")).expect("a plan")
    }
}

fn real(path: &str) -> String {
    fs::canonicalize(path).expect(path).to_str().expect("UTF-8").to_owned()
}

fn interpreters(plan: &Plan) -> Vec<&str> {
    plan.step.interpreters.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn what_starts_for_a_script_is_in_its_plan() {
    let site = Site::new();
    let script = site.put("data/plain", "#!/bin/sh\n");
    let plan = site.plan(&[&script]);
    assert_eq!((plan.step.exec.as_str(), interpreters(&plan)), (&*script, vec![&*real("/bin/sh")]));
    let by_env = site.put("data/by_env", "#!/usr/bin/env sh\n");
    let plan = site.plan(&[&by_env]);
    assert_eq!(interpreters(&plan), [&*real("/usr/bin/env"), &*real("/bin/sh")]);
    let binary = site.plan(&["/bin/true"]);
    assert_eq!(interpreters(&binary), Vec::<&str>::new());
    let through_env = site.plan(&["/usr/bin/env", "true"]);
    assert_eq!(interpreters(&through_env), [&*real("/bin/true")]);
    let hidden = |plan: &Plan| plan.step.not_covered.iter().any(|w| w.contains("that env starts"));
    assert!(!hidden(&through_env) && hidden(&site.plan(&["/usr/bin/env"])));
}

#[test]
fn interpreters_are_followed_as_far_as_the_limit() {
    let site = Site::new();
    let mut last = "/bin/sh".to_owned();
    for n in 0..limits::INTERPRETERS {
        last = site.put(&format!("data/s{n}"), &format!("#!{last}\n"));
    }
    assert_eq!(interpreters(&site.plan(&[&last])).len(), limits::INTERPRETERS);
    let beyond = site.put("data/beyond", &format!("#!{last}\n"));
    let refused = site.plan_with(&[&beyond], "", &site.path("data")).expect_err("too many");
    assert!(refused.contains("more than 8 interpreters"), "{refused}");
}

#[test]
fn what_a_loader_loads_is_named_as_not_covered() {
    let site = Site::new();
    let loads = |program: &str| {
        let plan = site.plan(&[program]);
        plan.step
            .not_covered
            .iter()
            .filter(|words| words.contains("loads or calls besides"))
            .count()
    };
    assert_eq!(loads(&site.put("data/tool", "#!/bin/sh\n")), 1);
    let versioned = site.put("data/copy", "");
    fs::copy("/bin/true", &versioned).expect("copied");
    assert_eq!(loads(&versioned), 0);
    let python = site.path("data/python.12");
    fs::copy("/bin/true", &python).expect("copied");
    assert_eq!(loads(&python), 1);
}

#[test]
fn where_paths_lead_is_noted_where_that_is_elsewhere() {
    let site = Site::new();
    let script = site.put("real/tool", "#!/bin/sh\n");
    let link = site.link("data/tool", &script);
    let plan = site.plan(&[&link]);
    assert_eq!((&plan.step.exec, &plan.step.program.path), (&link, &script));
    assert_eq!(plan.step.links.get(&link), Some(&script));
    let direct = site.plan(&[&script]);
    assert!(!direct.step.links.contains_key(&script), "{:?}", direct.step.links);
}

#[test]
fn files_among_the_words_are_hashed_and_the_rest_is_listed() {
    let site = Site::new();
    let (a, b) = (site.put("data/a", "one"), site.put("real/b", "two"));
    let large = site.path("data/large");
    let file = fs::File::create(&large).expect("a file");
    file.set_len(limits::PLAN_FILE_BYTES + 1).expect("sparse");
    let inputs = format!("inputs = [{b:?}]");
    let words = ["/bin/true", "a", "large", "/dev/null", ".", "/proc/self/exe", "none"];
    let plan = site.plan_with(&words, &inputs, &site.path("data")).expect("a plan");
    let files: Vec<(&str, u64)> = plan.step.files.iter().map(|f| (&*f.path, f.bytes)).collect();
    assert_eq!(files, [(&*a, 3), (&*b, 3)]);
    for word in
        ["large: too large", "the folder .", "/dev/null: a device", "/proc/self/exe is to each"]
    {
        assert!(plan.step.not_covered.iter().any(|w| w.contains(word)), "{word} {plan:?}");
    }
}

#[test]
fn a_writes_folder_is_where_its_path_leads_and_a_checks_is_its_path() {
    let site = Site::new();
    let link = site.link("there", &site.path("real"));
    let seen = |cwd: &str| {
        let plan = site.plan_with(&["/bin/true"], "", cwd).expect("a plan");
        let mut step = plan.verifications[0].step.clone();
        // Elsewhere on most hosts.
        step.links.remove("/bin/true");
        (step.cwd, step.links)
    };
    let real = site.path("real");
    assert_eq!(seen(&link), (link.clone(), BTreeMap::from([(link.clone(), real.clone())])));
    assert_eq!(seen(&real), (real.clone(), BTreeMap::new()));
    // `a/..` leads nowhere else where `a` is a folder, and elsewhere where it is a link.
    assert_eq!(seen(&format!("{real}/sub/..")), (real.clone(), BTreeMap::new()));
    let turned = site.link("turn", &site.path("real/sub"));
    let (cwd, links) = seen(&format!("{turned}/.."));
    assert_eq!((cwd, links.len()), (format!("{turned}/.."), 1));
    // One that is not there yet may be what the write makes.
    assert_eq!(seen(&site.path("later")).0, site.path("later"));
    let write = |cwd: &str| {
        let moved =
            Site { _kept: tempfile::tempdir().expect("a folder"), root: PathBuf::from(cwd) };
        moved.plan(&["/bin/true"]).step.cwd
    };
    fs::create_dir(site.root.join("real/data")).expect("a folder");
    assert_eq!(write(&link), site.path("real/data"));
}

#[test]
fn the_environment_is_the_accounts_and_what_the_job_sets() {
    let site = Site::new();
    let more = "env = { PATH = \"/bin\", EXTRA = \"1\" }";
    let account = OsFileFacts.account().expect("an account");
    let env = |more: &str| {
        site.plan_with(&["/bin/true"], more, &site.path("data")).expect("a plan").step.env
    };
    let usual = [
        ("HOME", account.home.as_str()),
        ("LOGNAME", &account.name),
        ("PATH", STANDARD_PATH),
        ("SHELL", &account.shell),
        ("USER", &account.name),
    ];
    let mut wanted: BTreeMap<String, String> =
        usual.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    assert_eq!(env(""), wanted);
    wanted.insert("PATH".to_owned(), "/bin".to_owned());
    wanted.insert("EXTRA".to_owned(), "1".to_owned());
    assert_eq!(env(more), wanted);
}

#[test]
fn only_checks_that_read_verify_and_by_their_own_sandbox() {
    let site = Site::new();
    let plan = site.plan(&["/bin/true"]);
    let checks: Vec<(&str, bool)> =
        plan.verifications.iter().map(|v| (v.job.as_str(), v.sandboxed)).collect();
    assert_eq!(checks, [("v", false)]);
    assert!(Path::new(&plan.step.cwd).is_absolute());
}

#[test]
fn words_and_variables_that_no_kernel_takes_are_no_plan() {
    let site = Site::new();
    let most = limits::ARGUMENT_BYTES;
    let fits = |word: usize, value: usize| {
        let more = format!("env = {{ LONG = \"{}\" }}", "x".repeat(value));
        let word = "y".repeat(word);
        site.plan_with(&["/bin/true", &word], &more, &site.path("data")).is_ok()
    };
    assert!(fits(most - 1, 1) && !fits(most, 1));
    // The name, the sign and the value together.
    assert!(fits(1, most - 6) && !fits(1, most - 5));
}
