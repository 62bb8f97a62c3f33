"""`python -m lifecycle_rpc.prefect reconcile`, for a timer on the worker's host."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict
from datetime import timedelta

from prefect.client.orchestration import get_client

from ..client import Client
from ..errors import LifecycleError, Unreachable
from ._reconcile import Reconciliation, reconcile


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=float(text))


def _arguments() -> argparse.Namespace:
    defaults = Reconciliation()
    parser = argparse.ArgumentParser(
        prog="python -m lifecycle_rpc.prefect",
        description="Report the runs that ended without a report, as Prefect's API ($PREFECT_API_URL) knows them. Can "
        "be run at any time, twice, and beside live flows.",
        epilog="exit codes: 0 done; 1 refused, or Prefect does not answer; 2 a wrong command line; 3 no daemon.",
    )
    parser.add_argument("command", choices=["reconcile"])
    parser.add_argument("--parameter", default=defaults.parameter, help="that names the project (default: %(default)s)")
    parser.add_argument(
        "--flow",
        action="append",
        default=[],
        help="only this flow's end is its project's; can be repeated (default: all)",
    )
    parser.add_argument("--external", action="store_true", help="it has the upstream's id, not the project's")
    parser.add_argument(
        "--since",
        type=_seconds,
        default=defaults.since,
        help="seconds that a run may be older than its project (default: 2 days)",
    )
    parser.add_argument("--settle", type=_seconds, default=defaults.settle, help="seconds left to hooks (default: 30)")
    parser.add_argument(
        "--watch",
        type=_seconds,
        default=defaults.watch,
        help="seconds to wait for the heartbeat of a flow whose run has ended in Prefect, two of its beats and one "
        "second (default: 11)",
    )
    parser.add_argument(
        "--end-zombies",
        action="store_true",
        help="set runs of the flows that --flow names to Crashed when their project has ended",
    )
    parser.add_argument("--socket", help="the daemon's socket (default: $LIFECYCLE_SOCKET, or the package's)")
    options = parser.parse_args()
    if options.end_zombies and not options.flow:
        parser.error("--end-zombies needs --flow: another flow with that parameter may be a helper that lives on")
    return options


def main() -> int:
    """Run the command line. Returns the exit code."""
    options = _arguments()
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("lifecycle_rpc").setLevel(logging.INFO)
    how = Reconciliation(
        parameter=options.parameter,
        external=options.external,
        flows=tuple(options.flow),
        since=options.since,
        settle=options.settle,
        watch=options.watch,
        end_zombies=options.end_zombies,
    )
    try:
        with Client(options.socket) as client, get_client(sync_client=True) as prefect:
            print(json.dumps(asdict(reconcile(client, prefect, how))))
    except LifecycleError as error:
        print(f"reconcile: {error}", file=sys.stderr)
        return 3 if isinstance(error, Unreachable) else 1
    except Exception as error:
        print(f"reconcile: Prefect: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
