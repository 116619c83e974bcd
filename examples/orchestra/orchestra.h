/* SPDX-License-Identifier: MIT */
/*
 * An orchestrator and a worker, a runtime each: orders come from outside, are initialised, dispatched, worked on by a
 * task each, collected and finalised. Seven channels, a limit of ten handlers, pollers beside, and eleven faults on
 * switches.
 */
#ifndef ORCHESTRA_H
#define ORCHESTRA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <weft.h>

struct order {
    uint64_t id;
};

WEFT_CHANNEL_DEFINE(orders, struct order)

enum lane { REQUESTS, INITIALIZE, READY, WORK, RESULTS, FINALIZE, EVENTS, LANES };

enum {
    HANDLERS = 10,       /* permits of the semaphore: handlers at a time */
    HANDLE_NS = 1000000, /* how long a handler waits for what it asked for */
    PATIENCE_S = 30,     /* and at most */
    POLLERS = 7
};

struct options {
    uint32_t workers; /* threads of each runtime */
    uint64_t orders;
    uint32_t milliseconds; /* over which they come */
    uint32_t sizes[LANES];
    int fault; /* 1 to 11, 0: none */
    bool trace;
};

struct orchestra {
    struct options options;
    weft_runtime *orchestrator;
    weft_runtime *worker;
    orders_sender to[LANES];
    orders_receiver from[LANES];
    weft_semaphore handlers;
    atomic_ullong finalized;
    atomic_ullong logged;
    atomic_ullong ticks;
};

/* What each fault is called; by its number, 0 is none. */
extern const char *const fault_names[];
enum { FAULTS = 11 };

/* Spawn everything that runs in one of the two; 0, or an error. The last finaliser's task is in *out_last. */
int orchestrator_start(struct orchestra *orchestra, weft_task *out_last);
int worker_start(struct orchestra *orchestra);

/* Something that happens again and again, for as long as its runtime lives. */
int poller_start(struct orchestra *orchestra, weft_runtime *rt, const char *name, int64_t period_ns);

/* What a fault needs beside the ordinary tasks. */
int fault_start(struct orchestra *orchestra);

/* Per order, in a handler: what the fault does there. True: the handler goes on by `store` on the blocking pool. */
void fault_in_handler(struct orchestra *orchestra, weft_scope *scope);
int fault_store(void *argument);

static inline bool fault_is(const struct orchestra *orchestra, int number)
{
    return orchestra->options.fault == number;
}

#endif
