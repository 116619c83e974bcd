/* SPDX-License-Identifier: MIT */
/* The options of runtimes and of channels: the rows of the keys say which member takes which value. */
#include <string.h>
#include <weft/diag.h>
#include <weft/otlp.h>

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

/* [runtime.<name>], or NULL; not a key of [runtime] that is called like the runtime. */
static struct weft__config_node *runtime_own(const struct weft__config_node *all, const char *name)
{
    struct weft__config_node *own = name ? read_child(all, name) : NULL;
    return own && own->type == WEFT__TOML_TABLE ? own : NULL;
}

/* [monitor] interval_ms; 0: it does not say. */
static uint32_t runtime_interval(const struct weft__config_node *root)
{
    struct weft__config_node *monitor = read_child(root, "monitor"), *interval = read_child(monitor, "interval_ms");
    if (!interval)
        return 0;
    read_mark(monitor);
    read_mark(interval);
    return (uint32_t)interval->integer;
}

/* The record of a runtime's name, or NULL. */
static struct weft__config_runtime *runtime_record_locked(weft_config *cfg, const char *name)
{
    struct weft__config_runtime *record = cfg->runtimes;
    while (record && strcmp(record->name, name) != 0)
        record = record->next;
    return record;
}

/* Keep what the program gave. */
static int runtime_record_set_locked(weft_config *cfg, const char *name, uint32_t interval_ms)
{
    struct weft__config_runtime *record = runtime_record_locked(cfg, name);
    if (!record) {
        record = weft__alloc(sizeof *record + strlen(name) + 1);
        if (!record)
            return WEFT_ENOMEM;
        memcpy(record->name, name, strlen(name) + 1);
        record->next = cfg->runtimes;
        cfg->runtimes = record;
    }
    record->interval_ms = interval_ms;
    return 0;
}

bool weft__config_interval_locked(weft_config *cfg, const char *name, uint32_t *out_ms)
{
    static const char key[] = "monitor_interval_ms";
    const struct weft__config_node *root = &cfg->tree->root, *all = read_child(root, "runtime");
    const struct weft__config_node *own = runtime_own(all, name);
    struct weft__config_node *node = read_child(own, key);
    const struct weft__config_runtime *record = runtime_record_locked(cfg, name);
    if (!node)
        node = read_child(all, key);
    *out_ms = node ? (uint32_t)node->integer : runtime_interval(root);
    if (node)
        read_mark(node);
    if (*out_ms)
        return true;
    *out_ms = record ? record->interval_ms : 0;
    return record != NULL;
}

/* [monitor] interval_ms, then [runtime], then [runtime.<name>]. */
static int runtime_fill_locked(weft_config *cfg, const char *name, weft_runtime_options *options)
{
    const struct weft__config_node *root = &cfg->tree->root;
    struct weft__config_node *all = read_child(root, "runtime"), *own = runtime_own(all, name);
    const uint32_t interval = runtime_interval(root);
    if (runtime_record_set_locked(cfg, name ? name : options->name ? options->name : "weft", options->monitor_interval_ms) < 0)
        return WEFT_ENOMEM;
    if (interval)
        options->monitor_interval_ms = interval;
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

/* A section that has one table, over options that were looked at. `filled` is a copy of them. 1: there it is; 0: there is none. */
static int section_fill(const char *call, weft_config *cfg, enum weft__config_section section, const char *name, void *filled)
{
    weft__lock(&cfg->lock);
    struct weft__config_node *table = read_child(&cfg->tree->root, name);
    const int error = read_members(cfg, section, table, filled);
    weft__unlock(&cfg->lock);
    return error < 0 ? read_no_memory(call, name) : table != NULL;
}

static int section_check(const char *call, const weft_config *cfg, const size_t *size, size_t expected, const char *macro)
{
    if (!cfg || !size)
        return weft_error_refuse(WEFT_EINVAL, "%s: configuration and options must not be null", call);
    if (*size < expected)
        return weft_error_refuse(WEFT_EINVAL, "%s: options of %zu bytes, not %zu: use %s()", call, *size, expected, macro);
    return 0;
}

int weft_config_diag(weft_config *cfg, struct weft_diag_options *options)
{
    static const char call[] = "weft_config_diag";
    const int wrong = section_check(call, cfg, options ? &options->size : NULL, sizeof *options, "WEFT_DIAG_OPTIONS");
    if (wrong)
        return wrong;
    weft_diag_options filled = *options;
    const int found = section_fill(call, cfg, WEFT__CONFIG_diag, "diag", &filled);
    if (found >= 0)
        *options = filled;
    return found;
}

int weft_config_otlp(weft_config *cfg, struct weft_otlp_options *options)
{
    static const char call[] = "weft_config_otlp";
    const int wrong = section_check(call, cfg, options ? &options->size : NULL, sizeof *options, "WEFT_OTLP_OPTIONS");
    if (wrong)
        return wrong;
    weft_otlp_options filled = *options;
    const int found = section_fill(call, cfg, WEFT__CONFIG_otlp, "otlp", &filled);
    if (found >= 0)
        *options = filled;
    return found;
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

int weft__config_fits(const char *call, const weft_config *cfg, const char *channel, double degraded_at, double critical_at)
{
    const double degraded = degraded_at != 0 ? degraded_at : 0.80;
    const double critical = critical_at != 0 ? critical_at : 0.95;
    if (degraded > 0 && degraded <= critical && critical <= 1)
        return 0;
    return weft_error_refuse(WEFT_EINVAL, "%s: degraded_at %g and critical_at %g of channel '%.100s', one the program's and one of "
                                          "%.100s: give 0 < degraded_at <= critical_at <= 1",
                             call, degraded, critical, channel, cfg->file);
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
    const int unfit = weft__config_fits(call, cfg, name, filled.degraded_at, filled.critical_at);
    if (unfit)
        return unfit;
    *options = filled;
    return found;
}
