/* SPDX-License-Identifier: MIT */
/* The failure line, its details, the schedule of a replay, and readable names for addresses.
 *
 * Nothing here runs while executions are explored: names are found only when something is said, by asking nm and
 * addr2line about this executable (binutils is there already, the build needs objcopy). Ends the process on failure,
 * since the first failing seed is all that a replay needs; may be entered from the signal handler of a crashed program.
 */
#define _GNU_SOURCE /* vasprintf */
#include "report.h"
#include "heap.h"
#include "scheduler.h"
#include "shadow.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 8, NAME_BYTES = 160, PLACES = 4096, LINES = 100000 };

bool report_tracing;
uint64_t report_seed;
const char *report_replay = "";

struct line {
    uintptr_t pc;
    int thread;
    char *text;
};

struct symbol {
    uintptr_t address;
    size_t size;
    char name[64];
};

struct place {
    uintptr_t pc;
    char text[NAME_BYTES];
};

static struct line *report_lines;
static size_t report_line_count;
static struct symbol *report_symbols;
static size_t report_symbol_count;
static struct place *report_places;
static size_t report_place_count;

static char *report_slot(void)
{
    static char slots[NAMES][NAME_BYTES];
    static unsigned next;
    return slots[next++ % NAMES];
}

/* --- source lines --- */

/* addr2line -a -i prints the address, then function and file:line of each inlined frame, innermost first. The
 * order-named functions of atomic.h are not what a reader looks for, so the first frame outside of it is taken. */
static void report_read_place(FILE *pipe)
{
    char function[512];
    char file[512];
    struct place *place = NULL;
    bool settled = false;
    while (fgets(function, sizeof function, pipe)) {
        function[strcspn(function, "\n")] = 0;
        if (!strncmp(function, "0x", 2)) {
            place = &report_places[report_place_count++];
            place->pc = strtoull(function, NULL, 16) + 1;
            place->text[0] = 0;
            settled = false;
            continue;
        }
        if (!fgets(file, sizeof file, pipe) || !place) {
            return;
        }
        file[strcspn(file, " \n")] = 0;
        if (!settled) {
            snprintf(place->text, sizeof place->text, "%.60s %.60s", file, function);
            settled = strncmp(file, "atomic.h:", 9) != 0;
        }
    }
}

static void report_find_places(const uintptr_t *pcs, size_t count)
{
    if (!report_places) {
        report_places = calloc(PLACES, sizeof *report_places);
    }
    for (size_t done = 0; done < count;) {
        char command[16384];
        int at = snprintf(command, sizeof command, "addr2line -a -f -i -s -e /proc/%d/exe", getpid());
        for (; done < count && at < (int)sizeof command - 32; done++) {
            at += snprintf(command + at, sizeof command - (size_t)at, " %#lx", (unsigned long)pcs[done] - 1);
        }
        FILE *pipe = popen(command, "r");
        if (!pipe) {
            return;
        }
        report_read_place(pipe);
        pclose(pipe);
    }
}

static const char *report_known_place(uintptr_t pc)
{
    for (size_t i = 0; i < report_place_count; i++) {
        if (report_places[i].pc == pc) {
            return report_places[i].text;
        }
    }
    return NULL;
}

const char *report_place(uintptr_t pc)
{
    if (!pc) {
        return "";
    }
    if (!report_known_place(pc) && report_place_count < PLACES) {
        report_find_places(&pc, 1);
    }
    const char *place = report_known_place(pc);
    return place ? place : "?";
}

/* --- object names --- */

static void report_load_symbols(void)
{
    char command[128];
    snprintf(command, sizeof command, "nm -n -S --defined-only /proc/%d/exe", getpid());
    FILE *pipe = popen(command, "r");
    report_symbols = calloc(8192, sizeof *report_symbols);
    char text[512];
    while (pipe && report_symbol_count < 8192 && fgets(text, sizeof text, pipe)) {
        struct symbol *s = &report_symbols[report_symbol_count];
        unsigned long address;
        unsigned long size;
        char kind;
        bool sized = strlen(text) > 35 && text[16] == ' ' && text[33] == ' ';
        if (sized && sscanf(text, "%lx %lx %c %63s", &address, &size, &kind, s->name) == 4 && !strchr("tTwWuU", kind)) {
            s->address = address;
            s->size = size;
            report_symbol_count++;
        }
    }
    if (pipe) {
        pclose(pipe);
    }
}

const char *report_name(const void *object)
{
    char *slot = report_slot();
    uintptr_t address = (uintptr_t)object;
    if (heap_describe(object, slot, NAME_BYTES) || shadow_describe_stack(object, slot, NAME_BYTES)) {
        return slot;
    }
    if (!report_symbols) {
        report_load_symbols();
    }
    for (size_t i = 0; i < report_symbol_count; i++) {
        const struct symbol *s = &report_symbols[i];
        if (address >= s->address && address < s->address + s->size) {
            if (address == s->address) {
                snprintf(slot, NAME_BYTES, "%s", s->name);
            } else {
                snprintf(slot, NAME_BYTES, "%s+%lu", s->name, (unsigned long)(address - s->address));
            }
            return slot;
        }
    }
    snprintf(slot, NAME_BYTES, "%p", object);
    return slot;
}

/* --- the schedule --- */

void report_trace(uintptr_t pc, const char *format, ...)
{
    if (!report_lines) {
        report_lines = calloc(LINES, sizeof *report_lines);
    }
    if (report_line_count == LINES) {
        return;
    }
    struct line *line = &report_lines[report_line_count];
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&line->text, format, arguments) < 0) {
        line->text = NULL;
    }
    va_end(arguments);
    line->pc = pc;
    line->thread = scheduler_current;
    report_line_count++;
}

static void report_find_trace_places(void)
{
    uintptr_t *pcs = calloc(PLACES, sizeof *pcs);
    size_t count = 0;
    for (size_t i = 0; i < report_line_count && count < PLACES / 2; i++) {
        size_t known = 0;
        while (known < count && pcs[known] != report_lines[i].pc) {
            known++;
        }
        if (known == count && report_lines[i].pc) {
            pcs[count++] = report_lines[i].pc;
        }
    }
    report_find_places(pcs, count);
    free(pcs);
}

void report_schedule(void)
{
    if (!report_tracing) {
        return;
    }
    report_tracing = false;
    report_find_trace_places();
    for (size_t i = 0; i < report_line_count; i++) {
        const struct line *line = &report_lines[i];
        printf("%5zu  %*sT%d  %-*s %s\n", i + 1, 2 * line->thread, "", line->thread, 76 - 2 * line->thread,
               line->text ? line->text : "?", report_place(line->pc));
    }
    if (report_line_count == LINES) {
        printf("       ... more than %d lines\n", LINES);
    }
}

/* --- failure --- */

static char report_details[4096];

void report_detail(const char *format, ...)
{
    size_t used = strlen(report_details);
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(report_details + used, sizeof report_details - used - 1, format, arguments);
    va_end(arguments);
    if (n > 0 && used + (size_t)n + 2 < sizeof report_details) {
        strcpy(report_details + used + n, "\n");
    }
}

void report_fail(const char *format, ...)
{
    bool traced = report_tracing;
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    report_schedule();
    fputs(report_details, stdout);
    if (!traced) {
        printf("replay: %s seed=%llu trace=1\n", report_replay, (unsigned long long)report_seed);
    }
    printf("FAIL %s seed %llu\n", what, (unsigned long long)report_seed);
    fflush(stdout);
    _exit(1);
}
