"""What a backup's path may not be."""

import os

# F: the backup folder, D: the database's.
BAD = [
    "", ".", "..", "../b.db", "./b.db", "a/b.db", "/", "/b.db", "/tmp/b.db", "/dev/null", "/dev/stderr", "/dev/fd/1",
    "/proc/self/cwd/b.db", "/etc/cron.d/b", "F", "F/", "F/..", "F/../b.db", "F/./b.db", "F//b.db", "F/a/b.db", "D/b.db", "D/l.db",
    "D/l.db-wal", "l.db-wal", "b.db-journal", ".b.db", "~/b.db/", "file:b.db?mode=memory/x", "link/b.db", "F/link/b.db",
    "a\0b.db", "a\nb.db", "a\x1b[2J.db", "n" * 256, "n" * 5000, "F/" + "é" * 128, "/" + "d/" * 2000 + "b.db",
    "exists.db", "F/exists.db", "folder.db", "link.db", "dangling.db", "fifo.db", "device.db",
]
# What are names all the same, of files in the folder.
GOOD = ["b.db", "F/c.db", "two words", "file:b.db?mode=memory", "-rf", "$(id)", "a%00b", "ünïcode\u202e", "n" * 255]


def lay(folder):
    """What is there already, in the backup folder."""
    folder.mkdir(mode=0o700)
    (folder / "exists.db").write_text("precious")
    (folder / "folder.db").mkdir()
    (folder / "link.db").symlink_to(folder / "exists.db")
    (folder / "dangling.db").symlink_to(folder.parent / "elsewhere.db")
    (folder / "link").symlink_to("/tmp")
    (folder / "device.db").symlink_to("/dev/full")
    os.mkfifo(folder / "fifo.db")
