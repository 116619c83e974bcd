/* SPDX-License-Identifier: MIT */
/* A provider of a weft that is not this one: the core must refuse it by its schema and call nothing of it. */
#include <stdlib.h>
#include <weft/trace.h>

static int other_status(char *text, size_t text_size)
{
    (void)text;
    (void)text_size;
    abort();
}

static uint64_t other_wanted(void)
{
    abort();
}

static uint32_t other_sessions(void)
{
    abort();
}

static void other_thread_start(void)
{
    abort();
}

static const weft_trace_provider other = {
    .size = sizeof(weft_trace_provider),
    .schema = WEFT_TRACE_SCHEMA + 1000,
    .version = "99.0.0",
    .status = other_status,
    .wanted = other_wanted,
    .sessions = other_sessions,
    .thread_start = other_thread_start,
    .events = {.size = sizeof(weft_hooks)},
};

WEFT_API const weft_trace_provider *weft_trace_provider_get(void);

WEFT_API const weft_trace_provider *weft_trace_provider_get(void)
{
    return &other;
}
