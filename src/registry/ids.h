/* SPDX-License-Identifier: MIT */
/*
 * Numbers that name things in events and handles: tasks, channels, scopes share one sequence per process (or per realm),
 * never given twice; workers have small numbers that come back. Threads: any.
 */
#ifndef WEFT_REGISTRY_IDS_H
#define WEFT_REGISTRY_IDS_H

#include <stdint.h>

struct weft__realm;

/* A private stretch of the sequence, so that workers do not meet at one counter. Belongs to one thread or lock. */
struct weft__ids {
    uint64_t next;
    uint64_t end;
    struct weft__realm *realm; /* whose sequence; NULL: the process's */
};

void weft__ids_refill(struct weft__ids *ids);

static inline uint64_t weft__ids_take(struct weft__ids *ids)
{
    if (ids->next == ids->end)
        weft__ids_refill(ids);
    return ids->next++;
}

/* One number, from any thread. */
uint64_t weft__id_new(struct weft__realm *realm);

/* A worker number, the lowest that is free; WEFT_TRACE_NO_WORKER when 65535 are in use. */
uint16_t weft__worker_number_take(void);
void weft__worker_number_return(uint16_t number);

/* fork(): nobody else is in the middle of it. After: in both processes. */
void weft__ids_before_fork(void);
void weft__ids_after_fork(void);

#endif
