/* SPDX-License-Identifier: MIT */
/*
 * What a file says, as a tree: tables with their keys in the order of their bytes, each with its place. A tree lives in an
 * arena of its own and does not change once it is in force, but for the marks of what was read; readers hold a count.
 */
#ifndef WEFT_ADDONS_CONFIG_TREE_H
#define WEFT_ADDONS_CONFIG_TREE_H

#include "addons/config/toml.h"
#include "base/atomic.h"

struct weft__config_node {
    struct weft__config_node *next;  /* in the same table or array */
    struct weft__config_node *first; /* of a table or an array */
    struct weft__config_node *last;  /* while it is filled */
    enum weft__toml_type type;
    const char *key; /* ends with a zero, and may have more; NULL: an element */
    size_t key_length;
    struct weft__toml_place key_at, value_at;
    const char *variable; /* of the environment, where it comes from one */
    const char *text;     /* ends with a zero, and may have more */
    size_t text_length;
    int64_t integer;
    double number;
    bool flag;
    _Atomic uint32_t read; /* somebody has asked for it; relaxed, a statistic */
};

struct weft__config_chunk;

struct weft__config_tree {
    _Atomic uint32_t refs;
    struct weft__config_chunk *chunks;
    struct weft__config_node root;
};

/* With one count; NULL: no memory. */
struct weft__config_tree *weft__config_tree_create(void);
void weft__config_tree_ref(struct weft__config_tree *tree);
void weft__config_tree_unref(struct weft__config_tree *tree);

/* Memory that goes with the tree; NULL: none. */
void *weft__config_tree_alloc(struct weft__config_tree *tree, size_t size);
char *weft__config_tree_copy(struct weft__config_tree *tree, const char *text, size_t length);

/* weft__toml_add_fn: the context is the tree. */
void *weft__config_tree_add(void *tree, void *parent, const struct weft__toml_item *item);

/* The child of this name, or NULL; of an array, "0" and so on. */
struct weft__config_node *weft__config_find(const struct weft__config_node *table, const char *key, size_t length);

/* A child of this name, made if there is none (a table without keys); NULL: no memory. */
struct weft__config_node *weft__config_reach(struct weft__config_tree *tree, struct weft__config_node *table, const char *key);

/* What is in `over` replaces what is in `base`, table by table; both lose their own lists. */
void weft__config_merge(struct weft__config_node *base, struct weft__config_node *over);

/* Take the child of this name out, and answer it; NULL if there is none. */
struct weft__config_node *weft__config_cut(struct weft__config_node *table, const char *key);

/* What was read in `old` counts as read in `now`. */
void weft__config_carry(struct weft__config_node *now, const struct weft__config_node *old);

/* The next child of either of two tables, in order: what each has of that name, one of them perhaps NULL. False: the end. */
struct weft__config_pair {
    struct weft__config_node *left, *right; /* the cursors; begin with the first children */
    struct weft__config_node *a, *b;
};
bool weft__config_pair_next(struct weft__config_pair *pair);

static inline struct weft__config_node *weft__config_first(const struct weft__config_node *table)
{
    return table && table->type == WEFT__TOML_TABLE ? table->first : NULL;
}

#endif
