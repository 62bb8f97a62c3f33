"""What the tests in the guest share: talking to the daemon as anybody, asking systemd, waiting for conditions."""

import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

SOCKET = "/run/lifecycled/lifecycle.sock"
STATE = Path("/var/lib/lifecycle")
SERVICE = "lifecycled.service"
# Users by what they may do, with the groups they need. `stranger` may not even connect.
USERS = {
    "reader": ["lifecycle"],
    "agent": ["lifecycle", "lifecycle-agent"],
    "app": ["lifecycle", "lifecycle-app"],
    "admin": ["lifecycle", "lifecycle-admin"],
    "stranger": [],
}


def run(*command, **options):
    """The output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def systemctl(*arguments):
    return run("systemctl", *arguments)


def show(unit, name):
    """One property of a unit, as text."""
    return systemctl("show", "--value", f"--property={name}", unit).strip()


def is_active(unit=SERVICE):
    return subprocess.run(["systemctl", "is-active", "--quiet", unit]).returncode == 0


def main_pid():
    return int(show(SERVICE, "MainPID"))


def until(condition, seconds=60):
    """Waits until `condition` gives something true, and returns it."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {condition.__name__}")
        time.sleep(0.02)
    return value


def make_users():
    for name, groups in USERS.items():
        if name not in {entry.pw_name for entry in pwd.getpwall()}:
            run("useradd", "--no-create-home", "--shell", "/bin/sh", *(["--groups", ",".join(groups)] if groups else []), name)


def identity(name):
    """For subprocess: runs as this user, with the groups that a login would give."""
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": os.getgrouplist(name, entry.pw_gid)}


def request(method, params, number=1):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"


def ask_as(name, method, **params):
    """A call by socat as this user: the whole reply, or None where the connection was refused."""
    done = subprocess.run(
        ["socat", "-t", "30", "-", f"UNIX-CONNECT:{SOCKET}"], input=request(method, params), capture_output=True,
        text=True, timeout=60, **identity(name))
    if "Permission denied" in done.stderr:
        return None
    assert done.stdout, f"no reply: {done.stderr}"
    return json.loads(done.stdout)


def call(method, **params):
    """The result of a call as root, who is an admin."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(60)
        connection.connect(SOCKET)
        connection.sendall(request(method, params).encode())
        line = connection.makefile("rb").readline()
    reply = json.loads(line)
    if "error" in reply:
        raise AssertionError(f"{method}: {reply['error']}")
    return reply["result"]


def new_project(user, credits=10, **terms):
    call("grantCredits", userId=user, credits=credits, reason="test")
    return call("createProject", userId=user, credits=credits, **terms)["project"]["projectId"]


@contextlib.contextmanager
def drop_in(unit, **settings):
    """Runs `unit` with other settings, then as it was. `unit` is stopped before each change, its socket is not."""
    folder = Path(f"/run/systemd/system/{unit}.d")
    section = "Socket" if unit.endswith(".socket") else "Service"

    def apply(change):
        systemctl("stop", unit)
        change()
        systemctl("daemon-reload")

    def write():
        folder.mkdir(parents=True)
        lines = [f"{name}={value}" for name, values in settings.items() for value in ([values] if isinstance(values, str) else values)]
        (folder / "test.conf").write_text("\n".join([f"[{section}]", *lines, ""]))

    apply(write)
    try:
        yield
    finally:
        apply(lambda: shutil.rmtree(folder))


def journal(*matches):
    """The entries of the daemon, each a dictionary of text, oldest first."""
    run("journalctl", "--sync")
    lines = run("journalctl", "-u", SERVICE, "-o", "json", "--all", *matches).splitlines()
    return [json.loads(line) for line in lines]


def newest_entry():
    """The cursor of the daemon's newest entry."""
    return journal("-n", "1")[-1]["__CURSOR"]


def entries_since(cursor):
    """The daemon's entries after that one. Without further matches: journalctl would skip the first that matches."""
    return journal(f"--after-cursor={cursor}")


@contextlib.contextmanager
def callers(tasks=8):
    """The Swift client program, with so many tasks that create and fail projects until the end of the block. Then the
    value has what they did, as `calls` and `failures`, and all that they printed."""
    done = SimpleNamespace(calls=0, failures=0, output="")
    with subprocess.Popen(
        ["/srv/test/bin/callers", SOCKET, str(tasks)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield done
            done.output, _ = process.communicate(timeout=120)
            vars(done).update(json.loads(done.output.splitlines()[-1]))
        finally:
            process.kill()
