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
SWEEP, BACKUP = "lifecycled-sweep.service", "lifecycled-backup.service"
# Seconds after which something hangs. Far more than anything takes, also where many want the cores.
HANGS = 300
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
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def systemctl(*arguments):
    return run("systemctl", *arguments)


def start(*units):
    """As often as a test likes; systemd would begin to refuse after five times in ten seconds."""
    subprocess.run(["systemctl", "reset-failed", *units], capture_output=True)  # Fails where there is nothing to reset.
    systemctl("start", *units)


def show(unit, name):
    """One property of a unit, as text."""
    return systemctl("show", "--value", f"--property={name}", unit).strip()


def is_active(unit=SERVICE):
    return subprocess.run(["systemctl", "is-active", "--quiet", unit]).returncode == 0


def main_pid():
    return int(show(SERVICE, "MainPID"))


def until(condition, seconds=HANGS):
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
            run("useradd", "--no-create-home", "--shell", "/bin/sh", "--groups", ",".join(groups), name)


def identity(name):
    """For subprocess: runs as this user, with the groups that a login would give."""
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": os.getgrouplist(name, entry.pw_gid)}


def request(method, params, number=1):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"


def ask_as(name, method, **params):
    """A call by socat as this user: the whole reply, or None where the connection was refused."""
    done = subprocess.run(
        ["socat", "-t", str(HANGS), "-", f"UNIX-CONNECT:{SOCKET}"], input=request(method, params),
        capture_output=True, text=True, timeout=HANGS, **identity(name))
    if "Permission denied" in done.stderr:
        return None
    assert done.stdout, f"no reply: {done.stderr}"
    return json.loads(done.stdout)


def connect():
    """A connection of root, who is an admin."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(HANGS)
    connection.connect(SOCKET)
    return connection


def exchange(line):
    """The reply to one line, on a connection of its own."""
    with connect() as connection:
        connection.sendall(line if isinstance(line, bytes) else line.encode())
        return json.loads(connection.makefile("rb").readline())


def call(method, **params):
    """The result of a call as root, who is an admin."""
    reply = exchange(request(method, params))
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
    section = unit.rsplit(".", 1)[1].capitalize()

    def apply(change):
        systemctl("stop", unit)
        change()
        systemctl("daemon-reload")

    def write():
        folder.mkdir(parents=True)
        lines = [f"[{section}]"]
        for name, values in settings.items():
            lines += [f"{name}={value}" for value in ([values] if isinstance(values, str) else values)]
        (folder / "test.conf").write_text("\n".join([*lines, ""]))

    apply(write)
    try:
        yield
    finally:
        apply(lambda: shutil.rmtree(folder))


@contextlib.contextmanager
def small_disk():
    """The daemon's state is on an empty disk of its own; gives how to fill that, and how to free it again."""
    filler = STATE / "filler"
    systemctl("stop", SERVICE)
    run("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(STATE))
    try:
        fill = ["dd", "if=/dev/zero", f"of={filler}", "bs=4k"]
        yield lambda: subprocess.run(fill, capture_output=True), filler.unlink
    finally:
        systemctl("stop", SERVICE)
        run("umount", "--lazy", str(STATE))


def journal(*matches, unit=SERVICE):
    """The entries of a unit and of systemd about it, each a dictionary of text, oldest first."""
    run("journalctl", "--sync")
    lines = run("journalctl", "-u", unit, "-o", "json", "--all", *matches).splitlines()
    return [json.loads(line) for line in lines]


def newest_entry():
    """The cursor of the daemon's newest entry."""
    return journal("-n", "1")[-1]["__CURSOR"]


def entries_since(cursor):
    """The daemon's entries after that one. Without further matches: journalctl would skip the first that matches."""
    return journal(f"--after-cursor={cursor}")


def refund_of(project, *matches):
    """The daemon's entry that it gave this project's credits back, waited for."""
    def found():
        entries = journal(f"LIFECYCLE_PROJECT={project}", *matches)
        return [entry for entry in entries if entry["MESSAGE"].startswith("credits refunded")]

    return until(found)[0]


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
            done.output, _ = process.communicate(timeout=HANGS)
            vars(done).update(json.loads(done.output.splitlines()[-1]))
        finally:
            process.kill()
