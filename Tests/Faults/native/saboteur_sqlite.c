// SQLite as the daemon calls it.
#include "saboteur.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// What SQLite runs for sqlite3_exec, or for itself, is not the daemon's.
static __thread int inside;

// MARK: Texts

// The text with all the rules' changes, to be freed; null: none has any.
static char *rewritten(const char *text) {
    char *now = 0;
    for (size_t i = 0; i < rule_count; i++) {
        const char *before = now ? now : text;
        struct rule *rule = &rules[i];
        const char *place = strcmp(rule->act, "rewrite") ? 0 : strstr(before, rule->target);
        if (!place || (rule->whole && strcmp(before, rule->target))) continue;
        size_t size = strlen(before) + strlen(rule->with) + 1;
        char *after = malloc(size);
        if (!after) abort();
        snprintf(after, size, "%.*s%s%s", (int)(place - before), before, rule->with, place + strlen(rule->target));
        __atomic_add_fetch(rule->hits, 1, __ATOMIC_RELAXED);
        free(now);
        now = after;
    }
    return now;
}

int sqlite3_prepare_v3(
    sqlite3 *connection, const char *text, int size, unsigned flags, sqlite3_stmt **statement, const char **tail) {
    char *other = inside ? 0 : rewritten(text);
    int code = NEXT(sqlite3_prepare_v3)(connection, other ? other : text, size, flags, statement, tail);
    free(other);
    return code;
}

static int run(sqlite3 *connection, const char *text) {
    inside++;
    int code = NEXT(sqlite3_exec)(connection, text, 0, 0, 0);
    inside--;
    return code;
}

int sqlite3_exec(
    sqlite3 *connection, const char *text, int (*callback)(void *, int, char **, char **), void *context,
    char **error) {
    char *other = inside ? 0 : rewritten(text);
    inside++;
    int code = NEXT(sqlite3_exec)(connection, other ? other : text, callback, context, error);
    inside--;
    free(other);
    return code;
}

// MARK: Steps

// What the request has asked for so far, by statement.
static __thread sqlite3_stmt *asked[64];
static __thread size_t asked_count;
// The row that is told wrongly, and how.
static __thread sqlite3_stmt *wrong_row;
static __thread struct rule *wrong;

static int is_first(sqlite3_stmt *statement) {
    for (size_t i = 0; i < asked_count; i++)
        if (asked[i] == statement) return 0;
    if (asked_count < sizeof asked / sizeof *asked) asked[asked_count++] = statement;
    return 1;
}

// Whether the request is of the kind that also asks for what the rule's second line says, if there is one.
static int is_meant(void) {
    for (size_t rule = 0; rule < rule_count; rule++) {
        const char *other = strcmp(rules[rule].act, "column") ? 0 : strchr(rules[rule].with, '\n');
        int has_asked = !other;
        for (size_t i = 0; i < asked_count && !has_asked; i++)
            has_asked = strstr(sqlite3_sql(asked[i]), other + 1) != 0;
        if (!has_asked) return 0;
    }
    return 1;
}

// A rule for "writer" statements leaves the readers' alone, and the other way round.
static struct rule *acting_on(const char *act, sqlite3_stmt *statement, const char *text) {
    if (!has(act)) return 0;
    char name[512];
    int is_reader = sqlite3_db_readonly(sqlite3_db_handle(statement), "main") == 1;
    snprintf(name, sizeof name, "%s: %.480s", is_reader ? "reader" : "writer", text);
    struct rule *rule = acting(act, name);
    return rule ? rule : acting(act, text);
}

int sqlite3_step(sqlite3_stmt *statement) {
    const char *text = inside || !rule_count ? 0 : sqlite3_sql(statement);
    if (!text) return NEXT(sqlite3_step)(statement);
    sqlite3 *connection = sqlite3_db_handle(statement);
    struct rule *rule;
    if ((rule = acting_on("before", statement, text))) run(connection, rule->with);
    if (acting_on("skip", statement, text)) return SQLITE_DONE;
    if ((rule = acting_on("instead", statement, text)))
        return run(connection, rule->with) == SQLITE_OK ? SQLITE_DONE : SQLITE_ERROR;
    inside++;
    int code = NEXT(sqlite3_step)(statement);
    inside--;
    if (!strncmp(text, "SAVEPOINT", 9)) asked_count = 0;
    if (statement == wrong_row) wrong_row = 0;
    if (has("column") && is_first(statement) && code == SQLITE_ROW && is_meant()
        && (wrong = acting_on("column", statement, text)))
        wrong_row = statement;
    if ((code & 0xff) == SQLITE_IOERR && acting_on("call-it-full", statement, text)) return SQLITE_FULL;
    return code;
}

// MARK: Columns. "2 50": column 2 says 50 where it has less; "4 completed processing": the one where it has the other.

sqlite3_int64 sqlite3_column_int64(sqlite3_stmt *statement, int column) {
    sqlite3_int64 value = NEXT(sqlite3_column_int64)(statement, column);
    int where;
    long least;
    if (statement != wrong_row || sscanf(wrong->with, "%d %ld", &where, &least) != 2) return value;
    return where == column && value < least ? least : value;
}

// The length of the text that was told instead, until it is asked for.
static __thread int other_length = -1;

const unsigned char *sqlite3_column_text(sqlite3_stmt *statement, int column) {
    const unsigned char *value = NEXT(sqlite3_column_text)(statement, column);
    static __thread char other[32];
    int where;
    char had[32];
    if (statement != wrong_row || !value || sscanf(wrong->with, "%d %31s %31s", &where, had, other) != 3) return value;
    if (where != column || strcmp(had, (const char *)value)) return value;
    other_length = (int)strlen(other);
    return (const unsigned char *)other;
}

int sqlite3_column_bytes(sqlite3_stmt *statement, int column) {
    int length = other_length;
    other_length = -1;
    return length >= 0 ? length : NEXT(sqlite3_column_bytes)(statement, column);
}

// MARK: The connection

// Other connections that checkpoint. One does it in time; the other has read how long the WAL is and then stands still
// while the writer begins the WAL anew, and goes on with what it read: the WAL-reset bug of SQLite 3.7.0 to 3.51.2.
// Between those two steps SQLite gives up its mapping of the file, if it has one.

static __thread int stands_still;

int munmap(void *start, size_t size) {
    if (stands_still) usleep(5000);
    return NEXT(munmap)(start, size);
}

static void *checkpoint_for_ever(void *path) {
    sqlite3 *early, *late;
    inside++;
    if (NEXT(sqlite3_open_v2)(path, &early, SQLITE_OPEN_READWRITE, 0) != SQLITE_OK) return 0;
    if (NEXT(sqlite3_open_v2)(path, &late, SQLITE_OPEN_READWRITE, 0) != SQLITE_OK) return 0;
    run(early, "PRAGMA wal_autocheckpoint = 0");
    run(late, "PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 1073741824");
    for (;;) {
        run(late, "SELECT count(*) FROM project"); // maps the file
        usleep(10000);
        run(early, "SELECT 1 FROM sqlite_schema");
        NEXT(sqlite3_wal_checkpoint_v2)(early, "main", SQLITE_CHECKPOINT_PASSIVE, 0, 0);
        stands_still = 1;
        NEXT(sqlite3_wal_checkpoint_v2)(late, "main", SQLITE_CHECKPOINT_PASSIVE, 0, 0);
        stands_still = 0;
    }
}

int sqlite3_open_v2(const char *path, sqlite3 **connection, int flags, const char *system) {
    if (flags & SQLITE_OPEN_READWRITE && acting("forget-log", path)) {
        char log[4096];
        snprintf(log, sizeof log, "%s-wal", path);
        unlink(log);
    }
    return NEXT(sqlite3_open_v2)(path, connection, flags, system);
}

int sqlite3_wal_checkpoint_v2(sqlite3 *connection, const char *name, int mode, int *frames, int *copied) {
    int code = NEXT(sqlite3_wal_checkpoint_v2)(connection, name, mode, frames, copied);
    // The daemon's first, at its start.
    const char *path = sqlite3_db_filename(connection, "main");
    static int once;
    pthread_t thread;
    if (!once++ && acting("checkpointer", path) && pthread_create(&thread, 0, checkpoint_for_ever, (void *)path) == 0)
        pthread_detach(thread);
    return code;
}
