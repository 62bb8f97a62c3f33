// Preloaded under valgrind, which (3.19) writes into the mask that sigsuspend is given and crashes when that is a
// constant, as in libdispatch: this passes a copy.
#include <dlfcn.h>
#include <signal.h>

int sigsuspend(const sigset_t *mask) {
    sigset_t copy = *mask;
    return ((int (*)(const sigset_t *))dlsym(RTLD_NEXT, "sigsuspend"))(&copy);
}
