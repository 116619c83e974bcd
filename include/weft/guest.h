/* SPDX-License-Identifier: MIT */
/*
 * A runtime as a guest on the host's own loop: its tasks run on the host's thread, whenever that loop comes round, beside
 * the host's own handles. The runtime is one that is driven by turns (<weft/runtime.h>); for another loop than libuv's give
 * weft_runtime_descriptor() and weft_runtime_next() to that, and call weft_runtime_turn().
 */
#ifndef WEFT_GUEST_H
#define WEFT_GUEST_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

typedef struct weft_guest weft_guest;

WEFT_BEGIN_DECLS

/**
 * Put a driven runtime on a loop of the host: `uv_loop` is a uv_loop_t *. While a task lives the loop stays alive; uv_run()
 * returns when neither the host nor the runtime has anything left.
 * @threads the loop's
 * @blocks never
 * @owns *out_guest is the caller's, until weft_guest_end(); the runtime and the loop stay the caller's
 * @errors WEFT_EINVAL (null, not a live runtime, one with threads of its own), WEFT_ENOMEM, WEFT_EMFILE
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_guest_begin(weft_runtime *rt, void *uv_loop, weft_guest **out_guest);

/**
 * Take it off the loop. The loop has to run once more, to let go of the handles. After this the runtime may be ended.
 * @threads the loop's, but not inside of a task
 * @blocks never
 * @owns the guest is consumed
 * @errors none
 * @since 0.1
 */
WEFT_API void weft_guest_end(weft_guest *guest);

WEFT_END_DECLS

#endif
