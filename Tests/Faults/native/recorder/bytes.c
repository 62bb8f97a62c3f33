// Bytes: what is written into files, and what is answered.
#include "recorder.h"

#include <sys/mman.h>
#include <sys/socket.h>

// `offset` -1 is wherever the file stands.
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
