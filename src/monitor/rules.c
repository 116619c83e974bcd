/* SPDX-License-Identifier: MIT */
#include "monitor/rules.h"

static const double rules_hysteresis = 0.10; /* of the threshold */
enum { RULES_CHANNEL_NS = 25000 };          /* of pause for each channel; a look takes 70 ns */

weft_health weft__rules_health(weft_health before, double saturation, double degraded_at, double critical_at)
{
    const double critical_until = before >= WEFT_CRITICAL ? critical_at * (1 - rules_hysteresis) : critical_at;
    const double degraded_until = before >= WEFT_DEGRADED ? degraded_at * (1 - rules_hysteresis) : degraded_at;
    if (saturation >= critical_until)
        return WEFT_CRITICAL;
    return saturation >= degraded_until ? WEFT_DEGRADED : WEFT_HEALTHY;
}

int64_t weft__rules_pause(int64_t interval_ns, uint32_t channels)
{
    const int64_t enough = (int64_t)channels * RULES_CHANNEL_NS;
    return interval_ns > enough ? interval_ns : enough;
}

const char *weft_health_name(weft_health health)
{
    switch (health) {
    case WEFT_HEALTHY:
        return "healthy";
    case WEFT_DEGRADED:
        return "degraded";
    case WEFT_CRITICAL:
        return "critical";
    default:
        return "unknown";
    }
}
