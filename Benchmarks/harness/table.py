"""Prints the results."""

from .figures import KEPT

LEGEND = """\
What the numbers mean
  ours, beside      medians of the rounds; in each round daemon, floor and peers take turns, so that noise hits all
  ratio             ours divided by what stands beside it
  × base            ours divided by the figure of the base's daemon, which takes turns with ours on databases that it
                    seeded itself. More is better for what is a second, less for the rest; ! is worse than 0.95 of it
  16×16             16 connections, each with 16 requests under way; 16×1: one at a time on each
  projects          what the ledger holds when a round begins; each round begins with a fresh copy
  create            createProject with a key, durable (fsync) when it is answered; users at random out of 1000
  failed            updateStatus(failed) with refund of the projects that were just created
  getStatus         of projects at random, over all that were seeded
  floor             the daemon's own SQL (compared, text for text) through plain libsqlite3 in one thread, no socket
  PostgreSQL, Redis the same job beside it, each in its own process on a Unix socket; 100 000 projects; fsync on
  first page …      listProjects of 50 rows of one user, who has 60 % of the projects, at most 100 000;
                    with fewer than 1000 pages the last page stands for the 1000th
  cold start        connect → first answer through systemd-socket-activate, medians of 20; killed: by SIGKILL under load
  memory            of a daemon that has answered once; an idle connection: private memory of 1000 that were used once
  heartbeat         of 5000 projects that are processing, at random; each is written once a second
  refunds           100 000 projects and more with one deadline; meanwhile 16 connections read others (80 %) and create
  event             from a create's request to its event at a watcher, one create at a time
  backup            by the method: copied in one snapshot, checked, synced; 16 connections create meanwhile
  costs             per request: 16 connections, one at a time; the floor commits 16 at once. Start-up is taken out.
                    instructions: one connection, 16 requests at a time, by callgrind
  p50, p99          half of the requests, 99 of 100 of them, were answered within this time
  Log lines go to /dev/null, at the default level. Load generator and daemon share the machine's cores."""


def number(value, unit):
    if value is None:
        return "–"
    if unit == "/s" or abs(value) >= 1000:
        text = f"{value:,.0f}".replace(",", " ")
    else:
        text = f"{value:.1f}"
    return text + ("" if unit == "/s" else f" {unit}" if unit else "")


def cells(result, base):
    size = result["projects"]
    met = {None: "", True: "yes", False: "NO"}[result["met"]]
    return [
        result["figure"].strip(), f"{size:,}".replace(",", " ") if size else "", number(result["ours"], result["unit"]),
        result["target"], f"{number(result['theirs'], result['unit'])}  {result['beside']}" if result["beside"] else "",
        "" if result["ratio"] is None else f"{result['ratio']:.2f}", met, *(base_cells(result) if base else [])]


def base_cells(result):
    if result["timesBase"] is None:
        return ["–"]
    return [f"{result['timesBase']:.2f}{' ' if result['kept'] else '!'}"]


def base_line(figures):
    """How many rows are as good as the base's, and which are not."""
    compared = [result for result in figures if result["kept"] is not None]
    worse = dict.fromkeys(
        result["figure"].strip() + (f" at {result['projects']}" if result["projects"] else "")
        for result in compared if not result["kept"])
    line = f"{sum(result['kept'] for result in compared)} of {len(compared)} rows no worse than {KEPT} of the base"
    return line + (f"; worse (!): {', '.join(worse)}" if worse else "")


def show(report):
    machine = report["machine"]
    print("lifecycle-rpc benchmarks")
    for name, value in machine.items():
        print(f"  {name + ':':<13}{value}")
    for text in report["missing"]:
        print(f"  MISSING:     {text}")
    for what, why in report["failures"].items():
        print(f"  FAILED:      {what}: {why.splitlines()[-1]}")
    base = "base" in machine
    rows = [cells(result, base) for result in report["figures"]]
    header = ["figure", "projects", "ours", "target", "beside", "ratio", "met?", *(["× base"] if base else [])]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    right = {1, 2, 5, 7}

    def line(row):
        parts = [text.rjust(width) if column in right else text.ljust(width)
                 for column, (text, width) in enumerate(zip(row, widths))]
        return "  ".join(parts).rstrip()

    print()
    print(line(header))
    print("  ".join("─" * width for width in widths))
    for row in rows:
        print(line(row))
    targets = [result["met"] for result in report["figures"] if result["met"] is not None]
    print(f"\n{sum(targets)} of {len(targets)} targets met; {report['rounds']} rounds; {report['seconds']:.0f} s")
    if base:
        print(base_line(report["figures"]))
    print()
    print(LEGEND)
