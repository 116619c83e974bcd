/* SPDX-License-Identifier: MIT */
/*
 * The call site of an event. WEFT__TRACE(runtime number, name, arguments…) tests one bit of one word and evaluates its
 * arguments only if somebody wants the event. The mask is process-wide: a recording is, and so a call site needs no
 * pointer to reach it. Hooks belong to one runtime; the slow path sorts that out.
 */
#ifndef WEFT_TRACE_EMIT_H
#define WEFT_TRACE_EMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <weft/trace.h>

#include "base/atomic.h"
#include "base/check.h"

/* Bit n: somebody wants event n. Relaxed: an event may be seen or missed at the moment the wish changes. */
extern _Atomic uint64_t weft__trace_mask __attribute__((visibility("hidden"))); /* its address without a detour */

static inline bool weft__trace_wants(unsigned event)
{
    return weft__unlikely((weft__load_relaxed(&weft__trace_mask) >> event) & 1);
}

/* The highest bit: tasks and messages have trails (task/trail.h). It is set with the first tracer and stays, so what it found
 * out is still true later. One test serves both questions where both are asked. */
#define WEFT__TRACE_TRAILS (UINT64_C(1) << 63)
_Static_assert(WEFT_TRACE_EVENTS <= 63, "the last bit is taken");

static inline bool weft__trace_trails(void)
{
    return weft__unlikely(weft__load_relaxed(&weft__trace_mask) & WEFT__TRACE_TRAILS);
}
static inline bool weft__trace_wants_or_trails(unsigned event)
{
    return weft__unlikely(weft__load_relaxed(&weft__trace_mask) & (UINT64_C(1) << event | WEFT__TRACE_TRAILS));
}

#define WEFT__TRACE(runtime, event, ...)                                                                               \
    do {                                                                                                               \
        if (weft__trace_wants(WEFT_TRACE_##event))                                                                     \
            weft__emit_##event((runtime), __VA_ARGS__);                                                                \
    } while (0)

/* The slow paths: weft__emit_<event>(runtime number, arguments…) calls every sink that wants it. */
#define WEFT_EVENT1(e, l, x, t1, n1) void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1);
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2) void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2);
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)                                                                   \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3);
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4);
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4,               \
                        WEFT__T_##t5 n5);
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4,               \
                        WEFT__T_##t5 n5, WEFT__T_##t6 n6);
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6

#endif
