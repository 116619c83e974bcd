/* SPDX-License-Identifier: MIT */
/* A link with a time: what a timer wheel holds. */
#ifndef WEFT_BASE_TIMED_H
#define WEFT_BASE_TIMED_H

#include <stdint.h>

#include "base/list.h"

struct weft__timed {
    struct weft__link link;
    int64_t at; /* ns of the monotonic clock */
};

#endif
