/* SPDX-License-Identifier: MIT */
/* What the model knows, as rows in the order in which a person wants them. Texts belong to the model. */
#ifndef WEFT_CLI_TRACE_MODEL_REPORT_H
#define WEFT_CLI_TRACE_MODEL_REPORT_H

#include "cli/trace/model/model.h"

struct report_tasks {
    uint64_t process;
    const char *name; /* NULL: the recording does not tell */
    uint32_t category;
    struct task_totals totals;
};

struct report_channels {
    uint64_t process;
    const char *name; /* NULL: the recording does not tell */
    const char *component;
    uint32_t capacity; /* 0: the recording does not tell */
    double saturation; /* of the high-water mark; -1: unknown */
    uint8_t health;    /* WEFT_TRACE_health_… */
    bool health_said;  /* by the program's monitor; otherwise it is judged here, by the high-water mark */
    struct channel_totals totals;
};

struct report_worker {
    uint64_t process;
    const struct worker *worker;
    const struct runtime *runtime; /* NULL: the recording does not tell */
    int64_t time_ns;               /* that it lived in the recording */
    double busy;                   /* the share of it that it spent in polls, 0 to 1 */
};

struct report_kind {
    uint32_t kind;
    uint64_t count;
};

struct report {
    struct report_kind *kinds; /* most frequent first */
    size_t kind_count;
    struct report_tasks *tasks; /* by name and category; most busy first */
    size_t task_count;
    struct report_channels *channels; /* by name, component and capacity */
    size_t channel_count;
    struct report_worker *workers; /* by number */
    size_t worker_count;
    size_t process_count;
    struct task_totals all_tasks;
    struct channel_totals all_channels;
    uint64_t announcements;
    bool mixed; /* see struct workers */
    uint64_t stalls;
    const struct process *stalled; /* where the longest of them was; NULL: there was none */
    uint64_t names_folded;
};

void report_init(struct report *report, const struct model *model);
void report_fini(struct report *report);

#endif
