// Syncs, which may be slow, or fail.
#include "recorder.h"

#include <stdio.h>

static const char *fault_path;
static long fault_number; // 0: none was read yet
static char fault_suffix[16];
static useconds_t delay;

__attribute__((constructor)) static void begin(void) {
    const char *wait = getenv("RECORDER_DELAY");
    fault_path = getenv("RECORDER_FAULT");
    delay = wait ? (useconds_t)atoi(wait) : 0;
}

static int ends_with(const char *name, const char *suffix) {
    size_t length = strlen(name), end = strlen(suffix);
    if (!strcmp(suffix, "-")) return strcmp(name, "/");
    return length >= end && !strcmp(name + length - end, suffix);
}

// Whether this one is to fail. Under the lock.
static int is_chosen(int descriptor) {
    if (!fault_path) return 0;
    if (fault_number == 0) {
        char text[64] = "";
        int file = (int)syscall(SYS_openat, AT_FDCWD, fault_path, O_RDONLY | O_CLOEXEC);
        if (file < 0) return 0;
        ssize_t length = read(file, text, sizeof text - 1);
        syscall(SYS_close, file);
        if (length <= 0 || sscanf(text, "%ld %15s", &fault_number, fault_suffix) != 2) give_up("a fault cannot be read");
    }
    if (!ends_with(names[descriptor], fault_suffix) || --fault_number > 0) return 0;
    syscall(SYS_unlinkat, AT_FDCWD, fault_path, 0);
    fault_path = NULL;
    return 1;
}

static int sync_any(int descriptor, long call) {
    lock();
    int is_tracked = kind(descriptor) == TRACKED;
    if (is_tracked) {
        if (is_chosen(descriptor)) {
            note('F', descriptor, 0, NULL, 0);
            unlock();
            errno = EIO;
            return -1;
        }
        note('b', descriptor, 0, NULL, 0);
    }
    unlock();
    if (is_tracked && delay) usleep(delay);
    int result = (int)syscall(call, descriptor), error = errno;
    if (is_tracked && !result) {
        lock();
        note('S', descriptor, 0, NULL, 0);
        unlock();
    }
    errno = error;
    return result;
}

EXPORT int fsync(int descriptor) { return sync_any(descriptor, SYS_fsync); }
EXPORT int fdatasync(int descriptor) { return sync_any(descriptor, SYS_fdatasync); }
