#include "floor.h"

#include <stdio.h>

enum { BATCH = 10000, WEEK = 604800 };

static int64_t open_account(struct floor *floor, sqlite3_stmt *account, sqlite3_stmt *grant, const char *user) {
    sqlite3_bind_text(account, 1, user, -1, SQLITE_TRANSIENT);
    run_statement(&floor->database, account);
    int64_t id = sqlite3_last_insert_rowid(floor->database.handle);
    sqlite3_bind_int64(grant, 1, id);
    sqlite3_bind_int64(grant, 2, now_ms());
    run_statement(&floor->database, grant);
    insert_event(floor, "granted", id, 0, now_ms());
    return id;
}

/// A ledger as years of use leave it: every account has credits, one user ("heavy") has `of_one_user` projects, the
/// others share the rest; of a hundred projects 80 are completed, 15 failed, 5 wait. Everything goes through the schema's
/// triggers, so that the audit holds.
void seed(struct floor *floor, int64_t projects, int64_t of_one_user) {
    struct database *database = &floor->database;
    execute(database, "PRAGMA synchronous = 0");  // a half-made one is thrown away
    sqlite3_stmt *account = prepare(database, "INSERT INTO account (userId) VALUES (?1)");
    sqlite3_stmt *grant = prepare(
        database, "INSERT INTO entry (account, kind, credits, at, reason) VALUES (?1, 'grant', 1099511627776, ?2, 'seed')");
    execute(database, "BEGIN IMMEDIATE");
    int64_t heavy = open_account(floor, account, grant, "heavy");
    for (int user = 0; user < floor->users; user++) {
        char name[32];
        sprintf(name, "user-%d", user);
        open_account(floor, account, grant, name);
    }
    int64_t start = now_ms() - projects - 60000;
    int64_t of_heavy = 0;
    for (int64_t number = 0; number < projects; number++) {
        bool is_heavy = (number + 1) * of_one_user / projects > of_heavy;
        of_heavy += is_heavy;
        int64_t owner = is_heavy ? heavy : heavy + 1 + (int64_t)((next_random(floor) >> 20) % (uint64_t)floor->users);
        int64_t at = start + number;
        unsigned char id[16];
        char key[40];
        make_id(floor, at, id);
        sprintf(key, "%08llx-%04llx-7000-8000-%012llx", (unsigned long long)at >> 16, (unsigned long long)at & 0xffff,
            (unsigned long long)next_random(floor) & 0xffffffffffff);
        // Those that wait must not run out while they are measured.
        insert_project(floor, owner, 10, at, at + WEEK * 1000LL, id, key, WEEK);
        int64_t row = sqlite3_last_insert_rowid(database->handle);
        insert_event(floor, "created", owner, row, at);
        int64_t outcome = number % 100;
        if (outcome < 95) {
            bool completed = outcome < 80;
            if (completed) insert_event(floor, "processing", owner, row, at + 1000);
            finish_project(floor, row, completed ? "completed" : "failed", at + 1000);
            insert_event(floor, completed ? "completed" : "failed", owner, row, at + 1000);
        }
        if (number % BATCH == BATCH - 1) {
            execute(database, "COMMIT");
            checkpoint_if_due(database);
            execute(database, "BEGIN IMMEDIATE");
        }
    }
    execute(database, "COMMIT");
    execute(database, "PRAGMA wal_checkpoint(TRUNCATE)");
}
