/* SPDX-License-Identifier: MIT */
/* Atomic memory under the C11 model. See memory.c. Orders are those of the __tsan_* interface: the __ATOMIC_* numbers.
 */
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include "view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum memory_operation { MEMORY_EXCHANGE, MEMORY_ADD, MEMORY_SUB, MEMORY_AND, MEMORY_OR, MEMORY_XOR, MEMORY_NAND };

void memory_init(void); /* once, when scheduler_steps_max stands */
void memory_reset(void);

uint64_t memory_load(const void *address, unsigned size, int order, uintptr_t pc);
void memory_store(void *address, unsigned size, uint64_t value, int order, uintptr_t pc);
uint64_t memory_modify(void *address, unsigned size, enum memory_operation operation, uint64_t operand, int order,
                       uintptr_t pc);

struct memory_cas {
    unsigned size;
    bool weak;
    int success;
    int failure;
};
bool memory_compare_exchange(void *address, void *expected, uint64_t desired, struct memory_cas how, uintptr_t pc);
void memory_fence(int order, uintptr_t pc);

/* A full fence by every thread at this moment, as sys_membarrier makes it: the current thread knows what all did
 * before. */
void memory_fence_everywhere(uintptr_t pc);

/* The newest value, with no ordering: what the kernel compares in a futex wait. */
uint64_t memory_newest(const void *address, unsigned size, uintptr_t pc);

/* The location was written or re-used as plain memory: its history starts again from what is there at the next access.
 */
void memory_restart(unsigned location);
bool memory_restarted(unsigned location); /* and no access since */
/* The location is gone for good. */
void memory_forget(unsigned location);

/* What each thread knows. */
const struct view *memory_view(int thread);
void memory_begin_thread(int thread, int parent); /* parent < 0: the first */
void memory_join_thread(int thread);              /* the current one learns what `thread` knew at its end */
void memory_publish(struct view *to);       /* a lock's release: `to` becomes at least what the current thread knows */
void memory_learn(const struct view *from); /* a lock's acquire */

#endif
