/* SPDX-License-Identifier: MIT */
/* `weft trace`: its subcommands. */
#ifndef WEFT_CLI_TRACE_TRACE_H
#define WEFT_CLI_TRACE_TRACE_H

#include "cli/command.h"

extern const struct command trace_summary;
extern const struct command trace_events;

#endif
