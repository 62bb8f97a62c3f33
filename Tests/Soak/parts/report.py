"""What the soak tells: a line every few seconds on a terminal, and one table at the end."""

import sys
from collections import Counter


def say(text):
    print(f"soak: {text}", file=sys.stderr, flush=True)


def progress(soak, elapsed):
    if sys.stderr.isatty():
        restarts = sum(soak.tormentor.restarts.values())
        seen = sum(watcher.seen for watcher in soak.watchers)
        say(f"{elapsed:.0f} of {soak.arguments.minutes * 60:.0f} s: {len(soak.shared)} projects, {restarts} restarts,"
            f" {seen} events seen")


def failed(findings, again):
    for finding in findings[:20]:
        print(f"  {finding}", file=sys.stderr)
    if len(findings) > 20:
        print(f"  and {len(findings) - 20} more", file=sys.stderr)
    print(f"THE SOAK FAILED: {len(findings)} finding(s). The same choices again:\n    {again}", file=sys.stderr)


def table(soak, facts, result):
    ends = Counter(row["errorCode"] or row["status"] for row in result.rows.values())
    lost = Counter(project.kind for project in facts.projects.values() if project.kind != "finishes")
    rows = {
        "projects": (len(result.rows), ends),
        "agents lost": (sum(lost.values()), lost),
        "restarts": (sum(soak.tormentor.restarts.values()), soak.tormentor.restarts),
        "events": (len(result.events), {"seen": sum(watcher.seen for watcher in soak.watchers)}),
        "watchers": (len(soak.watchers), {"visits": sum(watcher.visits for watcher in soak.watchers)}),
        "heartbeats": (sum(a["method"] == "heartbeat" for p in facts.projects.values() for a in p.answered), {}),
        "seconds": (round(soak.seconds), {}),
    }
    for name, (count, parts) in rows.items():
        print(f"{name:<12}{count:>8}   " + ", ".join(f"{parts[key]} {key}" for key in sorted(parts, key=parts.get, reverse=True)))
    print(f"a clock acted {result.latest[0]:.2f} s late at most; memory in calm times: "
          + ", ".join(f"{line['before']:.1f} -> {line['after']:.1f} MiB" for line in facts.memory))
