// A library to preload: writes down, in order, what a program does to the files below one folder, and what it answers.
//
//   RECORDER_LOG     where to; it is appended to, so that the runs of one daemon make one recording
//   RECORDER_FOLDER  the folder, without links
//   RECORDER_DELAY   microseconds that a sync takes longer (for a folder in memory), so that writes gather behind it
//   RECORDER_FAULT   a file which, once it is there, holds "N SUFFIX": the N-th sync from then on of a file whose name
//                    ends so (- for any file, / for the folder itself) fails with EIO, and what was dirty stays in the page
//                    cache only. Then the file is removed.
//
// A record is `struct record` and its bytes. What each means is in parts/disk.py. The system is called directly: what
// other preloaded libraries do comes before this one or not at all.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define DESCRIPTORS 65536

enum kind { UNKNOWN, TRACKED, SOCKET, OTHER };

// All that follows is used under the lock, so that the log has the order in which things happened.
void lock(void);
void unlock(void);

extern unsigned char kinds[DESCRIPTORS];
extern char names[DESCRIPTORS][16]; // the end of a tracked file's name
extern int log_descriptor;          // -1: nothing is recorded
extern char folder[PATH_MAX];
extern size_t folder_length;

void note(char what, int descriptor, uint64_t offset, const void *bytes, size_t length);
void note_all(char what, int descriptor, uint64_t offset, const struct iovec *parts, int count, size_t length);
// A recording with a hole would prove nothing.
void give_up(const char *why);
enum kind kind(int descriptor);
