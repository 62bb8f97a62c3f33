"""Runs the cases of one kind of fault, a few at a time, each in a process of its own."""

import concurrent.futures
import importlib
import multiprocessing
import shutil
import signal
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from . import report
from .case import Case, Skipped

# Seconds of a case, by whether it is a long one: whatever waits then waits for something that does not come.
LIMIT = {False: 600, True: 24 * 3600}
is_interrupted = False  # in a process of the pool


class TooLong(BaseException):
    """The case's time is over. Nothing in between may take it for its own."""


@dataclass
class Row:
    """What came of one kind."""

    name: str
    title: str
    seed: int
    runs: int = 0
    seconds: float = 0
    findings: list = field(default_factory=list)
    skips: list = field(default_factory=list)


def run(row, kind, arguments):
    """Fills in the row. A kind is a module with TITLE, SHORT and LONG (numbers of cases), LEAST (how many runs the
    short and the long form must come to, or be skipped), perhaps WORKERS and `prepare(tools, binaries)`, which may
    raise Skipped, and `case(case)`, which returns how many runs it was."""
    start = time.monotonic()
    tools = Path(tempfile.mkdtemp(prefix=f"faults-{row.name}."))
    try:
        if hasattr(kind, "prepare"):
            kind.prepare(tools, arguments.binaries)
        run_cases(row, kind, arguments, tools, start)
        is_part = arguments.case is not None or arguments.cases
        least = 1 if is_part else kind.LEAST[arguments.long]
        if row.runs < least and not row.skips and not row.findings:
            report.trouble(row, f"it was {row.runs} runs, and {least} are due")
    except Skipped as reason:
        row.skips.append(str(reason))
    except Exception as error:  # the table is due whatever happens, after hours perhaps
        report.trouble(row, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
    finally:
        shutil.rmtree(tools, ignore_errors=True)
        row.seconds = time.monotonic() - start


def run_cases(row, kind, arguments, tools, start):
    count = arguments.cases or (kind.LONG if arguments.long else kind.SHORT)
    numbers = [arguments.case] if arguments.case is not None else range(count)
    workers = min(getattr(kind, "WORKERS", 2), len(numbers))
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        try:
            waiting = {pool.submit(one, row.name, number, arguments, tools): number for number in numbers}
            for done in concurrent.futures.as_completed(waiting):
                runs, findings, skips, folder = done.result()
                row.runs += runs
                row.skips += skips
                row.seconds = time.monotonic() - start
                if findings:
                    row.findings += findings
                    report.finding(row, waiting[done], findings, folder, arguments)
                report.progress(row, len(numbers))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def one(name, number, arguments, tools):
    """In the process of the pool."""
    global is_interrupted
    if is_interrupted:
        raise KeyboardInterrupt  # Ctrl-C has ended a case here: the pool would begin the next one that waits
    # /var/tmp and not /tmp: a disk, with a real sync, and room for it; and short, for the socket.
    folder = Path(tempfile.mkdtemp(prefix="f.", dir="/var/tmp"))
    case = Case(name, number, arguments.seed, arguments.long, arguments.binaries, tools, folder)
    runs = 0
    signal.signal(signal.SIGALRM, end)
    signal.alarm(LIMIT[arguments.long])
    try:
        runs = case.attempt(importlib.import_module(f"kinds.{name}").case, explain)
    except TooLong as error:
        case.find("hung", explain(error))
    except Exception as error:
        case.find("wrong", f"the harness itself: {type(error).__name__}: {explain(error)}")
    except KeyboardInterrupt:
        is_interrupted = True
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        signal.alarm(0)
    if not case.findings and not arguments.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return runs, case.findings, case.skips, folder


def end(number, frame):
    raise TooLong("the case has not ended in its time")


def explain(error):
    return f"{error}\n{traceback.format_exc()}"
