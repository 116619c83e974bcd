/* SPDX-License-Identifier: MIT */
/* What the commands that print a document share: their options, reading a recording into an analysis, writing it. */
#ifndef WEFT_CLI_TRACE_TRACE_OUTPUT_H
#define WEFT_CLI_TRACE_TRACE_OUTPUT_H

#include "cli/command.h"
#include "cli/doc/doc.h"
#include "cli/trace/page/page.h"
#include "cli/trace/recording.h"

enum { OUTPUT_FOUND = 3 }; /* exit code: --fail-on named something that was found */

#define OUTPUT_ARGUMENTS "[--text | --markdown | --json | --html FILE] [--all]"

struct output {
    const char *path;   /* the recording */
    const char *second; /* where the command takes two */
    const char *html;   /* a file to write it to */
    void (*print)(const struct doc *doc, FILE *out);
    size_t rows;
};

/*
 * Read the arguments; `own` is asked about what is no option of all: it returns how many arguments it took, 0 for none
 * of its own, or -1 after it has said what is wrong. 0, or an exit code.
 */
int output_arguments(struct output *output, const struct command *command, int recordings, int argc, char **argv,
                     int (*own)(void *context, int left, char **argv), void *context);

/* Begins a document with the title "report of DIR"; after output_write() it is the caller's to end. */
void output_begin(const struct output *output, const struct command *command, struct doc *doc);

/* 0, or an exit code, and then why has been said. */
int output_write(const struct output *output, const struct doc *doc, const struct command *command);

/*
 * Read a recording and look at it: 0, or an exit code after a sentence on stderr. `also` gets each event, too, as
 * path_event() wants it; NULL: nobody does. On success the caller ends both.
 */
int output_read(const char *path, const struct command *command, struct analysis *analysis, struct view *view,
                void (*also)(void *context, const struct analysis *analysis, const struct event *event), void *context);

#endif
