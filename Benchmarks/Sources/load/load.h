// A load generator for line protocols over a Unix socket: one thread, epoll, all memory taken before the clock starts.
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_KINDS = 4, MAX_DEPTH = 256, MAX_LINE = 2048 };

/// One kind of request: a template, how often it is sent, and what every answer to it must contain.
struct kind {
    const char *name, *text, *must;
    int weight;
    size_t answers;
    uint32_t *latencies;  // nanoseconds; of the first answers, when there are more than fit
    size_t count, capacity;
};

struct settings {
    const char *socket, *ids_file, *save_ids_file;
    int connections, depth, users;
    double seconds, warm_up;
    uint64_t limit;  // requests; 0: until the time is over
    uint64_t seed;
    bool echo;  // the peer sends back what it got
};

/// 36 characters each, without end marks.
struct ids {
    char *text;
    size_t count, capacity, next;
};

struct load {
    struct settings settings;
    struct kind kinds[MAX_KINDS];
    int kind_count, weight_sum;
    struct ids ids, saved;
    uint64_t random;
    uint64_t sequence;  // id of the last request made
    uint64_t errors;
    char first_error[MAX_LINE];
    double elapsed;
};

uint64_t now_ns(void);
uint64_t next_random(struct load *load);
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *allocate(size_t size);

/// Writes the next request, with its LF, and says of which kind it is. 0: no project is left that it could name.
size_t make_request(struct load *load, char *line, uint64_t id, int *kind);
void load_ids(struct ids *ids, const char *file);
void save_ids(const struct ids *ids, const char *file);

/// Counts the answer, or its error. `timed`: it belongs to the measured window.
void take_answer(
    struct load *load, int kind, uint64_t id, const char *line, size_t length, uint64_t latency, bool timed);
void report(struct load *load);

void run(struct load *load);

#endif
