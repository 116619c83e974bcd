/* SPDX-License-Identifier: MIT */
/*
 * Events: hooks for a host with a tracer of its own, and the shape of a provider library such as libweft-lttng.so. Both
 * are stamped from <weft/trace_events.def>. An event that nobody wants costs one load and one branch that is not taken.
 */
#ifndef WEFT_TRACE_H
#define WEFT_TRACE_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

/* Raised with each incompatible change of the table; a provider of another schema is refused. */
#define WEFT_TRACE_SCHEMA 2

#define WEFT_TRACE_NO_WORKER 65535

/* The C types behind the table's words; every enumeration is one byte. */
#define WEFT__T_u8 uint8_t
#define WEFT__T_u16 uint16_t
#define WEFT__T_u32 uint32_t
#define WEFT__T_u64 uint64_t
#define WEFT__T_s32 int32_t
#define WEFT__T_str const char *
#define WEFT__T_thread_kind uint8_t
#define WEFT__T_poll_source uint8_t
#define WEFT__T_poll_result uint8_t
#define WEFT__T_wake_source uint8_t
#define WEFT__T_task_state uint8_t
#define WEFT__T_cancel_reason uint8_t
#define WEFT__T_channel_side uint8_t
#define WEFT__T_drop_reason uint8_t
#define WEFT__T_health uint8_t
#define WEFT__T_sync_kind uint8_t
#define WEFT__T_fd_kind uint8_t

/* The enumerations, as constants: WEFT_TRACE_poll_result_PENDING and so on. */
enum {
#define WEFT_ENUM_BEGIN(name)
#define WEFT_ENUM_VALUE(name, label, number) WEFT_TRACE_##name##_##label = (number),
#define WEFT_ENUM_END(name)
#define WEFT_EVENT1(...)
#define WEFT_EVENT2(...)
#define WEFT_EVENT3(...)
#define WEFT_EVENT4(...)
#define WEFT_EVENT5(...)
#define WEFT_EVENT6(...)
#include <weft/trace_events.def>
#undef WEFT_ENUM_BEGIN
#undef WEFT_ENUM_VALUE
#undef WEFT_ENUM_END
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6
    WEFT__TRACE_ENUMS_END
};

/* The events, as bit numbers: WEFT_TRACE_task_spawn and so on. */
enum {
#define WEFT_EVENT1(name, ...) WEFT_TRACE_##name,
#define WEFT_EVENT2(name, ...) WEFT_TRACE_##name,
#define WEFT_EVENT3(name, ...) WEFT_TRACE_##name,
#define WEFT_EVENT4(name, ...) WEFT_TRACE_##name,
#define WEFT_EVENT5(name, ...) WEFT_TRACE_##name,
#define WEFT_EVENT6(name, ...) WEFT_TRACE_##name,
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6
    WEFT_TRACE_EVENTS /* how many there are; at most 64 */
};

/*
 * One function per event; NULL: not wanted. They run on the thread where it happens, with no lock of weft held. They
 * may call weft (wake, spawn, try_send), but must not wait; events that a hook causes are not told to hooks again.
 */
typedef struct weft_hooks {
    size_t size; /* set by WEFT_HOOKS() */
    void *context;
#define WEFT_EVENT1(e, l, x, t1, n1) void (*e)(void *context, WEFT__T_##t1 n1);
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2) void (*e)(void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2);
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)                                                                   \
    void (*e)(void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3);
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    void (*e)(void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4);
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    void (*e)(void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4, WEFT__T_##t5 n5);
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    void (*e)(void *context, WEFT__T_##t1 n1, WEFT__T_##t2 n2, WEFT__T_##t3 n3, WEFT__T_##t4 n4, WEFT__T_##t5 n5,      \
              WEFT__T_##t6 n6);
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6
} weft_hooks;

#define WEFT_HOOKS(...) WEFT__OPTIONS(weft_hooks, __VA_ARGS__)

/* Names one registration of hooks; 0: none. */
typedef uint64_t weft_hooks_handle;

/*
 * What a provider library exports: `const weft_trace_provider *weft_trace_provider_get(void)`. The core looks for it
 * when a runtime is created, first among what is loaded (LD_PRELOAD), then, if the runtime asked for tracing, beside
 * libweft. The provider links nothing of weft.
 */
typedef struct weft_trace_provider {
    size_t size;
    uint32_t schema;     /* WEFT_TRACE_SCHEMA of its build */
    const char *version; /* WEFT_VERSION of its build */
    /* 0 if somebody could record; otherwise WEFT_ENOTCONN and a sentence in text. Any thread; may take milliseconds. */
    int (*status)(char *text, size_t text_size);
    /* The bits of the events that are recorded now. Any thread, often, cheap. */
    uint64_t (*wanted)(void);
    /* How many times a recording has started: a change asks for a state announcement. Any thread, cheap. */
    uint32_t (*sessions)(void);
    /* Called on each thread before its first event. */
    void (*thread_start)(void);
    weft_hooks events;
} weft_trace_provider;

#define WEFT_TRACE_PROVIDER_SYMBOL "weft_trace_provider_get"

WEFT_BEGIN_DECLS

/**
 * Have functions called for the events of a runtime. At most 8 registrations live at a time in a process.
 * @threads any
 * @blocks the thread, for a moment
 * @owns hooks is copied; its context is the caller's until weft_hooks_remove() has returned
 * @errors WEFT_EINVAL (null, no function set, not a live runtime), WEFT_EMFILE (8 registrations live)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_hooks_add(weft_runtime *rt, const weft_hooks *hooks, weft_hooks_handle *out_handle);

/**
 * End a registration; when it returns no function of it runs or will run, so its context can be freed.
 * @threads any but a hook
 * @blocks the thread, until hooks that are running have returned
 * @owns the context is the caller's again
 * @errors WEFT_ESRCH (removed, or its runtime is gone), WEFT_EDEADLK (called from a hook)
 * @since 0.1
 */
WEFT_API int weft_hooks_remove(weft_hooks_handle handle);

WEFT_END_DECLS

#endif
