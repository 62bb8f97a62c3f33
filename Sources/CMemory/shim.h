#pragma once
#include <malloc.h>
#include <sys/mman.h>

// From the linker: where the program's code begins and ends. Nothing writes there.
extern const char __executable_start[], etext[];

// Gives the kernel back what is free in the heap, and the pages of code that were touched so far, most of them by the
// start alone: those stay in the kernel's cache as long as it has room, and are mapped again when they are needed.
static inline void lifecycle_give_back_memory(void) {
    malloc_trim(0);
    madvise((void *)__executable_start, (size_t)(etext - __executable_start), MADV_DONTNEED);
}
