/* SPDX-License-Identifier: MIT */
#include "task/look.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <weft/sync.h>

#include "base/tsan.h"
#include "registry/rcu.h"
#include "task/name.h"
#include "task/scope.h"

/*
 * Whether the task, of which this was read, is a member of the scope. Not instrumented: a seqlock's read, as in handle.c; its slot
 * may be filled for another task meanwhile. So the link is looked at here, not by weft__link_in_list(), which is instrumented.
 */
WEFT__NO_TSAN static bool look_is_member(const weft__task *task, const weft_scope *scope,
                                         const struct weft__task_extra *extra)
{
    return weft__load_relaxed(&((weft__task *)(uintptr_t)task)->scope) == scope &&
           __atomic_load_n(&extra->member.next, __ATOMIC_RELAXED) != NULL;
}

static void look_copy_scope(const weft_scope *scope, struct weft__look_scope *out)
{
    *out = (struct weft__look_scope){
        .id = scope->weft__id,
        .owner = weft__task_id(scope->weft__owner),
        .opener = scope->weft__opener,
        .line = scope->weft__line,
    };
    memcpy(out->name, scope->weft__name, weft__name_fit(scope->weft__name, sizeof out->name - 1));
}

/*
 * The scopes around the task. A member that is in the list keeps its scope open, and it stays in the list while the lock
 * is held; an open scope keeps its owner from ending, and the owner, as a member, the scope around it. So one lock, of the
 * innermost, holds the whole path still; what is read of it was written when each was opened.
 */
static void look_at_scopes(weft__task *task, uint32_t tag, struct weft__look *out)
{
    struct weft__env *env = weft__task_home(task);
    const weft_scope *scope = weft__load_relaxed(&task->scope);
    const struct weft__task_extra *extra = weft__load_relaxed(&task->extra);
    if (scope == &env->root || !extra)
        return;
    struct weft__lock *lock = weft__scope_lock(env, scope);
    weft__lock(lock);
    const bool member = look_is_member(task, scope, extra);
    /* As in weft__task_copy(): what was read is not younger than this. It has the tag: it is the task's, and it stays. */
    const uint64_t word = weft__fetch_or_release(&task->state, 0); /* ST-R4 */
    if (member && weft__state_tag(word) == tag && !(word & WEFT__FREE)) {
        for (; scope != &env->root && out->scopes < WEFT__LOOK_SCOPES; out->scopes++) {
            look_copy_scope(scope, &out->path[out->scopes]);
            scope = weft__load_relaxed(&((weft__task *)scope->weft__owner)->scope);
        }
        out->deeper = scope != &env->root;
    }
    weft__unlock(lock);
}

static void look_at_wait(weft__task *task, struct weft__look *out)
{
    struct weft__waitable *object = task->wait.object;
    if (object && object->ops->describe)
        object->ops->describe(object, &task->wait, &out->abouts);
}

/* Of a task that was found. */
static void look_closer(weft__task *task, const struct weft__loaded *loaded, struct weft__look *out)
{
    const uint32_t tag = (uint32_t)out->info.task.id;
    look_at_scopes(task, tag, out);
    if (!weft__state_pin(&task->state, tag)) {
        weft__frames_peek(task, tag, loaded, &out->frames);
        return;
    }
    out->info.state = WEFT_TASK_WAITING;
    weft__frames_read(task, &out->frames);
    look_at_wait(task, out);
    if (weft__state_suspend(&task->state) == WEFT__MOVE_SUBMIT)
        weft__task_env(task)->ops->schedule(weft__task_env(task), task);
}

bool weft__look(weft__task *task, const struct weft__loaded *loaded, struct weft__look *out)
{
    out->info = (weft_task_info){.size = sizeof out->info};
    out->frames.count = out->abouts.count = out->scopes = 0;
    out->deeper = false;
    if (!weft__task_copy(task, &out->info))
        return false;
    look_closer(task, loaded, out);
    out->now = weft__realm_now(weft__task_home(task)->realm); /* after all that it is compared with */
    return true;
}

bool weft__look_next(struct weft__env *env, uint32_t *number, const struct weft__loaded *loaded, struct weft__look *out)
{
    for (;;) {
        weft__rcu_read_lock();
        weft__task *task = weft__slab_next(&env->slab, number);
        const bool found = task && weft__look(task, loaded, out);
        weft__rcu_read_unlock();
        if (found || !task)
            return found;
    }
}

bool weft__look_for(struct weft__env *env, uint64_t id, const struct weft__loaded *loaded, struct weft__look *out)
{
    uint32_t number = 0;
    bool found = false;
    weft__rcu_read_lock();
    for (weft__task *task; !found && (task = weft__slab_next(&env->slab, &number)) != NULL;)
        found = weft__task_id(task) == id && weft__look(task, loaded, out) && out->info.task.id == id;
    weft__rcu_read_unlock();
    return found;
}

const char *weft__look_state(weft_task_state state)
{
    static const char *const names[] = {"scheduled", "running", "waiting", "ended"};
    return names[state];
}

struct look_text {
    char *bytes;
    size_t room;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void look_say(struct look_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int added = vsnprintf(text->bytes + text->length, text->room - text->length, format, arguments);
    va_end(arguments);
    if (added > 0)
        text->length += (size_t)added < text->room - text->length ? (size_t)added : text->room - text->length - 1;
}

static void look_say_about(struct look_text *text, const struct weft__about *about)
{
    look_say(text, ", for %s", about->what);
    if (about->name[0])
        look_say(text, " '%s'", about->name);
    if (about->holder != 0 && !(about->holder & WEFT_OWNER_THREAD))
        look_say(text, " (%s: task %llu)", about->is, (unsigned long long)about->holder);
}

void weft__look_line(const struct weft__look *look, char *out, size_t room)
{
    struct look_text text = {out, room, 0};
    const weft_task_info *info = &look->info;
    const struct weft__place place = weft__frames_innermost(&look->frames);
    look_say(&text, "'%s' (%llu), %s", info->name, (unsigned long long)info->task.id, weft__look_state(info->state));
    if (info->idle_ns > 0)
        look_say(&text, " for %lld ms", (long long)(info->idle_ns / 1000000));
    if (place.function && place.line != 0)
        look_say(&text, " at %s, %s:%u", place.function->name, place.function->file, place.line);
    else if (place.function)
        look_say(&text, " at the beginning of %s, %s", place.function->name, place.function->file);
    else
        look_say(&text, ", spawned at %s:%u", info->site->file ? info->site->file : "?", info->site->line);
    if (look->abouts.count > 0)
        look_say_about(&text, &look->abouts.of[0]);
    if (look->scopes == 0) {
        look_say(&text, "; in the root scope");
        return;
    }
    const struct weft__look_scope *scope = &look->path[0];
    look_say(&text, "; in %s%s%s of %s%sline %u, task %llu", *scope->name ? "scope '" : "a scope", scope->name, *scope->name ? "'" : "",
             scope->opener ? scope->opener->file : "", scope->opener ? ", " : "", scope->line, (unsigned long long)scope->owner);
}
