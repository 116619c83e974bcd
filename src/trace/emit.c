/* SPDX-License-Identifier: MIT */
/*
 * The slow path of every event, stamped from the table: call the provider, then the hooks of that runtime.
 *
 * Hooks run inside an RCU section, so removal can wait for them; a flag of the thread keeps an event that a hook causes
 * away from hooks. The provider is never unloaded and needs neither.
 */
#include "trace/emit.h"

#include "trace/sinks.h"

_Atomic uint64_t weft__trace_mask;

#define EMIT(e, ...)                                                                                                   \
    do {                                                                                                               \
        const struct weft_trace_provider *provider = weft__sinks_provider();                                           \
        if (provider && provider->events.e)                                                                            \
            provider->events.e(provider->events.context, __VA_ARGS__);                                                 \
        struct weft__sinks_walk walk;                                                                                  \
        for (const weft_hooks *h = weft__sinks_first(&walk, rt, WEFT_TRACE_##e); h; h = weft__sinks_next(&walk))       \
            h->e(h->context, __VA_ARGS__);                                                                             \
    } while (0)

#define WEFT_EVENT1(e, l, x, t1, n1)                                                                                   \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1) { EMIT(e, n1); }
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2)                                                                           \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2) { EMIT(e, n1, n2); }
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)                                                                   \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3) { EMIT(e, n1, n2, n3); }
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4)               \
    {                                                                                                                  \
        EMIT(e, n1, n2, n3, n4);                                                                                       \
    }
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4,               \
                        WEFT__T_##t5 n5)                                                                               \
    {                                                                                                                  \
        EMIT(e, n1, n2, n3, n4, n5);                                                                                   \
    }
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    void weft__emit_##e(uint32_t rt, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4,               \
                        WEFT__T_##t5 n5, WEFT__T_##t6 n6)                                                              \
    {                                                                                                                  \
        EMIT(e, n1, n2, n3, n4, n5, n6);                                                                               \
    }
#include <weft/trace_events.def>
