/* SPDX-License-Identifier: MIT */
/* What a harness does with the stand-in of base/bell.h. */
#ifndef WEFT_TESTS_MODEL_BELL_H
#define WEFT_TESTS_MODEL_BELL_H

struct weft__bell;

/* Sleep until it has been rung, as in poll(): it is not cleared. */
void model_bell_poll(struct weft__bell *bell);

#endif
