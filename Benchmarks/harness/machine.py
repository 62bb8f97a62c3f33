"""On what was measured."""

import os
import platform
import re
import sqlite3
import subprocess

from .system import ROOT


def output(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def describe(folder):
    model = re.search(r"^model name\s*:\s*(.+)$", open("/proc/cpuinfo").read(), re.M)
    memory = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read()).group(1))
    changed = " + changes" if output("git", "--no-optional-locks", "status", "--porcelain", "--", "Sources") else ""
    system = re.search(r'PRETTY_NAME="(.*)"', open("/etc/os-release").read())
    return {
        "commit": (output("git", "rev-parse", "--short", "HEAD") or "unknown") + changed,
        "processor": f"{os.cpu_count()} × {model.group(1) if model else platform.machine()}",
        "memory": f"{memory / 2**20:.0f} GiB",
        "system": f"{system.group(1) if system else 'Linux'}, Linux {platform.release()}",
        "file system": f"{output('stat', '-f', '-c', '%T', str(folder))} at {folder.parent}",
        "SQLite": sqlite_version(),
        "Swift": swift_version(),
        "load before": " ".join(open("/proc/loadavg").read().split()[:3]),
    }


def swift_version():
    found = re.search(r"Swift version (\S+)", output("swift", "--version"))
    return found.group(1) if found else "unknown"


def sqlite_version():
    """Of the library that daemon and floor link, not of Python's."""
    return output("pkg-config", "--modversion", "sqlite3") or sqlite3.sqlite_version
