/* SPDX-License-Identifier: MIT */
/* Over liburcu's wfcqueue, by its functions (not its inlines): the library is MIT, and the calls cost little here. */
#include "registry/handoff.h"

#include <urcu/wfcqueue.h>

#include "base/tsan.h"

_Static_assert(sizeof(struct weft__handoff_node) == sizeof(struct cds_wfcq_node), "the node is liburcu's");
_Static_assert(sizeof(struct cds_wfcq_tail) == sizeof(struct weft__handoff_node *), "the tail is liburcu's");

static struct __cds_wfcq_head *handoff_head(struct weft__handoff *queue)
{
    return (struct __cds_wfcq_head *)(void *)&queue->head;
}

static struct cds_wfcq_tail *handoff_tail(struct weft__handoff *queue)
{
    return (struct cds_wfcq_tail *)(void *)&queue->tail;
}

void weft__handoff_init(struct weft__handoff *queue)
{
    __cds_wfcq_init(handoff_head(queue), handoff_tail(queue));
    queue->taking = (struct weft__lock){0};
}

void weft__handoff_push(struct weft__handoff *queue, struct weft__handoff_node *node)
{
    struct cds_wfcq_node *const queued = (struct cds_wfcq_node *)(void *)node;
    cds_wfcq_node_init(queued);
    weft__tsan_release(queue);
    cds_wfcq_enqueue(handoff_head(queue), handoff_tail(queue), queued);
}

bool weft__handoff_empty(struct weft__handoff *queue)
{
    return cds_wfcq_empty(handoff_head(queue), handoff_tail(queue));
}

bool weft__handoff_ready(struct weft__handoff *queue)
{
    if (weft__handoff_empty(queue))
        return false;
    if (!weft__lock_try(&queue->taking)) /* whoever takes writes the first as if there were none, and puts it back: not to be read beside him */
        return true;
    struct cds_wfcq_node *const first = __cds_wfcq_first_nonblocking(handoff_head(queue), handoff_tail(queue)), *second = NULL;
    const bool whole = first != NULL && first != CDS_WFCQ_WOULDBLOCK;
    if (whole)
        second = __cds_wfcq_next_nonblocking(handoff_head(queue), handoff_tail(queue), first);
    weft__unlock(&queue->taking);
    return whole && second != CDS_WFCQ_WOULDBLOCK;
}

size_t weft__handoff_pop(struct weft__handoff *queue, struct weft__handoff_node **out, size_t limit)
{
    if (weft__handoff_empty(queue) || !weft__lock_try(&queue->taking))
        return 0;
    size_t count = 0;
    while (count < limit) {
        struct cds_wfcq_node *node = __cds_wfcq_dequeue_nonblocking(handoff_head(queue), handoff_tail(queue));
        if (node == NULL || node == CDS_WFCQ_WOULDBLOCK)
            break;
        out[count++] = (struct weft__handoff_node *)(void *)node;
    }
    weft__tsan_acquire(queue);
    weft__unlock(&queue->taking);
    return count;
}
