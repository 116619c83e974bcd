/* SPDX-License-Identifier: MIT */
/*
 * The dump. A waiting task is pinned: its word goes to RUNNING without a poll, so nobody else touches its frames while
 * they are read; the unpin is the ordinary suspend, and submits the task if it was woken meanwhile. A task that runs or is
 * queued is not held: of it only the header is told, and the line of its last await.
 *
 * The text of one task is built in a buffer on the stack and written with nothing held.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <weft/dump.h>
#include <weft/error.h>

#include "base/error.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/task.h"

enum { DUMP_DEPTH = 16, DUMP_TEXT = 8192 };

struct dump_await {
    const weft_function *function;
    uint32_t line;
};

struct dump_task {
    weft_task_info info;
    int64_t now;
    bool pinned;
    uint32_t depth;
    struct dump_await awaits[DUMP_DEPTH]; /* the outermost first */
    struct weft__wait_about about;
};

struct dump_text {
    size_t length;
    char bytes[DUMP_TEXT];
};

__attribute__((format(printf, 2, 3))) static void dump_add(struct dump_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t room = sizeof text->bytes - text->length;
    const int added = vsnprintf(text->bytes + text->length, room, format, arguments);
    va_end(arguments);
    if (added > 0)
        text->length += (size_t)added < room ? (size_t)added : room - 1;
}

/* A JSON string: bytes that JSON or UTF-8 does not allow are escaped or replaced. */
static void dump_add_string(struct dump_text *text, const char *string)
{
    dump_add(text, "\"");
    for (const unsigned char *p = (const unsigned char *)string; *p; p++) {
        const unsigned tail = *p < 0x80 ? 0 : *p >= 0xC2 && *p < 0xE0 ? 1 : *p >= 0xE0 && *p < 0xF0 ? 2 : *p >= 0xF0 && *p < 0xF5 ? 3 : 9;
        unsigned follows = 0;
        while (tail <= 3 && follows < tail && (p[follows + 1] & 0xC0) == 0x80)
            follows++;
        if (*p == '"' || *p == '\\')
            dump_add(text, "\\%c", *p);
        else if (*p < 0x20)
            dump_add(text, "\\u%04x", *p);
        else if (tail == 0)
            dump_add(text, "%c", *p);
        else if (follows == tail)
            dump_add(text, "%.*s", (int)tail + 1, (const char *)p);
        else
            dump_add(text, "\\ufffd");
        if (tail != 0 && follows == tail)
            p += tail;
    }
    dump_add(text, "\"");
}

/* Read the frames of a task that is pinned. */
static void dump_read_frames(weft__task *task, struct dump_task *out)
{
    for (const weft_frame *frame = weft__task_step(task); frame && out->depth < DUMP_DEPTH; frame = frame->callee) {
        if (!frame->function)
            break; /* it has not begun */
        out->awaits[out->depth++] =
            (struct dump_await){frame->function, __atomic_load_n(&frame->line, __ATOMIC_RELAXED)};
    }
    struct weft__waitable *object = task->wait.object;
    if (object && object->describe)
        object->describe(object, &task->wait, &out->about);
}

/* False: there is no task in the slot. Inside an RCU section. */
static bool dump_look(weft__task *task, struct dump_task *out)
{
    *out = (struct dump_task){.info = {.size = sizeof out->info}, .about = {.since = -1}};
    if (!weft__task_copy(task, &out->info))
        return false;
    out->pinned = weft__state_pin(&task->state, (uint32_t)out->info.task.id);
    out->now = weft__realm_now(weft__task_home(task)->realm);
    if (!out->pinned)
        return true;
    dump_read_frames(task, out);
    if (weft__state_suspend(&task->state) == WEFT__MOVE_SUBMIT)
        weft__task_env(task)->ops->schedule(weft__task_env(task), task);
    return true;
}

static const char *dump_state_name(weft_task_state state)
{
    static const char *const names[] = {"scheduled", "running", "waiting", "ended"};
    return names[state];
}

static const char *dump_reason_name(weft_reason reason)
{
    static const char *const names[] = {"", "user", "deadline", "sibling", "shutdown"};
    return names[reason];
}

static void dump_as_text(struct dump_text *text, const struct dump_task *task)
{
    const weft_task_info *info = &task->info;
    dump_add(text, "task %llu '%s' %s, %u polls, %lld ms old, spawned by %llu at %s:%u", (unsigned long long)info->task.id,
             info->name, dump_state_name(info->state), info->polls, (long long)(info->age_ns / 1000000),
             (unsigned long long)info->parent, info->site->file ? info->site->file : "?", info->site->line);
    if (info->cancelled != WEFT_REASON_NONE)
        dump_add(text, ", cancelled by %s", dump_reason_name(info->cancelled));
    dump_add(text, "\n");
    for (uint32_t i = task->depth; i-- > 0;)
        dump_add(text, "    at %s, %s:%u\n", task->awaits[i].function->name, task->awaits[i].function->file,
                 task->awaits[i].line);
    if (task->depth == 0 && info->await_line != 0)
        dump_add(text, "    last waited at line %u\n", info->await_line);
    if (!task->about.what)
        return;
    dump_add(text, "    waits for %s", task->about.what);
    if (task->about.name[0])
        dump_add(text, " '%s'", task->about.name);
    if (task->about.since >= 0)
        dump_add(text, ", for %lld ms", (long long)((task->now - task->about.since) / 1000000));
    if (task->about.holder != 0)
        dump_add(text, "; at the other end: task %llu", (unsigned long long)task->about.holder);
    dump_add(text, "\n");
}

static void dump_as_json(struct dump_text *text, const struct dump_task *task)
{
    const weft_task_info *info = &task->info;
    dump_add(text, "{\"id\":%llu,\"name\":", (unsigned long long)info->task.id);
    dump_add_string(text, info->name);
    dump_add(text, ",\"category\":%u,\"state\":\"%s\",\"polls\":%u,\"age_ns\":%lld,\"parent\":%llu", info->category,
             dump_state_name(info->state), info->polls, (long long)info->age_ns, (unsigned long long)info->parent);
    if (info->cancelled != WEFT_REASON_NONE)
        dump_add(text, ",\"cancelled\":\"%s\"", dump_reason_name(info->cancelled));
    dump_add(text, ",\"site\":{\"file\":");
    dump_add_string(text, info->site->file ? info->site->file : "");
    dump_add(text, ",\"line\":%u},\"awaits\":[", info->site->line);
    for (uint32_t i = 0; i < task->depth; i++) {
        dump_add(text, "%s{\"function\":", i ? "," : "");
        dump_add_string(text, task->awaits[i].function->name);
        dump_add(text, ",\"file\":");
        dump_add_string(text, task->awaits[i].function->file);
        dump_add(text, ",\"line\":%u}", task->awaits[i].line);
    }
    dump_add(text, "],\"waits_for\":");
    if (!task->about.what) {
        dump_add(text, "null}");
        return;
    }
    dump_add(text, "{\"what\":\"%s\",\"object\":%llu,\"name\":", task->about.what, (unsigned long long)task->about.object);
    dump_add_string(text, task->about.name);
    if (task->about.since >= 0)
        dump_add(text, ",\"for_ns\":%lld", (long long)(task->now - task->about.since));
    dump_add(text, ",\"holder\":%llu}}", (unsigned long long)task->about.holder);
}

static int dump_write(struct dump_text *text, weft_dump_fn *write, void *context)
{
    const int answer = write(context, text->bytes, text->length);
    text->length = 0;
    return answer;
}

int weft_task_dump(weft_runtime *rt, weft_dump_format format, weft_dump_fn *write, void *context)
{
    const int wrong = weft__runtimes_check("weft_task_dump", rt);
    if (wrong)
        return wrong;
    if (!write || (unsigned)format > WEFT_DUMP_JSON)
        return weft__refuse(WEFT_EINVAL, "weft_task_dump: format %d: give a weft_dump_format and a function", (int)format);
    struct weft__env *env = weft__env_of(rt);
    struct dump_text text = {.length = 0};
    const bool json = format == WEFT_DUMP_JSON;
    if (json) {
        dump_add(&text, "{\"runtime\":");
        dump_add_string(&text, weft_runtime_name(rt));
        dump_add(&text, ",\"tasks\":[");
    } else {
        dump_add(&text, "runtime '%s'\n", weft_runtime_name(rt));
    }
    int answer = dump_write(&text, write, context);
    bool first = true;
    for (uint32_t number = 0; answer == 0;) {
        struct dump_task look;
        weft__rcu_read_lock();
        weft__task *task = weft__slab_next(&env->slab, &number);
        const bool found = task && dump_look(task, &look);
        weft__rcu_read_unlock();
        if (!task)
            break;
        if (!found)
            continue;
        if (json) {
            dump_add(&text, "%s\n", first ? "" : ",");
            dump_as_json(&text, &look);
        } else {
            dump_as_text(&text, &look);
        }
        first = false;
        answer = dump_write(&text, write, context);
    }
    if (answer == 0 && json)
        answer = write(context, "\n]}\n", 4);
    return answer;
}
