#include "floor.h"
#include "statements.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("floor: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static uint64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t now_ms(void) { return (int64_t)(read_clock(CLOCK_REALTIME) / 1000000); }

static void check(struct database *database, int code, const char *what) {
    if (code != SQLITE_OK && code != SQLITE_DONE) fail("%s: %s", what, sqlite3_errmsg(database->handle));
}

static int note_commit(void *context, sqlite3 *handle, const char *name, int frames) {
    (void)handle, (void)name;
    ((struct database *)context)->wal_frames = frames;
    return SQLITE_OK;
}

/// As `Database` and `DatabaseSettings` of the daemon.
void open_database(struct database *database, const char *path, bool writes) {
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);  // before the first connection, as the daemon does
    int access = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    check(database, sqlite3_open_v2(path, &database->handle, access | flags, NULL), path);
    static const int switches[][2] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
        {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
    };
    for (size_t index = 0; index < sizeof switches / sizeof *switches; index++)
        check(
            database, sqlite3_db_config(database->handle, switches[index][0], switches[index][1], (int *)NULL),
            "sqlite3_db_config");
    execute(database, "PRAGMA busy_timeout = 250");
    execute(database, "PRAGMA foreign_keys = 1");
    execute(database, "PRAGMA trusted_schema = 0");
    execute(database, "PRAGMA cell_size_check = 1");
    execute(database, "PRAGMA temp_store = 2");
    execute(database, "PRAGMA mmap_size = 0");
    execute(database, "PRAGMA wal_autocheckpoint = 0");
    if (writes) {
        execute(database, "PRAGMA synchronous = 2");
        execute(database, "PRAGMA cache_size = -16384");
        execute(database, "PRAGMA journal_size_limit = 67108864");
        execute(database, "PRAGMA journal_mode = WAL");
    } else {
        execute(database, "PRAGMA query_only = 1");
        execute(database, "PRAGMA cache_size = -16384");
    }
    sqlite3_wal_hook(database->handle, note_commit, database);
}

void execute(struct database *database, const char *sql) {
    check(database, sqlite3_exec(database->handle, sql, NULL, NULL, NULL), sql);
}

sqlite3_stmt *prepare(struct database *database, const char *sql) {
    sqlite3_stmt *statement;
    check(
        database, sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), sql);
    return statement;
}

static volatile int64_t sink;

static void read_row(sqlite3_stmt *statement) {
    for (int column = 0; column < sqlite3_column_count(statement); column++) {
        switch (sqlite3_column_type(statement, column)) {
        case SQLITE_NULL: break;
        case SQLITE_INTEGER: sink += sqlite3_column_int64(statement, column); break;
        case SQLITE_FLOAT: sink += (int64_t)sqlite3_column_double(statement, column); break;
        case SQLITE_TEXT: sink += *sqlite3_column_text(statement, column); break;
        default: sink += *(const char *)sqlite3_column_blob(statement, column);
        }
    }
}

static int run_and_take(struct database *database, sqlite3_stmt *statement, int64_t *first) {
    int code, rows = 0;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (first && !rows) *first = sqlite3_column_int64(statement, 0);
        rows++;
        read_row(statement);
    }
    check(database, code, sqlite3_sql(statement));
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rows;
}

int run_statement(struct database *database, sqlite3_stmt *statement) {
    return run_and_take(database, statement, NULL);
}

int64_t query_integer(struct database *database, sqlite3_stmt *statement) {
    int64_t value;
    if (!run_and_take(database, statement, &value)) fail("no row: %s", sqlite3_sql(statement));
    return value;
}

void checkpoint_if_due(struct database *database) {
    if (database->wal_frames < CHECKPOINT_FRAMES) return;
    int frames, copied;
    check(
        database, sqlite3_wal_checkpoint_v2(database->handle, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &copied),
        "checkpoint");
    database->wal_frames = frames == copied ? 0 : frames;
}
