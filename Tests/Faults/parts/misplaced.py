"""Files and folders that are not what the daemon wants them to be: made around a good ledger, and to be refused."""

import os
import shutil
import socket
import sqlite3

NOBODY = 65534


def write(path, data=b"precious\n"):
    path.write_bytes(data)
    return path


def patch(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def listener(path):
    """A socket at which nobody listens any more."""
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))


def replace(path, make, *arguments):
    path.unlink(missing_ok=True)
    make(path, *arguments)


def aside(path, name):
    """Puts the file elsewhere and a link to that in its place."""
    other = path.parent / name
    path.rename(other) if path.exists() else write(other)
    path.symlink_to(other)


def other_application(path):
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, userId TEXT)")
    connection.close()
    path.chmod(0o600)


def beside(path, suffix):
    return path.with_name(path.name + suffix)


# Each makes the trick in the folder of a ledger `l.db` that was stopped in order, and may return another path to be
# given as --database. Then the words that the refusal must hold.
DATABASES = {
    "a symbolic link to it": (lambda db: aside(db, "real.db"), "symbolic link"),
    "a dangling link": (lambda db: replace(db, lambda p: p.symlink_to(p.parent / "no.db")), "symbolic link"),
    "a hard link": (lambda db: os.link(db, beside(db, ".2")), "hard link"),
    "another name of it": (lambda db: os.link(db, beside(db, ".2")) or beside(db, ".2"), "hard link"),
    "a FIFO": (lambda db: replace(db, os.mkfifo), "not a regular file"),
    "a folder": (lambda db: replace(db, os.mkdir), "is a folder"),
    "a socket": (lambda db: replace(db, listener), "not a regular file"),
    "a device": (lambda db: "/dev/null", "not a regular file|other users may write"),
    "an emptied file": (lambda db: os.truncate(db, 0), "is gone"),
    "a removed file": (lambda db: db.unlink(), "is gone"),
    "half a file": (lambda db: os.truncate(db, db.stat().st_size // 2), "damaged"),
    "a text": (lambda db: write(db, b"These are my notes.\n" * 500), "no SQLite database"),
    "a later schema": (lambda db: patch(db, 63, b"\x63"), "schema 99"),
    "another application's": (other_application, "not a lifecycle-rpc database"),
    "another application's number": (lambda db: patch(db, 68, b"LIFF"), "not a lifecycle-rpc database"),
    "a file that others may write": (lambda db: db.chmod(0o666), "chmod 0600"),
    "a folder that a group may write": (lambda db: db.parent.chmod(0o770), "chmod 0700"),
    "a link to such a folder": (
        lambda db: db.parent.chmod(0o777) or aside(db.parent, db.parent.name + ".real"), "chmod 0700"),
    "a WAL that is a link": (lambda db: aside(beside(db, "-wal"), "wal"), "l.db-wal"),
    "a WAL that is a FIFO": (lambda db: replace(beside(db, "-wal"), os.mkfifo), "not a regular file"),
    "a WAL that is a folder": (lambda db: replace(beside(db, "-wal"), os.mkdir), "l.db-wal"),
    "an index that is a link": (lambda db: aside(beside(db, "-shm"), "shm"), "l.db"),
    "a lock that is a link": (lambda db: aside(beside(db, ".lock"), "lock"), "l.db.lock"),
    "a lock that is a FIFO": (lambda db: replace(beside(db, ".lock"), os.mkfifo), "l.db.lock"),
    "a lock that is a folder": (lambda db: replace(beside(db, ".lock"), os.mkdir), "l.db.lock"),
    "a reserve that is a link": (lambda db: aside(beside(db, ".ballast"), "ballast"), "l.db.ballast"),
    "a missing folder of a folder": (lambda db: db.parent / "no/no/l.db", "No such file"),
    "a name of a folder": (lambda db: f"{db.parent}/", "is a folder"),
}

# As nobody, on what is root's.
FOREIGN = {
    "a file of root's": (lambda db: os.chown(db.parent, NOBODY, NOBODY), "belongs to uid 0"),
    "a folder of root's": (lambda db: os.chown(db, NOBODY, NOBODY) or db.parent.chmod(0o755), "belongs to uid 0"),
    "a folder that cannot be entered": (lambda db: db.parent.parent.chmod(0o700), "Permission denied"),
}

SOCKETS = {
    "a file": (lambda path: write(path) and None, "not a socket"),
    "a folder": (os.mkdir, "not a socket"),
    "a FIFO": (os.mkfifo, "not a socket"),
    "a link to a file": (lambda path: path.symlink_to(write(path.with_name("victim"))), "not a socket"),
    "a dangling link": (lambda path: path.symlink_to(path.with_name("victim")), "not a socket"),
    "a link to a socket": (
        lambda path: listener(path.with_name("victim")) or path.symlink_to(path.with_name("victim")), "not a socket"),
    "no folder": (lambda path: path / "s", "No such file"),
    "too long": (lambda path: path.with_name("s" * 100), "107 bytes"),
}


# Under a running daemon: afterwards no write may be acknowledged, and it stops.
UNDER = {
    "deleted": lambda db: db.unlink(),
    "replaced by its copy": lambda db: os.replace(shutil.copy2(db, beside(db, ".new")), db),
    "replaced by a link": lambda db: aside(db, "real.db"),
    "its folder replaced": lambda db: db.parent.rename(db.parent.with_name("gone")) and db.parent.mkdir(mode=0o700),
    "emptied": lambda db: os.truncate(db, 0),
    "cut in half": lambda db: os.truncate(db, db.stat().st_size // 2),
    "its WAL deleted": lambda db: beside(db, "-wal").unlink(),
    "its WAL replaced": lambda db: os.replace(write(beside(db, ".new"), b""), beside(db, "-wal")),
    "its lock deleted": lambda db: beside(db, ".lock").unlink(),
    "its lock replaced": lambda db: os.replace(write(beside(db, ".new")), beside(db, ".lock")),
}
# Of these it need not know: what it acknowledges must be there all the same.
CUT = {
    "its index emptied": lambda db: os.truncate(beside(db, "-shm"), 0),
    "its index deleted": lambda db: beside(db, "-shm").unlink(),
}


def snapshot(folder):
    """All there is, but for the log and what any start touches: name, kind, mode, and the bytes of files."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name in ("l.db.lock", "l.db-shm", "log") and path.is_file() and not path.is_symlink():
            continue
        status = path.lstat()
        found[str(path.relative_to(folder))] = (
            oct(status.st_mode), os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None)
    return found


def compare(case, trick, folder, before):
    """Nothing was changed."""
    after = snapshot(folder)
    for name in before.keys() | after.keys():
        if before.get(name) != after.get(name):
            case.find("wrong", f"{trick}: {name} was {str(before.get(name))[:60]}, is {str(after.get(name))[:60]}")


def copy(ledger, folder):
    """A ledger's folder once more, to be played a trick on."""
    shutil.copytree(ledger, folder, copy_function=shutil.copy2, ignore=shutil.ignore_patterns("s", "log"))
    folder.chmod(0o700)
    return folder / "l.db"
