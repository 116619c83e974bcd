/* SPDX-License-Identifier: MIT */
/* The tables of `weft top`: a list has rows of a snapshot, and columns that say how a row reads, sorts and looks. */
#ifndef WEFT_CLI_LIVE_LIST_H
#define WEFT_CLI_LIVE_LIST_H

#include "cli/live/grid.h"
#include "cli/live/snapshot.h"

enum list_kind { LIST_TASKS, LIST_CHANNELS, LIST_WORKERS, LIST_RESOURCES, LIST_JOBS, LIST_WARNINGS, LISTS };

enum { LIST_CELL_SIZE = 256 };

/* Two looks, one after the other, for what is a rate; `before` may be NULL. */
struct glance {
    const struct snapshot *now;
    const struct snapshot *before;
};

struct column {
    const char *title;
    int width; /* 0: what is left of the row */
    bool right;
    void (*text)(char out[LIST_CELL_SIZE], const struct glance *glance, const void *row);
    double (*rank)(const struct glance *glance, const void *row); /* NULL: by text */
    enum grid_style (*style)(const struct glance *glance, const void *row); /* NULL: plain */
};

struct list {
    const char *title;
    unsigned part; /* enum live_part */
    const struct column *columns;
    int column_count;
    int sorted; /* the column it begins with, */
    bool falling;
    size_t (*count)(const struct snapshot *snapshot);
    uint64_t (*total)(const struct snapshot *snapshot); /* as many as there are; NULL: they are all here */
    const void *(*row)(const struct snapshot *snapshot, size_t index);
    uint64_t (*id)(const void *row);
};

extern const struct list lists[LISTS];

/* "f.c:12", or "". */
void list_place(char out[LIST_CELL_SIZE], const char *file, uint64_t line);

/* A duration, or "-" where there is none. */
void list_time(char out[LIST_CELL_SIZE], int64_t ns);

/* What a task waits for, for how long, and who could end it: "recv orders 1.20 s; sender merger waits at m.c:12". */
void list_wait(char out[LIST_CELL_SIZE], const struct glance *glance, const struct live_task *task, size_t which);

enum grid_style list_status_style(const char *status);

#endif
