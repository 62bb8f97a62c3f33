"""What the faults tell: a line that counts on a terminal, each finding with the command that replays it, one table."""

import sys
from collections import Counter

from .case import KINDS

SHOWN = 3  # findings of a case that are told whole


def progress(row, cases):
    if sys.stderr.isatty():
        print(f"\r\033[K{row.name}: {row.runs} runs of {cases} cases, {len(row.findings)} findings", end="", file=sys.stderr)


def finding(row, number, findings, folder, arguments):
    again = f"Tests/Faults/faults{' --long' if arguments.long else ''} --only {row.name} --seed {row.seed} --case {number}"
    clear = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{clear}{row.name}, case {number}: {len(findings)} finding(s)", file=sys.stderr)
    for what, text in findings[:SHOWN]:
        print("    " + f"{what}: {text}".strip().replace("\n", "\n    "), file=sys.stderr)
    print(f"  its files are in {folder}; once more:\n    {again}", file=sys.stderr, flush=True)


def table(rows):
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    width = max([len(row.title) for row in rows], default=5)
    heads = "".join(f"{kind:>9}" for kind in KINDS)
    print(f"{'fault':<{width}}{'runs':>11}{heads}{'seconds':>9}  seed")
    for row in rows:
        counts = Counter(what for what, _ in row.findings)
        cells = "".join(f"{counts[kind]:>9}" for kind in KINDS)
        print(f"{row.title:<{width}}{row.runs:>11}{cells}{row.seconds:>9.0f}  {row.seed}")
