"""Which system call fails when, and how: all that there is to choose from."""

import random
from dataclasses import dataclass

# By what the daemon is doing: its calls on its files, and how many of them one thread makes at the most (in the long
# form, where that is more), as kinds/syscalls.py counts them.
ACTS = {
    "first start": {
        "close": 6, "fallocate": 1, "fchown": 6, "fcntl": 90, "fdatasync": 11, "flock": 2, "fsync": 2, "ftruncate": 5,
        "mmap": 1, "newfstatat": 90, "openat": 18, "pread64": 40, "pwrite64": 60, "readlink": 7, "unlink": 1},
    "start after a kill": {
        "close": 4, "fallocate": 1, "fchown": 5, "fcntl": 55, "fdatasync": 3, "flock": 2, "fsync": 2, "ftruncate": 4,
        "mmap": 1, "newfstatat": 72, "openat": 16, "pread64": (150, 500), "pwrite64": 40, "readlink": 7},
    "start after a stop": {
        "close": 3, "fallocate": 1, "fchown": 5, "fcntl": 53, "flock": 2, "fsync": 1, "ftruncate": 3, "mmap": 1,
        "newfstatat": 84, "openat": 15, "pread64": 40, "pwrite64": 9, "readlink": 7},
    "load": {
        "fcntl": (100, 600), "fdatasync": (18, 100), "ftruncate": (0, 1), "mmap": (0, 1), "newfstatat": (36, 200),
        "pread64": (40, 900), "pwrite64": (500, 9000)},
    "checkpoint": {"fcntl": 190, "fdatasync": 7, "newfstatat": 80, "pread64": 20, "pwrite64": 160},
    "backup": {
        "close": 10, "fchown": 2, "fcntl": 48, "flock": 1, "fsync": 4, "ftruncate": 1, "getdents64": 2, "linkat": 1,
        "mkdir": 1, "mmap": 2, "newfstatat": 56, "openat": 10, "pread64": 80, "pwrite64": 48, "readlink": 16,
        "unlink": 3, "unlinkat": 6},
    "stop": {"close": 1, "fcntl": 12, "fdatasync": 2, "ftruncate": 2, "newfstatat": 4, "pread64": 30, "pwrite64": 30},
    # Done by half, of the whole process from its start on.
    "half": {"write": (600, 9000), "read": (200, 1000)},
}
# `+`: and all after it.
ERRORS = ("EIO", "ENOSPC", "EINTR", "EIO+")
# What comes of these in real life.
OWN = {"openat": ("EMFILE",), "mmap": ("ENOMEM",), "fcntl": ("ENOLCK",), "pwrite64": ("EDQUOT", "ENOSPC+"), "fchown": ("EPERM",)}
# Of the call after the half one.
HALVES = {"write": ("0", "EIO", "ENOSPC"), "read": ("0", "EIO")}


@dataclass(frozen=True)
class Fault:
    act: str
    call: str
    error: str  # "": there is none, the calls are counted
    index: int

    @property
    def when(self):
        return f"{self.index}+" if self.error.endswith("+") else str(self.index)

    def __str__(self):
        return f"{self.act}: {self.call} number {self.index} with {self.error or 'no fault'}"


# Those that have an end: the others are the begin of something longer, whose calls are alike.
WHOLE = ("first start", "start after a kill", "start after a stop", "backup", "stop")
# What else writes, and is in no list because the daemon does not do it.
OTHERS = ("pwritev", "pwritev2", "rename", "renameat", "renameat2", "sync_file_range", "truncate", "writev")


def names():
    """For strace."""
    listed = {call for act, calls in ACTS.items() if act != "half" for call in calls}
    return ",".join(sorted({*listed, *OTHERS}))


def highest(act, call, is_long):
    most = ACTS[act].get(call, 0)
    return most[is_long] if isinstance(most, tuple) else most


def strata(is_long):
    """All of (act, call, error, highest index)."""
    return [(act, call, error, most)
            for act, calls in ACTS.items() for call in calls if (most := highest(act, call, is_long))
            for error in (HALVES[call] if act == "half" else ERRORS + OWN.get(call, ()))
            # SQLite tries again for 10 s when it gets no lock on its shared memory.
            if (call, error) != ("fcntl", "EIO+")]


def everything():
    return [Fault(act, call, error, index + 1) for act, call, error, most in strata(True) for index in range(most)]


def sample(count, seed):
    """Each act, call and error in turn, those of the longest acts more often; the indices at random."""
    rng = random.Random(f"{seed}/faults")
    turns = [stratum for stratum in strata(False) for _ in range({"load": 3, "half": 6}.get(stratum[0], 1))
             # Half of these are unlocks, after which SQLite waits for ten seconds and more.
             if stratum[1] != "fcntl" or stratum[2] == "EIO"]
    rng.shuffle(turns)
    faults = [turns[n % len(turns)] for n in range(count)]
    return [Fault(act, call, error, rng.randint(1, most)) for act, call, error, most in faults]
