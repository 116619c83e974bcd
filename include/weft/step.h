/* SPDX-License-Identifier: MIT */
/*
 * The macros over poll functions: a step is written as if it ran through, and is resumed at the line where it waits.
 *
 *     struct fetch { weft_frame weft; int i; };
 *     static weft_poll fetch(weft_context *cx, struct fetch *self)
 *     {
 *         WEFT_BEGIN(cx, self);
 *         WEFT_AWAIT(self->weft.rc, numbers_send(cx, &self->out, self->i));
 *         WEFT_END(0);
 *     }
 *
 * What must survive an await lives in the frame. Between WEFT_BEGIN and WEFT_END a local variable that would be lost is
 * a compile error: gcc refuses a declaration with an initialiser that a resume would jump over, and (when it optimises)
 * the use of any other; clang refuses both if -Wall is on. Not inside a `switch` of your own: the macros are case labels.
 */
#ifndef WEFT_STEP_H
#define WEFT_STEP_H

#include <weft/api.h>
#include <weft/task.h>
#include <weft/trail.h>
#include <weft/types.h>

/* First member of a step's frame, by the name `weft`. Zero it before the first poll; weft_spawn does. */
typedef struct weft_frame {
    uint32_t line;              /* where it waits; 0: at its beginning. Readable from another thread */
    int32_t rc;                 /* free for results of awaits: nothing of the library reads it */
    struct weft_frame *callee;  /* the step that this one waits in, by WEFT_CALL; readable from another thread, too */
    const struct weft_function *function;
} weft_frame;

typedef struct weft_function {
    const char *name;
    const char *file;
} weft_function;

/* One poll's view of its task. Only the macros may use the fields. */
struct weft_context {
    int32_t weft__result;
    uint32_t weft__budget; /* operations that may complete before the task has to let others run */
    void *weft__task;
    void *weft__worker; /* begins with a uint32_t: how many trails are over the task's (<weft/trail.h>) */
};

#if defined(__clang__)
#define WEFT__GUARD_ON                                                                                                 \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic error \"-Wuninitialized\"")                             \
        _Pragma("clang diagnostic error \"-Wsometimes-uninitialized\"")                                                \
            _Pragma("clang diagnostic error \"-Wconditional-uninitialized\"")
#define WEFT__GUARD_OFF _Pragma("clang diagnostic pop")
#elif defined(__cplusplus)
#define WEFT__GUARD_ON                                                                                                 \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Wuninitialized\"")                                 \
        _Pragma("GCC diagnostic error \"-Wmaybe-uninitialized\"")
#define WEFT__GUARD_OFF _Pragma("GCC diagnostic pop")
#else
#define WEFT__GUARD_ON                                                                                                 \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Wjump-misses-init\"")                              \
        _Pragma("GCC diagnostic error \"-Wuninitialized\"") _Pragma("GCC diagnostic error \"-Wmaybe-uninitialized\"")
#define WEFT__GUARD_OFF _Pragma("GCC diagnostic pop")
#endif

#define WEFT__SET_LINE(number) __atomic_store_n(&weft__frame->line, (uint32_t)(number), __ATOMIC_RELAXED)
/* Released: whoever finds the frame of the call from outside finds it as it was prepared. */
#define WEFT__SET_CALLEE(frame) __atomic_store_n(&weft__frame->callee, (frame), __ATOMIC_RELEASE)

/* Begin a step: `self` points to its frame. One per function; no statement that must run at each poll may follow. */
#define WEFT_BEGIN(cx, self)                                                                                           \
    static const weft_function weft__function = {__func__, __FILE__};                                                  \
    weft_context *const weft__cx = (cx);                                                                               \
    weft_frame *const weft__frame = &(self)->weft;                                                                     \
    __atomic_store_n(&weft__frame->function, &weft__function, __ATOMIC_RELAXED);                                       \
    WEFT__GUARD_ON switch (weft__frame->line)                                                                          \
    {                                                                                                                  \
    default:                                                                                                           \
        __builtin_trap(); /* the frame was overwritten, or not zeroed */                                               \
    case 0:

/*
 * Wait until `operation` answers something else than WEFT_AWAITING and put the answer into `result`, which must be in
 * the frame (self->weft.rc will do). The operation is evaluated again at each poll, so its arguments come from the frame.
 * At most one await per source line.
 */
#define WEFT_AWAIT(result, operation)                                                                                  \
    do {                                                                                                               \
        WEFT__SET_LINE(__LINE__);                                                                                      \
        __attribute__((fallthrough));                                                                                  \
    case __LINE__:;                                                                                                    \
        const int weft__answer = (operation);                                                                          \
        if (weft__answer == WEFT_AWAITING)                                                                             \
            return WEFT_PENDING;                                                                                       \
        (result) = weft__answer;                                                                                       \
    } while (0)

/*
 * Run another step as part of this task and put what it returned into `result`. Its frame, zeroed but for its
 * arguments, lives in this one's frame (or in memory that outlives the call).
 */
#define WEFT_CALL(result, step, child)                                                                                 \
    do {                                                                                                               \
        WEFT__SET_CALLEE(&(child)->weft);                                                                              \
        WEFT__SET_LINE(__LINE__);                                                                                      \
        __attribute__((fallthrough));                                                                                  \
    case __LINE__:;                                                                                                    \
        if (step(weft__cx, (child)) == WEFT_PENDING)                                                                   \
            return WEFT_PENDING;                                                                                       \
        WEFT__SET_CALLEE((weft_frame *)0);                                                                             \
        if (__builtin_expect(*(const uint32_t *)weft__cx->weft__worker != 0, 0))                                       \
            weft_trail_step_returns(&(child)->weft);                                                                   \
        (result) = weft__cx->weft__result;                                                                             \
    } while (0)

/* End the step here with a result: 0 or more is success, a negative code a failure. */
#define WEFT_RETURN(value)                                                                                             \
    do {                                                                                                               \
        weft__cx->weft__result = (value);                                                                              \
        WEFT__SET_LINE(0);                                                                                             \
        return WEFT_READY;                                                                                             \
    } while (0)

/* The end of the step: returns `value`. */
#define WEFT_END(value)                                                                                                \
    }                                                                                                                  \
    WEFT__GUARD_OFF                                                                                                    \
    WEFT_RETURN(value)

/*
 * Spawn a step whose frame type is `struct <step>`: weft_spawn(scope, producer, .out = out). The frame is built from the
 * initialisers, checked against the step's type, and copied. Yields a weft_task; see weft_spawn_frame() for errors.
 */
#define weft_spawn(scope, ...) WEFT__SPAWN_PLAIN(scope, false, __VA_ARGS__, )

/* The same with options: weft_spawn_as(scope, WEFT_TASK("order intake", .category = WEFT_ACTOR), intake, .in = in). */
#define weft_spawn_as(scope, options, ...) WEFT__SPAWN(scope, options, __VA_ARGS__, )

/* Spawn a task whose result somebody will take with weft_task_join(). */
#define weft_spawn_joinable(scope, ...) WEFT__SPAWN_PLAIN(scope, true, __VA_ARGS__, )

/*
 * Spawn a job, a function `int sum(struct sum *self)` that runs through: weft_spawn_job(scope, sum, .from = a, .count = n).
 * The frame is built, checked and copied like a step's; it needs no weft_frame. See weft_spawn_job_frame().
 */
#define weft_spawn_job(scope, ...) WEFT__SPAWN_JOB(scope, WEFT__NO_OPTIONS, __VA_ARGS__, )
#define weft_spawn_job_as(scope, options, ...) WEFT__SPAWN_JOB(scope, options, __VA_ARGS__, )

#define WEFT__NO_OPTIONS WEFT__VALUE(weft_task_options, .name = NULL)

#define WEFT__SITE(step)                                                                                               \
    static weft_site weft__site = {__FILE__, __func__, #step, __LINE__, (uint32_t)offsetof(struct step, weft), 0}

#define WEFT__JOB_SITE(job)                                                                                            \
    static weft_site weft__site = {__FILE__, __func__, #job, __LINE__, UINT32_MAX, 0}

#ifdef __cplusplus
extern "C++" {
template <class Frame>
static inline weft_task weft__spawn_step(weft_scope *scope, weft_site *site, const weft_task_options &options,
                                         weft_poll (*step)(weft_context *, Frame *), const Frame &frame)
{
    return weft_spawn_frame(scope, site, &options, reinterpret_cast<weft_poll_fn *>(step), &frame, sizeof(Frame));
}
template <class Frame>
static inline weft_task weft__spawn_job(weft_scope *scope, weft_site *site, const weft_task_options &options,
                                        int (*job)(Frame *), const Frame &frame)
{
    return weft_spawn_job_frame(scope, site, &options, reinterpret_cast<weft_run_fn *>(job), &frame, sizeof(Frame));
}
}
#define WEFT__SPAWN(scope, options, step, ...)                                                                         \
    (__extension__({                                                                                                   \
        WEFT__SITE(step);                                                                                              \
        WEFT__CXX_QUIET struct step weft__initial = {.weft = {0, 0, nullptr, nullptr}, __VA_ARGS__};                           \
        WEFT__CXX_LOUD weft__spawn_step<struct step>((scope), &weft__site, (options), (step), weft__initial);          \
    }))
#define WEFT__SPAWN_PLAIN(scope, is_joinable, ...)                                                                     \
    WEFT__SPAWN(scope, WEFT__VALUE(weft_task_options, .joinable = is_joinable), __VA_ARGS__)
#define WEFT__SPAWN_JOB(scope, options, job, ...)                                                                      \
    (__extension__({                                                                                                   \
        WEFT__JOB_SITE(job);                                                                                           \
        WEFT__CXX_QUIET struct job weft__initial = {__VA_ARGS__};                                                      \
        WEFT__CXX_LOUD weft__spawn_job<struct job>((scope), &weft__site, (options), (job), weft__initial);             \
    }))
#else
#define WEFT__SPAWN(scope, options, step, ...)                                                                         \
    (__extension__({                                                                                                   \
        const weft_task_options weft__options = (options);                                                             \
        WEFT__SPAWN_STEP(scope, step, __VA_ARGS__);                                                                    \
    }))
/* Options that are constant are built by the compiler and not by the program. */
#define WEFT__SPAWN_PLAIN(scope, is_joinable, step, ...)                                                               \
    (__extension__({                                                                                                   \
        static const weft_task_options weft__options = {.size = sizeof(weft_task_options), .joinable = is_joinable};   \
        WEFT__SPAWN_STEP(scope, step, __VA_ARGS__);                                                                    \
    }))
#define WEFT__SPAWN_STEP(scope, step, ...)                                                                             \
    WEFT__SITE(step);                                                                                                  \
    const struct step weft__initial = {.weft = {0, 0, NULL, NULL}, __VA_ARGS__};                                       \
    weft_spawn_frame((scope), &weft__site, &weft__options,                                                             \
                     (weft_poll_fn *)_Generic((step), weft_poll (*)(weft_context *, struct step *): (step)),           \
                     &weft__initial, sizeof weft__initial)
#define WEFT__SPAWN_JOB(scope, options, job, ...)                                                                      \
    (__extension__({                                                                                                   \
        WEFT__JOB_SITE(job);                                                                                           \
        const weft_task_options weft__options = (options);                                                             \
        const struct job weft__initial = {__VA_ARGS__};                                                                \
        weft_spawn_job_frame((scope), &weft__site, &weft__options,                                                     \
                             (weft_run_fn *)_Generic((job), int (*)(struct job *): (job)), &weft__initial,             \
                             sizeof weft__initial);                                                                    \
    }))
#endif

#endif
