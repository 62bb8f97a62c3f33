"""A machine of its own for the daemon: User Mode Linux, which is a real kernel as a process, with a real ext4 on a
file. Killing that process is a power cut: the kernel's page cache is gone, and what it had written to its disk is
there."""

import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from testkit.pace import patience

from .tools import NATIVE, command, compile, tool

PATIENCE = patience(60)  # seconds within which a machine starts, stops, and says what it was asked
BUSYBOX = ("sh", "cat", "mkdir", "mount", "poweroff", "stty", "umount")
# A third of the time of a boot goes into things that nobody here uses: measuring RAID checksums, SELinux.
QUICK = ("initcall_blacklist=raid6_select_algo,calibrate_xor_blocks,register_xor_blocks", "selinux=0", "quiet")
DISK = 64 << 20


def make_root(root, binary):
    """The guest's root, which it sees read-only: the daemon with its libraries, the bridge, init, busybox."""
    for name in ("bin", "dev", "disk", "proc", "run"):
        (root / name).mkdir(parents=True)
    shutil.copy(tool("busybox"), root / "bin/busybox")
    for name in BUSYBOX:
        (root / "bin" / name).symlink_to("busybox")
    shutil.copy(binary, root / "bin/lifecycled")
    for word in command("ldd", binary).split():
        if word.startswith("/"):
            (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, root / word[1:])
    shutil.copy(NATIVE.parent / "guest/init", root / "init")
    compile(root / "bin/bridge", "-static", "bridge.c")


def make_disk(path):
    with open(path, "wb") as file:
        file.truncate(DISK)
    # Blocks as on a disk of today, and the journal at the begin, before all data: see fail_writes.
    command("mkfs.ext4", "-q", "-F", "-b", "4096", "-J", "size=4,location=2M", path)


class Machine:
    def __init__(self, root, disk, folder):
        self.root, self.disk, self.folder = root, disk, folder
        self.process = self.control = self.words = None
        self.lines, self.serving = [], []  # those that a daemon is at

    # MARK: On and off

    def boot(self, lines, *options):
        """With so many serial lines."""
        pairs = [socket.socketpair() for _ in range(lines + 1)]
        theirs = [pair[1].fileno() for pair in pairs]
        serial = [f"ssl{n}=fd:{fd}" for n, fd in enumerate(theirs)]
        with open(self.folder / "log", "ab") as log:
            self.booted = log.tell()
            self.process = subprocess.Popen(
                [tool("linux.uml"), "mem=128M", "root=/dev/root", "rootfstype=hostfs", f"rootflags={self.root}", "ro",
                 "init=/init", f"ubd0={self.disk}", f"uml_dir={self.folder}/", "con=null", "con0=null,fd:1", "ssl=null",
                 *serial, *QUICK, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=theirs, start_new_session=True,
                # SIGXFSZ stays ignored, as Python has it: see fail_writes.
                restore_signals=False)
        for _, there in pairs:
            there.close()
        (self.control, _), *rest = pairs
        self.lines = [here for here, _ in rest]
        for line in [self.control, *self.lines]:
            line.settimeout(PATIENCE)
        self.words = self.control.makefile()

    def cut(self):
        """Takes the power away, and waits until really nothing of the machine writes any more."""
        if not self.process:
            return
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while alive := self.processes():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{alive} of the machine do not die")
            time.sleep(0.001)
        self.process.wait()
        for line in [self.words, self.control, *self.lines]:
            line.close()
        self.process = None

    def processes(self):
        """The kernel, its threads for the disk, and its processes; dead ones that nobody has waited for are none."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    state, _, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                except (FileNotFoundError, ProcessLookupError):
                    continue
                if int(group) == self.process.pid and state not in "ZX":
                    found.append(int(entry.name))
        return found

    # MARK: A disk that fails

    def fail_writes(self, beyond):
        """From now on no write beyond this offset (or, with None, all are done again) reaches the disk: they are EIO in
        the guest, by the limit for the size of a file. No need for device mapper or root."""
        for process in self.processes():
            _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (hard if beyond is None else beyond, hard))

    def has_aborted(self):
        """Its file system has, as ext4 does when it cannot write its journal: nothing can be written until the next
        boot."""
        with open(self.folder / "log", "rb") as log:
            log.seek(self.booted)
            return re.search(rb"[Aa]bort(ing|ed) journal|Remounting filesystem read-only", log.read()) is not None

    # MARK: What it is told and says

    def say(self, words):
        self.control.sendall(f"{words}\n".encode())

    def hear(self):
        word = self.words.readline().strip()
        if not word:
            raise AssertionError(f"the machine ended by itself: {self.last_words()}")
        return word

    def expect(self, word):
        if (found := self.hear()) != word:
            raise AssertionError(f"{word!r} was due, not {found!r}: {self.last_words()}")

    def has_spoken(self):
        """And there is nothing left to be read on the lines."""
        ready, _, _ = select.select([self.control, *self.serving], [], [], 0)
        return ready == [self.control]

    def start(self, lines):
        """Starts the daemon, on these of the lines. Returns None when it serves them, or with what it ended instead."""
        self.say("start " + " ".join(map(str, lines)))
        self.serving = [self.lines[number - 1] for number in lines]
        waiting = set(self.serving)
        deadline = time.monotonic() + PATIENCE
        while waiting:
            ready, _, _ = select.select([self.control, *waiting], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"the daemon does not start: {self.last_words()}")
            if self.control in ready:
                return self.hear()
            for line in ready:
                if line.recv(1) != b"\n":
                    raise AssertionError(f"no line to the daemon: {self.last_words()}")
                waiting.remove(line)
        return None

    def line(self, clerk):
        """The clerk's own. It may close it: the connection stands as long as the machine does."""
        return self.serving[clerk.number].dup()

    def off(self):
        """Stops it in order. Returns with what the daemon ended."""
        self.say("stop")
        end = self.hear()
        self.say("off")
        self.process.wait(PATIENCE)
        self.cut()
        return end

    def last_words(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-800:]
