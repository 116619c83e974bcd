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

/* Whether the pointer is a live, published runtime. */
bool weft__runtimes_contains(const void *runtime);

#endif
