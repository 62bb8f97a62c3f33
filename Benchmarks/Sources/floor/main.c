#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: floor DATABASE create|failed|status|balance|page|deep|stats [--batch N] [--seconds S] [--warm-up S]\n"
    "             [--count N] [--users N] [--seed N]\n"
    "       floor DATABASE seed --count N --of-one-user N [--users N]\n"
    "So many requests a transaction. `failed` fails what waits; `deep` is the 1000th page, or the last one.\n";

enum { MAX_BATCHES = 4000000 };

struct settings {
    const char *path, *what;
    int batch, users;
    double seconds, warm_up;
    int64_t count, of_one_user;
    uint64_t seed;
};

static struct settings read_arguments(int count, char **arguments) {
    if (count < 3) fail("%s", usage);
    struct settings settings = {arguments[1], arguments[2], 1, 1000, 1, 0, 0, 0, 1};
    for (int index = 3; index + 1 < count; index += 2) {
        const char *name = arguments[index], *value = arguments[index + 1];
        if (!strcmp(name, "--batch")) settings.batch = atoi(value);
        else if (!strcmp(name, "--users")) settings.users = atoi(value);
        else if (!strcmp(name, "--seconds")) settings.seconds = atof(value);
        else if (!strcmp(name, "--warm-up")) settings.warm_up = atof(value);
        else if (!strcmp(name, "--count")) settings.count = atoll(value);
        else if (!strcmp(name, "--of-one-user")) settings.of_one_user = atoll(value);
        else if (!strcmp(name, "--seed")) settings.seed = strtoull(value, NULL, 10);
        else fail("%s is no option\n%s", name, usage);
    }
    if (settings.batch < 1 || settings.users < 1) fail("%s", usage);
    return settings;
}

static void find_deep_cursor(struct floor *floor) {
    // Before the 1000th page of 50 stand 49 950 projects; of fewer, the last page.
    sqlite3_stmt *find = prepare(
        &floor->database,
        "WITH own AS MATERIALIZED (SELECT row, id FROM project WHERE account = (SELECT id FROM account WHERE userId = ?1)) "
        "SELECT id FROM own ORDER BY row DESC LIMIT 1 OFFSET min(49949, (SELECT count(*) FROM own) - 51)");
    sqlite3_bind_text(find, 1, floor->page_user, -1, SQLITE_STATIC);
    if (sqlite3_step(find) != SQLITE_ROW) fail("%s has too few projects", floor->page_user);
    memcpy(floor->cursor, sqlite3_column_blob(find, 0), 16);
    sqlite3_finalize(find);
}

static int compare(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/// One transaction. Returns its requests; fewer than a batch when nothing is left to do.
static int run_batch(struct floor *floor, const struct request *request, int batch) {
    int done = 0;
    run_statement(&floor->database, floor->begin);
    while (done < batch) {
        if (request->writes) run_statement(&floor->database, floor->savepoint);
        bool is_there = request->run(floor);
        if (request->writes) run_statement(&floor->database, floor->release);
        if (!is_there) break;
        done++;
    }
    if (request->writes) query_integer(&floor->database, floor->page_count);
    run_statement(&floor->database, floor->commit);
    checkpoint_if_due(&floor->database);
    return done;
}

static void measure(struct floor *floor, const struct request *request, const struct settings *settings) {
    uint32_t *latencies = malloc(MAX_BATCHES * sizeof *latencies);
    size_t batches = 0;
    int64_t requests = 0, all = 0;
    uint64_t start = now_ns(), from = start + (uint64_t)(settings->warm_up * 1e9);
    uint64_t end = settings->count ? UINT64_MAX : from + (uint64_t)(settings->seconds * 1e9);
    uint64_t last = start;
    while (last < end && batches < MAX_BATCHES && (!settings->count || all < settings->count)) {
        uint64_t before = last;
        int done = run_batch(floor, request, settings->batch);
        last = now_ns();
        all += done;
        if (before < from) {
            if (last >= from) from = last;
        } else {
            requests += done;
            latencies[batches++] = (uint32_t)(last - before);
        }
        if (done < settings->batch) break;
    }
    if (!batches) fail("nothing was done within the measured time");
    double elapsed = (double)(last - from) / 1e9;
    qsort(latencies, batches, sizeof *latencies, compare);
    printf(
        "{\"seconds\":%.4f,\"answers\":%lld,\"perSecond\":%.1f,\"p50\":%.1f,\"p99\":%.1f}\n", elapsed,
        (long long)requests, (double)requests / elapsed, latencies[batches / 2] / 1000.0,
        latencies[(batches * 99 - 1) / 100] / 1000.0);
}

int main(int count, char **arguments) {
    struct settings settings = read_arguments(count, arguments);
    struct floor floor = {
        .users = settings.users, .random = 88172645463325252u ^ settings.seed << 17, .page_user = "heavy"};
    bool seeds = !strcmp(settings.what, "seed");
    const struct request *request = seeds ? NULL : find_request(settings.what);
    open_database(&floor.database, settings.path, seeds || request->writes);
    prepare_requests(&floor, seeds || request->writes);
    if (seeds) {
        seed(&floor, settings.count, settings.of_one_user);
        return 0;
    }
    if (!strcmp(settings.what, "failed")) load_ids(&floor, "WHERE status = 'pending' AND startTimeout IS NULL");
    if (!strcmp(settings.what, "status")) load_ids(&floor, "");
    if (!strcmp(settings.what, "deep")) find_deep_cursor(&floor);
    measure(&floor, request, &settings);
}
