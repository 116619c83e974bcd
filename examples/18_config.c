/* SPDX-License-Identifier: MIT */
/* Settings from a file: runtimes and channels by name, an environment over the rest, a reload, and what is wrong with a file. */
#include <stdio.h>
#include <weft.h>
#include <weft/config.h>

#ifndef SETTINGS /* the build says where it lies */
#define SETTINGS "18_config.toml"
#endif

WEFT_CHANNEL_DEFINE(orders, int)

/* Every error of a file, as a compiler prints it. */
static void print_problem(void *context, const weft_config_problem *problem)
{
    (void)context;
    if (problem->kind == WEFT_CONFIG_LATER) /* a new value that counts from the next start on: no error */
        return;
    printf("  %u:%u: %s: %s\n", problem->line, problem->column, problem->key, problem->text);
}

/* A channel as the program would make it, with the file's settings over that. */
static int open_incoming(weft_config *cfg, weft_runtime *rt, orders_sender *out, orders_receiver *in)
{
    weft_channel_options options = {.size = sizeof options, .capacity = 16};
    const int found = weft_config_channel(cfg, "incoming", &options);
    return found < 0 ? found : orders_create(rt, &options, out, in);
}

static weft_health health(weft_runtime *rt, const orders_receiver *in)
{
    weft_channel_stats stats = {.size = sizeof stats};
    if (weft_monitor_sample(rt) < 0 || weft_receiver_stats(&in->weft, &stats) < 0)
        return WEFT_HEALTH_UNKNOWN;
    return stats.health;
}

static int serve(weft_config *cfg, weft_runtime *rt)
{
    orders_sender out;
    orders_receiver in;
    if (open_incoming(cfg, rt, &out, &in) < 0)
        return 1;
    for (int i = 0; i < 40; i++)
        if (orders_try_send(&out, i) < 0)
            return 1;
    printf("40 of 1000: %s\n", weft_health_name(health(rt, &in)));

    static const char tighter[] = "[channels.incoming]\ndegraded_at = 0.03\n[env.production]\n";
    if (weft_config_replace(cfg, tighter, sizeof tighter - 1, rt) == 0) /* of a file: weft_config_reload() */
        printf("with new thresholds: %s\n", weft_health_name(health(rt, &in)));

    static const char bad[] = "[channels.incoming]\ndegraded_at = 3\noverflaw = \"wait\"\n";
    printf("a bad file changes nothing:\n");
    if (weft_config_replace(cfg, bad, sizeof bad - 1, rt) < 0)
        printf("still %s\n", weft_health_name(health(rt, &in)));
    orders_sender_close(&out);
    orders_receiver_close(&in);
    return 0;
}

int main(int argc, char **argv)
{
    weft_config *cfg;
    if (weft_config_load(&cfg, argc > 1 ? argv[1] : SETTINGS,
                         WEFT_CONFIG_OPTIONS(.environment = "production", .report = print_problem)) < 0) {
        fprintf(stderr, "%s\n", weft_error_detail());
        return 1;
    }
    const char *greeting = "good morning";
    weft_runtime *rt;
    if (weft_config_text(cfg, "app.greeting", &greeting) < 0 || weft_config_runtime_create(cfg, "callbacks", NULL, &rt) < 0) {
        fprintf(stderr, "%s\n", weft_error_detail());
        return 1;
    }
    printf("%s from '%s' with %u worker\n", greeting, weft_runtime_name(rt), weft_runtime_workers(rt));
    const int failed = serve(cfg, rt);
    if (weft_config_unread(cfg, print_problem, NULL) == 0)
        printf("everything in the file was asked for\n");
    if (weft_runtime_finish(rt) < 0)
        return 1;
    weft_config_destroy(cfg);
    return failed;
}
