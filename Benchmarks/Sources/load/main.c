#include "load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "usage: load SOCKET [--connections N] [--depth N] [--seconds S] [--warm-up S] [--count N] [--users N] [--seed N]\n"
    "            [--ids FILE] [--save-ids FILE] [--echo] --request TEMPLATE [--must TEXT] [--name TEXT] [--weight N] ...\n"
    "In a template: @i the request's id, @u a user of N, @k a new time-ordered key, @p a random project of FILE, \n"
    "@q the next project of FILE, each once. The answer to each must be a result and contain TEXT.\n";

uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t next_random(struct load *load) {  // xorshift64*
    uint64_t x = load->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    load->random = x;
    return x * 2685821657736338717u;
}

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

void *allocate(size_t size) {
    char *memory = malloc(size);
    if (!memory) fail("no memory for %zu bytes", size);
    memset(memory, 1, size);  // its pages are there before the clock starts
    return memory;
}

static void read_arguments(struct load *load, int count, char **arguments) {
    struct settings *settings = &load->settings;
    if (count < 2 || arguments[1][0] == '-') fail("%s", usage);
    settings->socket = arguments[1];
    for (int index = 2; index < count; index++) {
        const char *name = arguments[index];
        if (!strcmp(name, "--echo")) {
            settings->echo = true;
            continue;
        }
        if (++index == count) fail("%s needs a value\n%s", name, usage);
        const char *value = arguments[index];
        struct kind *last = &load->kinds[load->kind_count ? load->kind_count - 1 : 0];
        if (!strcmp(name, "--connections")) settings->connections = atoi(value);
        else if (!strcmp(name, "--depth")) settings->depth = atoi(value);
        else if (!strcmp(name, "--seconds")) settings->seconds = atof(value);
        else if (!strcmp(name, "--warm-up")) settings->warm_up = atof(value);
        else if (!strcmp(name, "--count")) settings->limit = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--users")) settings->users = atoi(value);
        else if (!strcmp(name, "--seed")) settings->seed = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--ids")) settings->ids_file = value;
        else if (!strcmp(name, "--save-ids")) settings->save_ids_file = value;
        else if (!strcmp(name, "--must")) last->must = value;
        else if (!strcmp(name, "--name")) last->name = value;
        else if (!strcmp(name, "--weight")) last->weight = atoi(value);
        else if (!strcmp(name, "--request")) {
            if (load->kind_count == MAX_KINDS) fail("at most %d kinds of request", MAX_KINDS);
            load->kinds[load->kind_count++] = (struct kind){.name = "request", .text = value, .weight = 1};
        } else fail("%s is no option\n%s", name, usage);
    }
    if (load->kind_count == 0) fail("no --request\n%s", usage);
    if (settings->connections < 1) fail("--connections must be 1 or more");
    if (settings->depth < 1 || settings->depth > MAX_DEPTH) fail("--depth must be from 1 to %d", MAX_DEPTH);
    if (settings->users < 1) fail("--users must be 1 or more");
}

int main(int count, char **arguments) {
    static struct load load = {
        .settings = {.connections = 1, .depth = 1, .seconds = 1, .users = 1000, .seed = 1}};
    read_arguments(&load, count, arguments);
    load.random = 88172645463325252u ^ load.settings.seed << 17;
    if (load.settings.ids_file) load_ids(&load.ids, load.settings.ids_file);
    for (int index = 0; index < load.kind_count; index++) {
        struct kind *kind = &load.kinds[index];
        if (kind->weight < 1) fail("--weight must be 1 or more");
        load.weight_sum += kind->weight;
        kind->capacity = load.settings.limit ? load.settings.limit : (size_t)(1e6 * load.settings.seconds) + 1;
        kind->latencies = allocate(kind->capacity * sizeof *kind->latencies);
    }
    if (load.settings.save_ids_file) {
        load.saved.capacity = 1 << 20;
        load.saved.text = allocate(load.saved.capacity * 36);
    }
    run(&load);
    if (load.settings.save_ids_file) save_ids(&load.saved, load.settings.save_ids_file);
    report(&load);
    return load.errors ? 1 : 0;
}
