"""Runs the cases of one kind of fault, a few at a time, each in a process of its own."""

import concurrent.futures
import importlib
import multiprocessing
import shutil
import subprocess
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from . import report
from .case import Case


@dataclass
class Row:
    """What came of one kind."""

    name: str
    title: str
    seed: int
    runs: int = 0
    seconds: float = 0
    findings: list = field(default_factory=list)


def run(name, kind, arguments):
    """A kind is a module with TITLE, SHORT and LONG (numbers of cases), perhaps WORKERS and `prepare(tools, binaries)`, and
    `case(case)`, which returns how many runs it was."""
    row = Row(name, kind.TITLE, arguments.seed)
    start = time.monotonic()
    tools = Path(tempfile.mkdtemp(prefix=f"faults-{name}."))
    try:
        if hasattr(kind, "prepare"):
            kind.prepare(tools, arguments.binaries)
        count = arguments.cases or (kind.LONG if arguments.long else kind.SHORT)
        numbers = [arguments.case] if arguments.case is not None else range(count)
        workers = min(getattr(kind, "WORKERS", 2), len(numbers))
        context = multiprocessing.get_context("fork")
        with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
            try:
                waiting = {pool.submit(one, name, number, arguments, tools): number for number in numbers}
                for done in concurrent.futures.as_completed(waiting):
                    runs, findings, folder = done.result()
                    row.runs += runs
                    row.seconds = time.monotonic() - start
                    if findings:
                        row.findings += findings
                        report.finding(row, waiting[done], findings, folder, arguments)
                    report.progress(row, len(numbers))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    finally:
        shutil.rmtree(tools, ignore_errors=True)
    row.seconds = time.monotonic() - start
    return row


def one(name, number, arguments, tools):
    """In the process of the pool."""
    # /var/tmp and not /tmp: a disk, with a real sync, and room for it; and short, for the socket.
    folder = Path(tempfile.mkdtemp(prefix="f.", dir="/var/tmp"))
    case = Case(name, number, arguments.seed, arguments.long, arguments.binaries, tools, folder)
    runs = 0
    try:
        runs = importlib.import_module(f"kinds.{name}").case(case)
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        case.find("hung", f"{error}\n{traceback.format_exc()}")
    except Exception as error:
        case.find("wrong", f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if not case.findings and not arguments.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return runs, case.findings, folder
