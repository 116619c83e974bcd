/* SPDX-License-Identifier: MIT */
/* Harness: the labels that channels share, of which there is room for two. Two threads ask for the labels of two names out of three,
 * perhaps the same ones, and read what they get.
 *
 * Law: who finds a label reads the whole of it, and it is the one that was asked for; a name has one label, whoever asks; when there is no
 * room for more, the third name has none, and the others keep theirs. */
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "channel/channel.h"

enum { NAMES = 3, THREADS = 2 };

static const char *const texts[NAMES] = {"fetch", "store", "a name that is longer"};
static struct weft__channel_labels labels;
static _Atomic(struct weft__channel_label *) found[NAMES];
static _Atomic uint32_t refused; /* a bit for each name */

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"first to ask", "the same again", "no room"};
    return goal < 3 ? names[goal] : NULL;
}

static void ask(unsigned which)
{
    const uint64_t thresholds = weft__channel_label_thresholds(0, 0);
    const struct weft__channel_label_plan plan = weft__channel_label_plan(texts[which], "part", thresholds, false);
    struct weft__channel_label *label, *before = NULL;
    assert(weft__channel_label_shared(&labels, &plan, &label));
    if (!label) {
        weft__fetch_or_relaxed(&refused, 1u << which);
        model_reach(2);
        return;
    }
    assert(strcmp(label->name, texts[which]) == 0 && strcmp(weft__channel_label_component(label), "part") == 0);
    assert(!label->internal && label->ops.abandon == weft__channel_waitable_ops.abandon);
    assert(weft__channel_label_degraded_at(weft__load_relaxed(&label->thresholds)) == 0.8);
    if (weft__cas_strong_relaxed(&found[which], &before, label)) {
        model_reach(0);
    } else {
        assert(before == label);
        model_reach(1);
    }
}

static void *asker(void *nothing)
{
    ask(model_choose(NAMES));
    ask(model_choose(NAMES));
    return nothing;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, asker, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    int with = 0;
    for (int i = 0; i < NAMES; i++) {
        const bool has = weft__load_relaxed(&found[i]) != NULL;
        with += has;
        assert(!has || !(weft__load_relaxed(&refused) >> i & 1));
    }
    assert(with <= WEFT__CHANNEL_LABELS_BESIDE && (weft__load_relaxed(&refused) == 0 || with == WEFT__CHANNEL_LABELS_BESIDE));
    weft__channel_labels_fini(&labels);
    return 0;
}
