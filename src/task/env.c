/* SPDX-License-Identifier: MIT */
#include "task/env.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/platform.h"

_Thread_local struct weft__thread *weft__self __attribute__((tls_model("initial-exec")));

int64_t weft__self_now(void)
{
    const struct weft__thread *self = weft__self;
    if (!self)
        return weft__clock_now();
    /* A worker in a long poll has an old time; the monitor's is at most a tick old. */
    const int64_t seen = weft__load_relaxed(&self->env->now);
    return self->now > seen ? self->now : seen;
}

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
