/* SPDX-License-Identifier: MIT */
#include "task/env.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

_Thread_local struct weft__thread *weft__self __attribute__((tls_model("initial-exec")));

void weft__report(struct weft__env *env, int code, const char *format, ...)
{
    if (!env->report)
        return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    env->report(env->report_context, code, text);
}

uint64_t weft__env_foreign_spawned(struct weft__env *env)
{
    uint64_t spawned = weft__load_relaxed(&env->foreign_spawned_as[WEFT__NAMES_OTHER]); /* what the ends that were seen know of */
    for (uint32_t number = weft__names_count(); number > 0; number--)
        spawned += weft__load_relaxed(&env->foreign_spawned_as[number]); /* the same */
    return spawned;
}

static bool none_awaited(const struct weft__thread *self)
{
    (void)self;
    return false;
}

static bool none_enter(struct weft__thread *thread)
{
    (void)thread;
    return false;
}

static uint32_t none_sleep(struct weft__thread *thread, int64_t deadline_ns)
{
    (void)thread;
    (void)deadline_ns;
    return 0;
}

static bool none_stand_in(struct weft__thread *const *threads, uint32_t count, int64_t deadline_ns)
{
    (void)threads;
    (void)count;
    (void)deadline_ns;
    return false;
}

static uint32_t none_turn(struct weft__thread *thread)
{
    (void)thread;
    return 0;
}

static void none_nothing(struct weft__thread *thread) { (void)thread; }

static int none_descriptor(struct weft__thread *thread)
{
    (void)thread;
    return -ENOTSUP;
}

const struct weft__io_ops weft__io_none = {
    .awaited = none_awaited,
    .enter = none_enter,
    .sleep = none_sleep,
    .leave = none_nothing,
    .turn = none_turn,
    .stand_in = none_stand_in,
    .rouse = none_nothing,
    .descriptor = none_descriptor,
};
