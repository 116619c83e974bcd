/* SPDX-License-Identifier: MIT */
/* Harness: looking at tasks while they live and end, on one or two hands (hands.h). The task alpha calls a step in which it waits for
 * news; beta comes after it, perhaps into its slot, with another name and another step. Two threads inspect, visit, dump, look for
 * alpha, wake it or cancel it, whatever has become of it; main brings the news, and gives empty pages back.
 *
 * Law: what a look copies belongs to one task: the name, the category, the site and the frames are those of the id; who is found is
 * told as it was at some moment; a look at a task that waits loses no wake (else DEADLOCK); a handle to what has gone finds nothing.
 *
 * Shows: scenario 15. */
#include "hands.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <weft/dump.h>

#include "task/census.h"
#include "task/look.h"

enum { TASKS = 2, LOOKERS = 2, ALPHA = 7, BETA = 9 };

static weft_scope *root;
static weft_task alpha;
static _Atomic int news;
static struct weft__census census;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"alpha seen", "beta seen",     "seen waiting",    "seen running", "nothing found",
                                        "frames seen", "dumped",       "cancelled",       "trimmed",      "counted"};
    return goal < 10 ? names[goal] : NULL;
}

static int hear(void)
{
    return weft__load_relaxed(&news) ? 0 : WEFT_AWAITING;
}

struct inner {
    weft_frame weft;
};

static weft_poll inner(weft_context *cx, struct inner *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_AWAIT(self->weft.rc, weft_context_cancelled(cx) ? 0 : hear());
    WEFT_END(0);
}

struct alpha_step {
    weft_frame weft;
    struct inner inner;
};

static weft_poll alpha_step(weft_context *cx, struct alpha_step *self)
{
    WEFT_BEGIN(cx, self);
    WEFT_CALL(self->weft.rc, inner, &self->inner);
    WEFT_END(0);
}

struct beta_step {
    weft_frame weft;
    uint64_t noise[2]; /* where alpha had a frame */
};

static weft_poll beta_step(weft_context *cx, struct beta_step *self)
{
    WEFT_BEGIN(cx, self);
    self->noise[0] = self->noise[1] = ~UINT64_C(0);
    WEFT_AWAIT(self->weft.rc, weft_yield(cx));
    WEFT_END(0);
}

static int check(void *context, const weft_task_info *info)
{
    (void)context;
    const bool first = info->task.id == alpha.id;
    assert(strcmp(info->name, first ? "alpha" : "beta") == 0);
    assert(info->category == (first ? ALPHA : BETA));
    assert(info->age_ns >= 0 && info->idle_ns >= 0);
    assert(first || info->cancelled == WEFT_REASON_NONE);
    model_reach(first ? 0 : 1);
    if (info->state == WEFT_TASK_WAITING) {
        model_reach(2);
    }
    if (info->state == WEFT_TASK_RUNNING) {
        model_reach(3);
    }
    return 0;
}

static int swallow(void *context, const char *text, size_t length)
{
    (void)context;
    (void)text;
    (void)length;
    model_reach(6);
    return 0;
}

static void check_frames(const struct weft__look *look)
{
    static const char *const steps[] = {"alpha_step", "inner"};
    const bool first = look->info.task.id == alpha.id;
    check(NULL, &look->info);
    assert(look->frames.count <= (first ? 2u : 1u));
    for (uint32_t i = 0; i < look->frames.count; i++) {
        assert(strcmp(look->frames.places[i].function->name, first ? steps[i] : "beta_step") == 0);
        model_reach(5);
    }
}

static void look_around(void)
{
    struct weft__loaded loaded;
    struct weft__look look;
    uint32_t number = 0;
    weft__loaded_read(&loaded);
    if (model_choose(2)) {
        if (weft__look_for(&hands_env, alpha.id, &loaded, &look)) {
            check_frames(&look);
        }
        return;
    }
    while (weft__look_next(&hands_env, &number, &loaded, &look)) {
        check_frames(&look);
    }
}

/* Each task is counted once at most, but for one whose slot another took. */
static void count(void)
{
    struct weft__census_counts counts;
    if (weft__census_take(&census, &hands_env, &counts)) {
        uint64_t tasks = 0;
        for (int i = 0; i < WEFT__CENSUS_STATES; i++) {
            tasks += counts.states[i];
        }
        assert(tasks <= TASKS);
        model_reach(9);
    }
}

static void look(void)
{
    weft_task_info info = {.size = sizeof info};
    switch (model_choose(5)) {
    case 3:
        count();
        break;
    case 0:
        if (weft_task_inspect(alpha, &info) == 0) {
            assert(info.task.id == alpha.id);
            check(NULL, &info);
        } else {
            model_reach(4);
        }
        break;
    case 1:
        assert(weft_task_visit(hands_runtime(), check, NULL) == 0);
        break;
    case 2:
        if (weft_task_dump_one(alpha, WEFT_DUMP_TEXT, swallow, NULL) != 0) {
            model_reach(4);
        }
        break;
    default:
        look_around();
    }
}

static void *looker(void *nothing)
{
    look();
    switch (model_choose(3)) {
    case 0:
        weft_wake((weft_waker){alpha}); /* for nothing */
        break;
    case 1:
        if (weft_task_cancel(alpha) == 0) {
            model_reach(7);
        }
        break;
    default:
        look();
    }
    return nothing;
}

static void spawn_beta(void)
{
    weft_task task = weft_spawn_as(root, WEFT_TASK("beta", .category = BETA), beta_step);
    assert(weft_task_error(task) == 0);
}

int main(void)
{
    pthread_t threads[LOOKERS];
    root = hands_begin(1 + model_choose(2), false);
    alpha = weft_spawn_as(root, WEFT_TASK("alpha", .category = ALPHA), alpha_step);
    assert(weft_task_error(alpha) == 0);
    for (int i = 0; i < LOOKERS; i++) {
        pthread_create(&threads[i], NULL, looker, NULL);
    }
    weft__store_relaxed(&news, 1);
    weft_wake((weft_waker){alpha});
    for (unsigned i = model_choose(3); i > 0; i--) {
        hands_trim();
        model_reach(8);
    }
    spawn_beta();
    for (int i = 0; i < LOOKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    hands_end(TASKS);
    return 0;
}
