/* SPDX-License-Identifier: MIT */
/* Whether this is the chaos build (src/base/chaos.h), where no choice and no size is the usual one: who pins them skips, and a figure that
 * depends on them is none. */
#ifndef WEFT_TESTS_LIB_CHAOS_H
#define WEFT_TESTS_LIB_CHAOS_H

#ifdef WEFT_CHAOS
#define CHAOS_BUILD 1
#else
#define CHAOS_BUILD 0
#endif

#endif
