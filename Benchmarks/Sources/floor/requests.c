#include "floor.h"
#include "statements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_ROWS = 51 };  // as the daemon: one more tells whether there is a next page

uint64_t next_random(struct floor *floor) {  // xorshift64*
    uint64_t x = floor->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    floor->random = x;
    return x * 2685821657736338717u;
}

void make_id(struct floor *floor, int64_t milliseconds, unsigned char *id) {
    uint64_t random = next_random(floor), count = floor->counter++;
    for (int index = 0; index < 6; index++) id[index] = (unsigned char)(milliseconds >> 8 * (5 - index));
    id[6] = (unsigned char)(0x70 | (count >> 8 & 0xf));
    id[7] = (unsigned char)count;
    for (int index = 8; index < 16; index++) id[index] = (unsigned char)(random >> 8 * (15 - index));
    id[8] = 0x80 | (id[8] & 0x3f);
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text) {
    sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

static void bind_id(sqlite3_stmt *statement, int index, const unsigned char *id) {
    sqlite3_bind_blob(statement, index, id, 16, SQLITE_TRANSIENT);
}

void insert_project(
    struct floor *floor, int64_t account, int64_t credits, int64_t at, int64_t deadline, const unsigned char *id,
    const char *key, int64_t start_timeout) {
    sqlite3_stmt *insert = floor->insert_project;
    bind_id(insert, 1, id);
    sqlite3_bind_int64(insert, 2, account);
    sqlite3_bind_int64(insert, 3, credits);
    sqlite3_bind_int64(insert, 4, at);
    sqlite3_bind_int64(insert, 5, deadline);
    bind_text(insert, 6, key);
    if (start_timeout) sqlite3_bind_int64(insert, 10, start_timeout);
    run_statement(&floor->database, insert);
}

void insert_event(struct floor *floor, const char *kind, int64_t account, int64_t project, int64_t at) {
    sqlite3_stmt *insert = floor->insert_event;
    bind_text(insert, 1, kind);
    sqlite3_bind_int64(insert, 2, account);
    if (project) sqlite3_bind_int64(insert, 3, project);
    sqlite3_bind_int64(insert, 4, at);
    sqlite3_bind_int64(insert, 5, getuid());
    sqlite3_bind_int64(insert, 6, getgid());
    sqlite3_bind_int64(insert, 7, getpid());
    run_statement(&floor->database, insert);
}

void finish_project(struct floor *floor, int64_t project, const char *status, int64_t at) {
    sqlite3_stmt *update = floor->finish_project;
    bool failed = *status == 'f';
    sqlite3_bind_int64(update, 1, project);
    sqlite3_bind_int64(update, 2, at);
    bind_text(update, 3, status);
    if (failed) bind_text(update, 4, "pipelineFailed");
    if (failed) bind_text(update, 5, "GPU out of memory at frame 812");
    if (!failed) sqlite3_bind_int64(update, 6, at);
    run_statement(&floor->database, update);
}

static void make_user(struct floor *floor, char *user) {
    sprintf(user, "user-%d", (int)((next_random(floor) >> 20) % (uint64_t)floor->users));
}

static bool create(struct floor *floor) {
    char user[32], key[40];
    unsigned char id[16];
    int64_t now = now_ms();
    make_user(floor, user);
    make_id(floor, now, id);
    sprintf(
        key, "%08llx-%04llx-7%03llx-8000-%012llx", (unsigned long long)now >> 16, (unsigned long long)now & 0xffff,
        (unsigned long long)floor->counter & 0xfff, (unsigned long long)next_random(floor) & 0xffffffffffff);
    bind_text(floor->project_by_key, 1, key);
    bind_text(floor->project_by_key, 2, user);
    run_statement(&floor->database, floor->project_by_key);
    bind_text(floor->entry_by_key, 1, key);
    bind_text(floor->entry_by_key, 2, user);
    run_statement(&floor->database, floor->entry_by_key);
    bind_text(floor->account_by_user, 1, user);
    int64_t account = query_integer(&floor->database, floor->account_by_user);
    insert_project(floor, account, 1, now, now + 3600000, id, key, 0);
    insert_event(floor, "created", account, sqlite3_last_insert_rowid(floor->database.handle), now);
    return true;
}

static bool fail_project(struct floor *floor) {
    if (floor->ids.next == floor->ids.count) return false;
    const unsigned char *id = floor->ids.bytes + 16 * floor->ids.next++;
    int64_t now = now_ms();
    sqlite3_stmt *project = floor->project_by_id;
    bind_id(project, 1, id);
    if (sqlite3_step(project) != SQLITE_ROW) fail("a project is not there");
    int64_t row = sqlite3_column_int64(project, 0), account = sqlite3_column_int64(project, 1);
    char user[129];
    snprintf(user, sizeof user, "%s", (const char *)sqlite3_column_text(project, 3));
    sqlite3_reset(project);
    finish_project(floor, row, "failed", now);
    insert_event(floor, "failed", account, row, now);
    bind_id(project, 1, id);
    run_statement(&floor->database, project);
    bind_text(floor->account_by_user, 1, user);
    run_statement(&floor->database, floor->account_by_user);
    return true;
}

static bool status(struct floor *floor) {
    bind_id(floor->project_by_id, 1, floor->ids.bytes + 16 * ((next_random(floor) >> 20) % floor->ids.count));
    if (run_statement(&floor->database, floor->project_by_id) != 1) fail("a project is not there");
    return true;
}

static bool balance(struct floor *floor) {
    char user[32];
    make_user(floor, user);
    bind_text(floor->account_by_user, 1, user);
    if (run_statement(&floor->database, floor->account_by_user) != 1) fail("%s is not there", user);
    return true;
}

static bool page(struct floor *floor) {
    bind_text(floor->first_page, 1, floor->page_user);
    sqlite3_bind_int(floor->first_page, 5, PAGE_ROWS);
    if (run_statement(&floor->database, floor->first_page) != PAGE_ROWS) fail("%s has no full page", floor->page_user);
    return true;
}

static bool page_with_stats(struct floor *floor) {
    page(floor);
    bind_text(floor->totals, 1, floor->page_user);
    return run_statement(&floor->database, floor->totals) == 1;
}

static bool deep_page(struct floor *floor) {
    bind_id(floor->project_by_id, 1, floor->cursor);
    if (run_statement(&floor->database, floor->project_by_id) != 1) fail("the cursor names no project");
    bind_text(floor->later_page, 1, floor->page_user);
    bind_id(floor->later_page, 4, floor->cursor);
    sqlite3_bind_int(floor->later_page, 5, PAGE_ROWS);
    if (run_statement(&floor->database, floor->later_page) == 0) fail("nothing is behind the cursor");
    return true;
}

const struct request *find_request(const char *name) {
    static const struct request requests[] = {
        {"create", true, create}, {"failed", true, fail_project},     {"status", false, status},
        {"page", false, page},    {"stats", false, page_with_stats}, {"deep", false, deep_page},
        {"balance", false, balance},
    };
    for (size_t index = 0; index < sizeof requests / sizeof *requests; index++)
        if (!strcmp(requests[index].name, name)) return &requests[index];
    fail("%s is no request", name);
}

void prepare_requests(struct floor *floor, bool writes) {
    struct database *database = &floor->database;
    floor->begin = prepare(database, writes ? "BEGIN IMMEDIATE" : "BEGIN");
    floor->page_count = prepare(database, "PRAGMA page_count");
    floor->commit = prepare(database, "COMMIT");
    floor->savepoint = prepare(database, "SAVEPOINT request");
    floor->release = prepare(database, "RELEASE request");
    floor->project_by_id = prepare(database, PROJECT_BY_ID);
    floor->project_by_key = prepare(database, PROJECT_BY_KEY);
    floor->entry_by_key = prepare(database, ENTRY_BY_KEY);
    floor->account_by_user = prepare(database, ACCOUNT_BY_USER);
    floor->insert_project = prepare(database, INSERT_PROJECT);
    floor->insert_event = prepare(database, INSERT_EVENT);
    floor->finish_project = prepare(database, FINISH_PROJECT);
    floor->totals = prepare(database, TOTALS);
    floor->first_page = prepare(database, FIRST_PAGE);
    floor->later_page = prepare(database, LATER_PAGE);
}

void load_ids(struct floor *floor, const char *condition) {
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM project %s", condition);
    sqlite3_stmt *count = prepare(&floor->database, sql);
    floor->ids.bytes = malloc((size_t)query_integer(&floor->database, count) * 16 + 16);
    snprintf(sql, sizeof sql, "SELECT id FROM project %s ORDER BY row", condition);
    sqlite3_stmt *list = prepare(&floor->database, sql);
    while (sqlite3_step(list) == SQLITE_ROW)
        memcpy(floor->ids.bytes + 16 * floor->ids.count++, sqlite3_column_blob(list, 0), 16);
    sqlite3_finalize(count);
    sqlite3_finalize(list);
    if (!floor->ids.count) fail("no project is there: %s", condition);
}
