/* SPDX-License-Identifier: MIT */
/* The channels of one process: those that live, one record each; those that have ended, added up by name. */
#ifndef WEFT_CLI_TRACE_MODEL_CHANNELS_H
#define WEFT_CLI_TRACE_MODEL_CHANNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/trace/event.h"
#include "cli/trace/map.h"

enum {
    CHANNELS_NAMES_MAX = 4096, /* groups that are told apart; later ones are one */
    CHANNELS_ENDED = 64        /* the last that ended: the monitor may speak of one that has just gone */
};

struct channel_totals {
    uint64_t channels;
    uint64_t live;
    uint64_t before; /* lived when the recording began */
    uint64_t sent;   /* in the recording, like all counts but these two: */
    uint64_t received;
    uint64_t sent_before;
    uint64_t received_before;
    uint64_t failed;
    uint64_t dropped;
    uint64_t waits_send; /* times that a sender had to wait */
    uint64_t waits_receive;
    int64_t wait_send_ns; /* of tasks, and of waits that ended in the recording */
    uint32_t depth_max;   /* since its creation, as far as the recording tells */
    uint8_t health;       /* WEFT_TRACE_health_…: the last that the monitor said; the worst of several channels */
    uint8_t health_worst;
};

struct channel {
    uint64_t id;
    char *name; /* NULL: nothing told */
    char *component;
    uint32_t capacity; /* 0: nothing told */
    uint32_t message_size;
    bool opened; /* its chan_open was seen, or an announcement */
    struct channel_totals totals;
};

struct channel_group {
    char *name;
    char *component;
    uint32_t capacity;
    struct channel_totals totals;
    struct channel_group *same_hash;
};

struct channels {
    struct map live;   /* id → struct channel */
    struct map groups; /* hash → struct channel_group */
    uint64_t group_count;
    uint64_t ended[CHANNELS_ENDED];
    uint64_t ended_count;
};

void channels_fini(struct channels *channels);

struct channel *channels_find(const struct channels *channels, uint64_t id);

/* `announced`: the event says it again for a recording that began late. */
void channels_open(struct channels *channels, const struct event *chan_open, bool announced);
void channels_announce(struct channels *channels, const struct event *statedump_chan);
void channels_end(struct channels *channels, uint64_t id);

void channels_send(struct channels *channels, const struct event *chan_send);
void channels_receive(struct channels *channels, const struct event *chan_recv);
void channels_wait(struct channels *channels, const struct event *chan_wait);
void channels_waited(struct channels *channels, uint64_t id, int64_t ns);
void channels_fail(struct channels *channels, const struct event *chan_fail);
void channels_drop(struct channels *channels, const struct event *chan_drop);
void channels_health(struct channels *channels, const struct event *chan_health);

void channel_totals_init(struct channel_totals *totals);
void channel_totals_add(struct channel_totals *sum, const struct channel_totals *one);

const struct channel_group *channels_next_group(const struct channels *channels, size_t *at,
                                                const struct channel_group *before);

#endif
