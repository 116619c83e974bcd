/* SPDX-License-Identifier: MIT */
/* Whether a tree says what the keys may say. */
#ifndef WEFT_ADDONS_CONFIG_CHECK_H
#define WEFT_ADDONS_CONFIG_CHECK_H

#include "addons/config/keys.h"
#include "addons/config/problem.h"

enum { WEFT__CONFIG_ENVIRONMENTS_MAX = 64, WEFT__CONFIG_NAME_MAX = 127 };

/* Everything that is in a file, each environment of it, and what they make together. */
void weft__config_check(struct weft__config_problems *problems, const struct weft__config_node *root);

/* One value against its row. */
void weft__config_check_value(struct weft__config_problems *problems, const struct weft__config_path *path,
                              const struct weft__config_key *key, const struct weft__config_node *node);

/* Whether thresholds fit each other, of `base` with `over` (NULL: nothing) over it. */
void weft__config_check_thresholds(struct weft__config_problems *problems, const struct weft__config_node *base,
                                   const struct weft__config_node *over);

/* An unknown key of a section: says so, with the one that was meant. */
void weft__config_check_unknown(struct weft__config_problems *problems, const struct weft__config_path *path,
                                enum weft__config_section section, const struct weft__config_node *node);

/* What a value is, in words; at most WEFT__CONFIG_FOUND bytes. Returns `out`. */
enum { WEFT__CONFIG_FOUND = WEFT__CONFIG_SAID + 32 };
const char *weft__config_found(char out[WEFT__CONFIG_FOUND], const struct weft__config_node *node);

#endif
