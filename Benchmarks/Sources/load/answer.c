#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_result(struct load *load, int kind, uint64_t id, const char *line, size_t length) {
    char start[80];
    int count = snprintf(
        start, sizeof start, "{\"jsonrpc\":\"2.0\",\"id\":%llu,%s", (unsigned long long)id,
        load->settings.echo ? "\"method\":" : "\"result\":");
    if (length < (size_t)count || memcmp(line, start, (size_t)count)) return false;
    const char *must = load->kinds[kind].must;
    return !must || memmem(line, length, must, strlen(must));
}

void take_answer(
    struct load *load, int kind, uint64_t id, const char *line, size_t length, uint64_t latency, bool timed) {
    if (!is_result(load, kind, id, line, length)) {
        if (!load->errors++) snprintf(load->first_error, sizeof load->first_error, "%.*s", (int)length, line);
        return;
    }
    if (load->saved.capacity && load->saved.count < load->saved.capacity) {
        static const char name[] = "\"projectId\":\"";
        const char *found = memmem(line, length, name, sizeof name - 1);
        if (found) memcpy(load->saved.text + load->saved.count++ * 36, found + sizeof name - 1, 36);
    }
    struct kind *of = &load->kinds[kind];
    if (!timed) return;
    of->answers++;
    if (of->count < of->capacity) of->latencies[of->count++] = latency < UINT32_MAX ? (uint32_t)latency : UINT32_MAX;
}

static int compare(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/// The smallest latency that so many of a hundred do not exceed, in µs.
static double percentile(const struct kind *kind, int percent) {
    if (!kind->count) return 0;
    size_t rank = (kind->count * (size_t)percent + 99) / 100;
    return kind->latencies[rank - 1] / 1000.0;
}

void report(struct load *load) {
    size_t all = 0;
    for (int index = 0; index < load->kind_count; index++) all += load->kinds[index].answers;
    printf(
        "{\"seconds\":%.4f,\"answers\":%zu,\"perSecond\":%.1f,\"requests\":[", load->elapsed, all,
        (double)all / load->elapsed);
    for (int index = 0; index < load->kind_count; index++) {
        struct kind *kind = &load->kinds[index];
        qsort(kind->latencies, kind->count, sizeof *kind->latencies, compare);
        printf(
            "%s{\"name\":\"%s\",\"answers\":%zu,\"perSecond\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f}",
            index ? "," : "", kind->name, kind->answers, (double)kind->answers / load->elapsed, percentile(kind, 50),
            percentile(kind, 99), percentile(kind, 100));
    }
    printf("],\"errors\":%llu}\n", (unsigned long long)load->errors);
    if (load->errors)
        fprintf(
            stderr, "load: %llu answers were not what they must be, the first: %s\n", (unsigned long long)load->errors,
            load->first_error);
}
