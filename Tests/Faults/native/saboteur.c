// Reads the plan. Records end with \x1e, their fields with \x1f: act, target, with, every, whole.
#include "saboteur.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct rule rules[MOST_RULES];
size_t rule_count;

static void fail(const char *what) {
    fprintf(stderr, "saboteur: %s\n", what);
    _exit(70);
}

void *next_function(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) fail(name);
    return function;
}

static const char *field(char **rest, char end) {
    char *start = *rest;
    char *stop = strchr(start, end);
    if (!stop) fail("the plan is cut short");
    *stop = 0;
    *rest = stop + 1;
    return start;
}

__attribute__((constructor)) static void read_plan(void) {
    const char *path = getenv("SABOTEUR");
    if (!path) fail("SABOTEUR names no plan");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) fail("there is no plan");
    char *text = calloc(1, (size_t)status.st_size + 1);
    if (!text || read(file, text, (size_t)status.st_size) != status.st_size) fail("the plan cannot be read");
    close(file);

    char hits_path[4096];
    snprintf(hits_path, sizeof hits_path, "%s.hits", path);
    int hits = open(hits_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (hits < 0 || ftruncate(hits, MOST_RULES * sizeof(unsigned long)) != 0) fail("no place for the hits");
    unsigned long *counts = mmap(0, MOST_RULES * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, hits, 0);
    if (counts == MAP_FAILED) fail("no memory for the hits");
    close(hits);

    while (*text) {
        if (rule_count == MOST_RULES) fail("the plan is too long");
        struct rule *rule = &rules[rule_count];
        rule->act = field(&text, 0x1f);
        rule->target = field(&text, 0x1f);
        rule->with = field(&text, 0x1f);
        rule->every = atol(field(&text, 0x1f));
        rule->whole = atoi(field(&text, 0x1e));
        rule->hits = &counts[rule_count++];
    }
}

int has(const char *act) {
    for (size_t i = 0; i < rule_count; i++)
        if (!strcmp(rules[i].act, act)) return 1;
    return 0;
}

struct rule *acting(const char *act, const char *target) {
    for (size_t i = 0; i < rule_count; i++) {
        struct rule *rule = &rules[i];
        if (strcmp(rule->act, act)) continue;
        if (rule->whole ? strcmp(target, rule->target) : !strstr(target, rule->target)) continue;
        unsigned long seen = __atomic_add_fetch(&rule->seen, 1, __ATOMIC_RELAXED);
        if (rule->every > 1 && seen % (unsigned long)rule->every) continue;
        __atomic_add_fetch(rule->hits, 1, __ATOMIC_RELAXED);
        return rule;
    }
    return 0;
}
