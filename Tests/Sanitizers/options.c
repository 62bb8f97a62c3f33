// What the sanitizers' runtimes go by in every process of the tests, whatever its environment. LOG is a path.

// A report does not change how a process ends, or each would fail the tests that look at exit codes as well.
const char *__tsan_default_options(void) { return "exitcode=0:log_path=" LOG; }

// Leaks are not looked for: Swift keeps bits in its pointers, which the leak detector then does not know for such (it
// takes the table of methods, which lives as long as the process, for leaked).
const char *__asan_default_options(void) { return "detect_leaks=0:log_path=" LOG; }

const char *__tsan_default_suppressions(void) {
    return
        // The client's thread reads a reply and resumes the task that waits for it. When it does so before the task has
        // begun to wait, the task goes on without being scheduled again, and libswift_Concurrency, which is not
        // instrumented and tells the sanitizer of what it schedules, does not tell it of that. All that the two share is
        // the parsed reply, which nobody changes.
        "race:Sources/Client/Transport/ReplyLine.swift\n";
}
