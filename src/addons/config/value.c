/* SPDX-License-Identifier: MIT */
/*
 * Single values, by their keys. Each call holds a count on the tree that is in force when it begins, so a reload changes
 * nothing under it; what it reads is marked, and what nobody has read can be told.
 */
#include <stdio.h>
#include <string.h>

#include "addons/config/check.h"
#include "addons/config/config.h"

/* The part of a dotted key that begins at *at, which is moved on; false: it is not one. */
static bool key_part(const char **at, const char **out_part, size_t *out_length)
{
    const char *from = *at, *end;
    const bool quoted = *from == '"';
    end = quoted ? strchr(++from, '"') : from + strcspn(from, ".");
    if (!end || (!quoted && end == from))
        return false;
    *out_part = from;
    *out_length = (size_t)(end - from);
    end += quoted;
    if (*end == '.' && end[1])
        *at = end + 1;
    else if (*end == '\0')
        *at = end;
    else
        return false;
    return true;
}

/* What a dotted key names: 1, *out_node; 0, there is none; WEFT_EINVAL. Marks the way. */
static int key_find(const char *call, struct weft__config_tree *tree, const char *key, struct weft__config_node **out_node)
{
    struct weft__config_node *node = &tree->root;
    for (const char *at = key; *at;) {
        const char *part;
        size_t length;
        if (!key_part(&at, &part, &length))
            return weft_error_refuse(WEFT_EINVAL, "%s: '%.100s' is no key: give parts with dots between them", call, key);
        if (!(node = weft__config_find(node, part, length)))
            return 0;
        weft__store_relaxed(&node->read, 1); /* a statistic */
    }
    *out_node = node;
    return 1;
}

static int value_check(const char *call, const weft_config *cfg, const char *key, const void *out_value)
{
    if (!cfg || !key || !out_value)
        return weft_error_refuse(WEFT_EINVAL, "%s: configuration, key and what it goes to must not be null", call);
    if (!*key)
        return weft_error_refuse(WEFT_EINVAL, "%s: '' is no key: give parts with dots between them", call);
    return 0;
}

static int value_other(const char *call, const weft_config *cfg, const char *key, const char *expected,
                       const struct weft__config_node *node)
{
    char found[WEFT__CONFIG_FOUND];
    if (node->variable)
        return weft_error_refuse(WEFT_EINVAL, "%s: %.100s: %.100s: expected %s, found %s", call, node->variable, key, expected,
                                 weft__config_found(found, node));
    return weft_error_refuse(WEFT_EINVAL, "%s: %.100s:%u:%u: %.100s: expected %s, found %s", call, cfg->file,
                             node->value_at.line, node->value_at.column, key, expected, weft__config_found(found, node));
}

/* A value of one of two types; what is copied out of it is given to `take`. */
static int value_get(const char *call, weft_config *cfg, const char *key, const char *expected,
                     int (*take)(weft_config *cfg, const struct weft__config_node *node, void *out_value), void *out_value)
{
    const int wrong = value_check(call, cfg, key, out_value);
    if (wrong)
        return wrong;
    struct weft__config_tree *tree = weft__config_current(cfg);
    struct weft__config_node *node = NULL;
    int answer = key_find(call, tree, key, &node);
    if (answer == 1)
        answer = take(cfg, node, out_value);
    if (answer == WEFT_EINVAL && node)
        answer = value_other(call, cfg, key, expected, node);
    else if (answer == WEFT_ENOMEM)
        answer = weft_error_refuse(WEFT_ENOMEM, "%s: no memory for '%.100s'", call, key);
    weft__config_tree_unref(tree);
    return answer;
}

static int take_flag(weft_config *cfg, const struct weft__config_node *node, void *out_value)
{
    (void)cfg;
    if (node->type != WEFT__TOML_FLAG)
        return WEFT_EINVAL;
    *(bool *)out_value = node->flag;
    return 1;
}

static int take_integer(weft_config *cfg, const struct weft__config_node *node, void *out_value)
{
    (void)cfg;
    if (node->type != WEFT__TOML_INTEGER)
        return WEFT_EINVAL;
    *(int64_t *)out_value = node->integer;
    return 1;
}

static int take_number(weft_config *cfg, const struct weft__config_node *node, void *out_value)
{
    (void)cfg;
    if (node->type != WEFT__TOML_NUMBER && node->type != WEFT__TOML_INTEGER)
        return WEFT_EINVAL;
    *(double *)out_value = node->type == WEFT__TOML_NUMBER ? node->number : (double)node->integer;
    return 1;
}

static int take_text(weft_config *cfg, const struct weft__config_node *node, void *out_value)
{
    if (node->type != WEFT__TOML_TEXT || memchr(node->text, '\0', node->text_length))
        return WEFT_EINVAL;
    weft__lock(&cfg->lock);
    const char *text = weft__config_keep_locked(cfg, node->text, node->text_length);
    weft__unlock(&cfg->lock);
    if (!text)
        return WEFT_ENOMEM;
    *(const char **)out_value = text;
    return 1;
}

int weft_config_flag(weft_config *cfg, const char *key, bool *out_value)
{
    return value_get("weft_config_flag", cfg, key, "true or false", take_flag, out_value);
}

int weft_config_integer(weft_config *cfg, const char *key, int64_t *out_value)
{
    return value_get("weft_config_integer", cfg, key, "an integer", take_integer, out_value);
}

int weft_config_number(weft_config *cfg, const char *key, double *out_value)
{
    return value_get("weft_config_number", cfg, key, "a number", take_number, out_value);
}

int weft_config_text(weft_config *cfg, const char *key, const char **out_value)
{
    return value_get("weft_config_text", cfg, key, "a string without zero bytes", take_text, out_value);
}

int weft_config_visit(weft_config *cfg, const char *key, int (*visit)(void *context, const char *name), void *context)
{
    static const char call[] = "weft_config_visit";
    if (!cfg || !key || !visit)
        return weft_error_refuse(WEFT_EINVAL, "%s: configuration, key and function must not be null", call);
    struct weft__config_tree *tree = weft__config_current(cfg);
    struct weft__config_node *table = NULL;
    int answer = key_find(call, tree, key, &table);
    if (answer == 1 && table->type != WEFT__TOML_TABLE && table->type != WEFT__TOML_ARRAY)
        answer = value_other(call, cfg, key, "a table or an array", table);
    if (answer == 1) {
        unsigned at = 0;
        answer = 0;
        for (struct weft__config_node *node = table->first; node && answer == 0; node = node->next, at++) {
            char number[16];
            snprintf(number, sizeof number, "%u", at);
            answer = visit(context, node->key ? node->key : number);
        }
    }
    weft__config_tree_unref(tree);
    return answer;
}

/* What is below a node that nobody has asked for, and the node itself if nothing stands below it. */
static void unread_below(struct weft__config_problems *problems, struct weft__config_path *path,
                         const struct weft__config_node *node)
{
    const size_t before = weft__config_path_push(path, node->key, node->key_length);
    if (!weft__load_relaxed(&node->read)) /* a statistic */
        weft__config_problem(problems, WEFT_CONFIG_UNREAD, node->variable, node->key_at, path->text, "%s",
                             node->type == WEFT__TOML_TABLE ? "nothing has asked for this section" : "nothing has asked for this key");
    else
        for (const struct weft__config_node *inner = weft__config_first(node); inner; inner = inner->next)
            unread_below(problems, path, inner);
    weft__config_path_pop(path, before);
}

int weft_config_unread(weft_config *cfg, weft_config_report_fn *report, void *context)
{
    static const char call[] = "weft_config_unread";
    if (!cfg || !report)
        return weft_error_refuse(WEFT_EINVAL, "%s: configuration and function must not be null", call);
    struct weft__config_tree *tree = weft__config_current(cfg);
    struct weft__config_problems problems = {.file = cfg->file, .tree = weft__config_tree_create()};
    struct weft__config_path path = {.length = 0};
    problems.no_memory = !problems.tree;
    for (const struct weft__config_node *node = tree->root.first; node && problems.tree; node = node->next)
        unread_below(&problems, &path, node);
    const int count = problems.no_memory ? weft_error_refuse(WEFT_ENOMEM, "%s: no memory to tell them", call)
                                         : (int)problems.count;
    if (count > 0)
        weft__config_problems_tell(&problems, report, context);
    weft__config_problems_fini(&problems);
    weft__config_tree_unref(problems.tree);
    weft__config_tree_unref(tree);
    return count;
}
