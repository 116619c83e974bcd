/* SPDX-License-Identifier: MIT */
/* A worker's loop itself, for a library that speaks libuv: what such a library puts there is turned with everything else. */
#ifndef WEFT_LOOP_H
#define WEFT_LOOP_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

/* `loop` is a uv_loop_t *. Called where it is turned: nobody else touches it meanwhile. It must not wait, and not run the loop. */
typedef void weft_loop_fn(void *loop, void *context);

WEFT_BEGIN_DECLS

/**
 * Have `fn` called with the loop of a worker. Handles that it starts call back on that worker, or while the worker is stuck
 * in a poll on the monitor's thread; they may wake tasks, spawn and try_send. What is not closed before the runtime ends is
 * closed then, without a callback; requests on libuv's pool (uv_queue_work, uv_fs_*) cannot be, and the end waits for them.
 * weft_runtime_shutdown() waits for requests of every kind until its deadline, and says how many are not done.
 * @threads any
 * @blocks never
 * @owns context is the caller's, and must stay until fn was called
 * @errors WEFT_EINVAL (null, not a live runtime, no such worker), WEFT_EMFILE, WEFT_ENOMEM, WEFT_ESHUTDOWN
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_loop_call(weft_runtime *rt, uint32_t worker, weft_loop_fn *fn, void *context);

WEFT_END_DECLS

#endif
