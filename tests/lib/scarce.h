/* SPDX-License-Identifier: MIT */
/*
 * malloc() itself, of which the n-th fails: whoever allocates, also libraries that know of no fault injection. It is defined here, so
 * one file of a program includes this, and not under a sanitizer, whose malloc() it is then.
 */
#ifndef WEFT_TESTS_LIB_SCARCE_H
#define WEFT_TESTS_LIB_SCARCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static atomic_long scarce_left = -1; /* allocations until one fails; below 0: none does */
static atomic_ulong scarce_count;

/* From now on the n-th allocation of the process fails, from 0 on, and only that. */
static inline void scarce_begin(long n) { atomic_store(&scarce_left, n); }
static inline void scarce_end(void) { atomic_store(&scarce_left, -1); }

/* How many have failed so far. */
static inline unsigned long scarce_failed(void) { return atomic_load(&scarce_count); }

static bool scarce_fails(void)
{
    if (atomic_load(&scarce_left) < 0 || atomic_fetch_sub(&scarce_left, 1) != 0)
        return false;
    atomic_fetch_add(&scarce_count, 1);
    return true;
}

#define SCARCE_SEEN __attribute__((visibility("default"))) /* by the libraries */
SCARCE_SEEN void *malloc(size_t size) { return scarce_fails() ? NULL : __libc_malloc(size); }
SCARCE_SEEN void *calloc(size_t count, size_t size) { return scarce_fails() ? NULL : __libc_calloc(count, size); }
SCARCE_SEEN void *realloc(void *block, size_t size) { return scarce_fails() ? NULL : __libc_realloc(block, size); }

#endif
