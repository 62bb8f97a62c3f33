// Sends each line back: what a request costs a server that does nothing but read and write. One thread, epoll.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1 << 16 };

struct connection {
    int descriptor;
    size_t filled;
    char buffer[BUFFER_SIZE];
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int open_listener(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) fail("line-echo: the path is too long");
    strcpy(address.sun_path, path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024))
        fail("line-echo");
    return listener;
}

static void accept_one(int queue, int listener) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    struct connection *connection = malloc(sizeof *connection);
    if (descriptor < 0 || !connection) fail("line-echo: accept");
    connection->descriptor = descriptor;
    connection->filled = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(queue, EPOLL_CTL_ADD, descriptor, &event)) fail("line-echo: epoll_ctl");
}

static int echo(struct connection *connection) {
    char *buffer = connection->buffer;
    ssize_t count = recv(connection->descriptor, buffer + connection->filled, BUFFER_SIZE - connection->filled, 0);
    if (count <= 0) return 0;
    connection->filled += (size_t)count;
    char *last = memrchr(buffer, '\n', connection->filled);
    if (!last) return connection->filled < BUFFER_SIZE;
    size_t length = (size_t)(last - buffer) + 1;
    for (size_t sent = 0; sent < length;) {
        count = send(connection->descriptor, buffer + sent, length - sent, MSG_NOSIGNAL);
        if (count <= 0) return 0;
        sent += (size_t)count;
    }
    connection->filled -= length;
    memmove(buffer, last + 1, connection->filled);
    return 1;
}

int main(int count, char **arguments) {
    if (count != 2) {
        fputs("usage: line-echo SOCKET\n", stderr);
        return 64;
    }
    int listener = open_listener(arguments[1]);
    int queue = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (queue < 0 || epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event)) fail("line-echo: epoll");
    struct epoll_event events[64];
    for (;;) {
        int ready = epoll_wait(queue, events, 64, -1);
        if (ready < 0 && errno != EINTR) fail("line-echo: epoll_wait");
        for (int index = 0; index < ready; index++) {
            struct connection *connection = events[index].data.ptr;
            if (!connection) {
                accept_one(queue, listener);
            } else if (!echo(connection)) {
                close(connection->descriptor);
                free(connection);
            }
        }
    }
}
