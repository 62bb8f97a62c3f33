// Files, locks and replies: the calls of the daemon and those of SQLite.
#include "saboteur.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int acts_on(const char *act, int file) {
    if (!has(act)) return 0;
    int error = errno;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 2);
    if (length < 0) return 0;
    memcpy(path + length, "$", 2); // for targets that end so
    int does = acting(act, path) != 0;
    errno = error;
    return does;
}

// MARK: Syncs

static void *sync_late(void *argument) {
    usleep(30000);
    NEXT(fdatasync)((int)(long)argument);
    return 0;
}

static int sabotaged(int (*real)(int), int file) {
    if (acts_on("no-sync", file)) return 0;
    if (acts_on("late-sync", file)) {
        pthread_t thread;
        if (pthread_create(&thread, 0, sync_late, (void *)(long)file) == 0) pthread_detach(thread);
        return 0;
    }
    int result = real(file);
    if (result != 0 && acts_on("hide-error", file)) return 0;
    return result;
}

int fsync(int file) { return sabotaged(NEXT(fsync), file); }
int fdatasync(int file) { return sabotaged(NEXT(fdatasync), file); }

// MARK: Writes. The daemon says pwrite, SQLite says pwrite64.

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    if (acts_on("no-rewrite", file)) return (ssize_t)count;
    if (acts_on("zero-rewrite", file)) {
        void *zeros = calloc(1, count);
        ssize_t result = zeros ? NEXT(pwrite)(file, zeros, count, offset) : -1;
        free(zeros);
        return result;
    }
    return NEXT(pwrite)(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    if (count < 512 || !acts_on("flip-bit", file)) return NEXT(pwrite64)(file, bytes, count, offset);
    unsigned char *copy = malloc(count);
    if (!copy) return NEXT(pwrite64)(file, bytes, count, offset);
    memcpy(copy, bytes, count);
    copy[count - 10] ^= 4;
    ssize_t result = NEXT(pwrite64)(file, copy, count, offset);
    free(copy);
    return result;
}

int flock(int file, int operation) {
    if (acts_on("no-lock", file)) return 0;
    return NEXT(flock)(file, operation);
}

// MARK: Replies

static int is_reply(int file, const char *start, size_t count) {
    struct stat status;
    return count > 1 && *start == '{' && fstat(file, &status) == 0 && S_ISSOCK(status.st_mode);
}

ssize_t write(int file, const void *bytes, size_t count) {
    if (rule_count && is_reply(file, bytes, count)) {
        if (acting("drop-reply", "")) return (ssize_t)count;
        if (acting("twice-reply", "")) (void)!NEXT(write)(file, bytes, count);
    }
    return NEXT(write)(file, bytes, count);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (rule_count && count > 0 && is_reply(file, parts->iov_base, parts->iov_len)) {
        ssize_t all = 0;
        for (int i = 0; i < count; i++) all += (ssize_t)parts[i].iov_len;
        if (acting("drop-reply", "")) return all;
        if (acting("twice-reply", "")) (void)!NEXT(writev)(file, parts, count);
    }
    return NEXT(writev)(file, parts, count);
}
