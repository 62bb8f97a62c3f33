"""What the faults tell: a line that counts on a terminal, each kind that is done, each finding with the command that
replays it, one table."""

import sys
from collections import Counter

from .case import KINDS

CLEAR = "\r\033[K" if sys.stderr.isatty() else ""
SHOWN = 3  # findings of a case that are told whole


def progress(row, cases):
    if sys.stderr.isatty():
        told = f"{row.name}: {row.runs} runs of {cases} cases, {len(row.findings)} findings"
        print(f"{CLEAR}{told}", end="", file=sys.stderr)


def done(row):
    """So that a log of hours shows where it is."""
    print(f"{CLEAR}{row.name}: {row.runs} runs in {row.seconds:.0f} s, {len(row.findings)} findings",
          file=sys.stderr, flush=True)


def finding(row, number, findings, folder, arguments):
    again = f"Tests/Faults/faults{' --long' if arguments.long else ''} --only {row.name} --seed {row.seed} --case {number}"
    print(f"{CLEAR}{row.name}, case {number}: {len(findings)} finding(s)", file=sys.stderr)
    for what, text in findings[:SHOWN]:
        print("    " + f"{what}: {text}".strip().replace("\n", "\n    "), file=sys.stderr)
    print(f"  its files are in {folder}; once more:\n    {again}", file=sys.stderr, flush=True)


def trouble(row, text):
    """A finding of none of the cases."""
    row.findings.append(("wrong", text))
    print(f"{CLEAR}{row.name}: " + text.strip().replace("\n", "\n    "), file=sys.stderr, flush=True)


def table(rows):
    print(CLEAR, end="", file=sys.stderr)
    width = max([len(row.title) for row in rows], default=5)
    heads = "".join(f"{kind:>9}" for kind in KINDS)
    print(f"{'fault':<{width}}{'runs':>11}{heads}{'seconds':>9}  seed")
    for row in rows:
        counts = Counter(what for what, _ in row.findings)
        cells = "".join(f"{counts[kind]:>9}" for kind in KINDS)
        print(f"{row.title:<{width}}{row.runs:>11}{cells}{row.seconds:>9.0f}  {row.seed}")
    for row in rows:
        for what in row.skips:
            print(f"{row.name}: skipped: {what}")
