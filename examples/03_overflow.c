/* SPDX-License-Identifier: MIT */
/*
 * Teaches what a full channel does, by its overflow policy, and how its monitor tells: counts that need no set-up, and a
 * callback when its health changes. All of it on the host's thread: the try_ forms never wait.
 */
#include <inttypes.h>
#include <stdio.h>
#include <weft.h>

WEFT_CHANNEL_DEFINE(readings, int)

/* Runs once for each message that nobody will receive; it would free what the message owns. */
static void reading_drop(void *message, void *context)
{
    (void)context;
    printf("  dropped %d\n", *(int *)message);
}

static void on_health(void *context, const weft_health_change *change)
{
    (void)context;
    printf("  health %s -> %s at %.0f %%\n", weft_health_name(change->before), weft_health_name(change->now),
           change->stats->saturation * 100);
}

/* Six messages for five places, then receive what is there. */
static void try_policy(weft_runtime *rt, const char *name, weft_overflow overflow)
{
    readings_sender out;
    readings_receiver in;
    if (readings_create(rt, WEFT_CHANNEL_OPTIONS(.name = name, .capacity = 5, .overflow = overflow, .drop = reading_drop),
                        &out, &in) < 0)
        return;
    printf("%s\n", name);
    for (int i = 1; i <= 6; i++) {
        int rc = readings_try_send(&out, i);
        if (rc < 0)
            printf("  send %d: %s\n", i, weft_error_name(rc)); /* refused: the message is still ours */
        else if (rc > 0)
            printf("  send %d: cost a message\n", i);
        weft_monitor_sample(rt); /* normally it looks by itself, ten times a second */
    }

    weft_channel_stats stats = {.size = sizeof stats};
    if (weft_receiver_stats(&in.weft, &stats) == 0)
        printf("  sent %" PRIu64 ", failed %" PRIu64 ", dropped %" PRIu64 ", depth %" PRIu32 " of %" PRIu32 "\n",
               stats.sent, stats.failed, stats.dropped, stats.depth, stats.capacity);
    int values[6];
    int count = readings_recv_many_blocking(&in, values, 6, WEFT_FOREVER); /* all that is there, in one operation */
    printf("  received");
    for (int i = 0; i < count; i++)
        printf(" %d", values[i]);
    printf("\n");
    weft_monitor_sample(rt);
    readings_sender_close(&out);
    readings_receiver_close(&in);
}

int main(void)
{
    weft_runtime *rt;
    if (weft_runtime_create(&rt, WEFT_RUNTIME_OPTIONS(.name = "overflow", .worker_threads = 1,
                                                      .monitor_interval_ms = 3600 * 1000)) < 0)
        return 1;
    if (weft_monitor_on_health(rt, on_health, NULL) == 0) {
        try_policy(rt, "WEFT_WAIT: a send in a task would wait, try_send says so", WEFT_WAIT);
        weft_monitor_on_health(rt, NULL, NULL);
    }
    try_policy(rt, "WEFT_FAIL", WEFT_FAIL);
    try_policy(rt, "WEFT_DROP_NEWEST", WEFT_DROP_NEWEST);
    try_policy(rt, "WEFT_DROP_OLDEST", WEFT_DROP_OLDEST);
    return weft_runtime_finish(rt) < 0;
}
