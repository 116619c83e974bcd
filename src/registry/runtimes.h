/* SPDX-License-Identifier: MIT */
/*
 * The runtimes that live in this process: what makes a handle safe after its runtime has gone, and where a debugger or a
 * console starts to look. A number is a slot and how often the slot was used, so a number is not given twice.
 *
 * Threads: any. `get` inside an RCU section, whose end is how long the answer stays valid. The owner removes the number,
 * waits for a grace period, and then frees the runtime.
 */
#ifndef WEFT_REGISTRY_RUNTIMES_H
#define WEFT_REGISTRY_RUNTIMES_H

#include <stdbool.h>
#include <stdint.h>

#ifndef WEFT__RUNTIMES_MAX /* a smaller table is for tests */
#define WEFT__RUNTIMES_MAX 255
#endif

/* A number for the runtime; 0: all are taken. */
uint32_t weft__runtimes_add(void *runtime);

/* Make the number findable: the runtime is complete. */
void weft__runtimes_publish(uint32_t number);

void weft__runtimes_remove(uint32_t number);

void *weft__runtimes_get(uint32_t number);

/* The next live, published runtime from *slot on, NULL at the end; *slot, 0 at first, moves behind it. As `get`. */
void *weft__runtimes_next(uint32_t *slot);

/* Whether the pointer is a live, published runtime. */
bool weft__runtimes_contains(const void *runtime);

/* The same, for a call of the host: 0, or its refusal: WEFT_EINVAL, or WEFT_ESHUTDOWN if the runtime was inherited. */
int weft__runtimes_check(const char *call, const void *runtime);

/*
 * fork(). The child has its parent's memory and one thread. A runtime that lived is inherited there: nobody finds it any
 * more but `inherited`, and its number stays taken until it is removed. `orphan` is called for each, by the only thread.
 */
bool weft__runtimes_inherited(const void *runtime);
void weft__runtimes_before_fork(void);
void weft__runtimes_after_fork_parent(void);
void weft__runtimes_after_fork_child(void (*orphan)(void *runtime));

#endif
