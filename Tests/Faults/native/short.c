/* Preloaded: one write, or one read, of the state folder is carried out by half, as the kernel may do at any time.
   strace cannot do that: what it injects is not carried out at all.

   SHORT_CALL   write or read
   SHORT_INDEX  which one of the process it is, from 1
   SHORT_ERROR  the errno of the call after it, on the same file; 0: that one is carried out
   SHORT_FOLDER only files in it count
   SHORT_MARK   a file that is made when it has happened */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef ssize_t (*reading)(int, void *, size_t, off64_t);
typedef ssize_t (*writing)(int, const void *, size_t, off64_t);

static reading real_read;
static writing real_write;
static const char *call = "", *folder = "", *mark = "";
static long wanted;
static int error;
static atomic_long count;
static atomic_int failing = -1;

__attribute__((constructor)) static void prepare(void) {
    real_read = (reading)dlsym(RTLD_NEXT, "pread64");
    real_write = (writing)dlsym(RTLD_NEXT, "pwrite64");
    if (!getenv("SHORT_CALL") || !getenv("SHORT_INDEX") || !getenv("SHORT_FOLDER") || !getenv("SHORT_MARK")) return;
    call = getenv("SHORT_CALL");
    folder = getenv("SHORT_FOLDER");
    mark = getenv("SHORT_MARK");
    wanted = atol(getenv("SHORT_INDEX"));
    error = getenv("SHORT_ERROR") ? atoi(getenv("SHORT_ERROR")) : 0;
}

static bool is_ours(int descriptor) {
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return false;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* The bytes to ask for; -1: fail with `errno`. */
static ssize_t share(const char *name, int descriptor, size_t size) {
    if (strcmp(name, call) != 0) return (ssize_t)size;
    int expected = descriptor;
    if (atomic_load(&failing) == descriptor && atomic_compare_exchange_strong(&failing, &expected, -1)) {
        errno = error;
        return -1;
    }
    if (size < 2 || !is_ours(descriptor) || atomic_fetch_add(&count, 1) + 1 != wanted) return (ssize_t)size;
    int made = open(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (made >= 0) close(made);
    if (error) atomic_store(&failing, descriptor);
    return (ssize_t)(size / 2);
}

ssize_t pread64(int descriptor, void *buffer, size_t size, off64_t offset) {
    ssize_t part = share("read", descriptor, size);
    return part < 0 ? -1 : real_read(descriptor, buffer, (size_t)part, offset);
}

ssize_t pwrite64(int descriptor, const void *buffer, size_t size, off64_t offset) {
    ssize_t part = share("write", descriptor, size);
    return part < 0 ? -1 : real_write(descriptor, buffer, (size_t)part, offset);
}

ssize_t pread(int descriptor, void *buffer, size_t size, off_t offset) {
    return pread64(descriptor, buffer, size, offset);
}

ssize_t pwrite(int descriptor, const void *buffer, size_t size, off_t offset) {
    return pwrite64(descriptor, buffer, size, offset);
}
