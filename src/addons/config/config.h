/* SPDX-License-Identifier: MIT */
/* A configuration: the tree in force, what it was made from, and the texts that it handed out. */
#ifndef WEFT_ADDONS_CONFIG_CONFIG_H
#define WEFT_ADDONS_CONFIG_CONFIG_H

#include <weft/config.h>

#include "addons/config/tree.h"
#include "addons/config/variables.h"
#include "base/lock.h"

/* A text that was handed out; it stays while the configuration does, so an option struct may be kept over a reload. */
struct weft__config_text {
    struct weft__config_text *next;
    size_t length;
    char text[];
};

/* A channel that got its options here, and the thresholds that the program itself gave. */
struct weft__config_channel {
    struct weft__config_channel *next;
    double degraded_at, critical_at; /* 0: none */
    char name[];
};

/* A runtime that got its options here, and the interval that the program itself gave. */
struct weft__config_runtime {
    struct weft__config_runtime *next;
    uint32_t interval_ms; /* 0: none */
    char name[];
};

/* Locks are taken in this order. */
struct weft_config {
    struct weft__lock applying;       /* one reload at a time, from the swap to the last setting */
    struct weft__lock lock;           /* guards what follows, and is held for a moment */
    struct weft__config_tree *tree;   /* in force */
    struct weft__config_text *texts;
    struct weft__config_channel *channels;
    struct weft__config_runtime *runtimes;
    /* does not change */
    struct weft__config_tree *home;   /* holds what follows */
    char *path;                       /* NULL: it came from memory */
    char *file;                       /* as it is named */
    char *environment;                /* NULL: none */
    char *prefix;                     /* NULL: no variables */
    struct weft__config_variable *variables;
    weft_config_report_fn *report;
    void *report_context;
};

/* The tree in force, with a count of the caller's. */
struct weft__config_tree *weft__config_current(weft_config *cfg);

/* A text of the configuration's own that reads the same; NULL: no memory. Under the lock. */
const char *weft__config_keep_locked(weft_config *cfg, const char *text, size_t length);

/* What the file, or the text, makes together with the rest: a tree with everything merged. Negative: *out_tree is untouched,
 * and every error was told. */
int weft__config_make(weft_config *cfg, const char *call, const char *text, size_t length,
                      struct weft__config_tree **out_tree);

/* Read a file whole, with a zero behind it: 0 or a negative code, with a detail. *out_text is the caller's to weft__free(). */
int weft__config_slurp(const char *call, const char *path, char **out_text, size_t *out_length);

/* A text with a zero behind it: 0 or a negative code, with a detail. *out_copy is the caller's to weft__free(). */
int weft__config_copy(const char *call, const char *text, size_t length, char **out_copy);

/* The interval of the monitor of the runtime of this name, 0 being the library's; false: neither the file nor the program has
 * said one here. Under the lock. */
bool weft__config_interval_locked(weft_config *cfg, const char *name, uint32_t *out_ms);

/* Whether thresholds fit each other, 0 being the default: 0, or WEFT_EINVAL with a text that begins with `call`. */
int weft__config_fits(const char *call, const weft_config *cfg, const char *channel, double degraded_at, double critical_at);

/* The thresholds of a channel's name, of what the program gave and what is in force; 0: the library's. Under the lock. */
void weft__config_thresholds_locked(weft_config *cfg, const struct weft__config_channel *channel, double *out_degraded_at,
                                    double *out_critical_at);

#endif
