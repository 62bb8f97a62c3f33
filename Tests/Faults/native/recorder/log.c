// The log, and which descriptors count.
#include "recorder.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

struct record {
    char what;
    int32_t descriptor;
    uint64_t offset;
    uint32_t length;
} __attribute__((packed));

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
unsigned char kinds[DESCRIPTORS];
char names[DESCRIPTORS][16];
int log_descriptor = -1;
char folder[PATH_MAX];
size_t folder_length;

void lock(void) { pthread_mutex_lock(&mutex); }
void unlock(void) { pthread_mutex_unlock(&mutex); }

void give_up(const char *why) {
    dprintf(2, "recorder: %s\n", why);
    _exit(99);
}

void note_all(char what, int descriptor, uint64_t offset, const struct iovec *parts, int count, size_t length) {
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

void note(char what, int descriptor, uint64_t offset, const void *bytes, size_t length) {
    struct iovec part = {(void *)bytes, length};
    note_all(what, descriptor, offset, &part, 1, length);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("RECORDER_LOG"), *below = getenv("RECORDER_FOLDER");
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
    note('P', getpid(), 0, NULL, 0);
}

enum kind kind(int descriptor) {
    if (log_descriptor < 0 || descriptor < 0 || descriptor >= DESCRIPTORS) return OTHER;
    if (kinds[descriptor] == UNKNOWN) {
        struct stat status;
        kinds[descriptor] = !fstat(descriptor, &status) && S_ISSOCK(status.st_mode) ? SOCKET : OTHER;
    }
    return kinds[descriptor];
}
