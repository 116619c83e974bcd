/* SPDX-License-Identifier: MIT */
/*
 * The dump: a look at each task (task/look.h), written as text or as JSON. A look is complete before anything of it is
 * written, so `write` may take its time; it is called with a buffer on the stack whenever that is full, and after each
 * task.
 */
#include <weft/dump.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <weft/error.h>
#include <weft/sync.h>

#include "base/error.h"
#include "base/utf8.h"
#include "registry/rcu.h"
#include "registry/runtimes.h"
#include "task/look.h"

enum { DUMP_BUFFER = 2048, DUMP_PIECE = 512 };

struct dump {
    weft_dump_fn *write;
    void *context;
    int answer; /* other than 0: no more */
    size_t length;
    char buffer[DUMP_BUFFER];
};

static void dump_flush(struct dump *dump)
{
    if (dump->answer == 0 && dump->length > 0)
        dump->answer = dump->write(dump->context, dump->buffer, dump->length);
    dump->length = 0;
}

static void dump_bytes(struct dump *dump, const char *bytes, size_t length)
{
    if (length > sizeof dump->buffer - dump->length)
        dump_flush(dump);
    memcpy(dump->buffer + dump->length, bytes, length);
    dump->length += length;
}

/* Numbers, and texts of ours: at most DUMP_PIECE bytes. */
__attribute__((format(printf, 2, 3))) static void dump_add(struct dump *dump, const char *format, ...)
{
    char piece[DUMP_PIECE];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (length > 0)
        dump_bytes(dump, piece, (size_t)length < sizeof piece ? (size_t)length : sizeof piece - 1);
}

/* A JSON string: bytes that JSON or UTF-8 does not allow are escaped or replaced. */
static void dump_string(struct dump *dump, const char *string)
{
    dump_bytes(dump, "\"", 1);
    for (size_t step; *string; string += step) {
        const size_t length = weft__utf8_sequence(string);
        step = length > 0 ? length : 1;
        if (length == 0)
            dump_bytes(dump, "\\ufffd", 6);
        else if (*string == '"' || *string == '\\')
            dump_add(dump, "\\%c", *string);
        else if (length == 1 && weft__utf8_is_control(string, length))
            dump_add(dump, "\\u%04x", (unsigned)(unsigned char)*string);
        else
            dump_bytes(dump, string, length);
    }
    dump_bytes(dump, "\"", 1);
}

/* For people: what would act on their terminal, or is no text, is a question mark. */
static void dump_name(struct dump *dump, const char *name)
{
    for (size_t step; *name; name += step) {
        const size_t length = weft__utf8_sequence(name);
        step = length > 0 ? length : 1;
        if (length == 0 || weft__utf8_is_control(name, length))
            dump_bytes(dump, "?", 1);
        else
            dump_bytes(dump, name, length);
    }
}

static const char *dump_reason_name(weft_reason reason)
{
    static const char *const names[] = {"", "user", "deadline", "sibling", "shutdown"};
    return names[reason];
}

/* What it waits for. */
static void dump_about_as_text(struct dump *dump, const struct weft__about *about, int64_t now)
{
    dump_add(dump, "    waits for %s", about->what);
    if (about->name[0]) {
        dump_add(dump, " '");
        dump_name(dump, about->name);
        dump_add(dump, "'");
    }
    if (about->since >= 0)
        dump_add(dump, ", for %lld ms", (long long)((now - about->since) / 1000000));
    if (about->until == WEFT_FOREVER)
        dump_add(dump, ", for ever");
    else if (about->until >= 0)
        dump_add(dump, ", until in %lld ms", (long long)((about->until - now) / 1000000));
    if (about->holder != 0)
        dump_add(dump, "; at the other end: %s %llu, the %s", about->holder & WEFT_OWNER_THREAD ? "thread" : "task",
                 (unsigned long long)(about->holder & ~WEFT_OWNER_THREAD), about->is);
    dump_add(dump, "\n");
}

static void dump_scopes_as_text(struct dump *dump, const struct weft__look *look)
{
    for (uint32_t i = 0; i < look->scopes; i++) {
        const struct weft__look_scope *scope = &look->path[i];
        dump_add(dump, *scope->name ? "    in scope '" : "    in a scope");
        dump_name(dump, scope->name);
        dump_add(dump, "%s opened by task %llu at ", *scope->name ? "'," : "", (unsigned long long)scope->owner);
        dump_name(dump, scope->opener ? scope->opener->file : "line ");
        dump_add(dump, "%s%u\n", scope->opener ? ":" : "", scope->line);
    }
    if (look->deeper)
        dump_add(dump, "    in further scopes\n");
}

static void dump_places_as_text(struct dump *dump, const struct weft__look *look)
{
    for (uint32_t i = look->frames.count; i-- > 0;) {
        const struct weft__place *place = &look->frames.places[i];
        dump_add(dump, "    at ");
        dump_name(dump, place->function->name);
        dump_add(dump, ", ");
        dump_name(dump, place->function->file);
        dump_add(dump, ":%u\n", place->line);
    }
    if (look->frames.count == 0 && look->info.await_line != 0)
        dump_add(dump, "    last waited at line %u\n", look->info.await_line);
}

static void dump_as_text(struct dump *dump, const struct weft__look *look)
{
    const weft_task_info *info = &look->info;
    dump_add(dump, "task %llu '", (unsigned long long)info->task.id);
    dump_name(dump, info->name);
    dump_add(dump, "' %s", weft__look_state(info->state));
    if (info->state == WEFT_TASK_SCHEDULED || info->state == WEFT_TASK_WAITING)
        dump_add(dump, " for %lld ms", (long long)(info->idle_ns / 1000000));
    dump_add(dump, ", %u polls, %lld ms old, spawned by %llu at ", info->polls, (long long)(info->age_ns / 1000000),
             (unsigned long long)info->parent);
    dump_name(dump, info->site->file ? info->site->file : "?");
    dump_add(dump, ":%u", info->site->line);
    if (info->cancelled != WEFT_REASON_NONE)
        dump_add(dump, ", cancelled by %s", dump_reason_name(info->cancelled));
    dump_add(dump, "\n");
    dump_scopes_as_text(dump, look);
    dump_places_as_text(dump, look);
    for (uint32_t i = 0; i < look->abouts.count; i++)
        dump_about_as_text(dump, &look->abouts.of[i], look->now);
}

static void dump_about_as_json(struct dump *dump, const struct weft__about *about, int64_t now)
{
    dump_add(dump, "{\"what\":\"%s\",\"object\":%llu,\"name\":", about->what, (unsigned long long)about->object);
    dump_string(dump, about->name);
    if (about->since >= 0)
        dump_add(dump, ",\"for_ns\":%lld", (long long)(now - about->since));
    if (about->until >= 0 && about->until != WEFT_FOREVER)
        dump_add(dump, ",\"ends_in_ns\":%lld", (long long)(about->until - now));
    if (about->holder & WEFT_OWNER_THREAD)
        dump_add(dump, ",\"holder_thread\":%llu", (unsigned long long)(about->holder & ~WEFT_OWNER_THREAD));
    dump_add(dump, ",\"holder\":%llu,\"holder_is\":\"%s\"}",
             (unsigned long long)(about->holder & WEFT_OWNER_THREAD ? 0 : about->holder), about->is);
}

/* From the outside in, as the awaits. */
static void dump_scopes_as_json(struct dump *dump, const struct weft__look *look)
{
    dump_add(dump, ",\"scopes_deeper\":%s,\"scopes\":[", look->deeper ? "true" : "false");
    for (uint32_t i = look->scopes; i-- > 0;) {
        const struct weft__look_scope *scope = &look->path[i];
        dump_add(dump, "%s{\"id\":%llu,\"name\":", i + 1 < look->scopes ? "," : "", (unsigned long long)scope->id);
        dump_string(dump, scope->name);
        dump_add(dump, ",\"owner\":%llu,\"file\":", (unsigned long long)scope->owner);
        dump_string(dump, scope->opener ? scope->opener->file : "");
        dump_add(dump, ",\"line\":%u}", scope->line);
    }
    dump_add(dump, "]");
}

static void dump_places_as_json(struct dump *dump, const struct weft__look *look)
{
    dump_add(dump, ",\"awaits\":[");
    for (uint32_t i = 0; i < look->frames.count; i++) {
        const struct weft__place *place = &look->frames.places[i];
        dump_add(dump, "%s{\"function\":", i ? "," : "");
        dump_string(dump, place->function->name);
        dump_add(dump, ",\"file\":");
        dump_string(dump, place->function->file);
        dump_add(dump, ",\"line\":%u}", place->line);
    }
    dump_add(dump, "]");
}

static void dump_as_json(struct dump *dump, const struct weft__look *look)
{
    const weft_task_info *info = &look->info;
    dump_add(dump, "{\"id\":%llu,\"name\":", (unsigned long long)info->task.id);
    dump_string(dump, info->name);
    dump_add(dump, ",\"category\":%u,\"state\":\"%s\",\"polls\":%u,\"age_ns\":%lld,\"idle_ns\":%lld,\"parent\":%llu",
             info->category, weft__look_state(info->state), info->polls, (long long)info->age_ns,
             (long long)info->idle_ns, (unsigned long long)info->parent);
    if (info->cancelled != WEFT_REASON_NONE)
        dump_add(dump, ",\"cancelled\":\"%s\"", dump_reason_name(info->cancelled));
    dump_add(dump, ",\"site\":{\"file\":");
    dump_string(dump, info->site->file ? info->site->file : "");
    dump_add(dump, ",\"line\":%u}", info->site->line);
    dump_scopes_as_json(dump, look);
    dump_places_as_json(dump, look);
    dump_add(dump, ",\"waits_for\":[");
    for (uint32_t i = 0; i < look->abouts.count; i++) {
        dump_add(dump, "%s", i ? "," : "");
        dump_about_as_json(dump, &look->abouts.of[i], look->now);
    }
    dump_add(dump, "]}");
}

static void dump_tasks(struct dump *dump, struct weft__env *env, bool json)
{
    struct weft__loaded loaded;
    struct weft__look look;
    bool first = true;
    uint32_t number = 0;
    weft__loaded_read(&loaded);
    while (dump->answer == 0 && weft__look_next(env, &number, &loaded, &look)) {
        if (json) {
            dump_add(dump, "%s\n", first ? "" : ",");
            dump_as_json(dump, &look);
        } else {
            dump_as_text(dump, &look);
        }
        first = false;
        dump_flush(dump);
    }
}

int weft_task_dump(weft_runtime *rt, weft_dump_format format, weft_dump_fn *write, void *context)
{
    const int wrong = weft__runtimes_check("weft_task_dump", rt);
    if (wrong)
        return wrong;
    if (!write || (unsigned)format > WEFT_DUMP_JSON)
        return weft__refuse(WEFT_EINVAL, "weft_task_dump: format %d: give a weft_dump_format and a function", (int)format);
    struct dump dump;
    dump.write = write;
    dump.context = context;
    dump.answer = 0;
    dump.length = 0;
    const bool json = format == WEFT_DUMP_JSON;
    if (json) {
        dump_add(&dump, "{\"runtime\":");
        dump_string(&dump, weft_runtime_name(rt));
        dump_add(&dump, ",\"tasks\":[");
    } else {
        dump_add(&dump, "runtime '");
        dump_name(&dump, weft_runtime_name(rt));
        dump_add(&dump, "'\n");
    }
    dump_tasks(&dump, weft__env_of(rt), json);
    if (json)
        dump_add(&dump, "\n]}\n");
    dump_flush(&dump);
    return dump.answer;
}

/* Inside an RCU section the look is complete; nothing is written there. */
static bool dump_find(weft_task task, struct weft__look *out)
{
    struct weft__loaded loaded;
    struct weft__env *env;
    weft__loaded_read(&loaded);
    weft__rcu_read_lock();
    weft__task *found = weft__task_find(task, &env);
    const bool alive = found && weft__look(found, &loaded, out) && out->info.task.id == task.id;
    weft__rcu_read_unlock();
    return alive;
}

int weft_task_dump_one(weft_task task, weft_dump_format format, weft_dump_fn *write, void *context)
{
    if (task.id == 0 || !write || (unsigned)format > WEFT_DUMP_JSON)
        return weft__refuse(WEFT_EINVAL, "weft_task_dump_one: task %llu, format %d: give a spawned task, a weft_dump_format and "
                                         "a function",
                            (unsigned long long)task.id, (int)format);
    struct weft__look look;
    if (!dump_find(task, &look))
        return WEFT_ESRCH;
    struct dump dump;
    dump.write = write;
    dump.context = context;
    dump.answer = 0;
    dump.length = 0;
    if (format == WEFT_DUMP_JSON)
        dump_as_json(&dump, &look);
    else
        dump_as_text(&dump, &look);
    dump_flush(&dump);
    return dump.answer;
}

static void wait_fill(const struct weft__look *look, const struct weft__about *about, weft_wait_info *out)
{
    const struct weft__place place = weft__frames_innermost(&look->frames);
    *out = (weft_wait_info){
        .size = sizeof *out,
        .task = look->info.task.id,
        .what = about->what,
        .object = about->object,
        .holder = about->holder,
        .holder_is = about->is,
        .for_ns = about->since < 0 ? -1 : look->now > about->since ? look->now - about->since : 0,
        .ends_in_ns = about->until < 0 || about->until == WEFT_FOREVER ? -1
                      : about->until > look->now                       ? about->until - look->now
                                                                       : 0,
        .function = place.function ? place.function->name : NULL,
        .file = place.function ? place.function->file : look->info.site->file,
        .line = place.function ? place.line : look->info.await_line,
    };
    memcpy(out->task_name, look->info.name, sizeof out->task_name);
    memcpy(out->name, about->name, sizeof out->name);
}

int weft_wait_visit(weft_runtime *rt, int (*visit)(void *context, const weft_wait_info *info), void *context)
{
    const int wrong = weft__runtimes_check("weft_wait_visit", rt);
    if (wrong)
        return wrong;
    if (!visit)
        return weft__refuse(WEFT_EINVAL, "weft_wait_visit: the function must not be null");
    struct weft__loaded loaded;
    struct weft__look look;
    uint32_t number = 0;
    weft__loaded_read(&loaded);
    while (weft__look_next(weft__env_of(rt), &number, &loaded, &look)) {
        for (uint32_t i = 0; i < look.abouts.count; i++) {
            weft_wait_info info;
            wait_fill(&look, &look.abouts.of[i], &info);
            const int answer = visit(context, &info);
            if (answer != 0)
                return answer;
        }
    }
    return 0;
}
