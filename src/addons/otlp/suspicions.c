/* SPDX-License-Identifier: MIT */
#include "suspicions.h"

#include <stdlib.h>
#include <weft/inspect.h>
#include <weft/lints.h>
#include <weft/otlp.h>
#include <weft/runtime.h>

static const int64_t suspicions_pause_ns = 5000000000;

/* What the walks over one runtime remember. */
struct weft__otlp_watch {
    struct weft__otlp_watch *next;
    weft_lints *memory;
    uint32_t runtime;
    bool seen; /* it lives still */
};

/* While a runtime is looked at. */
struct look {
    struct weft__otlp_suspicions *suspicions;
    const char *runtime;
    uint32_t number;
};

static bool seen_has(const struct weft__otlp_seen *seen, uint64_t hash)
{
    for (uint32_t i = 0; i < seen->count; i++)
        if (seen->of[i] == hash)
            return true;
    return false;
}

static uint64_t look_hash(const struct look *look, const weft_lint *lint)
{
    uint64_t hash = look->number + 1;
    const uint64_t parts[] = {(uint64_t)lint->kind, lint->task, lint->object};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        hash = (hash ^ parts[i]) * UINT64_C(0x9E3779B97F4A7C15) ^ hash >> 29;
    return hash;
}

static int look_visit(void *context, const weft_lint *lint)
{
    struct look *look = context;
    struct weft__otlp_suspicions *s = look->suspicions;
    const uint64_t hash = look_hash(look, lint);
    if (s->now.count == WEFT__OTLP_SUSPICIONS_MAX || seen_has(&s->now, hash))
        return 0;
    s->now.of[s->now.count++] = hash;
    if (seen_has(&s->before, hash))
        return 0;
    const weft_otlp_attribute attributes[] = {
        weft_otlp_text("weft.lint", lint->name),      weft_otlp_text("weft.lint.hint", lint->hint),
        weft_otlp_text("weft.runtime", look->runtime), weft_otlp_text("weft.subject", lint->subject),
        weft_otlp_integer("weft.task.id", (int64_t)lint->task),
    };
    weft_otlp_log(WEFT_OTLP_WARN, lint->evidence, attributes, lint->task ? 5 : 4);
    return 0;
}

/* The memory of a runtime, made if there is none; NULL: no memory. */
static struct weft__otlp_watch *watch_of(struct weft__otlp_suspicions *s, uint32_t runtime)
{
    struct weft__otlp_watch *watch = s->watches;
    while (watch && watch->runtime != runtime)
        watch = watch->next;
    if (watch)
        return watch;
    watch = calloc(1, sizeof *watch);
    if (!watch || weft_lints_create(&watch->memory, NULL) < 0) {
        free(watch);
        return NULL;
    }
    watch->runtime = runtime;
    watch->next = s->watches;
    s->watches = watch;
    return watch;
}

static int runtime_visit(void *context, weft_runtime *rt)
{
    struct weft__otlp_suspicions *s = context;
    weft_runtime_info info = {.size = sizeof info};
    if (weft_runtime_inspect(rt, &info) < 0)
        return 0;
    struct look look = {s, info.name, info.number};
    struct weft__otlp_watch *watch = watch_of(s, info.number);
    if (watch) {
        watch->seen = true;
        weft_lints_visit(rt, watch->memory, look_visit, &look); /* what cannot be seen now is seen later */
    }
    return 0;
}

static void watches_forget(struct weft__otlp_suspicions *s, bool all)
{
    for (struct weft__otlp_watch **spot = &s->watches; *spot;) {
        struct weft__otlp_watch *watch = *spot;
        if (!all && watch->seen) {
            watch->seen = false;
            spot = &watch->next;
            continue;
        }
        *spot = watch->next;
        weft_lints_destroy(watch->memory);
        free(watch);
    }
}

void weft__otlp_suspicions_look(struct weft__otlp_suspicions *s, int64_t now)
{
    s->next = now + suspicions_pause_ns;
    s->now.count = 0;
    weft_runtime_visit(runtime_visit, s);
    watches_forget(s, false);
    s->before = s->now;
}

int64_t weft__otlp_suspicions_turn(struct weft__otlp_suspicions *s, int64_t now)
{
    if (now >= s->next)
        weft__otlp_suspicions_look(s, now);
    return s->next;
}

void weft__otlp_suspicions_end(struct weft__otlp_suspicions *s)
{
    watches_forget(s, true);
}
