/* SPDX-License-Identifier: MIT */
/* Harness: base/event. The event lives on the owner's stack and is set by others; the owner waits with or without a
 * deadline, clears it, and waits again.
 *
 * Law: a wait that returns 0, or a look that finds it set, sees what was written before the set; without a deadline it returns (else DEADLOCK); after
 * a timeout the event can be waited for again; the setter touches the event no more once the owner may have gone.
 *
 * Shows: known bug 11, known bug 96. */
#include "base/event.h"
#include "base/futex.h"
#include "model.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

static int message;
static int second;

static void *setter(void *event)
{
    message = 1;
    weft__event_set(event);
    return NULL;
}

static void *other_setter(void *event)
{
    weft__event_set(event);
    return NULL;
}

static void *second_setter(void *event)
{
    second = 2;
    weft__event_set(event);
    return NULL;
}

const char *model_goal_name(unsigned goal)
{
    static const char *const names[] = {"timed out", "waited for ever", "set within the deadline", "looked"};
    return goal < 4 ? names[goal] : NULL;
}

/* One setter; the memory goes back as soon as the wait is over. */
static void wait_once(void)
{
    struct weft__event *event = malloc(sizeof *event);
    pthread_t thread;
    *event = (struct weft__event){0};
    pthread_create(&thread, NULL, setter, event);
    if (model_choose(3) == 0) {
        while (!weft__event_is_set(event))
            model_relax();
        model_reach(3);
    } else {
        bool set = weft__event_wait(event, model_choose(2) ? model_clock() + 1000 : INT64_MAX) == 0;
        model_reach(set ? 2 : 0);
        if (!set) {
            assert(weft__event_wait(event, INT64_MAX) == 0);
            model_reach(1);
        }
    }
    assert(message == 1);
    free(event);
    pthread_join(thread, NULL);
}

/* Two setters at once, then clear, then one more. */
static void wait_again(void)
{
    struct weft__event event = {0};
    pthread_t threads[3];
    pthread_create(&threads[0], NULL, setter, &event);
    pthread_create(&threads[1], NULL, other_setter, &event);
    assert(weft__event_wait(&event, INT64_MAX) == 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    weft__event_clear(&event);
    pthread_create(&threads[2], NULL, second_setter, &event);
    assert(weft__event_wait(&event, INT64_MAX) == 0);
    assert(second == 2);
    pthread_join(threads[2], NULL);
}

int main(void)
{
    if (model_choose(2)) {
        wait_once();
    } else {
        wait_again();
    }
    return 0;
}
