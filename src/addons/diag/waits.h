/* SPDX-License-Identifier: MIT */
/* Who waits for whom, as others show it as well. */
#ifndef WEFT_DIAG_WAITS_H
#define WEFT_DIAG_WAITS_H

#include <weft/types.h>

#include "json.h"

/* "waiting": the tasks of the runtime that wait for this object, at most a hundred. */
void weft__diag_waits_at(struct weft__diag_json *json, weft_runtime *rt, uint64_t object);

#endif
