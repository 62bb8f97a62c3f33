"""What the soak tells: a line every few seconds on a terminal, and one table at the end."""

import sys
from collections import Counter

from .checks import CLOCKS


def say(text):
    print(f"soak: {text}", file=sys.stderr, flush=True)


def progress(soak, elapsed):
    if sys.stderr.isatty():
        ends = sum(soak.tormentor.ends.values())
        seen = sum(watcher.seen for watcher in soak.watchers)
        say(f"{elapsed:.0f} of {soak.arguments.minutes * 60:.0f} s: {len(soak.shared)} projects, {ends} ends of the daemon,"
            f" {seen} events seen")


def failed(findings, again):
    for finding in findings[:20]:
        print(f"  {finding}", file=sys.stderr)
    if len(findings) > 20:
        print(f"  and {len(findings) - 20} more", file=sys.stderr)
    print(f"THE SOAK FAILED: {len(findings)} finding(s). The same choices again:\n    {again}", file=sys.stderr)


def table(soak, facts, result):
    ends = Counter(row["errorCode"] or row["status"] for row in result.rows.values())
    agents = Counter(project.kind for project in facts.projects.values())
    lost = Counter(known.kind for id, known in facts.projects.items() if result.rows[id]["errorCode"] in CLOCKS)
    rows = {
        "projects": (len(result.rows), ends),
        "agents": (sum(agents.values()), agents),
        "ended by clocks": (sum(lost.values()), lost),
        "daemon ends": (sum(soak.tormentor.ends.values()), soak.tormentor.ends),
        "events": (len(result.events), {"seen": sum(watcher.seen for watcher in soak.watchers)}),
        "watchers": (len(soak.watchers), {"visits": sum(watcher.visits for watcher in soak.watchers)}),
        "heartbeats": (sum(a["method"] == "heartbeat" for p in facts.projects.values() for a in p.answered), {}),
        "seconds": (round(soak.seconds), {}),
    }
    for name, (count, parts) in rows.items():
        most = sorted(parts, key=parts.get, reverse=True)
        print(f"{name:<16}{count:>8}   " + ", ".join(f"{parts[key]} {key}" for key in most))
    print(f"a clock acted {result.latest[0]:.2f} s late at most; memory in calm times: "
          + ", ".join(f"{line['before']:.1f} -> {line['after']:.1f} MiB" for line in facts.memory))
