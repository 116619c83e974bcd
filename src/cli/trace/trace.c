/* SPDX-License-Identifier: MIT */
/* See trace.h. */
#include "cli/trace/trace.h"

#include <stddef.h>

int trace_run(int argc, char **argv)
{
    const struct command table[] = {trace_summary, trace_events, {NULL, NULL, NULL, NULL}};
    return command_run("weft trace", table, argc, argv);
}
