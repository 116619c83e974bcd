/* SPDX-License-Identifier: MIT */
/* The monitor's judgement, as pure functions of what was seen. */
#ifndef WEFT_MONITOR_RULES_H
#define WEFT_MONITOR_RULES_H

#include <weft/monitor.h>

/*
 * The health that follows from a saturation. Upward at the thresholds; downward only when it is a tenth of the threshold
 * below it, so that a channel at the edge does not flap.
 */
weft_health weft__rules_health(weft_health before, double saturation, double degraded_at, double critical_at);

/*
 * The time from one sample to the next: the interval that was asked for, or longer where there are so many channels that
 * looking at all of them would cost more than some thousandths of a processor.
 */
int64_t weft__rules_pause(int64_t interval_ns, uint32_t channels);

#endif
