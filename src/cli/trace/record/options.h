/* SPDX-License-Identifier: MIT */
/* The arguments of the commands that make a session of their own: `weft trace record` and `weft trace live`. */
#ifndef WEFT_CLI_TRACE_RECORD_OPTIONS_H
#define WEFT_CLI_TRACE_RECORD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/trace/record/buffers.h"

enum { OPTIONS_TEXT = 256 };

enum options_command { OPTIONS_RECORD = 1, OPTIONS_LIVE = 2 };

struct options {
    char *const *program; /* to start, with its arguments; NULL: */
    pid_t pid;            /* this process */
    const char *output;   /* where to: a folder, NULL: one of today's; of `live` a file, NULL: its own output */
    int64_t for_ns;       /* 0: until somebody ends it */
    bool no_report;
    struct buffers buffers; /* count 0: as the machine allows */
    const char *only;       /* patterns of events; NULL: all */
    const char *provider;   /* NULL: the one beside this program */
    bool no_preload;
    bool flight;
    unsigned snapshots; /* of a flight recorder: at most so many by themselves */
    /* of `live` */
    const char *session; /* that somebody else has made, in place of a program or a process */
    int64_t interval_ns; /* from report to report */
    long count;          /* of reports; -1: as many as there are */
    bool json;
};

/* 0, or -1 and `text` says what is wrong; argv[0] is the command's name. */
int options_parse(struct options *out_options, enum options_command command, int argc, char **argv,
                  char text[OPTIONS_TEXT]);

/* "10s", "500ms", "2m", "1.5h", "10" (seconds): nanoseconds, or -1. */
int64_t options_duration(const char *text);

#endif
