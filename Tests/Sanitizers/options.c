// What the sanitizers' runtimes go by in every process of the tests, whatever its environment.

// A report does not change how a process ends, or each would fail the test that looks at its exit code as well.
const char *__tsan_default_options(void) { return "exitcode=0:log_path=/tmp/lcr-sanitizer/report:history_size=4"; }
const char *__asan_default_options(void) { return "detect_leaks=0:log_path=/tmp/lcr-sanitizer/report"; }
