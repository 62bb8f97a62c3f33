"""A file system of a few megabytes, which may be filled and broken. For root only."""

import errno
import os

from .tools import command


class SmallDisk:
    def __init__(self, folder, kind, megabytes=64):
        """kind: `tmpfs` or `ext4`, which lies in a file. folder: where it is mounted, and its file beside it."""
        self.path, self.image, self.kind = folder, folder.with_suffix(".image"), kind
        folder.mkdir()
        if kind == "tmpfs":
            command("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", folder)
        else:
            with open(self.image, "wb") as file:
                file.truncate(megabytes << 20)
            command("mkfs.ext4", "-q", "-F", "-m", "0", self.image)
            self.mount()

    def mount(self):
        command("mount", "-o", "loop", self.image, self.path)
        os.chmod(self.path, 0o700)

    def fill(self):
        """Takes all the space that there is at this moment, and not what the ledger gives up when it finds none."""
        space = os.statvfs(self.path)
        size = space.f_bavail * space.f_frsize
        with open(self.path / "filler", "wb") as file:
            while size > 0:
                try:
                    return os.posix_fallocate(file.fileno(), 0, size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size -= 65536  # of what describes it, or was taken meanwhile

    def empty(self):
        (self.path / "filler").unlink()

    def turn_read_only(self):
        """In spite of the files that are open for writing, as the kernel does after an error. ext4 only."""
        command("mount", "-o", "remount,abort", self.path)

    def repair(self):
        """As an admin does then. What was not on the disk is gone."""
        command("umount", self.path)
        command("e2fsck", "-fy", self.image, codes=range(4))
        self.mount()

    def close(self):
        command("umount", "-l", self.path, codes=range(256))
