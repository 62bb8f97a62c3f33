"""Another commit of this project, built in a folder inside this one, to take turns with ours in one run."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import system
from .system import ROOT, BenchError

FOLDER = ROOT / ".build-base"
# As the Makefile builds ours, so that only the commit differs.
BUILD = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "lifecycled"]


def prepare(revision, binaries=None):
    """The commit in words, its daemon, and its own program that seeds databases: its schema may be another one than ours.

    A commit that was built before is not built again. `binaries` is a folder in which its daemon is built already.
    """
    commit = git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if not commit:
        raise BenchError(f"this clone has no commit {revision}: git fetch it (a shallow clone has few)")
    folder = extracted(commit)
    if not (folder / "Benchmarks/Sources/floor/seed.c").exists():
        raise BenchError(f"commit {revision} cannot seed a ledger: it has no Benchmarks/Sources/floor")
    tools = system.build_tools(folder / "Benchmarks", ["floor"])
    daemon = Path(binaries).resolve() / "lifecycled" if binaries else built(folder)
    if not daemon.exists():
        raise BenchError(f"{daemon} is not there")
    return git("show", "--no-patch", "--format=%h %s", commit), daemon, tools / "floor"


def git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def extracted(commit):
    """The commit's files. It is moved into place when it is whole, as a run can be stopped at any time."""
    folder = FOLDER / commit[:12]
    if folder.exists():
        return folder
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as parent:
        part = Path(parent) / "tree"
        part.mkdir()
        archive = Path(parent) / "tree.tar"
        system.run(["git", "-C", ROOT, "archive", "--output", archive, commit])
        system.run(["tar", "-xf", archive, "-C", part])
        # The same versions of the dependencies, where its manifest allows them.
        if (ROOT / "Package.resolved").exists():
            shutil.copyfile(ROOT / "Package.resolved", part / "Package.resolved")
        part.rename(folder)
    return folder


def built(folder):
    daemon = folder / ".build" / "release" / "lifecycled"
    if daemon.exists():
        return daemon
    log = folder / "build.log"
    system.progress(f"building the base, some minutes; its output is in {log.relative_to(ROOT)}")
    # A warning of an older commit is nobody's mistake now.
    environment = {name: value for name, value in os.environ.items() if name != "LIFECYCLE_STRICT"}
    # In our session: Ctrl-C ends the compilers too.
    with open(log, "w") as output:
        code = subprocess.run(
            BUILD, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output).returncode
    if code != 0:
        raise BenchError(f"the base does not build:\n{log.read_text()[-2000:].strip()}")
    return daemon
