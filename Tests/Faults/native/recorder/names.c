// Names: which files are opened, made, renamed and removed.
#include "recorder.h"

#include <stdarg.h>
#include <stdio.h>

// Writes the absolute path to `out`. Returns whether it is of a file that counts, or of the folder.
static int is_below(int at, const char *path, char *out) {
    if (log_descriptor < 0 || !path) return 0;
    if (path[0] == '/') {
        snprintf(out, PATH_MAX, "%s", path);
    } else {
        char base[PATH_MAX], link[32];
        if (at == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t length = readlink(link, base, sizeof base - 1);
            if (length < 0) return 0;
            base[length] = 0;
        }
        if (snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return 0;
    }
    if (strncmp(out, folder, folder_length)) return 0;
    const char *rest = out + folder_length;
    if (*rest == 0) return 1;
    if (*rest != '/') return 0;
    // Shared memory, which dies with the machine, and space set aside, which holds nothing.
    size_t length = strlen(rest);
    return !(length > 4 && !strcmp(rest + length - 4, "-shm")) && !(length > 8 && !strcmp(rest + length - 8, ".ballast"));
}

static int open_any(int at, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    struct stat status;
    lock();
    int is_tracked = is_below(at, path, whole), existed = !is_tracked || !stat(whole, &status);
    int descriptor = (int)syscall(SYS_openat, at, path, flags, mode), error = errno;
    if (descriptor >= 0 && descriptor < DESCRIPTORS) {
        kinds[descriptor] = is_tracked ? TRACKED : UNKNOWN;
        if (is_tracked) {
            size_t length = strlen(whole);
            const char *end = length == folder_length ? "/" : whole + (length < 15 ? 0 : length - 15);
            strcpy(names[descriptor], end);
            note('O', descriptor, (existed ? 0 : 1) + (flags & O_TRUNC ? 2 : 0), whole, length);
        }
    } else if (descriptor >= 0 && is_tracked) {
        give_up("too many descriptors");
    }
    unlock();
    errno = error;
    return descriptor;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

EXPORT int open(const char *path, int flags, ...) { MODE(flags) return open_any(AT_FDCWD, path, flags, mode); }
EXPORT int open64(const char *path, int flags, ...) { MODE(flags) return open_any(AT_FDCWD, path, flags, mode); }
EXPORT int openat(int at, const char *path, int flags, ...) { MODE(flags) return open_any(at, path, flags, mode); }
EXPORT int openat64(int at, const char *path, int flags, ...) { MODE(flags) return open_any(at, path, flags, mode); }
EXPORT int creat(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

EXPORT int close(int descriptor) {
    if (descriptor == log_descriptor && descriptor >= 0) return 0;
    lock();
    if (log_descriptor >= 0 && descriptor >= 0 && descriptor < DESCRIPTORS) {
        if (kinds[descriptor] == TRACKED || kinds[descriptor] == SOCKET) note('X', descriptor, 0, NULL, 0);
        kinds[descriptor] = UNKNOWN;
    }
    int result = (int)syscall(SYS_close, descriptor), error = errno;
    unlock();
    errno = error;
    return result;
}

static int unlink_any(int at, const char *path, int flags) {
    char whole[PATH_MAX];
    lock();
    int result = (int)syscall(SYS_unlinkat, at, path, flags), error = errno;
    if (!result && is_below(at, path, whole)) note('U', -1, 0, whole, strlen(whole));
    unlock();
    errno = error;
    return result;
}

EXPORT int unlink(const char *path) { return unlink_any(AT_FDCWD, path, 0); }
EXPORT int unlinkat(int at, const char *path, int flags) { return unlink_any(at, path, flags); }

// Of both names together, a NUL between them.
static void note_pair(char what, int from_at, const char *from, int to_at, const char *to) {
    char names[2 * PATH_MAX];
    if (!is_below(from_at, from, names)) names[0] = 0;
    size_t first = strlen(names) + 1;
    if (!is_below(to_at, to, names + first)) names[first] = 0;
    if (names[0] || names[first]) note(what, -1, 0, names, first + strlen(names + first));
}

EXPORT int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    lock();
    int result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags), error = errno;
    if (!result) note_pair('R', from_at, from, to_at, to);
    unlock();
    errno = error;
    return result;
}

EXPORT int renameat(int from_at, const char *from, int to_at, const char *to) {
    return renameat2(from_at, from, to_at, to, 0);
}
EXPORT int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

EXPORT int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    lock();
    int result = (int)syscall(SYS_linkat, from_at, from, to_at, to, flags), error = errno;
    if (!result) note_pair('L', from_at, from, to_at, to);
    unlock();
    errno = error;
    return result;
}

EXPORT int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
