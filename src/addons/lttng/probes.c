/* SPDX-License-Identifier: MIT */
/*
 * The tracepoints' definitions and what writes them into LTTng's buffers: everything here is stamped by LTTng's macros
 * from weft_tp.h, which is stamped from <weft/trace_events.def>. Nothing else may define LTTNG_UST_TRACEPOINT_DEFINE.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "weft_tp.h"
