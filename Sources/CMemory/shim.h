#pragma once
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Set by the linker: the first address of the program's code, and the first address after it. The code is read-only.
extern const char __executable_start[], etext[];

// Gives memory back to the kernel: the free part of the heap, and the pages of code that are mapped, most of which only
// the start needs. The pages stay in the page cache while there is room, and are mapped again when they are used.
static inline void lifecycle_give_back_memory(void) {
    malloc_trim(0);
    madvise((void *)__executable_start, (size_t)(etext - __executable_start), MADV_DONTNEED);
}

// Ignores a signal through the kernel's system call. The C library refuses the signals 32 and 33, which it reserves for
// itself, but they end the process if somebody sends them. The first word of the kernel's structure is the handler (on
// x86-64 and arm64), 1 is SIG_IGN, and 8 is the size of the signal mask in bytes.
static inline int lifecycle_ignore_signal(int number) {
    unsigned long action[8] = {1};
    return (int)syscall(SYS_rt_sigaction, number, action, 0, 8);
}
