"""The machine runs out of something under load, and has it again: space, descriptors, memory, the size of a file, the right to
write. Each is a clear error that passes, or an end with its exit code; what was acknowledged is there afterwards."""

import os
import sys

from parts.disklimits import full_ext4_disk, full_memory_disk, read_only_disk
from parts.limits import has
from parts.memorylimits import memory_group, small_address_space
from parts.processlimits import few_descriptors_at_start, no_more_descriptors, small_files

TITLE = "disk full, fd, memory and file-size limit, read-only remount"
MOUNTS = [full_memory_disk, full_ext4_disk, read_only_disk]
LIMITS = [*MOUNTS, few_descriptors_at_start, no_more_descriptors, small_files, small_address_space, memory_group]
SHORT, LONG = len(LIMITS), 100 * len(LIMITS)


def case(case):
    limit = LIMITS[case.number % len(LIMITS)]
    if limit in MOUNTS and (os.geteuid() != 0 or not has("mount", "mkfs.ext4", "e2fsck")):
        print(f"limits: {limit.__name__} is skipped: only root can mount, and e2fsprogs is needed", file=sys.stderr)
        return 0
    return limit(case)
