"""`python -m lifecycle_rpc`: a quick call, the history as it happens, and what was spooled."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict
from typing import Any

from . import Client, InvalidParams, LifecycleError, RPCError, Spool, Unreachable
from ._decode import camel_case

EXIT_CODES = """\
exit codes, as of lifecyclectl: 0 done; 1 refused, no answer in time, or reports are left; 2 a wrong command line;
3 cannot connect to the daemon."""

EXAMPLES = """\
  python -m lifecycle_rpc getStatus externalId=sda-7001
  python -m lifecycle_rpc createProject userId=ada credits:=40 metadata:='{"model":"v3"}'
  python -m lifecycle_rpc watch fromSeq:=0
  python -m lifecycle_rpc flush"""


def _parameter(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip(":"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither NAME=TEXT nor NAME:=JSON")
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], json.loads(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: not JSON: {error}") from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m lifecycle_rpc",
        description="Call a method of lifecycled and print its result as JSON. `watch` prints events until it is "
        "interrupted; `flush` delivers the reports that could not be delivered.",
        epilog=f"examples:\n{EXAMPLES}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("method", help="a method of the daemon, watch or flush")
    parser.add_argument("parameters", nargs="*", type=_parameter, metavar="NAME=TEXT", help="or NAME:=JSON")
    parser.add_argument("--socket", help="the daemon's socket (default: $LIFECYCLE_SOCKET, or the package's)")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds for a call (default: 30)")
    parser.add_argument("--spool", help="flush: the folder (default: $LIFECYCLE_SPOOL, or the user's own)")
    return parser.parse_args()


def _print(value: object) -> None:
    # What others wrote must not move a terminal's cursor or reorder its lines.
    print(json.dumps(value, ensure_ascii=sys.stdout.isatty()), flush=True)


def _complain(text: str) -> None:
    """Say on one line what is wrong; what others wrote in it does nothing to a terminal."""
    shown = (letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    print(f"lifecycle_rpc: {''.join(shown)}", file=sys.stderr)


def _watch(client: Client, params: dict[str, Any]) -> None:
    unknown = sorted(params.keys() - {"fromSeq", "userId", "projectId"})
    if unknown:
        reason = {"param": unknown[0], "kind": "invalidParams"}
        raise InvalidParams({"code": -32602, "message": f"{unknown[0]}: unknown", "data": reason})
    with client.watch(params.get("fromSeq"), user_id=params.get("userId"), project_id=params.get("projectId")) as watch:
        for event in watch:
            members = {camel_case(name): value for name, value in asdict(event).items() if value is not None}
            _print(members | {"at": event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")})


def _flush(client: Client, folder: str | None, timeout: float) -> int:
    flushed = Spool(folder).flush(client, timeout=timeout)
    _print(asdict(flushed))
    return 1 if flushed.left or flushed.rejected else 0


def main() -> int:
    """Run the command line. Returns the exit code."""
    options = _arguments()
    params = dict(options.parameters)
    try:
        with Client(options.socket, timeout=options.timeout) as client:
            if options.method == "flush":
                return _flush(client, options.spool, options.timeout)
            if options.method == "watch":
                _watch(client, params)
            else:
                _print(client.call(options.method, params))
    except RPCError as error:
        _complain(f"{error} {error.hint}".rstrip())
        return 1
    except LifecycleError as error:
        again = f" Repeat it with idempotencyKey={error.idempotency_key}" if error.idempotency_key else ""
        _complain(f"{error}{again}")
        return 3 if isinstance(error, Unreachable) else 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        sys.stderr.close()  # or Python complains at its end
        return 1
    except OSError as error:  # the spool's
        _complain(f"{error.filename or 'spool'}: {error.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
