/* SPDX-License-Identifier: MIT */
/* Two tracepoints with the fields of weft's poll_start and poll_end, in LTTng's own words. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER bare

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "bare_tp.h"

#if !defined(BARE_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define BARE_TP_H

#include <lttng/tracepoint.h>
#include <stdint.h>

LTTNG_UST_TRACEPOINT_EVENT(bare, poll_start,
    LTTNG_UST_TP_ARGS(uint64_t, task, uint16_t, worker, uint8_t, source),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, task, task)
        lttng_ust_field_integer(uint16_t, worker, worker)
        lttng_ust_field_integer(uint8_t, source, source)))

LTTNG_UST_TRACEPOINT_EVENT(bare, poll_end,
    LTTNG_UST_TP_ARGS(uint64_t, task, uint16_t, worker, uint8_t, result, uint32_t, line),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint64_t, task, task)
        lttng_ust_field_integer(uint16_t, worker, worker)
        lttng_ust_field_integer(uint8_t, result, result)
        lttng_ust_field_integer(uint32_t, line, line)))

#endif

#include <lttng/tracepoint-event.h>
