/* SPDX-License-Identifier: MIT */
/* The arguments of `weft trace record`. */
#ifndef WEFT_CLI_TRACE_RECORD_OPTIONS_H
#define WEFT_CLI_TRACE_RECORD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/trace/record/buffers.h"

enum { OPTIONS_TEXT = 256 };

struct options {
    char *const *program; /* to start, with its arguments; NULL: */
    pid_t pid;            /* this process */
    const char *folder;   /* NULL: one of today's */
    int64_t for_ns;       /* 0: until somebody ends it */
    bool no_report;
    struct buffers buffers; /* count 0: as the machine allows */
    const char *only;       /* patterns of events; NULL: all */
    const char *provider;   /* NULL: the one beside this program */
    bool no_preload;
    bool flight;
    unsigned snapshots; /* of a flight recorder: at most so many by themselves */
};

/* 0, or -1 and `text` says what is wrong; argv[0] is the command's name. */
int options_parse(struct options *out_options, int argc, char **argv, char text[OPTIONS_TEXT]);

/* "10s", "500ms", "2m", "1.5h", "10" (seconds): nanoseconds, or -1. */
int64_t options_duration(const char *text);

#endif
