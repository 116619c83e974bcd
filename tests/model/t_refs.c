/* SPDX-License-Identifier: MIT */
/* Harness: things that live as long as somebody counts himself in: a realm, and a tree of configuration. Three threads use one and give
 * their counts back, and perhaps take one more before.
 *
 * Law: whoever is last frees it, after all that the others did with it. */
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "addons/config/tree.h"
#include "registry/realm.h"

enum { THREADS = 3 };

static struct weft__realm *realm;
static struct weft__config_tree *tree;
static const char *text;

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"a realm", "a tree", "counted twice"};
    return goal < 3 ? names[goal] : NULL;
}

static void use_realm(void)
{
    assert(weft__realm_now(realm) == 5);
    if (model_choose(2)) {
        struct weft__realm *again = weft__realm_ref(realm);
        weft__realm_unref(again);
        model_reach(2);
    }
    weft__realm_unref(realm);
    model_reach(0);
}

static void use_tree(void)
{
    if (model_choose(2)) {
        weft__config_tree_ref(tree);
        weft__config_tree_unref(tree);
    }
    assert(memcmp(text, "key", 3) == 0);
    weft__config_tree_unref(tree);
    model_reach(1);
}

static void *user(void *nothing)
{
    if (tree) {
        use_tree();
    } else {
        use_realm();
    }
    return nothing;
}

int main(void)
{
    pthread_t threads[THREADS];
    if (model_choose(2)) {
        tree = weft__config_tree_create();
        assert(tree);
        text = weft__config_tree_copy(tree, "key", 3);
    } else {
        realm = weft__realm_create(5);
        assert(realm);
    }
    for (int i = 1; i < THREADS; i++) {
        if (tree) {
            weft__config_tree_ref(tree);
        } else {
            weft__realm_ref(realm);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, user, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}
