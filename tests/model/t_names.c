/* SPDX-License-Identifier: MIT */
/* Harness: the numbers of names, of which there are two. Two threads ask for the numbers of two names out of three, perhaps the same
 * ones, and then walk all that have one; a third only walks.
 *
 * Law: a name has one number, whoever asks; whoever finds a number, in its slot or by the count, reads the whole name; what comes when
 * all numbers are given shares the last. */
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/atomic.h"
#include "metrics/names.h"

enum { NAMES = 3, THREADS = 2 };

static const char *const texts[NAMES] = {"fetch", "store", "a name that is longer"};
static _Atomic uint32_t numbers[NAMES];

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"first to ask", "the same again", "one of the others", "walked"};
    return goal < 4 ? names[goal] : NULL;
}

static void walk(void)
{
    for (uint32_t number = weft__names_count(); number > 0; number--) {
        const struct weft__name *name = weft__names_at(number);
        int known = 0;
        for (int i = 0; i < NAMES; i++) {
            known += strcmp(name->text, texts[i]) == 0 && name->length == strlen(texts[i]) && name->category == 7;
        }
        assert(known == 1);
        model_reach(3);
    }
}

static void ask(unsigned which)
{
    const uint32_t number = weft__names_number(texts[which], strlen(texts[which]), 7);
    assert(number >= 1 && number <= WEFT__NAMES_OTHER);
    uint32_t before = 0;
    if (number == WEFT__NAMES_OTHER) {
        model_reach(2);
    } else if (weft__cas_strong_relaxed(&numbers[which], &before, number)) {
        model_reach(0);
    } else {
        assert(before == number);
        model_reach(1);
    }
}

static void *asker(void *nothing)
{
    ask(model_choose(NAMES));
    ask(model_choose(NAMES));
    walk();
    return nothing;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, asker, NULL);
    }
    walk();
    walk();
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert(weft__names_count() <= WEFT__NAMES_MAX);
    return 0;
}
