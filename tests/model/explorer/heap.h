/* SPDX-License-Identifier: MIT */
/* The program's heap: every allocation is known, so that use after free, double free and leaks are found. See heap.c.
 */
#ifndef MODEL_HEAP_H
#define MODEL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void heap_init(char *memory);
void heap_reset(void);
void *heap_alloc(size_t size, size_t alignment, bool zeroed, uintptr_t pc); /* NULL only with the option oom */
void heap_free(void *address, uintptr_t pc);
size_t heap_size(const void *address); /* of a live block, by its start; fails otherwise */

/* At the end of an execution: everything must have been freed. */
void heap_check_leaks(void);

/* The current thread is about to touch `block`, which must be alive and known to it. */
void heap_touch(uint32_t block, const void *address, uintptr_t pc);

bool heap_describe(const void *address, char *text, size_t bytes);

#endif
