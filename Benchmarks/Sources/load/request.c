#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ID_LENGTH = 36 };

static char *put_number(char *at, uint64_t number) {
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count) *at++ = digits[--count];
    return at;
}

static char *put_hex(char *at, uint64_t number, int digits) {
    while (digits--) *at++ = "0123456789abcdef"[number >> 4 * digits & 15];
    return at;
}

/// As the client libraries make them: a UUID of version 7, so that later keys sort later.
static char *put_key(struct load *load, char *at, uint64_t id) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    uint64_t milliseconds = (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
    uint64_t random = next_random(load);
    at = put_hex(at, milliseconds >> 16, 8);
    *at++ = '-';
    at = put_hex(at, milliseconds & 0xffff, 4);
    *at++ = '-';
    at = put_hex(at, 0x7000 | (id & 0xfff), 4);
    *at++ = '-';
    at = put_hex(at, 0x8000 | (random >> 48 & 0x3fff), 4);
    *at++ = '-';
    return put_hex(at, random & 0xffffffffffff, 12);
}

static int choose_kind(struct load *load) {
    if (load->kind_count == 1) return 0;
    int left = (int)(next_random(load) >> 33) % load->weight_sum;
    int kind = 0;
    while (left >= load->kinds[kind].weight) left -= load->kinds[kind++].weight;
    return kind;
}

size_t make_request(struct load *load, char *line, uint64_t id, int *kind) {
    *kind = choose_kind(load);
    char *at = line;
    for (const char *text = load->kinds[*kind].text; *text; text++) {
        if (at - line > MAX_LINE - 64) fail("a request is longer than %d bytes", MAX_LINE);
        if (*text != '@') {
            *at++ = *text;
            continue;
        }
        struct ids *ids = &load->ids;
        switch (*++text) {
        case 'i': at = put_number(at, id); break;
        case 'u': at = put_number(at, (next_random(load) >> 20) % (uint64_t)load->settings.users); break;
        case 'k': at = put_key(load, at, id); break;
        case 'p':
            if (!ids->count) fail("@p needs --ids");
            memcpy(at, ids->text + (next_random(load) >> 20) % ids->count * ID_LENGTH, ID_LENGTH);
            at += ID_LENGTH;
            break;
        case 'q':
            if (ids->next == ids->count) return 0;
            memcpy(at, ids->text + ids->next++ * ID_LENGTH, ID_LENGTH);
            at += ID_LENGTH;
            break;
        default: fail("@%c is no placeholder", *text);
        }
    }
    *at++ = '\n';
    return (size_t)(at - line);
}

void load_ids(struct ids *ids, const char *file) {
    FILE *stream = fopen(file, "r");
    if (!stream) fail("%s: cannot be read", file);
    fseek(stream, 0, SEEK_END);
    long size = ftell(stream);
    rewind(stream);
    ids->capacity = (size_t)size / (ID_LENGTH + 1);
    ids->text = allocate(ids->capacity * ID_LENGTH + 1);
    char line[ID_LENGTH + 2];
    while (fgets(line, sizeof line, stream)) {
        if (strlen(line) != ID_LENGTH + 1) fail("%s: line %zu is no project id", file, ids->count + 1);
        memcpy(ids->text + ids->count++ * ID_LENGTH, line, ID_LENGTH);
    }
    fclose(stream);
    if (!ids->count) fail("%s: no project id in it", file);
}

void save_ids(const struct ids *ids, const char *file) {
    FILE *stream = fopen(file, "w");
    if (!stream) fail("%s: cannot be written", file);
    for (size_t index = 0; index < ids->count; index++)
        fprintf(stream, "%.*s\n", ID_LENGTH, ids->text + index * ID_LENGTH);
    if (fclose(stream)) fail("%s: cannot be written", file);
}
