#!/usr/bin/env python3
"""Mutation testing with one build: cargo-mutants says which mutants there are, and a copy of the program
is made that has all of them asleep. Waking one is an environment variable, so each costs only the tests
that reach its function.

    tests/mutants/mutants.py plant [TEST…]     copies, plants, builds the tests (lib, engine and store)
    tests/mutants/mutants.py wake [FILE…]      wakes each mutant of the files of which a name matches
    tests/mutants/mutants.py table             counts by file, and what was missed

All of it lies in target/mutants, or in the folder that OPSFSM_MUTANTS names. What was once woken is
not woken again, but for what was missed with `wake --missed`; `plant` forgets nothing of it. A mutant
for which no test went red is missed; one whose tests used ten times their usual processor time, and
ten seconds more, is a timeout, which counts as seen. Tests dearer than OPSFSM_DEAREST (seconds of
processor time, 1) are not asked. As many mutants are woken at a time as there are processors, or
OPSFSM_WAKERS; but tests that start the real program have all of it to themselves.
"""
import collections, concurrent.futures, json, os, re, resource, shutil, signal, subprocess, sys, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = os.environ.get("OPSFSM_MUTANTS") or os.path.join(ROOT, "target", "mutants")
TREE = os.path.join(WORK, "tree")
AWAKE, MET = os.path.join(WORK, "awake"), os.path.join(WORK, "met")
PROFILE = ["--profile", "sim", "--config", "profile.sim.package.opsfsm.opt-level=1", "--config", "profile.sim.debug=0"]
TESTS = ["lib", "engine", "store"]
# These start the real program, whose mutant is the one in the file AWAKE: one at a time.
PROGRAM_TESTS = {"store", "cli"}
DEAREST = float(os.environ.get("OPSFSM_DEAREST") or 1)
WAKERS = int(os.environ.get("OPSFSM_WAKERS") or os.cpu_count() or 1)

# Children of the program have no environment of their tests, so they ask the files.
SWITCH = '''//! Which mutant is awake.
use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Mutex, OnceLock};
/// The number of the one that is, for the function with this number.
pub fn at(function: u32) -> u32 {
    static MET: OnceLock<Option<Mutex<BTreeSet<u32>>>> = OnceLock::new();
    static NUMBER: OnceLock<u32> = OnceLock::new();
    let named = || std::env::var("OPSFSM_MUTANT").ok().or_else(|| std::fs::read_to_string("%(awake)s").ok());
    let awake = *NUMBER.get_or_init(|| named().and_then(|n| n.trim().parse().ok()).unwrap_or(0));
    let noted = || std::fs::metadata("%(met)s").ok().map(|_| Mutex::default());
    if awake == 0 && let Some(seen) = MET.get_or_init(noted) {
        if seen.lock().unwrap_or_else(|e| e.into_inner()).insert(function) {
            if let Ok(mut file) = std::fs::OpenOptions::new().append(true).open("%(met)s") {
                let _ = file.write_all(format!("{function}\\n").as_bytes());
            }
        }
    }
    awake
}
'''


def load(name, default):
    path = os.path.join(WORK, name)
    if not os.path.exists(path):
        return default
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def save(name, value):
    with open(os.path.join(WORK, name), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=0)


# ---- planting

def body_of(text, start, end):
    """The offsets within the braces of the function that lies at start..end."""
    i, depth, opened, last = start, 0, None, None
    raw, quoted = re.compile(r'b?r(#*)"'), re.compile(r"'(\\u\{[0-9a-fA-F]+\}|\\x..|\\.|[^\\'])'", re.S)
    while i < end:
        c = text[i]
        if text.startswith("//", i):
            i = text.index("\n", i)
        elif text.startswith("/*", i):
            i = text.index("*/", i) + 1
        elif (m := raw.match(text, i)) and not (text[i - 1].isalnum() or text[i - 1] == "_"):
            i = text.index('"' + m.group(1), m.end()) + len(m.group(1))
        elif c == '"':
            i += 1
            while text[i] != '"':
                i += 2 if text[i] == "\\" else 1
        elif c == "'" and (m := quoted.match(text, i)):
            i = m.end() - 1
        elif c == "{":
            opened = i if depth == 0 else opened
            depth += 1
        elif c == "}":
            depth -= 1
            last = (opened + 1, i) if depth == 0 else last
        i += 1
    return last


def plant_file(text, mutants):
    """Each function gets a copy of its body for each mutant. Gives the text, the lines of each mutant, and
    the number of each one's function."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    where = lambda place: starts[place["line"] - 1] + place["column"] - 1
    functions = collections.defaultdict(list)
    for number, mutant in mutants:
        span = mutant["function"]["span"]
        functions[(where(span["start"]), where(span["end"]))].append((number, mutant))
    outer = []
    for key in sorted(functions):
        # A function within a function goes with the outer one.
        if outer and key[1] <= outer[-1][1]:
            functions[outer[-1]].extend(functions[key])
        else:
            outer.append(key)
    pieces, done, names = [], 0, {}
    for key in outer:
        begin, end = body_of(text, *key)
        head = text[done:key[0]] + re.sub(r"\bconst (?=(unsafe )?fn\b)", "", text[key[0]:begin], count=1)
        number_of_function = functions[key][0][0]
        # The bodies of `-> impl Trait` are of many types.
        head, boxed = re.subn(r"->\s*impl\b([^{]*?)(?=\s*(where\b[^{]*)?\{$)", r"-> Box<dyn\1>", head)
        opened, closed = ("Box::new({", "}),") if boxed else ("{", "}")
        pieces.append((None, f"{head} match crate::mutant_switch::at({number_of_function}) {{\n"))
        for number, mutant in functions[key]:
            names[number] = number_of_function
            a, b = where(mutant["span"]["start"]), where(mutant["span"]["end"])
            arm = text[begin:a] + mutant["replacement"] + text[b:end]
            pieces.append((number, f"{number} => {opened}{arm}\n{closed}\n"))
        pieces.append((None, f"_ => {opened}{text[begin:end]}\n{closed}\n}}\n"))
        done = end
    pieces.append((None, text[done:]))
    lines, line = {}, 1
    for number, piece in pieces:
        last = line + piece.count("\n")
        if number is not None:
            lines[number] = (line, last)
        line = last
    return "".join(piece for _, piece in pieces), lines, names


def write(path, text):
    old = None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            old = file.read()
    if old != text:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def copy_tree(planted):
    """What is planted is written last and once, so that nothing is built for nothing."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    for name in names.decode().split("\0"):
        source, target = os.path.join(ROOT, name), os.path.join(TREE, name)
        if not name or name in planted or not os.path.isfile(source):
            continue
        with open(source, "rb") as file:
            content = file.read()
        if not os.path.exists(target) or open(target, "rb").read() != content:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)


def plant_all(mutants, unviable):
    by_file, lines, names = {m["file"]: [] for m in mutants}, {}, {}
    for number, mutant in enumerate(mutants, 1):
        if str(number) not in unviable and mutant["function"]:
            by_file[mutant["file"]].append((number, mutant))
    copy_tree(set(by_file) | {"src/lib.rs"})
    for name, own in by_file.items():
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            text, lines[name], functions = plant_file(file.read(), own)
        names.update(functions)
        write(os.path.join(TREE, name), text)
    with open(os.path.join(ROOT, "src/lib.rs"), encoding="utf-8") as file:
        write(os.path.join(TREE, "src/lib.rs"), file.read() + "\n/// Mutants.\npub mod mutant_switch;\n")
    write(os.path.join(TREE, "src/mutant_switch.rs"), SWITCH % {"awake": AWAKE, "met": MET})
    save("functions.json", names)
    return lines


def cargo(*args):
    env = {**os.environ, "CARGO_TARGET_DIR": os.path.join(WORK, "target")}
    args = ["cargo", *args, *PROFILE, "--message-format=json"]
    ran = subprocess.run(args, cwd=TREE, env=env, stdout=subprocess.PIPE, text=True)
    return ran.returncode, [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]


def drop_unviable(messages, lines, unviable):
    """Those that an error lies in. Says how many there were."""
    before = len(unviable)
    for message in messages:
        message = message.get("message") or {}
        if not isinstance(message, dict) or message.get("level") != "error":
            continue
        for span in message["spans"]:
            for number, (first, last) in lines.get(span["file_name"], {}).items():
                if span["is_primary"] and first <= span["line_start"] and span["line_end"] <= last:
                    unviable[str(number)] = message["message"]
    save("unviable.json", unviable)
    return len(unviable) - before


def plant(tests):
    os.makedirs(WORK, exist_ok=True)
    listed = subprocess.run(["cargo", "mutants", "--list", "--json"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    mutants = json.loads(listed.stdout)
    before, why = load("mutants.json", []), load("unviable.json", {})
    known = {m["name"]: why[str(n)] for n, m in enumerate(before, 1) if str(n) in why}
    unviable = {str(n): known[m["name"]] for n, m in enumerate(mutants, 1) if m["name"] in known}
    save("mutants.json", mutants)
    save("unviable.json", unviable)
    targets = [arg for test in tests for arg in (["--lib"] if test == "lib" else ["--test", test])]
    # What tests call is checked before anything is built: each mutant that doesn't compile costs a round.
    for args in (["check", "--lib"], ["check", "--lib", "--tests"], ["test", "--no-run", *targets]):
        while True:
            lines = plant_all(mutants, unviable)
            code, messages = cargo(*args)
            if code == 0:
                break
            if drop_unviable(messages, lines, unviable) == 0:
                sys.exit("it does not build, and no mutant is to blame: see cargo's own words")
    print(f"{len(mutants)} mutants, {len(unviable)} of them do not build")
    binaries = {}
    for message in messages:
        if message.get("reason") == "compiler-artifact" and message.get("executable") and message["profile"]["test"]:
            is_lib = "lib" in message["target"]["kind"]
            if is_lib or "test" in message["target"]["kind"]:
                binaries["lib" if is_lib else message["target"]["name"]] = message["executable"]
    save("binaries.json", binaries)
    reach(binaries)


# ---- waking

def ask(binary, names, number, seconds):
    """None if all these tests are green, else what happened and in which of them."""
    # Cargo would say where the snapshots are that stand in files of their own.
    env = {**os.environ, "OPSFSM_MUTANT": str(number), "CARGO_MANIFEST_DIR": TREE}
    command = [binary, "--exact", "--test-threads=1", *names]
    process = subprocess.Popen(command, cwd=TREE, env=env, process_group=0, text=True, errors="replace",
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    resource.prlimit(process.pid, resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.prlimit(process.pid, resource.RLIMIT_AS, (8 << 30, 8 << 30))

    def end():
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    # However many others use the processor, it ends.
    wall, test = threading.Timer(60 + 12 * seconds, end), "?"
    wall.start()
    try:
        for line in process.stdout:
            if found := re.match(r"test (\S+)(?: - should panic)? \.\.\. ", line):
                test = found[1]
            if line.rstrip().endswith("... FAILED"):
                end()
                return "caught", test
        code = process.wait()
    finally:
        wall.cancel()
    if code == 0:
        return None
    return ("timeout" if code in (-signal.SIGKILL, -signal.SIGXCPU) else "caught"), test


def reach(binaries):
    """Which functions each test reaches, and what it costs. A binary that is as it was is not asked again."""
    old, old_built = load("reach.json", {}), load("built.json", {})
    built = {name: os.stat(binary).st_mtime_ns for name, binary in binaries.items()}
    known = {name: old[name] for name in built if name in old and old_built.get(name) == built[name]}
    for name, binary in binaries.items():
        if name in known:
            continue
        listed = subprocess.run([binary, "--list"], cwd=TREE, stdout=subprocess.PIPE, text=True).stdout
        known[name] = {}
        for test in [line[:-6] for line in listed.splitlines() if line.endswith(": test")]:
            open(MET, "w").close()
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            red = ask(binary, [test], 0, 900)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cost = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            with open(MET) as file:
                met = sorted({int(number) for number in file.read().split()})
            if red:
                print(f"red without a mutant, and left out: {name} {test}", flush=True)
            else:
                known[name][test] = [max(cost, 0.01), met, time.monotonic() - began]
        os.remove(MET)
        save("reach.json", known)
        save("built.json", {name: built[name] for name in known})
        print(f"{name}: {len(known[name])} tests", flush=True)


def ask_in_turn(number, tests, binaries):
    """Asks the quick ones first, in growing groups."""
    size = 0.3
    while tests:
        group = [tests.pop(0)]
        while tests and sum(took for took, _, _, _ in group) + tests[0][0] <= size:
            group.append(tests.pop(0))
        size *= 2
        seconds = int(10 + 10 * sum(cost for _, cost, _, _ in group))
        for binary in {name for _, _, name, _ in group}:
            names = [test for _, _, name, test in group if name == binary]
            if hit := ask(binaries[binary], names, number, seconds):
                return hit[0], f"{binary} {hit[1]}"
    return None


ALONE = threading.Lock()


def wake_one(number, tests, binaries):
    tests = sorted(test for test in tests if test[1] <= DEAREST)
    if hit := ask_in_turn(number, [test for test in tests if test[2] not in PROGRAM_TESTS], binaries):
        return hit
    with ALONE:
        with open(AWAKE, "w") as file:
            file.write(str(number))
        hit = ask_in_turn(number, [test for test in tests if test[2] in PROGRAM_TESTS], binaries)
        os.remove(AWAKE)
    return hit or ("missed", None)


def results():
    path, found = os.path.join(WORK, "results.jsonl"), {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                result = json.loads(line)
                found[result["name"]] = result
    return found


def wake(patterns, again):
    mutants, unviable, binaries = load("mutants.json", []), load("unviable.json", {}), load("binaries.json", {})
    functions, reached, old = load("functions.json", {}), collections.defaultdict(list), results()
    for name, tests in load("reach.json", {}).items():
        for test, (cost, met, took) in tests.items():
            for function in met:
                reached[function].append((took, cost, name, test))
    wanted = []
    for number, mutant in enumerate(mutants, 1):
        before = old.get(mutant["name"])
        if patterns and not any(re.search(p, mutant["file"]) for p in patterns):
            continue
        if not before or (again and before["outcome"] == "missed"):
            wanted.append((number, mutant))
    writing = threading.Lock()
    with open(os.path.join(WORK, "results.jsonl"), "a", encoding="utf-8") as out:
        def one(number, mutant):
            test = None
            if str(number) in unviable:
                outcome = "unviable"
            elif not mutant["function"]:
                outcome = "not planted"
            else:
                outcome, test = wake_one(number, reached[functions[str(number)]], binaries)
            result = {"file": mutant["file"], "name": mutant["name"], "outcome": outcome, "test": test}
            with writing:
                out.write(json.dumps(result) + "\n")
                out.flush()
                if outcome in ("missed", "timeout"):
                    print(outcome, mutant["name"], flush=True)
        with concurrent.futures.ThreadPoolExecutor(WAKERS) as wakers:
            for done in [wakers.submit(one, *each) for each in wanted]:
                done.result()


def table():
    kinds, counts = ["caught", "timeout", "missed", "unviable", "not planted"], collections.defaultdict(collections.Counter)
    current = {m["name"] for m in load("mutants.json", [])}
    found = [r for r in results().values() if r["name"] in current]
    for result in found:
        counts[result["file"]][result["outcome"]] += 1
        counts["all"][result["outcome"]] += 1
    print("| file | mutants | " + " | ".join(kinds) + " |\n|---" + "|--:" * (len(kinds) + 1) + "|")
    for name in sorted(counts, key=lambda name: (name == "all", name)):
        row = counts[name]
        print(f"| `{name}` | {sum(row.values())} | " + " | ".join(str(row[k]) for k in kinds) + " |")
    for result in found:
        if result["outcome"] == "missed":
            print(result["name"])


if __name__ == "__main__":
    command, rest = (sys.argv[1:2] or ["help"])[0], sys.argv[2:]
    if command == "plant":
        plant(rest or TESTS)
    elif command == "wake":
        wake([arg for arg in rest if arg != "--missed"], "--missed" in rest)
    elif command == "table":
        table()
    else:
        print(__doc__)
