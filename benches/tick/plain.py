"""The original's way, written for this bench: one `subprocess.run` after another, and the whole
state rewritten as JSON at the end.

Called as `plain.py CONFIG STATE`. It imports what a script of its contract needs: arguments, dates,
paths, ids, and the Bot API's client.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
import uuid


def status_of(job):
    done = subprocess.run(
        job["commands"]["status"], cwd=job["cwd"], capture_output=True, text=True, timeout=30
    )
    if done.returncode != 0:
        raise RuntimeError(f"{job['id']}: exit {done.returncode}")
    status = json.loads(done.stdout)
    if not isinstance(status["running"], bool) or not isinstance(status["completed"], bool):
        raise ValueError(job["id"])
    return status


def tick(config, state):
    now = time.time()
    for job in config["jobs"]:
        if not job["enabled"]:
            continue
        status = status_of(job)
        known = state["jobs"].setdefault(job["id"], {})
        key = status.get("progressKey") or json.dumps(status.get("progress"), sort_keys=True)
        if known.get("lastProgressKey") != key:
            known["lastProgressKey"] = key
            known["lastProgressAt"] = now
        known["lastSeen"] = {
            "running": status["running"],
            "completed": status["completed"],
            "progressKey": key,
            "stopReason": status.get("stopReason"),
        }
    stamp = datetime.datetime.now(datetime.timezone.utc)
    state["updatedAt"] = stamp.isoformat(timespec="seconds")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("state", type=pathlib.Path)
    paths = parser.parse_args()
    config = json.loads(paths.config.read_text())
    state = {"version": 1, "jobs": {}, "queue": []}
    if paths.state.exists():
        state = json.loads(paths.state.read_text())
    tick(config, state)
    handle, name = tempfile.mkstemp(dir=paths.state.parent)
    with os.fdopen(handle, "w") as out:
        json.dump(state, out, indent=2, ensure_ascii=False)
    os.replace(name, paths.state)


if __name__ == "__main__":
    main()
