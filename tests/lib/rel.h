/* SPDX-License-Identifier: MIT */
/*
 * Figures of reliability: a program that measures one prints it as one line,
 *
 *     REL <id> <value> <limit> PASS|FAIL <seed>
 *
 * A ctest run measures at a size that takes seconds. WEFT_REL_PERCENT and WEFT_REL_SECONDS ask for more, WEFT_REL_HISTORY
 * names a file that each line is added to, with the time before it; tests/rel/run-long.sh sets all three.
 *
 * What depends on how fast the machine is belongs into the line and not into an assertion: a busy machine says FAIL there,
 * and the test passes. What must hold on any machine is asserted as well.
 */
#ifndef WEFT_TESTS_LIB_REL_H
#define WEFT_TESTS_LIB_REL_H

#include <stdbool.h>
#include <stdint.h>

/* Print the line of a figure, once. Returns `pass`, for an assertion. The test's own thread. */
bool rel_line(const char *id, double value, double limit, bool pass, uint64_t seed);

/* How much of it to do: WEFT_REL_PERCENT percent of `full`, at least 1; or `small`, scaled as stress_scale() does. */
uint64_t rel_size(uint64_t small, uint64_t full);

/* Whether this is a long run: WEFT_REL_PERCENT is set. */
bool rel_is_long(void);

/* How many seconds to go on: WEFT_REL_SECONDS, or `small`. */
uint64_t rel_seconds(uint64_t small);

/*
 * Wait until the process holds no more than `goal` bytes, since pages are given back that stayed empty for a second; a minute
 * at most, and not at all under a sanitizer, whose memory is not ours. What it holds then.
 */
uint64_t rel_bytes_back(uint64_t goal);

#endif
