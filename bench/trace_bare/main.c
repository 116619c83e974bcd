/* SPDX-License-Identifier: MIT */
/*
 * What does an event cost that LTTng records, without weft? One operation is a pair of tracepoints with the fields of
 * poll_start and poll_end: the least that the two events of a poll can cost.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "bare_tp.h"

#include "lib/harness.h"

static int pairs(struct bench *bench)
{
    for (long i = 0; i < bench->ops; i++) {
        lttng_ust_tracepoint(bare, poll_start, (uint64_t)i, 0, 0);
        lttng_ust_tracepoint(bare, poll_end, (uint64_t)i, 0, 2, (uint32_t)__LINE__);
    }
    return 0;
}

static const struct bench_line line = {.name = "trace_bare", .unit = "ns", .ops = 100000, .round = pairs};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, "lttng-ust", "", &line);
}
