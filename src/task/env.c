/* SPDX-License-Identifier: MIT */
#include "task/env.h"

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
