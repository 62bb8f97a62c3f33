"""Whatever somebody puts in the daemon's way, or says: refused with a sentence that an admin can act on, and no harm
done."""

import os
import re
import signal
import subprocess

from testkit.daemon import Daemon
from testkit.wire import Connection, Gone, Refused
from parts import checker, forgery, misplaced, paths
from parts.refusal import a_ledger, refuse, tell

TITLE = "log forging, path tricks, links, swapped database, second daemon"


# MARK: Each is a case, and returns how many tricks it was

def log_lines(case):
    daemon = Daemon(case.binaries / "lifecycled", case.folder)
    try:
        daemon.start()
        said, due = forgery.forge(daemon.socket)
        daemon.end(signal.SIGTERM)
        forgery.check_text(case, daemon.log, due)
        return said
    finally:
        daemon.kill()


def journal_records(case):
    """In a file system of its own, where journald's socket is ours."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", "/run"], capture_output=True, check=False).returncode != 0:
        return case.skip("log forging in the journal: mounts cannot be unshared")
    script = 'mount -t tmpfs none /run && mkdir -p /run/systemd/journal && ln -s "$0" /run/systemd/journal/socket && exec "$@"'
    (case.folder / "log").touch()
    journal = forgery.Journal(str(case.folder / "j"))
    daemon = Daemon(
        case.binaries / "lifecycled", case.folder, environment={"JOURNAL_STREAM": forgery.stream(case.folder / "log")},
        wrapper=[*unshare, "sh", "-c", script, str(case.folder / "j")])
    try:
        daemon.start()
        said, due = forgery.forge(daemon.socket)
        daemon.end(signal.SIGTERM)
        journal.close()
        journal.check(case, due)
        case.expect(daemon.last_words() == "", "wrong", f"it said beside the journal: {daemon.last_words()}")
        return said
    finally:
        daemon.kill()
        journal.close()


def databases(case):
    good = a_ledger(case)
    tricks = {**misplaced.DATABASES, **(misplaced.FOREIGN if os.geteuid() == 0 else {})}
    if os.geteuid() != 0:
        case.skip("files of others: it takes root to own nothing")
    case.folder.chmod(0o755)
    for number, (trick, (make, words)) in enumerate(tricks.items()):
        (folder := case.folder / f"t{number}").mkdir()
        database = misplaced.copy(good, folder / "d")
        given = make(database) or database
        before = misplaced.snapshot(folder)
        user = misplaced.NOBODY if trick in misplaced.FOREIGN else None
        if user:
            (runs := case.folder / "run").mkdir(exist_ok=True)
            os.chown(runs, user, user)
        refuse(case, trick, given, (case.folder / "run" if user else folder) / "s", words, 73, user)
        misplaced.compare(case, trick, folder, before)
    return len(tricks)


def sockets(case):
    good = a_ledger(case)
    for number, (trick, (make, words)) in enumerate(misplaced.SOCKETS.items()):
        (folder := case.folder / f"t{number}").mkdir()
        given = make(folder / "s") or folder / "s"
        before = misplaced.snapshot(folder)
        refuse(case, f"socket: {trick}", good / "l.db", given, words, 73)
        misplaced.compare(case, trick, folder, before)
    if os.geteuid() == 0:
        case.folder.chmod(0o755)
        os.chown(good, misplaced.NOBODY, misplaced.NOBODY)
        for path in good.iterdir():
            os.chown(path, misplaced.NOBODY, misplaced.NOBODY)
        refuse(case, "socket: in a folder of root's", good / "l.db", case.folder / "s", "Permission denied", 73, misplaced.NOBODY)
    return len(misplaced.SOCKETS) + 1


def running(case):
    good = a_ledger(case)
    for number, (trick, make) in enumerate({**misplaced.UNDER, **misplaced.CUT}.items()):
        (folder := case.folder / f"t{number}").mkdir()
        database = misplaced.copy(good, folder / "d")
        daemon = Daemon(case.binaries / "lifecycled", folder / "d")
        daemon.socket, daemon.log = str(folder / "s"), str(folder / "log")
        daemon.command[2] = daemon.socket
        try:
            granted = 100 + play(case, trick, daemon, lambda: make(database))
            if trick in misplaced.UNDER:
                case.expect(granted == 110, "lost", f"{trick}: {granted - 110} were acknowledged after it")
                try:
                    code = daemon.process.wait(10)
                except subprocess.TimeoutExpired:
                    code = "nothing, it goes on"
                said = daemon.last_words().split("\n")[-1]
                tell(case, f"{trick}: {code}: {said}")
                is_clear = said.startswith("lifecycled: ") and re.search("deleted or replaced|cut off", said)
                case.expect(code == 74 and is_clear, "wrong", f"{trick}: ended with {code}: {said}")
            else:
                daemon.kill()
                daemon.start()
                with Connection(daemon.socket) as connection:
                    found = connection.call("getBalance", {"userId": "bea"})["available"] + 100
                case.expect(found >= granted, "lost", f"{trick}: {granted} were acknowledged, {found} are there")
        finally:
            daemon.kill()
    return len(misplaced.UNDER) + len(misplaced.CUT)


def play(case, trick, daemon, make):
    """Ten grants, the trick, and more of them.
    Returns how many were acknowledged."""
    daemon.start()
    with Connection(daemon.socket, timeout=8) as connection:
        for number in range(40):
            if number == 10:
                make()
            try:
                connection.call(
                    "grantCredits", {"userId": "bea", "credits": 1, "reason": "r", "idempotencyKey": str(number)})
            except (Gone, Refused):
                return number
    return 40


def second(case):
    """A second daemon, whichever way it is called, and what a killed one leaves."""
    folder = case.folder / "d"
    folder.mkdir(mode=0o700)
    daemon = Daemon(case.binaries / "lifecycled", folder)
    (case.folder / "link").symlink_to(folder)
    (case.folder / "s.link").symlink_to(daemon.socket)
    other = case.folder / "other.db"
    try:
        daemon.start()
        with Connection(daemon.socket) as connection:
            tricks = {
                "the same database": (daemon.database, case.folder / "s", f"pid {daemon.process.pid}", 75),
                "by a link to its folder": (case.folder / "link/l.db", case.folder / "s", f"pid {daemon.process.pid}", 75),
                "by dots": (f"{folder}/../d/./l.db", case.folder / "s", f"pid {daemon.process.pid}", 75),
                "the same socket": (other, daemon.socket, rf"another lifecycled \(pid {daemon.process.pid}\)", 73),
                "by a link to the socket": (other, case.folder / "s.link", "not a socket", 73),
            }
            for number, (trick, (database, socket, words, code)) in enumerate(tricks.items()):
                refuse(case, f"second daemon, {trick}", database, socket, words, code)
                connection.call("grantCredits", {"userId": "ada", "credits": 1, "reason": "r", "idempotencyKey": str(number)})
        daemon.kill()
        case.expect(os.path.exists(daemon.socket), "wrong", "no socket was left to be stale")
        daemon.start()  # on the stale socket
        with Connection(daemon.socket) as connection:
            found = connection.call("getBalance", {"userId": "ada"})["available"]
            case.expect(found == len(tricks), "lost", f"{len(tricks)} were acknowledged, {found} are there")
        daemon.end(signal.SIGTERM)
        checker.check(case, daemon.database, [], "after the second daemons")
        # Its state directory by a link, as systemd's DynamicUser= has it: that is no trick.
        daemon.command[4] = str(case.folder / "link/l.db")
        daemon.start()
        with Connection(daemon.socket) as connection:
            connection.call("audit")
        daemon.end(signal.SIGTERM)
        return len(tricks) + 2
    finally:
        daemon.kill()


def backups(case):
    (folder := case.folder / "d").mkdir(mode=0o700)
    daemon = Daemon(case.binaries / "lifecycled", folder)
    try:
        daemon.start()
        paths.lay(folder / "backups")
        before, told = misplaced.snapshot(case.folder), []
        with Connection(daemon.socket) as connection:
            for bad in paths.BAD:
                path = re.sub("^F(?=/|$)", str(folder / "backups"), re.sub("^D(?=/|$)", str(folder), bad))
                try:
                    case.find("wrong", f"a backup was made at {path!r}: {connection.call('backup', {'path': path})}")
                except Refused as refusal:
                    told.append(f"backup {bad[:40]!r}: {refusal.kind}: {refusal.data.get('reason')}")
                    case.expect(refusal.kind in ("backupFailed", "invalidParams"), "wrong", f"{path!r}: {refusal.kind}")
            misplaced.compare(case, "backups", case.folder, before)
            tell(case, *told)
            for good in paths.GOOD:
                made = connection.call("backup", {"path": re.sub("^F(?=/)", str(folder / "backups"), good)})["path"]
                is_there = os.path.dirname(made) == str(folder / "backups") and os.path.isfile(made)
                case.expect(is_there, "wrong", f"{good!r}: {made}")
        daemon.end(signal.SIGTERM)
        checker.check(case, daemon.database, [], "after the backups")
        return len(paths.BAD) + len(paths.GOOD)
    finally:
        daemon.kill()


CASES = [log_lines, journal_records, databases, sockets, running, second, backups]
SHORT = LONG = len(CASES)
LEAST = 600, 600


def case(case):
    return CASES[case.number](case)
