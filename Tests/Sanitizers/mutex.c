// Tells the thread sanitizer of the locks that it cannot see: the slow path of Synchronization.Mutex hands a contended
// lock over in the kernel (futex), inside a library that is not instrumented. Its fast path is inlined into our modules,
// where the sanitizer sees it. To be preloaded; without effect in a process that has no thread sanitizer.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SELF __attribute__((swift_context)) void *self
#define SWIFT __attribute__((swiftcall))

__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

// Found again each time, as a lock taken in the loader's own start must not wait for a variable's initialisation.
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

// _MutexHandle._lockSlow(UInt32) -> (), with the lock as self.
SWIFT void lock_slow(uint32_t thread, SELF) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT void lock_slow(uint32_t thread, SELF) {
    SWIFT void (*next)(uint32_t, SELF) = real("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
    next(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

// _MutexHandle._tryLockSlow() -> Bool
SWIFT bool try_lock_slow(SELF) __asm__("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
SWIFT bool try_lock_slow(SELF) {
    SWIFT bool (*next)(SELF) = real("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
    bool is_locked = next(self);
    if (is_locked && __tsan_acquire) __tsan_acquire(self);
    return is_locked;
}

// _MutexHandle._unlockSlow() -> ()
SWIFT void unlock_slow(SELF) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
SWIFT void unlock_slow(SELF) {
    SWIFT void (*next)(SELF) = real("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
    if (__tsan_release) __tsan_release(self);
    next(self);
}
