/* SPDX-License-Identifier: MIT */
#include "lib/verdict.h"

#include <stdatomic.h>
#include <stdio.h>

static _Atomic(const char *) verdict_condition;
static _Atomic(const char *) verdict_file;
static _Atomic int verdict_line;
static _Atomic unsigned verdict_count;

bool verdict_note(bool held, const char *condition, const char *file, int line)
{
    if (held)
        return true;
    if (atomic_fetch_add(&verdict_count, 1) == 0) {
        atomic_store(&verdict_condition, condition);
        atomic_store(&verdict_file, file);
        atomic_store(&verdict_line, line);
    }
    return false;
}

bool verdict_holds(void)
{
    return atomic_load(&verdict_count) == 0;
}

void verdict_assert(void)
{
    const unsigned count = atomic_exchange(&verdict_count, 0);
    if (count == 0)
        return;
    char text[400];
    snprintf(text, sizeof text, "%s (%u times, first here)", atomic_load(&verdict_condition), count);
    _assert_true(0, text, atomic_load(&verdict_file), atomic_load(&verdict_line));
}
