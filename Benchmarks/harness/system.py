"""Processes, folders and tools. Whatever is started here is ended here, also by Ctrl-C."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
ROOT = BENCHMARKS.parent
TOOLS = BENCHMARKS / ".build" / "tools"


class BenchError(Exception):
    """Something could not run; the text says what and why."""


def progress(text):
    print(f"bench: {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def end_by_signal(number, _frame):
    raise SystemExit(128 + number)


def build_tools(benchmarks=BENCHMARKS, names=None):
    """Compiles the programs in C, all or those named, and returns their folder. They need nothing of the package, so that
    this takes seconds."""
    tools = benchmarks / ".build" / "tools"
    tools.mkdir(parents=True, exist_ok=True)
    compiler = shutil.which("clang") or shutil.which("cc")
    if not compiler:
        raise BenchError("no C compiler: clang comes with the Swift toolchain")
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]
    library = ["-shared", "-fPIC"]
    for name, extra in {
        "load": [], "line-echo": [], "empty-answer": [], "watch-latency": [], "floor": ["-lsqlite3"],
        "sql-trace": library, "allocation-count": library, "own-sigsuspend": library,
    }.items():
        if names and name not in names:
            continue
        sources = sorted((benchmarks / "Sources" / name).glob("*.c"))
        run([compiler, *flags, "-o", tools / name, *sources, *extra])
    return tools


def run(command, timeout=600, **options):
    """Runs to the end and returns what it printed; an exit code other than 0 is an error that shows what it said."""
    command = [str(word) for word in command]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, start_new_session=True, **options)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise BenchError(f"{' '.join(command)[:300]}\nended with {done.returncode}: {said}")
    return done.stdout


class Scratch:
    """A folder of this run and the processes in it."""

    def __init__(self, parent=None):
        # Not /tmp, which may be memory: a sync must reach a disk.
        self.folder = Path(tempfile.mkdtemp(prefix="lrpc-", dir=parent or os.environ.get("TMPDIR", "/var/tmp")))
        self.folder.chmod(0o711)
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not stop the cleaning.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self.children):
            stop(child)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, command, **options):
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        # A session of its own: Ctrl-C is ours, and each child is ended in its own way.
        child = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, start_new_session=True, **options)
        self.children.append(child)
        return child

    def subfolder(self, name, mode=0o700):
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=mode)
        return folder


def stop(child, number=signal.SIGTERM, timeout=15):
    """Ends a process and waits for it; kills it when it does not go."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()


def wait_until(condition, what, child=None, timeout=60):
    end = time.monotonic() + timeout
    while not condition():
        if child is not None and child.poll() is not None:
            raise BenchError(f"{what}: it ended with {child.returncode}")
        if time.monotonic() > end:
            raise BenchError(f"{what}: not within {timeout} s")
        time.sleep(0.005)


def is_listening(path):
    """Not only bound: flag 10000."""
    return any(
        " 00010000 " in line and line.rstrip().endswith(f" {path}") for line in open("/proc/net/unix"))


def connect(path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(60)
    connection.connect(str(path))
    return connection


def ask(connection, request):
    """Sends one line and returns the line that comes back."""
    connection.sendall(request.encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        more = connection.recv(1 << 20)
        if not more:
            raise BenchError(f"no answer to {request}")
        answer += more
    return answer.decode()
