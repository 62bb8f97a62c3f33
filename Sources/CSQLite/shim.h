#pragma once
#include <sqlite3.h>

// sqlite3_db_config is variadic, and Swift cannot call variadic functions. Every option that we set takes (int, int *).
static inline int lifecycle_sqlite3_db_config_switch(sqlite3 *db, int op, int on) {
    int now = -1;
    int rc = sqlite3_db_config(db, op, on, &now);
    if (rc == SQLITE_OK && now != on) return SQLITE_ERROR;
    return rc;
}

// sqlite3_config is variadic too. It works only before the first connection, and later returns SQLITE_MISUSE.
static inline int lifecycle_sqlite3_disable_memory_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// The type of an open file's file system, as in linux/magic.h, or -1. Swift's Glibc module has no statfs.
#include <sys/vfs.h>
static inline long long lifecycle_file_system(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (long long)status.f_type : -1;
}
