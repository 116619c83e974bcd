/* SPDX-License-Identifier: MIT */
/* The options of runtimes and of channels: the rows of the keys say which member takes which value. */
#include <string.h>

#include "addons/config/check.h"
#include "addons/config/config.h"
#include "base/platform.h"

static void read_mark(struct weft__config_node *node)
{
    weft__store_relaxed(&node->read, 1); /* a statistic */
}

static struct weft__config_node *read_child(const struct weft__config_node *table, const char *key)
{
    return table ? weft__config_find(table, key, strlen(key)) : NULL;
}

/* One value into the member of an option struct. */
static int read_member(weft_config *cfg, const struct weft__config_key *key, struct weft__config_node *node, void *options)
{
    void *member = (char *)options + key->offset;
    const uint64_t integer = (uint64_t)node->integer;
    read_mark(node);
    switch (key->value) {
    case WEFT__CONFIG_INTEGER:
        if (key->size == sizeof(uint32_t))
            *(uint32_t *)member = (uint32_t)integer;
        else
            *(uint64_t *)member = integer;
        return 0;
    case WEFT__CONFIG_FRACTION:
        *(double *)member = node->type == WEFT__TOML_INTEGER ? (double)node->integer : node->number;
        return 0;
    case WEFT__CONFIG_FLAG:
        *(bool *)member = node->flag;
        return 0;
    case WEFT__CONFIG_CHOICE: {
        const int choice = weft__config_choice(key->choices, node->text, node->text_length);
        memcpy(member, &choice, sizeof choice);
        return 0;
    }
    case WEFT__CONFIG_TEXT: {
        const char *text = weft__config_keep_locked(cfg, node->text, node->text_length);
        *(const char **)member = text;
        return text ? 0 : WEFT_ENOMEM;
    }
    }
    return 0;
}

_Static_assert(sizeof(weft_overflow) == sizeof(int) && sizeof(size_t) == sizeof(uint64_t), "members are written by size");

/* Every key of a section that a table has, into an option struct. */
static int read_members(weft_config *cfg, enum weft__config_section section, struct weft__config_node *table, void *options)
{
    if (!table)
        return 0;
    read_mark(table);
    for (const struct weft__config_key *key = NULL; (key = weft__config_key_next(section, key));) {
        struct weft__config_node *node = key->size ? read_child(table, key->name) : NULL;
        if (node && read_member(cfg, key, node, options) < 0)
            return WEFT_ENOMEM;
    }
    return 0;
}

static int read_no_memory(const char *call, const char *name)
{
    return weft_error_refuse(WEFT_ENOMEM, "%s: no memory for the options of '%.100s'", call, name ? name : "");
}

static int runtime_check(const char *call, const weft_config *cfg, const weft_runtime_options *options)
{
    if (!cfg || !options)
        return weft_error_refuse(WEFT_EINVAL, "%s: configuration and options must not be null", call);
    if (options->size < sizeof *options)
        return weft_error_refuse(WEFT_EINVAL, "%s: options of %zu bytes, not %zu: use WEFT_RUNTIME_OPTIONS()", call,
                                 options->size, sizeof *options);
    return 0;
}

/* [monitor] interval_ms, then [runtime], then [runtime.<name>]. */
static int runtime_fill_locked(weft_config *cfg, const char *name, weft_runtime_options *options)
{
    struct weft__config_node *root = &cfg->tree->root;
    struct weft__config_node *all = read_child(root, "runtime"), *own = name ? read_child(all, name) : NULL;
    struct weft__config_node *monitor = read_child(root, "monitor"), *interval = read_child(monitor, "interval_ms");
    if (own && own->type != WEFT__TOML_TABLE)
        own = NULL; /* a runtime that is called like a key */
    if (interval) {
        read_mark(monitor);
        read_mark(interval);
        options->monitor_interval_ms = (uint32_t)interval->integer;
    }
    if (read_members(cfg, WEFT__CONFIG_runtime, all, options) < 0 || read_members(cfg, WEFT__CONFIG_runtime, own, options) < 0)
        return WEFT_ENOMEM;
    if (name && !(options->name = weft__config_keep_locked(cfg, name, strlen(name))))
        return WEFT_ENOMEM;
    return own != NULL;
}

static int runtime_options(const char *call, weft_config *cfg, const char *name, weft_runtime_options *options)
{
    const int wrong = runtime_check(call, cfg, options);
    if (wrong)
        return wrong;
    weft_runtime_options filled = *options;
    weft__lock(&cfg->lock);
    const int found = runtime_fill_locked(cfg, name, &filled);
    weft__unlock(&cfg->lock);
    if (found < 0)
        return read_no_memory(call, name);
    *options = filled;
    return found;
}

int weft_config_runtime(weft_config *cfg, const char *name, weft_runtime_options *options)
{
    return runtime_options("weft_config_runtime", cfg, name, options);
}

int weft_config_runtime_create(weft_config *cfg, const char *name, const weft_runtime_options *options,
                               weft_runtime **out_rt)
{
    weft_runtime_options filled = options ? *options : (weft_runtime_options){.size = sizeof filled};
    const int wrong = runtime_options("weft_config_runtime_create", cfg, name, &filled);
    return wrong < 0 ? wrong : weft_runtime_create(out_rt, &filled);
}

/* The record of a channel's name, made if there is none; NULL: no memory. */
static struct weft__config_channel *channel_record_locked(weft_config *cfg, const char *name)
{
    for (struct weft__config_channel *channel = cfg->channels; channel; channel = channel->next)
        if (strcmp(channel->name, name) == 0)
            return channel;
    struct weft__config_channel *channel = weft__alloc_zeroed(1, sizeof *channel + strlen(name) + 1);
    if (!channel)
        return NULL;
    memcpy(channel->name, name, strlen(name) + 1);
    channel->next = cfg->channels;
    cfg->channels = channel;
    return channel;
}

static double read_threshold(struct weft__config_node *channel, struct weft__config_node *monitor, const char *key,
                             double programs)
{
    struct weft__config_node *node = read_child(channel, key);
    if (!node && programs == 0)
        node = read_child(monitor, key);
    if (!node)
        return programs;
    read_mark(node);
    return node->type == WEFT__TOML_INTEGER ? (double)node->integer : node->number;
}

void weft__config_thresholds_locked(weft_config *cfg, const struct weft__config_channel *channel, double *out_degraded_at,
                                    double *out_critical_at)
{
    struct weft__config_node *root = &cfg->tree->root, *monitor = read_child(root, "monitor");
    struct weft__config_node *section = read_child(read_child(root, "channels"), channel->name);
    if (monitor)
        read_mark(monitor);
    *out_degraded_at = read_threshold(section, monitor, "degraded_at", channel->degraded_at);
    *out_critical_at = read_threshold(section, monitor, "critical_at", channel->critical_at);
}

static int channel_fill_locked(weft_config *cfg, const char *name, weft_channel_options *options)
{
    struct weft__config_node *all = read_child(&cfg->tree->root, "channels"), *own = read_child(all, name);
    struct weft__config_channel *record = channel_record_locked(cfg, name);
    if (!record)
        return WEFT_ENOMEM;
    if (own)
        read_mark(all);
    record->degraded_at = options->degraded_at;
    record->critical_at = options->critical_at;
    if (read_members(cfg, WEFT__CONFIG_channels, own, options) < 0)
        return WEFT_ENOMEM;
    if (!(options->name = weft__config_keep_locked(cfg, name, strlen(name))))
        return WEFT_ENOMEM;
    weft__config_thresholds_locked(cfg, record, &options->degraded_at, &options->critical_at);
    return own != NULL;
}

static int channel_check(const char *call, const weft_config *cfg, const char *name, const weft_channel_options *options)
{
    if (!cfg || !name || !options)
        return weft_error_refuse(WEFT_EINVAL, "%s: configuration, name and options must not be null", call);
    if (options->size < sizeof *options)
        return weft_error_refuse(WEFT_EINVAL, "%s: options of %zu bytes, not %zu: use WEFT_CHANNEL_OPTIONS()", call,
                                 options->size, sizeof *options);
    return 0;
}

int weft_config_channel(weft_config *cfg, const char *name, weft_channel_options *options)
{
    static const char call[] = "weft_config_channel";
    const int wrong = channel_check(call, cfg, name, options);
    if (wrong)
        return wrong;
    weft_channel_options filled = *options;
    weft__lock(&cfg->lock);
    const int found = channel_fill_locked(cfg, name, &filled);
    weft__unlock(&cfg->lock);
    if (found < 0)
        return read_no_memory(call, name);
    if (filled.capacity == 0)
        return weft_error_refuse(WEFT_EINVAL, "%s: %.100s has no buffer_size in [channels.%.100s], and the options no capacity",
                                 call, cfg->file, name);
    const double degraded = filled.degraded_at != 0 ? filled.degraded_at : 0.80;
    const double critical = filled.critical_at != 0 ? filled.critical_at : 0.95;
    if (degraded > critical)
        return weft_error_refuse(WEFT_EINVAL, "%s: degraded_at %g of channel '%.100s' is above critical_at %g: one is the "
                                              "program's, one is of %.100s",
                                 call, degraded, name, critical, cfg->file);
    *options = filled;
    return found;
}
