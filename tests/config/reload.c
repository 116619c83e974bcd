/* SPDX-License-Identifier: MIT */
/* scenario 50 of a program that runs: what a new file changes, what it does not, and that a bad one changes nothing. */
#include "lib/faulty.h"
#include "lib/stress.h"
#include "lib/verdict.h"
#include "lib/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft/config.h>

enum { CAPACITY = 100 };

struct told {
    char text[2000];
};

static void tell(void *context, const weft_config_problem *problem)
{
    struct told *told = context;
    const size_t used = strlen(told->text);
    snprintf(told->text + used, sizeof told->text - used, "%d %u:%u %s: %s\n", problem->kind, problem->line, problem->column,
             problem->key, problem->text);
}

/* A runtime whose monitor is asked by the test, and a channel "orders" of which half is full. */
struct town {
    weft_config *cfg;
    weft_runtime *rt;
    numbers_sender out;
    numbers_receiver in;
    struct told told;
};

static void town_begin(struct town *town, const char *text, const weft_channel_options *base)
{
    *town = (struct town){.told = {""}};
    assert_int_equal(weft_config_parse(&town->cfg, text, strlen(text),
                                       WEFT_CONFIG_OPTIONS(.environment = "", .report = tell, .report_context = &town->told)),
                     0);
    weft_channel_options o = base ? *base : (weft_channel_options){.size = sizeof o, .capacity = CAPACITY};
    assert_int_equal(weft_config_runtime_create(
                         town->cfg, "town", WEFT_RUNTIME_OPTIONS(.worker_threads = 1, .monitor_interval_ms = UINT32_MAX), &town->rt),
                     0);
    assert_true(weft_config_channel(town->cfg, "orders", &o) >= 0);
    assert_int_equal(numbers_create(town->rt, &o, &town->out, &town->in), 0);
    for (int i = 0; i < CAPACITY / 2; i++)
        assert_int_equal(numbers_try_send(&town->out, 1), 0);
}

static void town_end(struct town *town)
{
    numbers_sender_close(&town->out);
    numbers_receiver_close(&town->in);
    assert_int_equal(weft_runtime_destroy(town->rt), 0);
    weft_config_destroy(town->cfg);
}

static weft_health town_health(struct town *town)
{
    assert_int_equal(weft_monitor_sample(town->rt), 0);
    return world_stats(&town->in).health;
}

static int town_replace(struct town *town, const char *text)
{
    town->told.text[0] = '\0';
    return weft_config_replace(town->cfg, text, strlen(text), town->rt);
}

static void reload_changes_thresholds_of_a_live_channel(void **state)
{
    (void)state;
    struct town town;
    town_begin(&town, "", NULL);
    assert_int_equal(town_health(&town), WEFT_HEALTHY);
    assert_int_equal(town_replace(&town, "[channels.orders]\ndegraded_at = 0.4\n"), 0);
    assert_int_equal(town_health(&town), WEFT_DEGRADED);
    assert_int_equal(town_replace(&town, "[channels.orders]\ndegraded_at = 0.4\ncritical_at = 0.5\n"), 0);
    assert_int_equal(town_health(&town), WEFT_CRITICAL);
    assert_int_equal(town_replace(&town, "[monitor]\ndegraded_at = 0.45\n"), 0);
    assert_int_equal(town_health(&town), WEFT_DEGRADED);
    assert_int_equal(town_replace(&town, ""), 0); /* what is no longer there is the default again */
    assert_int_equal(town_health(&town), WEFT_HEALTHY);
    assert_string_equal(town.told.text, "");
    town_end(&town);
}

static void reload_keeps_what_the_program_gave(void **state)
{
    (void)state;
    struct town town;
    town_begin(&town, "[channels.orders]\ndegraded_at = 0.6\ncritical_at = 0.7\n",
               WEFT_CHANNEL_OPTIONS(.capacity = CAPACITY, .degraded_at = 0.3, .critical_at = 0.4));
    assert_int_equal(town_health(&town), WEFT_HEALTHY);
    assert_int_equal(town_replace(&town, ""), 0);
    assert_int_equal(town_health(&town), WEFT_CRITICAL);
    assert_int_equal(town_replace(&town, "[channels.orders]\ndegraded_at = 0.5\n"), WEFT_EINVAL); /* above the program's 0.4 */
    assert_string_equal(weft_error_detail(), "weft_config_replace: degraded_at 0.5 and critical_at 0.4 of channel 'orders', one the "
                                             "program's and one of configuration: give 0 < degraded_at <= critical_at <= 1");
    assert_int_equal(town_health(&town), WEFT_CRITICAL);
    town_end(&town);
}

/* Nothing of it: neither what stands before the error, nor what stands after it. */
static void reload_of_a_bad_text_changes_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[channels.orders]\ndegraded_at = 0.4\n[runtime]\nworker_threads = 0\n",
        "[runtime]\nworker_threads = 0\n[channels.orders]\ndegraded_at = 0.4\n",
        "[channels.orders]\ndegraded_at = 0.4\n[channels.orders]\n",
        "[channels.orders]\ndegraded_at = 0.4\nunknown = 1\n",
        "[channels.orders]\ndegraded_at = 0.4\n[app]\nword = 'new'\n[oops",
        "[channels.orders]\ndegraded_at = 0.4\n\xff",
    };
    struct town town;
    town_begin(&town, "[app]\nword = 'old'\n", NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *word = NULL;
        assert_int_equal(town_replace(&town, bad[i]), WEFT_EINVAL);
        assert_true(town.told.text[0] == '0');
        assert_int_equal(town_health(&town), WEFT_HEALTHY);
        assert_int_equal(weft_config_text(town.cfg, "app.word", &word), 1);
        assert_string_equal(word, "old");
    }
    town_end(&town);
}

static void reload_tells_what_counts_later(void **state)
{
    (void)state;
    struct town town;
    town_begin(&town, "[runtime]\nworker_threads = 2\nseed = 1\n[channels.orders]\nbuffer_size = 100\noverflow = 'fail'\n[app]\na = 1\n",
               NULL);
    assert_int_equal(town_replace(&town, "[runtime]\nworker_threads = 3\nseed = 1\nmonitor_interval_ms = 50000\n"
                                         "[channels.orders]\nbuffer_size = 100\noverflow = 'wait'\ndegraded_at = 0.4\n"
                                         "[channels.added]\nbuffer_size = 1\n[app]\na = 2\n[monitor]\nmetrics_prefix = 'm'\n"),
                     0);
    assert_string_equal(town.told.text, "2 2:18 runtime.worker_threads: a new value: it counts from the next start on\n"
                                        "2 7:12 channels.orders.overflow: a new value: it counts from the next start on\n"
                                        "2 10:15 channels.added.buffer_size: a new value: it counts from the next start on\n"
                                        "2 14:18 monitor.metrics_prefix: a new value: it counts from the next start on\n");
    assert_int_equal(town_replace(&town, "[runtime]\nworker_threads = 3\nseed = 1\n[channels.orders]\nbuffer_size = 100\n"), 0);
    assert_string_equal(town.told.text,
                        "2 0:0 channels.added.buffer_size: no longer there: this counts from the next start on\n"
                        "2 0:0 channels.orders.overflow: no longer there: this counts from the next start on\n"
                        "2 0:0 monitor.metrics_prefix: no longer there: this counts from the next start on\n");
    town_end(&town);
}

/* From an interval without end: an evaluation that nobody asks for comes. And back to what the program gave. */
static void reload_changes_the_interval_of_the_monitor(void **state)
{
    (void)state;
    static const char *const faster[] = {"[monitor]\ninterval_ms = 1\n", "[runtime]\nmonitor_interval_ms = 1\n",
                                         "[runtime.town]\nmonitor_interval_ms = 1\n[runtime]\nmonitor_interval_ms = 3600000\n"};
    for (size_t i = 0; i < sizeof faster / sizeof *faster; i++) {
        struct town town;
        town_begin(&town, "", NULL);
        assert_int_equal(world_stats(&town.in).health, WEFT_HEALTH_UNKNOWN);
        assert_int_equal(town_replace(&town, faster[i]), 0);
        WORLD_UNTIL(world_stats(&town.in).health == WEFT_HEALTHY);
        assert_int_equal(town_replace(&town, ""), 0);
        town_end(&town);
    }
}

/* Another runtime of the same program: weft_config_apply(). One whose options were not asked for here is let alone. */
static void reload_is_applied_to_other_runtimes(void **state)
{
    (void)state;
    struct town town;
    town_begin(&town, "", NULL);
    weft_runtime *other = NULL;
    numbers_sender out;
    numbers_receiver in;
    assert_int_equal(weft_runtime_create(&other, WEFT_RUNTIME_OPTIONS(.name = "other", .worker_threads = 1,
                                                                      .monitor_interval_ms = UINT32_MAX)),
                     0);
    assert_int_equal(numbers_create(other, WEFT_CHANNEL_OPTIONS(.name = "orders", .capacity = 2), &out, &in), 0);
    assert_int_equal(numbers_try_send(&out, 1), 0);
    assert_int_equal(town_replace(&town, "[channels.orders]\ndegraded_at = 0.4\n"), 0);
    assert_int_equal(weft_monitor_sample(other), 0);
    assert_int_equal(world_stats(&in).health, WEFT_HEALTHY);
    assert_int_equal(weft_config_apply(town.cfg, other), 0);
    assert_int_equal(weft_monitor_sample(other), 0);
    assert_int_equal(world_stats(&in).health, WEFT_DEGRADED);
    numbers_sender_close(&out);
    numbers_receiver_close(&in);
    assert_int_equal(weft_runtime_destroy(other), 0);
    assert_int_equal(weft_config_apply(town.cfg, other), WEFT_EINVAL);
    assert_int_equal(weft_config_apply(NULL, town.rt), WEFT_EINVAL);
    assert_int_equal(weft_config_apply(town.cfg, NULL), WEFT_EINVAL);
    assert_int_equal(weft_config_replace(town.cfg, NULL, 0, town.rt), WEFT_EINVAL);
    assert_int_equal(weft_config_replace(town.cfg, "", WEFT_CONFIG_SIZE_MAX + 1, town.rt), WEFT_ERANGE);
    assert_int_equal(weft_config_reload(NULL, town.rt), WEFT_EINVAL);
    assert_int_equal(weft_config_reload(town.cfg, town.rt), WEFT_EINVAL);
    assert_string_equal(weft_error_detail(),
                        "weft_config_reload: it was made from a text, not from a file: weft_config_replace()");
    town_end(&town);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void reload_reads_the_file_again(void **state)
{
    (void)state;
    char path[] = "/tmp/weft-reload-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_file(path, "[app]\nn = 1\n");
    weft_config *cfg = NULL;
    weft_runtime *rt = NULL;
    int64_t n = 0;
    assert_int_equal(weft_config_load(&cfg, path, NULL), 0);
    assert_int_equal(weft_config_runtime_create(cfg, NULL, WEFT_RUNTIME_OPTIONS(.worker_threads = 1), &rt), 0);
    write_file(path, "[app]\nn = 2\n");
    assert_int_equal(weft_config_integer(cfg, "app.n", &n), 1);
    assert_int_equal(n, 1);
    assert_int_equal(weft_config_reload(cfg, rt), 0);
    assert_int_equal(weft_config_integer(cfg, "app.n", &n), 1);
    assert_int_equal(n, 2);
    write_file(path, "[app]\nn = \n");
    assert_int_equal(weft_config_reload(cfg, rt), WEFT_EINVAL);
    unlink(path);
    assert_int_equal(weft_config_reload(cfg, rt), WEFT_ENOENT);
    assert_int_equal(weft_config_integer(cfg, "app.n", &n), 1);
    assert_int_equal(n, 2);
    assert_int_equal(weft_runtime_destroy(rt), 0);
    weft_config_destroy(cfg);
}

/* Readers, reloads of good and of bad texts, and a channel that works, all at the same time. A reader sees one text or the
 * other, never something of both. */
static void rush_thread(void *context, unsigned number)
{
    struct town *town = context;
    const unsigned rounds = stress_scale(2000);
    for (unsigned i = 0; i < rounds; i++) {
        char text[200];
        if (number == 0) {
            snprintf(text, sizeof text, "[channels.orders]\ndegraded_at = 0.%u\n[app]\na = %u\nword = 'w%u'\n", i % 8 + 1, i, i % 50);
            VERDICT(weft_config_replace(town->cfg, text, strlen(text), town->rt) == 0);
        } else if (number == 1) {
            VERDICT(weft_config_replace(town->cfg, "[app]\na = -1\n[runtime]\nworker_threads = 0\n", 39, town->rt) == WEFT_EINVAL);
        } else {
            weft_channel_options o = {.size = sizeof o, .capacity = 1};
            int64_t a = 0;
            const char *word = NULL;
            VERDICT(weft_config_integer(town->cfg, "app.a", &a) == 1 && a >= 0);
            VERDICT(weft_config_text(town->cfg, "app.word", &word) == 1 && word[0] == 'w');
            VERDICT(weft_config_channel(town->cfg, "orders", &o) >= 0 && strcmp(o.name, "orders") == 0);
            const int sent = numbers_try_send(&town->out, i);
            VERDICT(sent == 0 || sent == WEFT_EAGAIN);
            VERDICT(weft_monitor_sample(town->rt) == 0);
        }
    }
}

static void reload_under_load_is_seen_whole(void **state)
{
    (void)state;
    struct town town;
    town_begin(&town, "[app]\na = 0\nword = 'w'\n", NULL);
    stress_threads(3, rush_thread, &town);
    verdict_assert();
    town_end(&town);
}

/* The n-th allocation fails, for every n: nothing changes, and nothing is lost. */
static void reload_without_memory_changes_nothing(void **state)
{
    (void)state;
    static const char text[] = "[channels.orders]\ndegraded_at = 0.4\n[app]\nn = 2\n";
    struct town town;
    faulty_begin();
    town_begin(&town, "[app]\nn = 1\n", NULL);
    bool fired = true;
    for (unsigned n = 1; fired; n++) {
        faulty_arm(FAULTY_MEMORY, n, false);
        const int result = weft_config_replace(town.cfg, text, sizeof text - 1, town.rt);
        fired = faulty_fired();
        faulty_disarm();
        int64_t value = 0;
        assert_true(result == 0 || (fired && result == WEFT_ENOMEM)); /* what is only to be told may get lost */
        assert_int_equal(town_health(&town), result ? WEFT_HEALTHY : WEFT_DEGRADED);
        assert_int_equal(weft_config_integer(town.cfg, "app.n", &value), 1);
        assert_int_equal(value, result ? 1 : 2);
        assert_int_equal(town_replace(&town, "[app]\nn = 1\n"), 0);
    }
    town_end(&town);
    assert_int_equal(faulty_blocks(), 0);
    faulty_end();
}

static void load_without_memory_gives_everything_back(void **state)
{
    (void)state;
    static const char text[] = "[runtime.a]\nworker_threads = 1\n[channels.orders]\ndegraded_at = 0.4\ncomponent = 'c'\n[env.x]\n"
                               "[app]\nt = 't'\n";
    faulty_begin();
    setenv("WX_APP__T", "u", 1);
    bool fired = true;
    for (unsigned n = 1; fired; n++) {
        weft_config *cfg = NULL;
        weft_runtime_options r = {.size = sizeof r};
        weft_channel_options o = {.size = sizeof o, .capacity = 1};
        const char *t = NULL;
        faulty_arm(FAULTY_MEMORY, n, false);
        int result = weft_config_parse(&cfg, text, sizeof text - 1, WEFT_CONFIG_OPTIONS(.environment = "x", .variables = "WX_"));
        if (result >= 0)
            result = weft_config_runtime(cfg, "a", &r);
        if (result >= 0)
            result = weft_config_channel(cfg, "orders", &o);
        if (result >= 0)
            result = weft_config_text(cfg, "app.t", &t);
        if (result >= 0)
            result = weft_config_unread(cfg, tell, &(struct told){""});
        fired = faulty_fired();
        faulty_disarm();
        assert_int_equal(result < 0 ? result : 0, fired ? WEFT_ENOMEM : 0);
        weft_config_destroy(cfg);
        assert_int_equal(faulty_blocks(), 0);
    }
    unsetenv("WX_APP__T");
    faulty_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reload_changes_thresholds_of_a_live_channel),
        cmocka_unit_test(reload_keeps_what_the_program_gave),
        cmocka_unit_test(reload_of_a_bad_text_changes_nothing),
        cmocka_unit_test(reload_tells_what_counts_later),
        cmocka_unit_test(reload_changes_the_interval_of_the_monitor),
        cmocka_unit_test(reload_is_applied_to_other_runtimes),
        cmocka_unit_test(reload_reads_the_file_again),
        cmocka_unit_test(reload_under_load_is_seen_whole),
        cmocka_unit_test(reload_without_memory_changes_nothing),
        cmocka_unit_test(load_without_memory_gives_everything_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
