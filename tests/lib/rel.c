/* SPDX-License-Identifier: MIT */
#include "lib/rel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/stress.h"

static void rel_remember(const char *line)
{
    const char *path = getenv("WEFT_REL_HISTORY");
    if (!path)
        return;
    FILE *history = fopen(path, "a");
    if (!history)
        fail_msg("WEFT_REL_HISTORY=%s cannot be written", path);
    char when[32];
    const time_t now = time(NULL);
    struct tm parts;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    fprintf(history, "%s %s\n", when, line);
    fclose(history);
}

bool rel_line(const char *id, double value, double limit, bool pass, uint64_t seed)
{
    char line[200];
    snprintf(line, sizeof line, "REL %s %.10g %.10g %s %" PRIu64, id, value, limit, pass ? "PASS" : "FAIL", seed);
    printf("%s\n", line);
    fflush(stdout);
    rel_remember(line);
    return pass;
}

/* A number of the environment; 0: it is not set. A word that is no number ends the test, not its meaning. */
static uint64_t rel_setting(const char *name)
{
    const char *given = getenv(name);
    if (!given)
        return 0;
    char *end;
    const uint64_t value = strtoull(given, &end, 10);
    if (value == 0 || *end != '\0')
        fail_msg("%s=%s: a number above 0 is expected", name, given);
    return value;
}

uint64_t rel_size(uint64_t small, uint64_t full)
{
    const uint64_t percent = rel_setting("WEFT_REL_PERCENT");
    if (percent == 0)
        return stress_scale(small);
    const uint64_t size = (uint64_t)((double)full * (double)percent / 100);
    return size > 0 ? size : 1;
}

bool rel_is_long(void)
{
    return rel_setting("WEFT_REL_PERCENT") > 0;
}

uint64_t rel_seconds(uint64_t small)
{
    const uint64_t seconds = rel_setting("WEFT_REL_SECONDS");
    return seconds > 0 ? seconds : small;
}

uint64_t rel_bytes_back(uint64_t goal)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    for (int i = 0; i < 3000 && !stress_sanitized() && stress_process_bytes() > goal; i++)
        nanosleep(&pause, NULL);
    return stress_process_bytes();
}
