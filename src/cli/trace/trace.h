/* SPDX-License-Identifier: MIT */
/* `weft trace`: its subcommands. */
#ifndef WEFT_CLI_TRACE_TRACE_H
#define WEFT_CLI_TRACE_TRACE_H

#include "cli/command.h"

extern const struct command trace_summary;
extern const struct command trace_events;
extern const struct command trace_report;
extern const struct command trace_tasks;
extern const struct command trace_channels;
extern const struct command trace_workers;
extern const struct command trace_wakes;
extern const struct command trace_latency;
extern const struct command trace_lints;
extern const struct command trace_path;
extern const struct command trace_diff;
extern const struct command trace_record;
extern const struct command trace_live;
extern const struct command trace_export;

#endif
