"""The machine runs out of something under load, and has it again: space, descriptors, memory, the size of a file, the
right to write. Each is a clear error that passes, or an end with its exit code; what was acknowledged is there
afterwards."""

from parts.disklimits import full_ext4_disk, full_memory_disk, held_log, read_only_disk
from parts.memorylimits import memory_group, small_address_space
from parts.processlimits import few_descriptors_at_start, no_more_descriptors, small_files
from parts.smalldisk import SmallDisk

TITLE = "disk full, fd, memory and file-size limit, read-only remount"
# What is mounted for them.
MOUNTS = {full_memory_disk: "tmpfs", full_ext4_disk: "ext4", read_only_disk: "ext4", held_log: "ext4"}
LIMITS = [*MOUNTS, few_descriptors_at_start, no_more_descriptors, small_files, small_address_space, memory_group]
SHORT, LONG = len(LIMITS), 100 * len(LIMITS)
LEAST = SHORT, LONG


def case(case):
    limit = LIMITS[case.number % len(LIMITS)]
    if limit in MOUNTS:
        try:
            SmallDisk(case.folder / "probe", MOUNTS[limit]).close()
        except OSError as error:  # not root, a container, no loop devices, no e2fsprogs
            return case.skip(f"{limit.__name__}: {error}")
    return limit(case)
