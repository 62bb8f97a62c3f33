// A preloaded library that breaks the shipped daemon from the outside, in the ways that a plan says: so that the
// harness can be shown to notice, with nothing of it in the product.
//
// SABOTEUR names the plan, which parts/saboteur.py writes. Beside it `hits` counts how often each of its rules acted.
#pragma once
#define _GNU_SOURCE
#include <stddef.h>

// What a rule does, to which statements or files, and how often.
struct rule {
    const char *act;
    const char *target; // a part of the statement's text, or of the file's path and a $
    const char *with;
    long every; // acts at each so many occasions
    int whole; // the target is all of the text
    unsigned long seen;
    unsigned long *hits; // shared with the file, so that they outlive SIGKILL
};

enum { MOST_RULES = 32 };
extern struct rule rules[MOST_RULES];
extern size_t rule_count;

// The rule for this act and target, if one is to act now.
struct rule *acting(const char *act, const char *target);
// Whether the plan has any such rule: most occasions come often.
int has(const char *act);
void *next_function(const char *name);
// The function of this name that would be called without us.
#define NEXT(name) \
    ({ \
        static __typeof__(name) *real; \
        if (!real) real = (__typeof__(name) *)next_function(#name); \
        real; \
    })
