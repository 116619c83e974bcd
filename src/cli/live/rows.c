/* SPDX-License-Identifier: MIT */
/* Rows of a snapshot by their numbers: what of it needs no jansson. */
#include "cli/live/snapshot.h"

/* At most a thousand of each are asked for: walking them is nothing beside drawing. */
#define FIND(type, list, count, key)                                                                                   \
    const struct type *snapshot_##list(const struct snapshot *snapshot, uint64_t runtime, uint64_t wanted)             \
    {                                                                                                                  \
        for (size_t i = 0; i < snapshot->count; i++)                                                                   \
            if (snapshot->list##s[i].key == wanted && snapshot->list##s[i].runtime == runtime)                         \
                return &snapshot->list##s[i];                                                                          \
        return NULL;                                                                                                   \
    }
FIND(live_task, task, task_count, id)
FIND(live_channel, channel, channel_count, id)
FIND(live_worker, worker, worker_count, index)

const struct live_runtime *snapshot_runtime(const struct snapshot *snapshot, uint64_t id)
{
    for (size_t i = 0; i < snapshot->runtime_count; i++)
        if (snapshot->runtimes[i].id == id)
            return &snapshot->runtimes[i];
    return NULL;
}
