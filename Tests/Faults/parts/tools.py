"""The programs that the faults use, and where what they make is put."""

import os
import shutil
import subprocess
from pathlib import Path

NATIVE = Path(__file__).resolve().parent.parent / "native"
LIBRARY = ("-fPIC", "-shared")
ROOM = 512 << 20


def tool(name):
    """Those for disks are not always on the PATH of one who is not root."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise FileNotFoundError(f"there is no {name}: dev/setup --faults")
    return path


def command(*arguments, codes=(0,)):
    """Returns what it said."""
    done = subprocess.run([tool(arguments[0]), *map(str, arguments[1:])], capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        said = (done.stdout + done.stderr)[-2000:].strip()
        raise OSError(f"{' '.join(map(str, arguments))} ended with {done.returncode}: {said}")
    return done.stdout


def compile(output, *words):
    """words: options, and sources below native/."""
    words = [word if word.startswith("-") else NATIVE / word for word in words]
    command("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", output, *words)


def memory():
    """A folder in which syncs cost nothing, for what needs no disk. A container's own is often too small."""
    shared = "/dev/shm"
    is_one = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ROOM
    return os.path.realpath(shared) if is_one else "/var/tmp"
