/* SPDX-License-Identifier: MIT */
/* See tree.h. Tables come sorted, so two of them are walked side by side: nothing here takes the square of a size. */
#include "addons/config/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/platform.h"

enum { TREE_CHUNK = 16 * 1024, TREE_ALIGN = 16 };

struct weft__config_chunk {
    struct weft__config_chunk *next;
    size_t size, used;
};

_Static_assert(sizeof(struct weft__config_chunk) <= 2 * TREE_ALIGN, "what a chunk holds begins behind its head");

struct weft__config_tree *weft__config_tree_create(void)
{
    struct weft__config_tree *tree = weft__alloc_zeroed(1, sizeof *tree);
    if (!tree)
        return NULL;
    weft__store_relaxed(&tree->refs, 1);
    tree->root.type = WEFT__TOML_TABLE;
    return tree;
}

void weft__config_tree_ref(struct weft__config_tree *tree)
{
    weft__fetch_add_relaxed(&tree->refs, 1); /* the lock under which it was found keeps it above zero */
}

void weft__config_tree_unref(struct weft__config_tree *tree)
{
    if (!tree || weft__fetch_sub_acq_rel(&tree->refs, 1) != 1)
        return;
    while (tree->chunks) {
        struct weft__config_chunk *chunk = tree->chunks;
        tree->chunks = chunk->next;
        weft__free(chunk);
    }
    weft__free(tree);
}

void *weft__config_tree_alloc(struct weft__config_tree *tree, size_t size)
{
    size = (size + TREE_ALIGN - 1) & ~(size_t)(TREE_ALIGN - 1);
    struct weft__config_chunk *chunk = tree->chunks;
    if (!chunk || chunk->size - chunk->used < size) {
        const size_t room = size > TREE_CHUNK ? size : TREE_CHUNK;
        chunk = weft__alloc(2 * TREE_ALIGN + room);
        if (!chunk)
            return NULL;
        *chunk = (struct weft__config_chunk){.next = tree->chunks, .size = room};
        tree->chunks = chunk;
    }
    void *block = (char *)chunk + 2 * TREE_ALIGN + chunk->used;
    chunk->used += size;
    return block;
}

char *weft__config_tree_copy(struct weft__config_tree *tree, const char *text, size_t length)
{
    char *copy = weft__config_tree_alloc(tree, length + 1);
    if (!copy)
        return NULL;
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static struct weft__config_node *tree_node(struct weft__config_tree *tree, const char *key, size_t length)
{
    struct weft__config_node *node = weft__config_tree_alloc(tree, sizeof *node);
    if (!node)
        return NULL;
    memset(node, 0, sizeof *node);
    node->key_length = length;
    if (key && !(node->key = weft__config_tree_copy(tree, key, length)))
        return NULL;
    return node;
}

void *weft__config_tree_add(void *context, void *parent, const struct weft__toml_item *item)
{
    struct weft__config_tree *tree = context;
    struct weft__config_node *table = parent ? parent : &tree->root;
    struct weft__config_node *node = tree_node(tree, item->key, item->key_length);
    if (!node)
        return NULL;
    node->type = item->type;
    node->key_at = item->key_at;
    node->value_at = item->value_at;
    node->integer = item->integer;
    node->number = item->number;
    node->flag = item->flag;
    node->text_length = item->text_length;
    if (item->text && !(node->text = weft__config_tree_copy(tree, item->text, item->text_length)))
        return NULL;
    *(table->last ? &table->last->next : &table->first) = node;
    table->last = node;
    return node;
}

/* As std::map orders its keys: by bytes, the shorter first. */
static int tree_compare(const struct weft__config_node *node, const char *key, size_t length)
{
    const size_t both = node->key_length < length ? node->key_length : length;
    const int bytes = memcmp(node->key, key, both);
    return bytes ? bytes : node->key_length < length ? -1 : node->key_length > length;
}

struct weft__config_node *weft__config_find(const struct weft__config_node *table, const char *key, size_t length)
{
    if (!table)
        return NULL;
    if (table->type == WEFT__TOML_ARRAY) {
        char *end;
        const unsigned long at = length && *key >= '0' && *key <= '9' ? strtoul(key, &end, 10) : 0;
        struct weft__config_node *node = length && *key >= '0' && *key <= '9' && end == key + length ? table->first : NULL;
        for (unsigned long i = 0; node && i < at; i++)
            node = node->next;
        return node;
    }
    for (struct weft__config_node *node = weft__config_first(table); node; node = node->next)
        if (tree_compare(node, key, length) == 0)
            return node;
    return NULL;
}

struct weft__config_node *weft__config_reach(struct weft__config_tree *tree, struct weft__config_node *table, const char *key)
{
    const size_t length = strlen(key);
    struct weft__config_node **spot = &table->first;
    while (*spot && tree_compare(*spot, key, length) < 0)
        spot = &(*spot)->next;
    if (*spot && tree_compare(*spot, key, length) == 0)
        return *spot;
    struct weft__config_node *node = tree_node(tree, key, length);
    if (!node)
        return NULL;
    node->type = WEFT__TOML_TABLE;
    node->next = *spot;
    *spot = node;
    return node;
}

struct weft__config_node *weft__config_cut(struct weft__config_node *table, const char *key)
{
    for (struct weft__config_node **spot = &table->first; *spot; spot = &(*spot)->next)
        if (tree_compare(*spot, key, strlen(key)) == 0) {
            struct weft__config_node *node = *spot;
            *spot = node->next;
            node->next = NULL;
            return node;
        }
    return NULL;
}

bool weft__config_pair_next(struct weft__config_pair *pair)
{
    if (!pair->left && !pair->right)
        return false;
    const int order = !pair->left    ? 1
                      : !pair->right ? -1
                                     : tree_compare(pair->left, pair->right->key, pair->right->key_length);
    pair->a = order <= 0 ? pair->left : NULL;
    pair->b = order >= 0 ? pair->right : NULL;
    if (pair->a)
        pair->left = pair->a->next;
    if (pair->b)
        pair->right = pair->b->next;
    return true;
}

void weft__config_merge(struct weft__config_node *base, struct weft__config_node *over)
{
    struct weft__config_pair pair = {.left = weft__config_first(base), .right = weft__config_first(over)};
    struct weft__config_node **tail = &base->first;
    while (weft__config_pair_next(&pair)) {
        struct weft__config_node *taken = pair.b ? pair.b : pair.a;
        if (pair.a && pair.b && pair.a->type == WEFT__TOML_TABLE && pair.b->type == WEFT__TOML_TABLE) {
            weft__config_merge(pair.a, pair.b);
            taken = pair.a;
        }
        *tail = taken;
        tail = &taken->next;
    }
    *tail = NULL;
}

void weft__config_carry(struct weft__config_node *now, const struct weft__config_node *old)
{
    struct weft__config_pair pair = {.left = weft__config_first(now), .right = weft__config_first(old)};
    while (weft__config_pair_next(&pair))
        if (pair.a && pair.b) {
            if (weft__load_relaxed(&pair.b->read)) /* a statistic */
                weft__store_relaxed(&pair.a->read, 1);
            weft__config_carry(pair.a, pair.b);
        }
}
