/* What a hostile or broken caller does, paced, so that it is the daemon that is measured and not the lack of a core.
 *
 * abuser SOCKET UID KIND COUNT     UID 0 changes nothing. Prints "ready" when its COUNT connections stand; ends when it is
 * killed, or its parent has gone. Exit code 1: the daemon did something that it should not. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int count;
static int *peers;

static void die(const char *what) {
    fprintf(stderr, "abuser: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void nap(long microseconds) {
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static void ready(void) {
    puts("ready");
    fflush(stdout);
}

/* -1: the daemon's queue is full, or it cannot be reached now. Who waits for it for a minute, here or later, dies. */
static int try_connect(int flags) {
    static const struct timeval patience = {.tv_sec = 60};
    int peer = socket(AF_UNIX, SOCK_STREAM | flags, 0);
    if (peer < 0) die("socket");
    setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(peer, (struct sockaddr *)&address, sizeof address) == 0) return peer;
    close(peer);
    return -1;
}

static int must_connect(void) {
    int peer = try_connect(0);
    if (peer < 0) die("connect");
    return peer;
}

static void say(int peer, const void *bytes, size_t size) {
    for (const char *at = bytes; size > 0;) {
        ssize_t sent = send(peer, at, size, MSG_NOSIGNAL);
        if (sent < 0) die("send");
        at += sent;
        size -= sent;
    }
}

/* One answer, which must be short and hold these words. */
static void await(int peer, const char *words) {
    char answer[4096];
    size_t size = 0;
    do {
        ssize_t got = recv(peer, answer + size, sizeof answer - 1 - size, 0);
        if (got <= 0) die("no answer");
        size += got;
    } while (answer[size - 1] != '\n');
    answer[size] = 0;
    if (strstr(answer, words)) return;
    fprintf(stderr, "abuser: %s was due, not %s", words, answer);
    exit(1);
}

static void connect_all(void) {
    peers = calloc(count, sizeof *peers);
    for (int n = 0; n < count; n++) peers[n] = must_connect();
}

static void stay_open(int peer) {
    char byte;
    if (recv(peer, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN) die("a slow client was answered or closed");
}

/* Each a byte a second of a line that never ends. */
static void drip(void) {
    static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"";
    int parts = count < 20 ? 1 : count / 20; /* of a second: they do not all speak at once */
    connect_all();
    ready();
    for (long second = 0;; second++)
        for (int part = 0; part < parts; part++) {
            for (int n = part; n < count; n += parts) {
                say(peers[n], second < (long)sizeof line - 1 ? line + second : "x", 1);
                if (second % 4 == 3) stay_open(peers[n]);
            }
            nap(1000000 / parts);
        }
}

/* Ask for much and take nothing. Its parent stops it (SIGSTOP) once it is ready. */
static void deaf(void) {
    static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n";
    connect_all();
    for (int n = 0; n < count; n++)
        for (int asked = 0; asked < 400; asked++)
            if (send(peers[n], ask, sizeof ask - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    ready();
    for (;;) pause();
}

/* One line of a GiB, again and again, at 256 MiB a second. */
static void flood(void) {
    enum { chunk = 65536 };
    char *bytes = malloc(chunk);
    memset(bytes, 'x', chunk);
    connect_all();
    ready();
    for (;;) {
        for (int sent = 0; sent < (1 << 30) / chunk; sent++) {
            for (int n = 0; n < count; n++) say(peers[n], bytes, chunk);
            if (sent % 16 == 15) nap(3700);
        }
        for (int n = 0; n < count; n++) {
            say(peers[n], "\n", 1);
            await(peers[n], "\"code\":-32007");
        }
        puts("a GiB");
        fflush(stdout);
    }
}

/* 100 000 levels, which is refused at the 65th, closed or not. */
static void nest(void) {
    enum { depth = 100000 };
    char *line = malloc(2 * depth + 1);
    connect_all();
    ready();
    for (int turn = 0;; turn++) {
        int levels = turn % 2 ? depth : 2 * depth;
        memset(line, turn % 3 ? '[' : '{', levels);
        memset(line + levels, turn % 3 ? ']' : '}', 2 * depth - levels);
        line[2 * depth] = '\n';
        for (int n = 0; n < count; n++) {
            say(peers[n], line, 2 * depth + 1);
            await(peers[n], "\"code\":-32700");
        }
        nap(50000);
    }
}

/* Sixteen descriptors with each byte of a request. */
static void passing(void) {
    static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getBalance\",\"params\":[\"fds\"]}\n";
    int files[16];
    for (int n = 0; n < 16; n++) files[n] = n % 2 ? dup(0) : open("/dev/null", O_RDONLY);
    char control[CMSG_SPACE(sizeof files)];
    connect_all();
    ready();
    for (;;)
        for (int n = 0; n < count; n++) {
            for (size_t at = 0; at < sizeof ask - 1; at++) {
                struct iovec byte = {(void *)(ask + at), 1};
                struct msghdr message = {
                    .msg_iov = &byte, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
                struct cmsghdr *header = CMSG_FIRSTHDR(&message);
                header->cmsg_level = SOL_SOCKET;
                header->cmsg_type = SCM_RIGHTS;
                header->cmsg_len = CMSG_LEN(sizeof files);
                memcpy(CMSG_DATA(header), files, sizeof files);
                if (sendmsg(peers[n], &message, MSG_NOSIGNAL) < 0) die("sendmsg");
            }
            await(peers[n], "\"available\":");
            nap(10000);
        }
}

/* Connections that come and go, half a request said, or a whole one whose answer nobody takes. */
static void storm(void) {
    static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getBalance\",\"params\":[\"storm\"]}\n";
    ready();
    for (int turn = 0;; turn++) {
        int peer = try_connect(0);
        if (peer < 0) die("connect");
        size_t said = turn % 4 == 0 ? 0 : turn % 4 == 1 ? 10 : sizeof ask - 1;
        if (said) send(peer, ask, said, MSG_NOSIGNAL);
        if (turn % 4 == 3) shutdown(peer, SHUT_WR);
        close(peer);
        nap(1000000 / count);
    }
}

/* As many connections as there can be, and again and again one more, each kept for as long as possible. */
static void hog(void) {
    peers = calloc(count, sizeof *peers);
    for (int n = 0; n < count; n++) peers[n] = -1;
    for (int n = 0, isReady = 0;; n = (n + 1) % count) {
        if (peers[n] >= 0) {
            /* The refused ones make room for new ones; those that were admitted stay. */
            char byte;
            if (recv(peers[n], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN) continue;
            close(peers[n]);
        }
        peers[n] = try_connect(SOCK_NONBLOCK);
        if (n % 5 == 4) nap(2500);
        if (n == count - 1 && !isReady) {
            isReady = 1;
            ready();
        }
    }
}

/* Lines that are as long as a line may be, and lack their end. */
static void hoard(void) {
    enum { size = (1 << 20) - 1 };
    char *line = malloc(size);
    memset(line, ' ', size);
    line[0] = '[';
    connect_all();
    for (int n = 0; n < count; n++) say(peers[n], line, size);
    ready();
    for (;;) pause();
}

/* A batch of a thousand requests, with ids or without. The methods take turns. */
enum { calls = 1000 };
static char text[calls * 96];
static size_t length;

static void write_batch(int has_ids, const char *const *methods, int kinds) {
    length = 0;
    for (int n = 0; n < calls; n++) {
        char id[24] = "";
        if (has_ids) sprintf(id, "\"id\":%d,", n);
        length += sprintf(text + length, "%c{\"jsonrpc\":\"2.0\",%s\"method\":%s}", n ? ',' : '[', id, methods[n % kinds]);
    }
    length += sprintf(text + length, "]\n");
}

static const char *const all_reads[] = {
    "\"getMetrics\"",
    "\"getBalance\",\"params\":[\"good\"]",
    "\"listProjects\"",
    "\"rpc.discover\"",
    "\"explainProject\",\"params\":[null,\"e1\"]",
    "\"listEntries\",\"params\":[\"good\"]",
};
enum { reads = sizeof all_reads / sizeof *all_reads };

/* Asks for much and goes, all of them at once, five times a second. */
static void leave(void) {
    peers = calloc(count, sizeof *peers);
    ready();
    for (;;) {
        for (int n = 0; n < count; n++) {
            peers[n] = try_connect(0);
            if (peers[n] >= 0) send(peers[n], text, length, MSG_NOSIGNAL);
        }
        for (int n = 0; n < count; n++)
            if (peers[n] >= 0) close(peers[n]);
        nap(200000);
    }
}

/* Stays, asks for as much as is taken, and takes all that comes. The end of the daemon is none of a fault. */
static void stay(void) {
    static char answers[65536];
    connect_all();
    size_t *at = calloc(count, sizeof *at);
    struct pollfd *entries = calloc(count, sizeof *entries);
    for (int n = 0; n < count; n++) entries[n] = (struct pollfd){.fd = peers[n], .events = POLLIN | POLLOUT};
    ready();
    while (poll(entries, count, -1) > 0)
        for (int n = 0; n < count; n++) {
            if (entries[n].revents & POLLIN)
                if (recv(peers[n], answers, sizeof answers, MSG_DONTWAIT) == 0) entries[n].fd = -1;
            if (entries[n].revents & (POLLERR | POLLHUP)) entries[n].fd = -1;
            if (entries[n].fd < 0 || !(entries[n].revents & POLLOUT)) continue;
            ssize_t sent = send(peers[n], text + at[n], length - at[n], MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent > 0) at[n] = (at[n] + sent) % length;
        }
}

static void leave_points(void) {
    write_batch(1, all_reads, 1);
    leave();
}

static void leave_all(void) {
    write_batch(1, all_reads, reads);
    leave();
}

static void notify(void) {
    write_batch(0, all_reads, reads);
    stay();
}

static void ask_points(void) {
    write_batch(1, all_reads, 2);
    stay();
}

static void ask_lists(void) {
    write_batch(1, all_reads + 2, 1);
    stay();
}

static void ask_all(void) {
    write_batch(1, all_reads, reads);
    stay();
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } kinds[] = {{"drip", drip}, {"deaf", deaf},   {"flood", flood}, {"nest", nest},
                 {"fds", passing}, {"storm", storm}, {"hog", hog},     {"hoard", hoard},
                 {"leave-points", leave_points}, {"leave-all", leave_all}, {"notify", notify},
                 {"ask-points", ask_points}, {"ask-lists", ask_lists}, {"ask-all", ask_all}};
    if (argc != 5 || strlen(argv[1]) >= sizeof address.sun_path || (count = atoi(argv[4])) < 1) return 64;
    strcpy(address.sun_path, argv[1]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    /* Its parent may have come first, see patience.py. */
    sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
    errno = 0;
    if (nice(10) == -1 && errno) die("nice");
    if (atoi(argv[2]) && (setgid(atoi(argv[2])) || setuid(atoi(argv[2])))) die("setuid");
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* which setuid takes back */
    for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++)
        if (strcmp(kinds[n].name, argv[3]) == 0) kinds[n].run();
    return 64;
}
