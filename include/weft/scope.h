/* SPDX-License-Identifier: MIT */
/*
 * Scopes: every task belongs to one, and a scope ends only after all of its tasks. A task opens scopes in its frame and
 * closes them before it returns; cancelling a scope reaches its tasks and the scopes they opened, and stays in force. It
 * reaches the owner too: between open and close its awaits answer WEFT_ECANCELED, so it comes to the close.
 *
 * Synchronisation: spawning into, cancelling and counting a scope may happen on any threads at once; open and close
 * belong to the task that owns it.
 */
#ifndef WEFT_SCOPE_H
#define WEFT_SCOPE_H

#include <weft/api.h>
#include <weft/error.h>
#include <weft/types.h>

/* What one task's end means for the others of its scope. */
typedef enum weft_policy {
    WEFT_FAIL_FAST = 0,    /* the first failure cancels the rest and is the scope's result */
    WEFT_COLLECT_ALL = 1,  /* all run to their end; the first failure is the scope's result */
    WEFT_FIRST_SUCCESS = 2 /* the first success cancels the rest and is the scope's result */
} weft_policy;

typedef struct weft_scope_options {
    size_t size;
    const char *name; /* not copied: a literal, or text that outlives the scope */
    weft_policy policy;
    int64_t deadline_ns; /* of weft_clock(): then it is cancelled, at once if that has passed; 0: none */
    bool shield;         /* awaits inside do not see a cancellation from outside: for clean-up that has to wait */
} weft_scope_options;

#define WEFT_SCOPE_OPTIONS(...) WEFT__OPTIONS(weft_scope_options, __VA_ARGS__)

/* Clean-up that has to wait, for at most until the deadline: weft_scope_open(cx, &self->cleanup, WEFT_SHIELD(deadline)). */
#define WEFT_SHIELD(deadline) WEFT_SCOPE_OPTIONS(.deadline_ns = (deadline), .shield = true) /* C++ wants them in order */

/* Lives in its owner's frame, between open and close. The fields are the library's. */
struct weft_scope {
    void *weft__members[2];
    void *weft__owner;
    weft_runtime *weft__runtime;
    weft_scope *weft__outer;
    const char *weft__name;
    uint64_t weft__id;
    uint32_t weft__live;
    int32_t weft__result;
    uint32_t weft__flags;
    uint32_t weft__line;
    uint64_t weft__timer[5];
    const void *weft__opener;
    uint32_t weft__plan;
    uint32_t weft__reserved;
};

WEFT_BEGIN_DECLS

/**
 * Open a scope owned by the task that is being polled. It inherits a cancellation that is already in force.
 * @threads task
 * @blocks never
 * @owns the scope's memory is the caller's and must stay in place until it is closed; options are copied but for name
 * @errors WEFT_EINVAL (null, unknown policy)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_scope_open_at(weft_context *cx, weft_scope *scope, const weft_scope_options *options,
                                              uint32_t line);

#define weft_scope_open(cx, scope, options) weft_scope_open_at((cx), (scope), (options), __LINE__)

/**
 * Wait for every task of the scope, then end it; an awaitable. Scopes close in the reverse order of their opening. The
 * wait itself cannot be cancelled: a cancelled owner's scope is cancelled, and then waited for.
 * @threads task that opened it
 * @blocks suspends the task, until the scope's last task has ended
 * @owns the memory is the caller's again; joinable tasks nobody joined are given up
 * @errors by the policy the first failure of a task; WEFT_ETIMEDOUT (its deadline passed, and no task failed before);
 *   WEFT_EINVAL (not open, not this task's), WEFT_EBUSY (a scope
 *   opened later is still open)
 * @since 0.1
 */
WEFT_API WEFT_MUST_USE int weft_scope_close(weft_context *cx, weft_scope *scope);

/**
 * Cancel every task of the scope, now and to come, and the scopes that they opened.
 * @threads any, while the scope is open
 * @blocks never
 * @owns nothing
 * @errors WEFT_EINVAL
 * @since 0.1
 */
WEFT_API int weft_scope_cancel(weft_scope *scope);

/**
 * How many tasks of the scope have not ended.
 * @threads any, while the scope is open
 * @blocks never
 * @owns nothing
 * @errors none; 0 for NULL
 * @since 0.1
 */
WEFT_API uint64_t weft_scope_live(const weft_scope *scope);

WEFT_END_DECLS

#endif
