#pragma once
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// From the linker: where the program's code begins and ends. Nothing writes there.
extern const char __executable_start[], etext[];

// Gives the kernel back what is free in the heap, and the pages of code that were touched so far, most of them by the
// start alone: those stay in the kernel's cache as long as it has room, and are mapped again when they are needed.
static inline void lifecycle_give_back_memory(void) {
    malloc_trim(0);
    madvise((void *)__executable_start, (size_t)(etext - __executable_start), MADV_DONTNEED);
}

// Ignores a signal by the kernel's own call: the C library's refuses the two that it keeps for itself, 32 and 33, which
// end the process all the same when somebody sends them. The first word of the kernel's structure is the handler (on
// x86-64 and arm64), 1 is SIG_IGN, and 8 the size of its mask.
static inline int lifecycle_ignore_signal(int number) {
    unsigned long action[8] = {1};
    return (int)syscall(SYS_rt_sigaction, number, action, 0, 8);
}
