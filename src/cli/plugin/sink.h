/* SPDX-License-Identifier: MIT */
/* What the components have in common: messages of a graph become an analysis, and at its end something is written. */
#ifndef WEFT_CLI_PLUGIN_SINK_H
#define WEFT_CLI_PLUGIN_SINK_H

#include <babeltrace2/babeltrace.h>
#include <stdbool.h>

#include "cli/trace/decode.h"
#include "cli/trace/export/export.h"
#include "cli/trace/moments.h"

struct sink {
    bt_message_iterator *iterator;
    struct decode decode;
    struct moments moments;
    struct analysis analysis;
    struct export export; /* of a report: of nothing */
    bool exports;
    bool done; /* written, or failed: nothing more will be */
    /* of a report */
    void (*page)(const struct view *view, struct doc *doc);
    void (*print)(const struct doc *doc, FILE *out);
    size_t rows;
    struct outfile file;
    char text[EXPORT_TEXT_SIZE]; /* what went wrong */
};

/* 0, or -1: the text says why, and the sink is to be ended all the same. */
int sink_begin(struct sink *sink, const struct export_wish *wish, const char *output);

/* 0, or -1: nothing more can be taken. */
int sink_take(struct sink *sink, const bt_message *message);

/* The messages have ended, or (`cut`) somebody stopped them. 0, or -1. */
int sink_write(struct sink *sink, bool cut);

void sink_end(struct sink *sink);

#endif
