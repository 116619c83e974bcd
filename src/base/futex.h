/* SPDX-License-Identifier: MIT */
/*
 * Sleeping on a word. A wait returns when the word differs from `expected`, when it is woken, when the deadline passes
 * (-ETIMEDOUT), or for no reason at all: the caller looks again. Everything that sleeps in weft sleeps here; condition
 * variables are not used (glibc before 2.41 can lose a signal, BZ 25847).
 */
#ifndef WEFT_BASE_FUTEX_H
#define WEFT_BASE_FUTEX_H

#include <limits.h>
#include <stdint.h>

int weft__futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns);
void weft__futex_wake(_Atomic uint32_t *word, int count);

#define WEFT__WAKE_ALL INT_MAX

#endif
