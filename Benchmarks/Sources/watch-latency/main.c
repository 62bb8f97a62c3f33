// How long a watcher waits: from a create's request to its answer, and to its event at the first and the last watcher.
// One create at a time, so that what is measured is delivery and not a queue.
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WATCHERS = 1000, LINE = 65536 };

struct line {
    int descriptor;
    size_t length;
    char bytes[LINE];
};

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "watch-latency: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static struct line *open_line(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct line *line = calloc(1, sizeof *line);
    if (!line || strlen(path) >= sizeof address.sun_path) fail(path);
    strcpy(address.sun_path, path);
    line->descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(line->descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail(path);
    return line;
}

static void say(struct line *line, const char *text) {
    size_t length = strlen(text);
    if (write(line->descriptor, text, length) != (ssize_t)length) fail("write");
}

// Reads what is there; the number of whole lines among it.
static int take_lines(struct line *line) {
    ssize_t count = read(line->descriptor, line->bytes + line->length, LINE - line->length);
    if (count <= 0) fail("the daemon hung up");
    line->length += (size_t)count;
    int lines = 0;
    char *start = line->bytes, *end;
    while ((end = memchr(start, '\n', line->length - (size_t)(start - line->bytes)))) {
        if (strstr(start, "\"error\"") && strstr(start, "\"error\"") < end) {
            errno = EPROTO;
            fail(start);
        }
        lines++;
        start = end + 1;
    }
    line->length -= (size_t)(start - line->bytes);
    memmove(line->bytes, start, line->length);
    return lines;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, double *samples, int count) {
    qsort(samples, (size_t)count, sizeof *samples, by_value);
    printf("\"%s\":{\"p50\":%.1f,\"p99\":%.1f}", name, samples[count / 2], samples[count * 99 / 100]);
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: watch-latency SOCKET WATCHERS CREATES\n");
        return 64;
    }
    int watchers = atoi(arguments[2]), creates = atoi(arguments[3]);
    if (watchers < 1 || watchers > MOST_WATCHERS || creates < 1) return 64;
    static struct line *lines[MOST_WATCHERS + 1];
    static struct pollfd polled[MOST_WATCHERS + 1];
    double *answered = calloc((size_t)creates, sizeof *answered), *first = calloc((size_t)creates, sizeof *first),
           *last = calloc((size_t)creates, sizeof *last);
    for (int i = 0; i <= watchers; i++) {
        lines[i] = open_line(arguments[1]);
        polled[i] = (struct pollfd){.fd = lines[i]->descriptor, .events = POLLIN};
        if (i == 0) continue;
        say(lines[i], "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\"}\n");
        while (take_lines(lines[i]) == 0) {}
    }
    for (int round = 0; round < creates; round++) {
        char request[256];
        snprintf(request, sizeof request,
            "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"createProject\",\"params\":{\"userId\":\"user-%d\",\"credits\":1}}\n",
            round, round % 100);
        double start = now_us();
        int missing = watchers + 1, seen = 0;
        say(lines[0], request);
        while (missing > 0) {
            if (poll(polled, (nfds_t)watchers + 1, 10000) <= 0) fail("an event did not come");
            for (int i = 0; i <= watchers; i++) {
                if (!polled[i].revents || take_lines(lines[i]) == 0) continue;
                missing--;
                double took = now_us() - start;
                if (i == 0) {
                    answered[round] = took;
                } else {
                    if (seen++ == 0) first[round] = took;
                    last[round] = took;
                }
            }
        }
    }
    printf("{");
    print("answer", answered, creates);
    printf(",");
    print("first", first, creates);
    printf(",");
    print("last", last, creates);
    printf("}\n");
    return 0;
}
