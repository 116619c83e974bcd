/* SPDX-License-Identifier: MIT */
/* What is known about each piece of the program's memory: who touched it last, and whether it may be touched. See
 * shadow.c. */
#ifndef MODEL_SHADOW_H
#define MODEL_SHADOW_H

#include "limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHADOW_NO_LOCATION = 0xffff };

/* When a thread touched a piece. */
struct plain_read {
    uint32_t clock;
    uint32_t pc; /* non-PIE executables fit into 32 bits */
};
struct atomic_access {
    uint32_t read;
    uint32_t write;
};

/* A piece: the bytes `mask` of one 8-byte granule, which have always been accessed together. What a plain access by one of the
 * first threads looks at is in its first line of the processor's cache, and of an atomic access, in the second. */
struct cell {
    uint32_t next; /* further pieces of this granule; 0 ends */
    uint8_t mask;
    uint8_t writer; /* thread of the last plain write */
    uint16_t location;
    uint32_t write_clock;
    uint32_t write_pc;
    uint16_t readers; /* threads with an entry in reads since that write; the same for the two below */
    uint16_t atomic_readers;
    uint16_t atomic_writers;
    struct plain_read reads[MODEL_THREADS];
    struct atomic_access atomics[MODEL_THREADS];
} __attribute__((aligned(64)));

/* Once: finds the program's static memory and reserves the rest. Returns the stacks, shadow_heap() the heap. */
char *shadow_init(void);
char *shadow_heap(void);

/* Before each execution: nothing has been touched. */
void shadow_reset(void);

/* A plain access of `size` bytes by the current thread. Fails on a race, on freed and on foreign heap memory. */
void shadow_plain(const void *address, size_t size, bool write, uintptr_t pc);

/* Before the explorer itself reads or writes the eight bytes of a granule of the program's for the first time. */
void shadow_touch(const void *address);

/* An atomic access: the same against plain accesses. Returns the piece, whose location the caller keeps;
 * NULL: the thread is alone, and nobody has a piece of these bytes. */
struct cell *shadow_atomic(const void *address, size_t size, bool write, uintptr_t pc);

/* These bytes are data: relaxed accesses to them count as plain ones (model_data). */
void shadow_mark_data(const void *address, size_t size);
bool shadow_is_data(const void *address);

/* The heap tells which bytes belong to which block, and what each of them is at first. */
void shadow_block(void *address, size_t size, uint32_t block, uint8_t fill);
void shadow_free(const void *address, size_t size, uintptr_t pc);
void shadow_discard(void *address, size_t size, uintptr_t pc); /* a write of zeros to all that was touched */
uint32_t shadow_block_of(const void *address); /* 0: none */

bool shadow_describe_stack(const void *address, char *text, size_t bytes);

#endif
