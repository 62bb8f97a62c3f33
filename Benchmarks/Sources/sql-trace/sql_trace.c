// Preloaded into the daemon and into the floor: writes each SQL text that they run, in order, to $SQL_TRACE_FILE.
// What a trigger runs is left out. Both must say the same, so that the floor is the daemon's own SQL.
#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

static int trace(unsigned kind, void *context, void *statement, void *text) {
    (void)context;
    static int file = -2;
    if (file == -2) {
        const char *path = getenv("SQL_TRACE_FILE");
        file = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    }
    if (file < 0 || kind != SQLITE_TRACE_STMT || !strncmp(text, "--", 2)) return 0;
    const char *sql = sqlite3_sql(statement);
    if (!sql) sql = text;
    struct iovec parts[] = {{(void *)sql, strlen(sql)}, {"\x1e\n", 2}};
    return writev(file, parts, 2) < 0;
}

int sqlite3_open_v2(const char *path, sqlite3 **database, int flags, const char *vfs) {
    int (*next)(const char *, sqlite3 **, int, const char *) =
        (int (*)(const char *, sqlite3 **, int, const char *))dlsym(RTLD_NEXT, "sqlite3_open_v2");
    int code = next(path, database, flags, vfs);
    if (code == SQLITE_OK) sqlite3_trace_v2(*database, SQLITE_TRACE_STMT, trace, NULL);
    return code;
}
