/* SPDX-License-Identifier: MIT */
/*
 * A platform table that fails when it is told to, and counts what it gave. It is put in force while no thread of the
 * library runs, and stays; faults are armed and disarmed by atomics, at any time.
 *
 * Fallible calls are alloc, alloc_zeroed and map (memory), thread_create (threads) and eventfd (descriptors), each counted
 * by itself.
 */
#ifndef WEFT_TESTS_LIB_FAULTY_H
#define WEFT_TESTS_LIB_FAULTY_H

#include <stdbool.h>
#include <stdint.h>

enum faulty_kind { FAULTY_MEMORY, FAULTY_THREADS, FAULTY_DESCRIPTORS };

/* Put the table in force, everything working. */
void faulty_begin(void);

/* Put the machine's own table back. */
void faulty_end(void);

/* The n-th call of this kind from now, counted from 1, fails; with `sticky`, all after it, too. */
void faulty_arm(enum faulty_kind kind, unsigned n, bool sticky);
void faulty_disarm(void);

/* Called on the spot before anything is refused: what others may do in this moment. NULL: nothing. */
void faulty_before_refusal(void (*call)(void));

/* Whether a call has failed since faulty_arm(). */
bool faulty_fired(void);

/* Memory given and not given back: blocks, and bytes of pages. Both 0 when no runtime and no channel is left. */
int64_t faulty_blocks(void);
int64_t faulty_mapped(void);

/* Fallible calls of this thread since it began: what must not allocate does not change it. */
unsigned faulty_calls_here(void);

/* Add to the clock: what the library sees is so much later, and deadlines are met at the same distance. */
void faulty_clock_ahead(int64_t ns);

#endif
