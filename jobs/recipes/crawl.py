"""Reads a paged web API to its end, politely, and goes on where it was after whatever ends it.

Each answer is JSON: {"items": [...], "next": CURSOR or null}. The pages are the checkpoint: one file a
page, in place only when it is whole. status.json says how it is (statusFile of the job).

CRAWL_URL     what to read; the cursor goes into its query as `cursor`
CRAWL_FOLDER  where pages and status go
CRAWL_PAUSE   seconds between two requests (1)
"""

import json
import os
import pathlib
import sys
import time
import urllib.parse
import urllib.request

URL = os.environ["CRAWL_URL"]
FOLDER = pathlib.Path(os.environ["CRAWL_FOLDER"])
PAUSE = float(os.environ.get("CRAWL_PAUSE", "1"))
TRIES = 5


def put(path, value):
    """Writes a file that is there whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value))
    os.replace(part, path)


def tell(count, **more):
    status = {"running": False, "completed": False, "progress": count,
              "progressKey": str(count["pages"]), "message": "{items} items on {pages} pages".format(**count)}
    put(FOLDER / "status.json", {**status, **more})


def fetch(cursor):
    url = URL + (f"?{urllib.parse.urlencode({'cursor': cursor})}" if cursor is not None else "")
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            if attempt == TRIES - 1:
                raise
            time.sleep(PAUSE * 2**attempt)


def crawl(count):
    done = sorted(FOLDER.glob("page-*.json"))
    cursor = None
    for path in done:
        page = json.loads(path.read_text())
        count["pages"], count["items"] = count["pages"] + 1, count["items"] + len(page["items"])
        cursor = page["next"]
    while not count["pages"] or cursor is not None:
        tell(count, running=True, pid=os.getpid())
        page = fetch(cursor)
        put(FOLDER / f"page-{count['pages']:06}.json", page)
        count["pages"], count["items"] = count["pages"] + 1, count["items"] + len(page["items"])
        cursor = page["next"]
        time.sleep(PAUSE)
    tell(count, completed=True)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    count = {"pages": 0, "items": 0}
    try:
        crawl(count)
    except Exception as fault:  # whatever it is, the status says that it does not run any more
        tell(count, level="alert", stopReason=type(fault).__name__, message=str(fault)[:200])
        sys.exit(1)


main()
