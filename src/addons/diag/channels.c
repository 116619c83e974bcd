/* SPDX-License-Identifier: MIT */
/* /api/channels and /api/channel/ID: what the monitor knows of each, and of one also who waits at it. */
#include <string.h>
#include <weft/dump.h>
#include <weft/monitor.h>
#include <weft/runtime.h>

#include "page.h"
#include "waits.h"

enum { CHANNELS_ID, CHANNELS_NAME, CHANNELS_SATURATION, CHANNELS_DEPTH, CHANNELS_WAITING, CHANNELS_SENT, CHANNELS_AGE };
static const char *const channels_columns[] = {"id", "name", "saturation", "depth", "waiting", "sent", "age", NULL};

struct channel_row {
    struct weft__diag_key key;
    weft_channel_stats stats;
    uint32_t runtime;
};

struct channels {
    struct weft__diag_view *view;
    struct weft__diag_page page;
    uint32_t runtime;
    bool internal;
    const char *health; /* NULL: any */
    const char *name;
    const char *component;
};

static bool channels_match(const struct channels *channels, const weft_channel_stats *stats)
{
    return (!channels->health || strcmp(weft_health_name(stats->health), channels->health) == 0) &&
           (!channels->name || strstr(stats->name, channels->name)) &&
           (!channels->component || strcmp(stats->component, channels->component) == 0);
}

static int channels_offer(void *context, const weft_channel_stats *stats)
{
    struct channels *channels = context;
    if (!channels_match(channels, stats))
        return 0;
    struct weft__diag_key key = {.id = stats->id};
    switch (channels->page.sort) {
    case CHANNELS_NAME: weft__diag_key_text(&key, stats->name); break;
    case CHANNELS_SATURATION: key.number = (int64_t)(stats->saturation * 1e9); break;
    case CHANNELS_DEPTH: key.number = stats->depth; break;
    case CHANNELS_WAITING: key.number = stats->senders_waiting; break;
    case CHANNELS_SENT: key.number = (int64_t)stats->sent; break;
    case CHANNELS_AGE: key.number = stats->oldest_message_age_ns; break;
    case CHANNELS_ID: key.number = 0; break;
    }
    struct channel_row *row = weft__diag_page_offer(&channels->page, &key);
    if (row) {
        row->stats = *stats;
        row->runtime = channels->runtime;
    }
    return 0;
}

static int channels_of_runtime(void *context, weft_runtime *rt)
{
    struct channels *channels = context;
    channels->runtime = weft__diag_runtime_number(rt);
    return weft__diag_view_wants(channels->view, rt) ? weft_channel_visit(rt, channels->internal, channels_offer, channels) : 0;
}

static const char *channel_overflow(weft_overflow overflow)
{
    static const char *const names[] = {"wait", "fail", "drop newest", "drop oldest"};
    return (unsigned)overflow < 4 ? names[overflow] : "?";
}

static void channel_write(struct weft__diag_json *json, const weft_channel_stats *stats, uint32_t runtime)
{
    weft__diag_json_count(json, "runtime", runtime);
    weft__diag_json_count(json, "id", stats->id);
    weft__diag_json_text(json, "name", stats->name);
    weft__diag_json_text(json, "component", stats->component);
    weft__diag_json_flag(json, "internal", stats->internal);
    weft__diag_json_text(json, "health", weft_health_name(stats->health));
    weft__diag_json_text(json, "overflow", channel_overflow(stats->overflow));
    weft__diag_json_flag(json, "closed", stats->closed);
    weft__diag_json_count(json, "capacity", stats->capacity);
    weft__diag_json_count(json, "message_size", stats->message_size);
    weft__diag_json_count(json, "depth", stats->depth);
    weft__diag_json_count(json, "depth_max", stats->depth_max);
    weft__diag_json_count(json, "reserved", stats->reserved);
    weft__diag_json_ratio(json, "saturation", stats->saturation);
    weft__diag_json_count(json, "senders", stats->senders);
    weft__diag_json_count(json, "senders_waiting", stats->senders_waiting);
    weft__diag_json_flag(json, "receiver_waiting", stats->receiver_waiting);
    weft__diag_json_count(json, "sent", stats->sent);
    weft__diag_json_count(json, "received", stats->received);
    weft__diag_json_count(json, "failed", stats->failed);
    weft__diag_json_count(json, "dropped", stats->dropped);
    weft__diag_json_count(json, "waits", stats->waits);
    weft__diag_json_time(json, "wait_total_ns", stats->wait_total_ns);
    weft__diag_json_time(json, "wait_longest_ns", stats->wait_longest_ns);
    weft__diag_json_time(json, "oldest_message_age_ns", stats->oldest_message_age_ns);
}

void weft__diag_channels(struct weft__diag_view *view)
{
    const struct weft__diag_uri *uri = view->uri;
    struct channels channels = {.view = view, .health = weft__diag_uri_get(uri, "health"), .name = weft__diag_uri_get(uri, "name"),
                                .component = weft__diag_uri_get(uri, "component")};
    const struct channel_row *row;
    uint64_t internal = 0;
    uint32_t at = 0;
    if (!weft__diag_uri_number(uri, "internal", 1, &internal)) {
        weft__diag_refuse(view, 400, "internal is 0 or 1");
        return;
    }
    channels.internal = internal != 0;
    if (!weft__diag_page_begin(&channels.page, view, channels_columns, sizeof(struct channel_row)))
        return;
    weft_runtime_visit(channels_of_runtime, &channels);
    if (!weft__diag_page_sort(&channels.page, view))
        return;
    weft__diag_json_open(&view->json, "channels", '[');
    while ((row = weft__diag_page_next(&channels.page, &at)) != NULL) {
        weft__diag_json_element(&view->json);
        channel_write(&view->json, &row->stats, row->runtime);
        weft__diag_json_close(&view->json);
    }
    weft__diag_json_close(&view->json);
}

struct channel_search {
    struct weft__diag_view *view;
    uint64_t id;
    uint32_t runtime;
    weft_channel_stats stats;
};

static int channel_is_it(void *context, const weft_channel_stats *stats)
{
    struct channel_search *search = context;
    if (stats->id != search->id)
        return 0;
    search->stats = *stats;
    return 1;
}

static int channel_in_runtime(void *context, weft_runtime *rt)
{
    struct channel_search *search = context;
    if (!weft__diag_view_wants(search->view, rt) || weft_channel_visit(rt, true, channel_is_it, search) != 1)
        return 0;
    search->runtime = weft__diag_runtime_number(rt);
    channel_write(&search->view->json, &search->stats, search->runtime);
    weft__diag_waits_at(&search->view->json, rt, search->id);
    return 1;
}

void weft__diag_channel(struct weft__diag_view *view)
{
    struct channel_search search = {.view = view};
    if (!weft__diag_view_id(view, &search.id))
        return;
    if (weft_runtime_visit(channel_in_runtime, &search) != 1)
        weft__diag_refuse(view, 404, "no channel %llu is open", (unsigned long long)search.id);
}
