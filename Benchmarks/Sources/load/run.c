#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { INPUT_SIZE = 1 << 18, OUTPUT_SIZE = MAX_DEPTH * MAX_LINE };

/// What was sent and is not answered yet, oldest first: answers come in the order of the requests.
struct connection {
    int descriptor;
    unsigned first, waiting;
    struct {
        uint64_t id, sent;
        int kind;
    } requests[MAX_DEPTH];
    size_t filled;
    char input[INPUT_SIZE];
};

struct clockwork {
    uint64_t start, measured_from, end;
    uint64_t last_answer;
    bool is_over;  // no more requests are made
    uint64_t unanswered;
    char *output;
};

static int open_connection(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) fail("%s is too long for a socket", path);
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address))
        fail("%s: %s", path, strerror(errno));
    return descriptor;
}

/// Sends as many requests as `depth` allows, by one write. Blocking: what is unanswered fits into a socket's buffer.
static void send_requests(struct load *load, struct clockwork *clock, struct connection *connection, uint64_t now) {
    size_t length = 0;
    while (!clock->is_over && connection->waiting < (unsigned)load->settings.depth) {
        if ((load->settings.limit && load->sequence == load->settings.limit) || now >= clock->end) {
            clock->is_over = true;
            break;
        }
        int kind;
        size_t count = make_request(load, clock->output + length, load->sequence + 1, &kind);
        if (!count) {
            clock->is_over = true;
            break;
        }
        unsigned slot = (connection->first + connection->waiting++) % MAX_DEPTH;
        connection->requests[slot].id = ++load->sequence;
        connection->requests[slot].sent = now;
        connection->requests[slot].kind = kind;
        length += count;
        clock->unanswered++;
    }
    for (size_t sent = 0; sent < length;) {
        ssize_t count = send(connection->descriptor, clock->output + sent, length - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("send: %s", strerror(errno));
        sent += (size_t)count;
    }
}

static void receive(struct load *load, struct clockwork *clock, struct connection *connection) {
    ssize_t count =
        recv(connection->descriptor, connection->input + connection->filled, INPUT_SIZE - connection->filled, 0);
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) fail("the peer closed a connection with %u answers outstanding", connection->waiting);
    uint64_t now = now_ns();
    connection->filled += (size_t)count;
    char *line = connection->input, *end = connection->input + connection->filled, *stop;
    while ((stop = memchr(line, '\n', (size_t)(end - line)))) {
        if (!connection->waiting) fail("an answer that nobody asked for: %.*s", (int)(stop - line), line);
        unsigned slot = connection->first;
        bool timed = now >= clock->measured_from && now <= clock->end;
        take_answer(
            load, connection->requests[slot].kind, connection->requests[slot].id, line, (size_t)(stop - line),
            now - connection->requests[slot].sent, timed);
        if (timed) clock->last_answer = now;
        connection->first = (slot + 1) % MAX_DEPTH;
        connection->waiting--;
        clock->unanswered--;
        line = stop + 1;
    }
    connection->filled = (size_t)(end - line);
    if (connection->filled == INPUT_SIZE) fail("an answer is longer than %d bytes", INPUT_SIZE);
    memmove(connection->input, line, connection->filled);
    send_requests(load, clock, connection, now);
}

void run(struct load *load) {
    const struct settings *settings = &load->settings;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int queue = epoll_create1(EPOLL_CLOEXEC);
    struct connection *connections = allocate((size_t)settings->connections * sizeof *connections);
    struct clockwork clock = {.output = allocate(OUTPUT_SIZE)};
    for (int index = 0; index < settings->connections; index++) {
        struct connection *connection = &connections[index];
        connection->descriptor = open_connection(settings->socket);
        connection->first = connection->waiting = 0;
        connection->filled = 0;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        if (epoll_ctl(queue, EPOLL_CTL_ADD, connection->descriptor, &event)) fail("epoll_ctl: %s", strerror(errno));
    }

    clock.start = now_ns();
    clock.measured_from = clock.start + (uint64_t)(settings->warm_up * 1e9);
    clock.end = settings->limit ? UINT64_MAX : clock.measured_from + (uint64_t)(settings->seconds * 1e9);
    for (int index = 0; index < settings->connections; index++)
        send_requests(load, &clock, &connections[index], clock.start);
    struct epoll_event events[64];
    while (clock.unanswered) {
        int ready = epoll_wait(queue, events, 64, 30000);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) fail("no answer for 30 s");
        for (int index = 0; index < ready; index++) receive(load, &clock, events[index].data.ptr);
    }
    // The window ends early when the requests did.
    uint64_t window_end = now_ns() < clock.end ? clock.last_answer : clock.end;
    load->elapsed = (double)(window_end - clock.measured_from) / 1e9;
    if (window_end <= clock.measured_from) fail("nothing was answered within the measured time");
}
