"""Is the floor still the daemon's own SQL? Both are traced, a request of each kind, and must run the same texts."""

import os
import re

from . import ours
from .ours import Daemon
from .system import ROOT, TOOLS, BenchError, run, wait_until

KINDS = {
    "create": ours.CREATE, "failed": ours.FAILED, "status": ours.STATUS, "balance": ours.BALANCE, "page": ours.PAGE,
    "stats": ours.STATS, "deep": None}


def read_trace(file):
    texts = [" ".join(text.split()) for text in file.read_text().split("\x1e\n")]
    return [text for text in texts if text]


def take(file):
    # A read's transaction ends after its answer.
    wait_until(lambda: read_trace(file)[-1:] == ["COMMIT"], "the end of a traced transaction", timeout=10)
    texts = read_trace(file)
    file.write_text("")
    return texts


def settings(texts):
    """What is set when a connection is opened; not what marks a new file."""
    return [text for text in texts if text.startswith("PRAGMA") and "=" in text and "application_id" not in text]


def of_request(texts):
    """From the last BEGIN on."""
    start = max((index for index, text in enumerate(texts) if text.startswith("BEGIN")), default=None)
    return texts[start:] if start is not None else texts


def daemon_traces(databases):
    scratch = databases.scratch
    file = scratch.folder / "trace"
    file.write_text("")
    database = databases.copy(1000, "trace-daemon")
    ids = scratch.folder / "trace-ids"
    daemon = Daemon(
        scratch, database, env={**os.environ, "LD_PRELOAD": str(TOOLS / "sql-trace"), "SQL_TRACE_FILE": str(file)})
    opened = take(file)  # and of the first answer, which showed that it is ready
    # The writer opens first, then the readers; each sets busy_timeout first.
    starts = [index for index, text in enumerate(opened) if text == "PRAGMA busy_timeout = 250"]
    traces = {"writer": settings(opened[:starts[1]]), "reader": settings(opened[starts[1]:starts[2]])}
    for kind, template in KINDS.items():
        template = template or ours.deep_page(databases.deep_cursor(1000))
        options = {"save_ids": ids} if kind == "create" else {}
        if kind in ("failed", "status"):
            options["ids"] = ids
        daemon.load(template, count=1, warm_up=0, **options)
        traces[kind] = of_request(take(file))
    daemon.stop()
    return traces


def floor_traces(databases):
    file = databases.scratch.folder / "trace-of-floor"
    database = databases.copy(1000, "trace-floor")
    traces = {}
    for kind in KINDS:
        file.write_text("")
        run([TOOLS / "floor", database, kind, "--count", 1, "--batch", 1, "--warm-up", 0],
            env={**os.environ, "LD_PRELOAD": str(TOOLS / "sql-trace"), "SQL_TRACE_FILE": str(file)})
        texts = read_trace(file)
        traces["writer" if "RELEASE request" in texts else "reader"] = settings(texts)
        traces[kind] = of_request(texts)
    return traces


def check(databases):
    """Raises, saying where, when the floor measures anything else than what the daemon does."""
    ours_, floors = daemon_traces(databases), floor_traces(databases)
    for kind, texts in ours_.items():
        if texts == floors[kind]:
            continue
        lines = [f"the floor's SQL for “{kind}” is not the daemon's: see Benchmarks/Sources/floor"]
        for index in range(max(len(texts), len(floors[kind]))):
            pair = [side[index] if index < len(side) else "(nothing)" for side in (texts, floors[kind])]
            if pair[0] != pair[1]:
                lines += [f"  daemon: {pair[0]}", f"  floor:  {pair[1]}"]
        raise BenchError("\n".join(lines))
    keeper = (ROOT / "Sources/LifecycleRPC/SQLite/LogKeeper.swift").read_text()
    here = (TOOLS.parent.parent / "Sources/floor/statements.h").read_text()
    frames = [
        re.search(pattern, text) for pattern, text in
        [(r"checkpointFrames: Int32 = (\d+)", keeper), (r"CHECKPOINT_FRAMES = (\d+)", here)]]
    if not all(frames) or frames[0].group(1) != frames[1].group(1):
        raise BenchError("the floor checkpoints at another length of the WAL than LogKeeper.checkpointFrames")
