// A library to preload: writes down, in order, what a program does to the files below one folder, and what it answers.
//
//   RECORDER_LOG     where to; it is appended to, so that the runs of one daemon make one recording
//   RECORDER_FOLDER  the folder, without links
//   RECORDER_DELAY   microseconds that a sync takes longer (for a folder in memory), so that writes gather behind it
//   RECORDER_FAULT   a file which, once it is there, holds "N SUFFIX": the N-th sync from then on of a file whose name
//                    ends so (- for any file, / for the folder itself) fails with EIO, and what was dirty stays in the page
//                    cache only. Then the file is removed.
//
// A record is `struct record` and its bytes. What each means is in parts/disk.py. The system is called directly: what other
// preloaded libraries do comes before this one or not at all.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define DESCRIPTORS 65536

struct record {
    char what;
    int32_t descriptor;
    uint64_t offset;
    uint32_t length;
} __attribute__((packed));

enum kind { UNKNOWN, TRACKED, SOCKET, OTHER };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned char kinds[DESCRIPTORS];
static char names[DESCRIPTORS][16]; // the end of a tracked file's name
static int log_descriptor = -1;
static char folder[PATH_MAX];
static size_t folder_length;
static const char *fault_path;
static long fault_number; // 0: none was read yet
static char fault_suffix[16];
static useconds_t delay;

static void lock(void) { pthread_mutex_lock(&mutex); }
static void unlock(void) { pthread_mutex_unlock(&mutex); }

// A recording with a hole would prove nothing.
static void give_up(const char *why) {
    dprintf(2, "recorder: %s\n", why);
    _exit(99);
}

static void note_all(char what, int descriptor, uint64_t offset, const struct iovec *parts, int count, size_t length) {
    struct record record = {what, descriptor, offset, (uint32_t)length};
    struct iovec all[count + 1];
    all[0] = (struct iovec){&record, sizeof record};
    int used = 1;
    for (size_t left = length; left > 0 && used <= count; used++) {
        all[used] = parts[used - 1];
        if (all[used].iov_len > left) all[used].iov_len = left;
        left -= all[used].iov_len;
    }
    if (syscall(SYS_writev, log_descriptor, all, used) != (long)(sizeof record + length)) give_up("cannot write the log");
}

static void note(char what, int descriptor, uint64_t offset, const void *bytes, size_t length) {
    struct iovec part = {(void *)bytes, length};
    note_all(what, descriptor, offset, &part, 1, length);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("RECORDER_LOG"), *below = getenv("RECORDER_FOLDER"), *wait = getenv("RECORDER_DELAY");
    if (!path || !below) return;
    int opened = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (opened < 0) give_up("cannot open the log");
    // Out of the way: the program's descriptors have the numbers that they always have.
    log_descriptor = fcntl(opened, F_DUPFD_CLOEXEC, 1000);
    syscall(SYS_close, opened);
    if (log_descriptor < 0) give_up("cannot open the log");
    folder_length = strlen(below);
    if (folder_length >= sizeof folder) give_up("the folder's name is too long");
    strcpy(folder, below);
    fault_path = getenv("RECORDER_FAULT");
    delay = wait ? (useconds_t)atoi(wait) : 0;
    note('P', getpid(), 0, NULL, 0);
}

// MARK: Names

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

static enum kind kind(int descriptor) {
    if (log_descriptor < 0 || descriptor < 0 || descriptor >= DESCRIPTORS) return OTHER;
    if (kinds[descriptor] == UNKNOWN) {
        struct stat status;
        kinds[descriptor] = !fstat(descriptor, &status) && S_ISSOCK(status.st_mode) ? SOCKET : OTHER;
    }
    return kinds[descriptor];
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

// MARK: Bytes

// Under the lock, so that the log has the order in which things happened: `offset` -1 is wherever the file stands.
static ssize_t write_any(int descriptor, const struct iovec *parts, int count, off_t offset) {
    lock();
    enum kind what = kind(descriptor);
    off_t at = offset;
    if (what == TRACKED && offset < 0) {
        at = fcntl(descriptor, F_GETFL) & O_APPEND ? lseek(descriptor, 0, SEEK_END) : lseek(descriptor, 0, SEEK_CUR);
    }
    ssize_t result;
    if (what == SOCKET || what == TRACKED) {
        result = offset < 0 ? syscall(SYS_writev, descriptor, parts, count)
                            : syscall(SYS_pwritev, descriptor, parts, count, offset, 0);
        int error = errno;
        if (result > 0) {
            if (what == TRACKED) note_all('W', descriptor, at, parts, count, result);
            else note_all('A', descriptor, 0, parts, count, result);
        }
        errno = error;
        unlock();
        return result;
    }
    unlock();  // It may block, and nobody asks for it.
    return offset < 0 ? syscall(SYS_writev, descriptor, parts, count)
                      : syscall(SYS_pwritev, descriptor, parts, count, offset, 0);
}

static ssize_t write_one(int descriptor, const void *bytes, size_t length, off_t offset) {
    struct iovec part = {(void *)bytes, length};
    return write_any(descriptor, &part, 1, offset);
}

EXPORT ssize_t write(int descriptor, const void *bytes, size_t length) {
    return write_one(descriptor, bytes, length, -1);
}
EXPORT ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    return write_any(descriptor, parts, count, -1);
}
EXPORT ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    return write_one(descriptor, bytes, length, offset);
}
EXPORT ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset) {
    return write_one(descriptor, bytes, length, offset);
}
EXPORT ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    return write_any(descriptor, parts, count, offset);
}
EXPORT ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
    return write_any(descriptor, parts, count, offset);
}

static ssize_t send_any(int descriptor, const struct msghdr *message, int flags) {
    lock();
    ssize_t result = syscall(SYS_sendmsg, descriptor, message, flags);
    int error = errno;
    if (result > 0 && kind(descriptor) == SOCKET) {
        note_all('A', descriptor, 0, message->msg_iov, (int)message->msg_iovlen, result);
    }
    unlock();
    errno = error;
    return result;
}

EXPORT ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    return send_any(descriptor, message, flags);
}
EXPORT ssize_t sendto(
    int descriptor, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t to_length
) {
    struct iovec part = {(void *)bytes, length};
    struct msghdr message = {.msg_name = (void *)to, .msg_namelen = to_length, .msg_iov = &part, .msg_iovlen = 1};
    return send_any(descriptor, &message, flags);
}
EXPORT ssize_t send(int descriptor, const void *bytes, size_t length, int flags) {
    return sendto(descriptor, bytes, length, flags, NULL, 0);
}

EXPORT int ftruncate(int descriptor, off_t size) {
    lock();
    int result = (int)syscall(SYS_ftruncate, descriptor, size), error = errno;
    if (!result && kind(descriptor) == TRACKED) note('T', descriptor, size, NULL, 0);
    unlock();
    errno = error;
    return result;
}
EXPORT int ftruncate64(int descriptor, off64_t size) { return ftruncate(descriptor, size); }

// As an error of the call and not in errno.
static int allocate(int descriptor, int mode, off_t offset, off_t length) {
    lock();
    int error = syscall(SYS_fallocate, descriptor, mode, offset, length) ? errno : 0;
    if (!error && kind(descriptor) == TRACKED) {
        if (mode & ~FALLOC_FL_KEEP_SIZE) give_up("a hole was punched, which is not recorded");
        if (!mode) note('G', descriptor, offset + length, NULL, 0);
    }
    unlock();
    return error;
}

EXPORT int posix_fallocate(int descriptor, off_t offset, off_t length) { return allocate(descriptor, 0, offset, length); }
EXPORT int posix_fallocate64(int descriptor, off64_t offset, off64_t length) {
    return allocate(descriptor, 0, offset, length);
}
EXPORT int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    int error = allocate(descriptor, mode, offset, length);
    if (error) errno = error;
    return error ? -1 : 0;
}

static void *map(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    int is_shared = (flags & MAP_TYPE) == MAP_SHARED || (flags & MAP_TYPE) == MAP_SHARED_VALIDATE;
    if (is_shared && protection & PROT_WRITE && descriptor >= 0 && descriptor < DESCRIPTORS &&
        kinds[descriptor] == TRACKED) {
        give_up("a file is written through memory, which is not recorded");
    }
    return (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    return map(address, length, protection, flags, descriptor, offset);
}
EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int descriptor, off64_t offset) {
    return map(address, length, protection, flags, descriptor, offset);
}

// MARK: Syncs

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
