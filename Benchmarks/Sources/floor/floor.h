// What the daemon asks of SQLite, asked by one thread that does nothing else: the most that the daemon could reach.
#ifndef FLOOR_H
#define FLOOR_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database {
    sqlite3 *handle;
    int wal_frames;
};

/// The projects that requests name, 16 bytes each.
struct ids {
    unsigned char *bytes;
    size_t count, next;
};

/// One kind of request and what it needs.
struct floor {
    struct database database;
    int users;
    uint64_t random, counter;
    struct ids ids;
    unsigned char cursor[16];
    const char *page_user;
    sqlite3_stmt *begin, *page_count, *commit, *savepoint, *release;
    sqlite3_stmt *project_by_id, *project_by_key, *entry_by_key, *account_by_user, *insert_project, *insert_event;
    sqlite3_stmt *finish_project, *totals, *first_page, *later_page;
};

struct request {
    const char *name;
    bool writes;
    /// false: there is nothing left to do.
    bool (*run)(struct floor *);
};

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t now_ns(void);
int64_t now_ms(void);
uint64_t next_random(struct floor *floor);
/// A UUID of version 7 that is greater than those before.
void make_id(struct floor *floor, int64_t milliseconds, unsigned char *id);

void open_database(struct database *database, const char *path, bool writes);
void execute(struct database *database, const char *sql);
sqlite3_stmt *prepare(struct database *database, const char *sql);
/// Steps to the end, reads every column of every row, resets. Returns the rows.
int run_statement(struct database *database, sqlite3_stmt *statement);
/// As above, and the first column of the first row.
int64_t query_integer(struct database *database, sqlite3_stmt *statement);
void checkpoint_if_due(struct database *database);

void prepare_requests(struct floor *floor, bool writes);
const struct request *find_request(const char *name);
void load_ids(struct floor *floor, const char *condition);

void insert_project(
    struct floor *floor, int64_t account, int64_t credits, int64_t at, int64_t deadline, const unsigned char *id,
    const char *key, int64_t start_timeout);
void insert_event(struct floor *floor, const char *kind, int64_t account, int64_t project, int64_t at);
void finish_project(struct floor *floor, int64_t project, const char *status, int64_t at);
void seed(struct floor *floor, int64_t projects, int64_t of_one_user);

#endif
