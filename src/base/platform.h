/* SPDX-License-Identifier: MIT */
/*
 * What the library asks of the machine, behind one table: memory, threads, time, sleeping. Tests swap the table to make
 * the n-th call fail or time jump; the product never does. Nothing above base/ calls mmap, pthread_create, futex or
 * clock_gettime itself.
 *
 * Threads: any, for every function. The table may be swapped only while no other thread of the library runs.
 */
#ifndef WEFT_BASE_PLATFORM_H
#define WEFT_BASE_PLATFORM_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct weft__platform {
    void *(*alloc)(size_t size);                      /* NULL: no memory */
    void *(*alloc_zeroed)(size_t count, size_t size); /* untouched pages stay untouched */
    void (*free)(void *block);
    void *(*map)(size_t size, size_t alignment);      /* zeroed pages; NULL: no memory */
    void (*unmap)(void *pages, size_t size);
    void (*discard)(void *pages, size_t size);        /* stay mapped, read as zero, cost nothing until written */
    int (*thread_create)(pthread_t *out_thread, const pthread_attr_t *attributes, void *(*entry)(void *), void *argument);
    int64_t (*clock)(void);                           /* CLOCK_MONOTONIC, ns */
    int64_t (*clock_coarse)(void);                    /* the same as of some milliseconds ago, for a quarter of the price */
    int (*futex_wait)(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns);
    void (*futex_wake)(_Atomic uint32_t *word, int count);
    void (*rest)(int64_t ns);                         /* sleep, woken by nobody; errno stays */
    int (*barrier)(void);                             /* every thread of the process passes a full one; or a negative errno */
    uint64_t (*random)(void);                         /* a seed */
    int (*eventfd)(void);                             /* a descriptor, or a negative errno */
};

extern const struct weft__platform weft__platform_linux;

/* The table in force. */
extern const struct weft__platform *weft__platform;

static inline void *weft__alloc(size_t size) { return weft__platform->alloc(size); }
static inline void weft__free(void *block) { weft__platform->free(block); }
static inline void *weft__alloc_zeroed(size_t count, size_t size) { return weft__platform->alloc_zeroed(count, size); }
static inline int64_t weft__clock_now(void) { return weft__platform->clock(); }

#endif
