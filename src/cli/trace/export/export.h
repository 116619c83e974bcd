/* SPDX-License-Identifier: MIT */
/*
 * A recording in the forms that other programs read. Everything is written in one pass over the events, and in memory
 * that follows what lives. Takes plain events; who has them does not matter.
 */
#ifndef WEFT_CLI_TRACE_EXPORT_EXPORT_H
#define WEFT_CLI_TRACE_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/outfile.h"
#include "cli/trace/export/folded.h"
#include "cli/trace/export/perfetto.h"
#include "cli/trace/export/span.h"
#include "cli/trace/export/timeline.h"
#include "cli/trace/page/page.h"

enum { EXPORT_TEXT_SIZE = 4096 + 256 };

/* What is wanted: files, NULL for none. */
struct export_wish {
    const char *perfetto;
    const char *timeline;
    const char *folded;
    bool waits;      /* `folded` has what tasks waited for, and not what workers did */
    const char *csv; /* a folder; it is made if it is not there */
    double from_s;   /* seconds since the beginning; only what lies between is exported */
    double to_s;     /* 0: until the end */
};

struct export
{
    struct export_wish wish;
    struct spans spans;
    struct span_taker takers[3];
    struct perfetto perfetto;
    struct outfile perfetto_file;
    struct timeline timeline;
    struct outfile timeline_file;
    struct folded folded;
    struct outfile folded_file;
    bool begun;
    char text[EXPORT_TEXT_SIZE]; /* what went wrong */
};

/* 0, or -1: see `text`. Files that cannot be written are found here, before anything is read. */
int export_open(struct export *export, const struct export_wish *wish);

/* Each event, in its turn: `analysis` is fed by this, so that it is neither behind nor ahead. */
void export_event(struct export *export, struct analysis *analysis, const struct event *event);
void export_gap(struct export *export, struct analysis *analysis, const struct event_gap *gap);

/* After the last event, and view_init(): writes what is not written yet. 0, or -1: see `text`. */
int export_write(struct export *export, const struct view *view);

/* In any case, at the end. What was not written leaves nothing behind. */
void export_close(struct export *export);

#endif
