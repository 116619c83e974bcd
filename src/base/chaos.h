/* SPDX-License-Identifier: MIT */
/*
 * Where the chaos build (-DWEFT_CHAOS=ON) takes another way than an ordinary one: others go first where a memory order is
 * asked for, a weak compare-and-swap fails and a sleep ends for nothing, a choice falls on anybody. All of that may happen
 * on some machine at some time; here it happens all the time, as WEFT_SEED says. In an ordinary build these words are
 * nothing: the code is the same as without them.
 *
 * What chooses is tests/chaos/chaos.c; that build has small rings and cursors about to wrap besides (src/cmake/weft_flags.cmake).
 */
#ifndef WEFT_BASE_CHAOS_H
#define WEFT_BASE_CHAOS_H

#ifdef WEFT_CHAOS

#include <stdbool.h>
#include <stdint.h>

/* Let others go first, perhaps. Any thread; errno stays. */
void weft__chaos_point(void);

/* Whether what may go wrong for nothing does so now. */
bool weft__chaos_strikes(void);

/* 0 to count - 1. */
uint32_t weft__chaos_below(uint32_t count);

#define WEFT__CHAOS_POINT(operation) (weft__chaos_point(), operation)
#define WEFT__CHAOS_WEAK(p, expected, failure_order, operation)                                                        \
    (weft__chaos_strikes() ? (*(expected) = atomic_load_explicit((p), (failure_order)), false)                         \
                             : (weft__chaos_point(), operation))
#define WEFT__CHAOS_STRIKES weft__chaos_strikes()
#define WEFT__CHAOS_ANY(count, usual) weft__chaos_below(count)

#else

#define WEFT__CHAOS_POINT(operation) operation
#define WEFT__CHAOS_WEAK(p, expected, failure_order, operation) operation
#define WEFT__CHAOS_STRIKES false
#define WEFT__CHAOS_ANY(count, usual) (usual)

#endif

#endif
