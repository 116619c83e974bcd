/* SPDX-License-Identifier: MIT */
/*
 * A new tree in place of the old one, in one step, and what of it counts at once. The tree is made and checked before anybody sees
 * it. Two reloads at a time are one after the other: the later one wins, and is applied
 * last.
 */
#include <string.h>
#include <weft/monitor.h>

#include "addons/config/check.h"
#include "addons/config/config.h"
#include "base/platform.h"

static bool reload_same(const struct weft__config_node *a, const struct weft__config_node *b)
{
    if (!a || !b || a->type != b->type)
        return a == b;
    switch (a->type) {
    case WEFT__TOML_TEXT:
        return a->text_length == b->text_length && memcmp(a->text, b->text, a->text_length) == 0;
    case WEFT__TOML_INTEGER:
        return a->integer == b->integer;
    case WEFT__TOML_NUMBER:
        return a->number == b->number;
    case WEFT__TOML_FLAG:
        return a->flag == b->flag;
    default:
        return true;
    }
}

/* Each key of a section that has changed and counts from the next start on. What is below [app] is asked for anew. */
static void later_keys(struct weft__config_problems *problems, struct weft__config_path *path,
                       enum weft__config_section section, const struct weft__config_node *now,
                       const struct weft__config_node *old)
{
    struct weft__config_pair pair = {.left = weft__config_first(now), .right = weft__config_first(old)};
    while (weft__config_pair_next(&pair)) {
        const struct weft__config_node *node = pair.a ? pair.a : pair.b;
        const size_t before = weft__config_path_push(path, node->key, node->key_length);
        const struct weft__config_key *key = weft__config_key_of(section, node->key, node->key_length);
        if (node->type == WEFT__TOML_TABLE)
            later_keys(problems, path, section, pair.a, pair.b);
        else if (key && !key->live && !pair.a)
            weft__config_problem(problems, WEFT_CONFIG_LATER, NULL, (struct weft__toml_place){0, 0}, path->text,
                                 "no longer there: this counts from the next start on");
        else if (key && !key->live && !reload_same(pair.a, pair.b))
            weft__config_problem(problems, WEFT_CONFIG_LATER, node->variable, node->value_at, path->text,
                                 "a new value: it counts from the next start on");
        weft__config_path_pop(path, before);
    }
}

static void later_tell(weft_config *cfg, struct weft__config_tree *now, struct weft__config_tree *old)
{
    struct weft__config_problems problems = {.file = cfg->file, .tree = cfg->report ? weft__config_tree_create() : NULL};
    if (!problems.tree)
        return;
    for (unsigned i = 0; i < WEFT__CONFIG_SECTIONS; i++) {
        const char *name = weft__config_section_name(i);
        struct weft__config_path path = {.length = 0};
        weft__config_path_push(&path, name, strlen(name));
        later_keys(&problems, &path, i, weft__config_find(&now->root, name, strlen(name)),
                   weft__config_find(&old->root, name, strlen(name)));
    }
    weft__config_problems_tell(&problems, cfg->report, cfg->report_context);
    weft__config_problems_fini(&problems);
    weft__config_tree_unref(problems.tree);
}

/* What is to be set, copied under the lock and set without it. */
struct apply {
    bool has_interval;
    uint32_t interval_ms;
    size_t count;
    struct {
        const char *name; /* of a record, which stays as long as the configuration */
        double degraded_at, critical_at;
    } channels[];
};

/* NULL: no memory. */
static struct apply *apply_collect_locked(weft_config *cfg, const weft_runtime *rt)
{
    size_t count = 0;
    for (struct weft__config_channel *channel = cfg->channels; channel; channel = channel->next)
        count++;
    struct apply *apply = weft__alloc(sizeof *apply + count * sizeof *apply->channels);
    if (!apply)
        return NULL;
    apply->count = count;
    apply->has_interval = weft__config_interval_locked(cfg, weft_runtime_name(rt), &apply->interval_ms);
    struct weft__config_channel *channel = cfg->channels;
    for (size_t i = 0; i < count; i++, channel = channel->next) {
        apply->channels[i].name = channel->name;
        weft__config_thresholds_locked(cfg, channel, &apply->channels[i].degraded_at, &apply->channels[i].critical_at);
    }
    return apply;
}

/* Set it. Nothing here can fail while the runtime lives: what is set was looked at. */
static int apply_set(const struct apply *apply, weft_runtime *rt)
{
    const int gone = apply->has_interval ? weft_monitor_set_interval(rt, apply->interval_ms) : 0;
    int changed = gone;
    for (size_t i = 0; i < apply->count && changed >= 0; i++)
        changed = weft_channel_set_thresholds(rt, apply->channels[i].name, apply->channels[i].degraded_at,
                                              apply->channels[i].critical_at);
    return changed < 0 ? changed : 0;
}

static int apply_check(const char *call, weft_config *cfg, weft_runtime *rt)
{
    if (!cfg)
        return weft_error_refuse(WEFT_EINVAL, "%s: the configuration must not be null", call);
    if (weft_runtime_workers(rt) == 0)
        return weft_error_refuse(WEFT_EINVAL, "%s: not a live runtime", call);
    return 0;
}

static int apply_no_memory(const char *call)
{
    return weft_error_refuse(WEFT_ENOMEM, "%s: no memory to apply what is in force", call);
}

int weft_config_apply(weft_config *cfg, weft_runtime *rt)
{
    static const char call[] = "weft_config_apply";
    const int wrong = apply_check(call, cfg, rt);
    if (wrong)
        return wrong;
    weft__lock(&cfg->applying);
    weft__lock(&cfg->lock);
    struct apply *apply = apply_collect_locked(cfg, rt);
    weft__unlock(&cfg->lock);
    const int result = apply ? apply_set(apply, rt) : apply_no_memory(call);
    weft__unlock(&cfg->applying);
    weft__free(apply);
    return result;
}

/* Whether the thresholds of every channel fit: those of the program, under those of the tree. */
static int replace_fits_locked(const char *call, weft_config *cfg)
{
    for (struct weft__config_channel *channel = cfg->channels; channel; channel = channel->next) {
        double degraded, critical;
        weft__config_thresholds_locked(cfg, channel, &degraded, &critical);
        const int unfit = weft__config_fits(call, cfg, channel->name, degraded, critical);
        if (unfit)
            return unfit;
    }
    return 0;
}

/* The tree into force, with what is to be applied; or neither. */
static int replace_tree(const char *call, weft_config *cfg, struct weft__config_tree *now, const weft_runtime *rt,
                        struct apply **out_apply)
{
    weft__lock(&cfg->lock);
    struct weft__config_tree *old = cfg->tree;
    weft__config_carry(&now->root, &old->root);
    cfg->tree = now;
    int error = replace_fits_locked(call, cfg);
    *out_apply = error ? NULL : apply_collect_locked(cfg, rt);
    if (!error && !*out_apply)
        error = apply_no_memory(call);
    if (error)
        cfg->tree = old; /* nobody has seen the other: the lock was held */
    weft__unlock(&cfg->lock);
    return error;
}

static int replace(const char *call, weft_config *cfg, const char *text, size_t length, weft_runtime *rt)
{
    struct weft__config_tree *now = NULL;
    const int wrong = weft__config_make(cfg, call, text, length, &now);
    if (wrong)
        return wrong;
    struct apply *apply;
    weft__lock(&cfg->applying); /* nobody else replaces the tree meanwhile */
    struct weft__config_tree *old = weft__config_current(cfg);
    const int error = replace_tree(call, cfg, now, rt, &apply);
    const int result = error ? error : apply_set(apply, rt);
    weft__config_tree_ref(now);
    weft__unlock(&cfg->applying);
    weft__free(apply);
    if (!error)
        later_tell(cfg, now, old);
    weft__config_tree_unref(error ? now : old); /* the count of what is not in force */
    weft__config_tree_unref(now);
    weft__config_tree_unref(old);
    return result;
}

int weft_config_reload(weft_config *cfg, weft_runtime *rt)
{
    static const char call[] = "weft_config_reload";
    const int wrong = apply_check(call, cfg, rt);
    if (wrong)
        return wrong;
    if (!cfg->path)
        return weft_error_refuse(WEFT_EINVAL, "%s: it was made from a text, not from a file: weft_config_replace()", call);
    char *text;
    size_t length;
    const int unread = weft__config_slurp(call, cfg->path, &text, &length);
    if (unread)
        return unread;
    const int result = replace(call, cfg, text, length, rt);
    weft__free(text);
    return result;
}

int weft_config_replace(weft_config *cfg, const char *text, size_t length, weft_runtime *rt)
{
    static const char call[] = "weft_config_replace";
    const int wrong = apply_check(call, cfg, rt);
    if (wrong)
        return wrong;
    char *copy;
    const int uncopied = weft__config_copy(call, text, length, &copy);
    if (uncopied)
        return uncopied;
    const int result = replace(call, cfg, copy, length, rt);
    weft__free(copy);
    return result;
}
