/* SPDX-License-Identifier: MIT */
/* `weft trace`: its subcommands. */
#include "cli/trace/trace.h"

#include <stddef.h>

static int trace_run(int argc, char **argv)
{
    const struct command table[] = {
        trace_report,  trace_summary, trace_tasks,  trace_channels, trace_workers,
        trace_latency, trace_wakes,   trace_path,   trace_lints,    trace_diff,
        trace_export,  trace_events,  trace_record, trace_live,     {NULL, NULL, NULL, NULL},
    };
    return command_run("weft trace", table, argc, argv);
}

const struct command command_trace = {"trace", "COMMAND …", "record a program with LTTng, and read what was recorded",
                                      trace_run};
