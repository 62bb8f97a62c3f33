#pragma once
#include <sqlite3.h>

// sqlite3_db_config is variadic, which Swift cannot call. Every switch that we set takes (int, int *).
static inline int lifecycle_sqlite3_db_config_switch(sqlite3 *db, int op, int on) {
    int now = -1;
    int rc = sqlite3_db_config(db, op, on, &now);
    if (rc == SQLITE_OK && now != on) return SQLITE_ERROR;
    return rc;
}

// sqlite3_config is variadic as well. Before the first connection only; SQLITE_MISUSE after it.
static inline int lifecycle_sqlite3_disable_memory_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// Which file system an open file is on, as linux/magic.h numbers them, or -1. Swift's Glibc has no statfs.
#include <sys/vfs.h>
static inline long long lifecycle_file_system(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (long long)status.f_type : -1;
}
