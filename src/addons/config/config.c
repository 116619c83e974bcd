/* SPDX-License-Identifier: MIT */
/*
 * A configuration from a file or a text: read, scanned, parsed, checked, and only then put together and in force. Nothing of
 * a file that has an error is seen by anybody.
 */
#include "addons/config/config.h"

#include <string.h>

#include "addons/config/check.h"
#include "addons/config/scan.h"
#include "base/platform.h"

struct weft__config_tree *weft__config_current(weft_config *cfg)
{
    weft__lock(&cfg->lock);
    struct weft__config_tree *tree = cfg->tree;
    weft__config_tree_ref(tree);
    weft__unlock(&cfg->lock);
    return tree;
}

const char *weft__config_keep_locked(weft_config *cfg, const char *text, size_t length)
{
    for (struct weft__config_text *kept = cfg->texts; kept; kept = kept->next)
        if (kept->length == length && memcmp(kept->text, text, length) == 0)
            return kept->text;
    struct weft__config_text *kept = weft__alloc(sizeof *kept + length + 1);
    if (!kept)
        return NULL;
    kept->length = length;
    memcpy(kept->text, text, length);
    kept->text[length] = '\0';
    kept->next = cfg->texts;
    cfg->texts = kept;
    return kept->text;
}

/* The text as it stands, checked by itself. */
static int make_read(struct weft__config_problems *problems, const char *text, size_t length)
{
    struct weft__toml_place at = {0, 0};
    const char *wrong = weft__config_scan(text, length, &at);
    if (wrong) {
        weft__config_problem(problems, WEFT_CONFIG_ERROR, NULL, at, "", "%s", wrong);
        return 0;
    }
    char why[240];
    const int error = weft__toml_parse(text, length, weft__config_tree_add, problems->tree, &at, why, sizeof why);
    if (error == WEFT_EINVAL) {
        static const char preamble[] = "Error while parsing ";
        const char *what = strncmp(why, preamble, sizeof preamble - 1) == 0 ? why + sizeof preamble - 1 : why;
        weft__config_problem(problems, WEFT_CONFIG_ERROR, NULL, at, "", "this is not TOML: %s", what);
        return 0;
    }
    if (error == 0)
        weft__config_check(problems, &problems->tree->root);
    return error;
}

/* The environment over the rest, and variables over both. */
static void make_whole(weft_config *cfg, struct weft__config_problems *problems)
{
    struct weft__config_node *root = &problems->tree->root;
    struct weft__config_node *environments = weft__config_cut(root, "env");
    struct weft__config_node *over = NULL;
    if (environments && cfg->environment) {
        over = weft__config_find(environments, cfg->environment, strlen(cfg->environment));
        char said[WEFT__CONFIG_SAID];
        if (!over)
            weft__config_problem(problems, WEFT_CONFIG_ERROR, NULL, environments->key_at, "env",
                                 "there is no environment '%s' here: add [env.%s], if only an empty one",
                                 weft__config_said(said, cfg->environment, strlen(cfg->environment)), said);
    }
    if (over)
        weft__config_merge(root, over);
    if (!cfg->variables || problems->count)
        return;
    weft__config_variables_apply(problems, problems->tree, cfg->prefix, cfg->variables);
    if (!problems->count)
        weft__config_check_thresholds(problems, root, NULL);
}

int weft__config_make(weft_config *cfg, const char *call, const char *text, size_t length,
                      struct weft__config_tree **out_tree)
{
    struct weft__config_problems problems = {.file = cfg->file, .tree = weft__config_tree_create()};
    int error = problems.tree ? make_read(&problems, text, length) : WEFT_ENOMEM;
    if (error == 0 && problems.count == 0)
        make_whole(cfg, &problems);
    if (error < 0 || problems.no_memory) {
        error = weft_error_refuse(WEFT_ENOMEM, "%s: no memory for what %.150s says", call, cfg->file);
    } else if (problems.count) {
        weft__config_problems_tell(&problems, cfg->report, cfg->report_context);
        error = weft__config_problems_refuse(&problems, call, WEFT_EINVAL);
    } else {
        *out_tree = problems.tree;
        weft__config_tree_ref(problems.tree);
    }
    weft__config_problems_fini(&problems);
    weft__config_tree_unref(problems.tree);
    return error;
}

static int open_check(const char *call, weft_config **out_cfg, const void *source, const weft_config_options *o)
{
    if (!out_cfg || !source)
        return weft_error_refuse(WEFT_EINVAL, "%s: the place for the configuration and what it is made of must not be null",
                                 call);
    if (o && o->size < sizeof *o)
        return weft_error_refuse(WEFT_EINVAL, "%s: options of %zu bytes, not %zu: use WEFT_CONFIG_OPTIONS()", call, o->size,
                                 sizeof *o);
    if (o && o->variables && strlen(o->variables) == 0)
        return weft_error_refuse(WEFT_EINVAL, "%s: variables '': give what their names begin with, as \"WEFT_\", or NULL", call);
    return 0;
}

static int open_copy(weft_config *cfg, const char *text, char **out_copy)
{
    *out_copy = text ? weft__config_tree_copy(cfg->home, text, strlen(text)) : NULL;
    return text && !*out_copy ? WEFT_ENOMEM : 0;
}

static int open_fill(weft_config *cfg, const char *path, const weft_config_options *o)
{
    const char *environment = o->environment ? o->environment : weft__config_variables_environment();
    cfg->report = o->report;
    cfg->report_context = o->report_context;
    cfg->home = weft__config_tree_create();
    if (!cfg->home || open_copy(cfg, path, &cfg->path) < 0 ||
        open_copy(cfg, path ? path : o->file ? o->file : "configuration", &cfg->file) < 0 ||
        open_copy(cfg, environment && *environment ? environment : NULL, &cfg->environment) < 0 ||
        open_copy(cfg, o->variables, &cfg->prefix) < 0)
        return WEFT_ENOMEM;
    return cfg->prefix ? weft__config_variables_read(cfg->home, cfg->prefix, &cfg->variables) : 0;
}

/* Text of NULL: it is read from the path. The text ends with a zero. */
static int open_config(const char *call, weft_config **out_cfg, const char *path, const char *text, size_t length,
                       const weft_config_options *options)
{
    static const weft_config_options defaults = {.size = sizeof defaults};
    weft_config *cfg = weft__alloc_zeroed(1, sizeof *cfg);
    int error = cfg ? open_fill(cfg, path, options ? options : &defaults) : WEFT_ENOMEM;
    if (error < 0)
        error = weft_error_refuse(error, "%s: no memory", call);
    else
        error = weft__config_make(cfg, call, text, length, &cfg->tree);
    if (error < 0) {
        weft_config_destroy(cfg);
        return error;
    }
    *out_cfg = cfg;
    return 0;
}

int weft_config_load(weft_config **out_cfg, const char *path, const weft_config_options *options)
{
    static const char call[] = "weft_config_load";
    const int wrong = open_check(call, out_cfg, path, options);
    if (wrong)
        return wrong;
    char *text;
    size_t length;
    const int unread = weft__config_slurp(call, path, &text, &length);
    if (unread)
        return unread;
    const int error = open_config(call, out_cfg, path, text, length, options);
    weft__free(text);
    return error;
}

int weft__config_copy(const char *call, const char *text, size_t length, char **out_copy)
{
    if (!text)
        return weft_error_refuse(WEFT_EINVAL, "%s: the text must not be null", call);
    if (length > WEFT_CONFIG_SIZE_MAX)
        return weft_error_refuse(WEFT_ERANGE, "%s: a text of %zu bytes: at most %d", call, length, WEFT_CONFIG_SIZE_MAX);
    char *copy = weft__alloc(length + 1);
    if (!copy)
        return weft_error_refuse(WEFT_ENOMEM, "%s: no memory for a text of %zu bytes", call, length);
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    *out_copy = copy;
    return 0;
}

int weft_config_parse(weft_config **out_cfg, const char *text, size_t length, const weft_config_options *options)
{
    static const char call[] = "weft_config_parse";
    const int wrong = open_check(call, out_cfg, text, options);
    if (wrong)
        return wrong;
    char *copy = NULL;
    const int uncopied = weft__config_copy(call, text, length, &copy);
    if (uncopied)
        return uncopied;
    const int error = open_config(call, out_cfg, NULL, copy, length, options);
    weft__free(copy);
    return error;
}

void weft_config_destroy(weft_config *cfg)
{
    if (!cfg)
        return;
    while (cfg->texts) {
        struct weft__config_text *text = cfg->texts;
        cfg->texts = text->next;
        weft__free(text);
    }
    while (cfg->channels) {
        struct weft__config_channel *channel = cfg->channels;
        cfg->channels = channel->next;
        weft__free(channel);
    }
    while (cfg->runtimes) {
        struct weft__config_runtime *runtime = cfg->runtimes;
        cfg->runtimes = runtime->next;
        weft__free(runtime);
    }
    weft__config_tree_unref(cfg->tree);
    weft__config_tree_unref(cfg->home);
    weft__free(cfg);
}
