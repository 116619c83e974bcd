/* SPDX-License-Identifier: MIT */
/* What `weft top` shows and what its keys do, without a terminal: a state, keys that change it, a grid that is drawn of it. */
#ifndef WEFT_CLI_LIVE_DISPLAY_H
#define WEFT_CLI_LIVE_DISPLAY_H

#include "cli/live/list.h"
#include "cli/live/pace.h"
#include "cli/live/grid.h"
#include "cli/live/source.h"

enum { DISPLAY_TIMES = LISTS, DISPLAYS, DISPLAY_INPUT_SIZE = 64, DISPLAY_INTERVAL_MIN_MS = 100, DISPLAY_INTERVAL_MAX_MS = 60000 };

struct display {
    int shown; /* enum list_kind, or DISPLAY_TIMES */
    int sorted[LISTS];
    bool falling[LISTS];
    bool detail;  /* of the chosen row, which stays chosen by its number while rows come and go */
    bool chosen;
    uint64_t chosen_id, chosen_runtime;
    int step;     /* rows to move by at the next drawing */
    int top;      /* the first row that is shown */
    bool frozen, help, replay;
    char prompt;  /* '/' search, 'f' filter, 0: none is open */
    char input[DISPLAY_INPUT_SIZE];
    char search[DISPLAY_INPUT_SIZE];
    char filter[DISPLAY_INPUT_SIZE];
    bool again;   /* look at the list, whenever that is due */
    bool seek;    /* choose the next row that has the search in it */
    int interval_ms;
    const char *target;
    const char *problem; /* why there is nothing new, or NULL */
    struct toll toll;
};

void display_init(struct display *display, const char *target, int interval_ms);

/* What has to be asked for to draw its list; the figures are SOURCE_ALWAYS, and the list of workers is made of them. */
source_parts display_parts(const struct display *display);

/* False: leave. */
bool display_key(struct display *display, int key);

/* What is drawn: figures, and what the list is made of, which may be older. */
struct scene {
    struct glance figures, list;
};

/* Where a `now` is NULL nothing has been seen yet. */
void display_draw(struct display *display, struct grid *grid, const struct scene *scene);

#endif
