/* SPDX-License-Identifier: MIT */
/* What a file says reaches the options: every key, sections over each other, environments, variables, single values. */
#include "lib/comma.h"
#include "lib/faulty.h"
#include "lib/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weft/config.h>
#include <weft/diag.h>
#include <weft/otlp.h>
#include <weft/monitor.h>

static weft_config *parsed(const char *text, const weft_config_options *options)
{
    weft_config *cfg = NULL;
    const int error = weft_config_parse(&cfg, text, strlen(text), options);
    if (error < 0)
        print_error("%s\n", weft_error_detail());
    assert_int_equal(error, 0);
    return cfg;
}

#define PARSED(text) parsed(text, WEFT_CONFIG_OPTIONS(.environment = ""))

/* Each key of [runtime], at its lower and at its upper end, and nothing else changes. */
static void good_runtime_keys_reach_their_members(void **state)
{
    (void)state;
#define MEMBER(key, member, value, expected)                                                                           \
    {                                                                                                                  \
        weft_config *cfg = PARSED("[runtime]\n" #key " = " #value "\n");                                               \
        weft_runtime_options got = {.size = sizeof got}, wanted = {.size = sizeof wanted, .member = expected};         \
        assert_int_equal(weft_config_runtime(cfg, NULL, &got), 0);                                                     \
        assert_memory_equal(&got, &wanted, sizeof got);                                                                \
        weft_config_destroy(cfg);                                                                                      \
    }
    MEMBER(worker_threads, worker_threads, 1, 1)
    MEMBER(worker_threads, worker_threads, 1024, 1024)
    MEMBER(thread_stack_size, thread_stack_size, 16384, 16384)
    MEMBER(thread_stack_size, thread_stack_size, 0x40000000, 1073741824)
    MEMBER(global_queue_interval, global_queue_interval, 1, 1)
    MEMBER(global_queue_interval, global_queue_interval, 65535, 65535)
    MEMBER(event_interval, event_interval, 1, 1)
    MEMBER(event_interval, event_interval, 1_000_000, 1000000)
    MEMBER(coop_budget, coop_budget, 1, 1)
    MEMBER(coop_budget, coop_budget, 1000000, 1000000)
    MEMBER(monitor_interval_ms, monitor_interval_ms, 1, 1)
    MEMBER(monitor_interval_ms, monitor_interval_ms, 3600000, 3600000)
    MEMBER(stall_threshold_us, stall_threshold_us, 1, 1)
    MEMBER(stall_threshold_us, stall_threshold_us, 3600000000, 3600000000)
    MEMBER(enable_tracing, tracing, true, true)
    MEMBER(enable_tracing, tracing, false, false)
    MEMBER(next_slot_off, next_slot_off, true, true)
    MEMBER(measure, measure, "asked", WEFT_MEASURE_ASKED)
    MEMBER(measure, measure, "always", WEFT_MEASURE_ALWAYS)
    MEMBER(measure, measure, "exact", WEFT_MEASURE_EXACT)
    MEMBER(measure, measure, "never", WEFT_MEASURE_NEVER)
    MEMBER(seed, seed, 1, 1)
    MEMBER(seed, seed, 9223372036854775807, 9223372036854775807)
    MEMBER(blocking_threads_max, blocking_threads_max, 1, 1)
    MEMBER(blocking_threads_max, blocking_threads_max, 16384, 16384)
    MEMBER(blocking_queue_max, blocking_queue_max, 1, 1)
    MEMBER(blocking_queue_max, blocking_queue_max, 16777216, 16777216)
    MEMBER(blocking_keep_alive_ms, blocking_keep_alive_ms, 1, 1)
    MEMBER(blocking_keep_alive_ms, blocking_keep_alive_ms, 86400000, 86400000)
#undef MEMBER
    weft_config *cfg = PARSED("[runtime]\nthread_name_prefix = 'wörk'\n");
    weft_runtime_options got = {.size = sizeof got};
    assert_int_equal(weft_config_runtime(cfg, "orders", &got), 0);
    assert_string_equal(got.thread_name, "wörk");
    assert_string_equal(got.name, "orders");
    weft_config_destroy(cfg);
}

static void good_channel_keys_reach_their_members(void **state)
{
    (void)state;
    weft_config *cfg = PARSED("[channels.orders]\n"
                              "component = \"intake\"\n"
                              "buffer_size = 16777215\n"
                              "overflow = \"drop_oldest\"\n"
                              "degraded_at = 0.25\n"
                              "critical_at = 1\n"
                              "internal = true\n"
                              "[channels]\n"
                              "wait.overflow = 'wait'\n"
                              "fail.overflow = 'fail'\n"
                              "newest.overflow = 'drop_newest'\n");
    weft_channel_options o = {.size = sizeof o, .capacity = 3};
    assert_int_equal(weft_config_channel(cfg, "orders", &o), 1);
    assert_string_equal(o.name, "orders");
    assert_string_equal(o.component, "intake");
    assert_int_equal(o.capacity, 16777215);
    assert_int_equal(o.overflow, WEFT_DROP_OLDEST);
    assert_true(o.degraded_at == 0.25 && o.critical_at == 1);
    assert_true(o.internal);
    static const struct {
        const char *name;
        weft_overflow overflow;
    } policies[] = {{"wait", WEFT_WAIT}, {"fail", WEFT_FAIL}, {"newest", WEFT_DROP_NEWEST}};
    for (int i = 0; i < 3; i++) {
        o = (weft_channel_options){.size = sizeof o, .capacity = 3, .overflow = WEFT_DROP_OLDEST};
        assert_int_equal(weft_config_channel(cfg, policies[i].name, &o), 1);
        assert_int_equal(o.overflow, policies[i].overflow);
        assert_int_equal(o.capacity, 3); /* the program's own, where the file says nothing */
    }
    o = (weft_channel_options){.size = sizeof o, .capacity = 3, .overflow = WEFT_FAIL, .component = "mine"};
    assert_int_equal(weft_config_channel(cfg, "unknown", &o), 0);
    assert_int_equal(o.capacity, 3);
    assert_int_equal(o.overflow, WEFT_FAIL);
    assert_string_equal(o.component, "mine");
    assert_string_equal(o.name, "unknown");
    weft_config_destroy(cfg);
}

static void good_sections_lie_over_each_other(void **state)
{
    (void)state;
    weft_config *cfg = PARSED("[monitor]\ninterval_ms = 7\ndegraded_at = 0.5\n"
                              "[runtime]\nworker_threads = 2\nthread_name_prefix = 'all'\n"
                              "[runtime.callbacks]\nworker_threads = 3\n"
                              "[runtime.metrics]\nmonitor_interval_ms = 9\n"
                              "[channels.own]\nbuffer_size = 1\ndegraded_at = 0.6\n"
                              "[channels.other]\nbuffer_size = 1\n");
    weft_runtime_options r = {.size = sizeof r, .worker_threads = 8, .coop_budget = 5};
    assert_int_equal(weft_config_runtime(cfg, "callbacks", &r), 1);
    assert_int_equal(r.worker_threads, 3);
    assert_int_equal(r.coop_budget, 5);
    assert_int_equal(r.monitor_interval_ms, 7);
    assert_string_equal(r.thread_name, "all");
    r = (weft_runtime_options){.size = sizeof r, .worker_threads = 8, .monitor_interval_ms = 1};
    assert_int_equal(weft_config_runtime(cfg, "metrics", &r), 1);
    assert_int_equal(r.worker_threads, 2);
    assert_int_equal(r.monitor_interval_ms, 9);
    assert_int_equal(weft_config_runtime(cfg, "worker_threads", &r), 0); /* called like a key: it has no section */
    weft_channel_options o = {.size = sizeof o};
    assert_int_equal(weft_config_channel(cfg, "own", &o), 1);
    assert_true(o.degraded_at == 0.6 && o.critical_at == 0);
    o = (weft_channel_options){.size = sizeof o};
    assert_int_equal(weft_config_channel(cfg, "other", &o), 1);
    assert_true(o.degraded_at == 0.5); /* of [monitor] */
    o = (weft_channel_options){.size = sizeof o, .degraded_at = 0.9};
    assert_int_equal(weft_config_channel(cfg, "other", &o), 1);
    assert_true(o.degraded_at == 0.9); /* the program's own before that of [monitor] */
    weft_config_destroy(cfg);
}

static void good_otlp_keys_reach_their_members(void **state)
{
    (void)state;
    weft_config *cfg = PARSED("[otlp]\nservice_name = 'orders'\nresource_attributes = 'a=b'\nendpoint = 'https://c:4318'\nheaders = 'k=v'\n"
                              "certificate = '/ca.pem'\ncompression = 'gzip'\nsampler = 'traceidratio'\nsampler_argument = '0.1'\ntasks = 'all'\nlogs = true\n"
                              "traces_off = true\nmetrics_off = true\nqueue_max = 11\nbatch_max = 12\ndelay_ms = 13\nmetrics_ms = 14\n"
                              "timeout_ms = 15\nretry_ms = 16\nretries_max = 17\n");
    weft_otlp_options o = {.size = sizeof o, .environment = WEFT_OTLP_ENVIRONMENT_IGNORED};
    assert_int_equal(weft_config_otlp(cfg, &o), 1);
    assert_int_equal(o.environment, WEFT_OTLP_ENVIRONMENT_IGNORED);
    assert_string_equal(o.service_name, "orders");
    assert_string_equal(o.resource_attributes, "a=b");
    assert_string_equal(o.endpoint, "https://c:4318");
    assert_string_equal(o.headers, "k=v");
    assert_string_equal(o.certificate, "/ca.pem");
    assert_string_equal(o.compression, "gzip");
    assert_string_equal(o.sampler, "traceidratio");
    assert_string_equal(o.sampler_argument, "0.1");
    assert_int_equal(o.tasks, WEFT_OTLP_TASKS_ALL);
    assert_true(o.logs && o.traces_off && o.metrics_off);
    assert_int_equal(o.queue_max, 11);
    assert_int_equal(o.batch_max, 12);
    assert_int_equal(o.delay_ms, 13);
    assert_int_equal(o.metrics_ms, 14);
    assert_int_equal(o.timeout_ms, 15);
    assert_int_equal(o.retry_ms, 16);
    assert_int_equal(o.retries_max, 17);
    weft_config_destroy(cfg);
    cfg = PARSED("");
    o = (weft_otlp_options){.size = sizeof o, .queue_max = 5};
    assert_int_equal(weft_config_otlp(cfg, &o), 0);
    assert_int_equal(o.queue_max, 5);
    assert_int_equal(weft_config_otlp(cfg, NULL), WEFT_EINVAL);
    assert_int_equal(weft_config_otlp(NULL, &o), WEFT_EINVAL);
    assert_int_equal(weft_config_otlp(cfg, &(weft_otlp_options){.size = 1}), WEFT_EINVAL);
    weft_config_destroy(cfg);
}

static void good_diag_keys_reach_their_members(void **state)
{
    (void)state;
    weft_config *cfg = PARSED("[diag]\nunix_path = ''\ntcp_port = 9100\ntcp_address = '::1'\ntoken = '0123456789abcdef'\n"
                              "connections_max = 1\nrequest_timeout_ms = 2\nreply_timeout_ms = 3\npoll_degraded_ms = 4\n"
                              "poll_critical_ms = 5\nlooked_max_ms = 6\nlive_stuck_ms = 7\nretry_after_s = 8\n");
    weft_diag_options o = {.size = sizeof o};
    assert_int_equal(weft_config_diag(cfg, &o), 1);
    assert_string_equal(o.unix_path, "");
    assert_int_equal(o.tcp_port, 9100);
    assert_string_equal(o.tcp_address, "::1");
    assert_string_equal(o.token, "0123456789abcdef");
    assert_int_equal(o.connections_max, 1);
    assert_int_equal(o.request_timeout_ms, 2);
    assert_int_equal(o.reply_timeout_ms, 3);
    assert_int_equal(o.poll_degraded_ms, 4);
    assert_int_equal(o.poll_critical_ms, 5);
    assert_int_equal(o.looked_max_ms, 6);
    assert_int_equal(o.live_stuck_ms, 7);
    assert_int_equal(o.retry_after_s, 8);
    weft_config_destroy(cfg);
    cfg = PARSED("");
    o = (weft_diag_options){.size = sizeof o, .tcp_port = 5};
    assert_int_equal(weft_config_diag(cfg, &o), 0);
    assert_int_equal(o.tcp_port, 5);
    assert_int_equal(weft_config_diag(cfg, NULL), WEFT_EINVAL);
    assert_int_equal(weft_config_diag(NULL, &o), WEFT_EINVAL);
    assert_int_equal(weft_config_diag(cfg, &(weft_diag_options){.size = 1}), WEFT_EINVAL);
    weft_config_destroy(cfg);
}

static const char with_environments[] = "[runtime]\nworker_threads = 2\ncoop_budget = 10\n"
                                        "[channels.orders]\nbuffer_size = 10\noverflow = 'fail'\n"
                                        "[app]\nname = 'plain'\nlist = [1, 2, 3]\n"
                                        "[env.production.runtime]\nworker_threads = 6\n"
                                        "[env.production.channels.orders]\nbuffer_size = 1000\n"
                                        "[env.production.channels.added]\nbuffer_size = 5\n"
                                        "[env.production.app]\nlist = [9]\n"
                                        "[env.test]\n";

static void assert_environment(weft_config *cfg, bool production)
{
    weft_runtime_options r = {.size = sizeof r};
    weft_channel_options o = {.size = sizeof o, .capacity = 1};
    int64_t number = 0;
    const char *text = NULL;
    weft_config_runtime(cfg, NULL, &r);
    assert_int_equal(r.worker_threads, production ? 6 : 2);
    assert_int_equal(r.coop_budget, 10);
    assert_int_equal(weft_config_channel(cfg, "orders", &o), 1);
    assert_int_equal(o.capacity, production ? 1000 : 10);
    assert_int_equal(o.overflow, WEFT_FAIL);
    assert_int_equal(weft_config_channel(cfg, "added", &o), production);
    assert_int_equal(weft_config_integer(cfg, "app.list.0", &number), 1);
    assert_int_equal(number, production ? 9 : 1);
    assert_int_equal(weft_config_integer(cfg, "app.list.2", &number), !production);
    assert_int_equal(weft_config_text(cfg, "app.name", &text), 1);
    assert_string_equal(text, "plain");
    assert_int_equal(weft_config_text(cfg, "env.production.app.name", &text), 0);
    weft_config_destroy(cfg);
}

static void good_environment_is_the_hosts_or_the_variables(void **state)
{
    (void)state;
    unsetenv("WEFT_ENV");
    assert_environment(parsed(with_environments, NULL), false);
    assert_environment(parsed(with_environments, WEFT_CONFIG_OPTIONS(.environment = "production")), true);
    assert_environment(parsed(with_environments, WEFT_CONFIG_OPTIONS(.environment = "test")), false);
    setenv("WEFT_ENV", "production", 1);
    assert_environment(parsed(with_environments, NULL), true);
    assert_environment(parsed(with_environments, WEFT_CONFIG_OPTIONS(.environment = "test")), false);
    assert_environment(parsed(with_environments, WEFT_CONFIG_OPTIONS(.environment = "")), false);
    setenv("WEFT_ENV", "prodction", 1);
    weft_config *cfg;
    assert_int_equal(weft_config_parse(&cfg, with_environments, strlen(with_environments), NULL), WEFT_EINVAL);
    assert_string_equal(weft_error_detail(), "weft_config_parse: configuration:10:2: env: there is no environment 'prodction' "
                                             "here: add [env.prodction], if only an empty one");
    weft_config_destroy(parsed("[runtime]\n", NULL)); /* a file without environments is the same for all */
    unsetenv("WEFT_ENV");
}

static const struct {
    const char *name, *value;
    const char *detail; /* NULL: it is taken */
} variables[] = {
    {"WX_RUNTIME__WORKER_THREADS", "5", NULL},
    {"WX_RUNTIME__CALLBACKS__WORKER_THREADS", "7", NULL},
    {"WX_CHANNELS__MY_ORDERS__BUFFER_SIZE", "77", NULL},
    {"WX_CHANNELS__NEW__OVERFLOW", "drop_oldest", NULL},
    {"WX_CHANNELS__NEW__DEGRADED_AT", "0.5", NULL},
    {"WX_RUNTIME__ENABLE_TRACING", "true", NULL},
    {"WX_APP__NUMBER", "12", NULL},
    {"WX_APP__FRESH__WORD", "12", NULL},
    {"WX_UNRELATED", "x", NULL},
    {"WX_ENV", "x", NULL},
    {"WX_RUNTIME__WORKER_THREADS", "0", "expected an integer from 1 to 1024, found 0"},
    {"WX_RUNTIME__WORKER_THREADS", "4x", "expected an integer from 1 to 1024, found the string '4x'"},
    {"WX_RUNTIME__WORKER_THREADS", " 4", "expected an integer from 1 to 1024, found the string ' 4'"},
    {"WX_RUNTIME__WORKER_THREADS", "", "expected an integer from 1 to 1024, found the string ''"},
    {"WX_RUNTIME__WORKER_THREADS", "99999999999999999999",
     "expected an integer from 1 to 1024, found the string '99999999999999999999'"},
    {"WX_RUNTIME__ENABLE_TRACING", "1", "expected true or false, found the string '1'"},
    {"WX_RUNTIME__WORKER_THREDS", "1", "unknown key: did you mean 'worker_threads'?"},
    {"WX_CHANNELS__MY_ORDERS__DEGRADED_AT", "0.99", "degraded_at 0.99 is above critical_at 0.95, the default"},
    {"WX_CHANNELS__BUFFER_SIZE", "1", "unknown key"},
    {"WX_DATABASE__URL", "1", "unknown section"},
    {"WX_ENV__PRODUCTION__RUNTIME__WORKER_THREADS", "1", "unknown section"},
    {"WX_RUNTIME____WORKER_THREADS", "1", "expected a name of the form SECTION__KEY or SECTION__NAME__KEY"},
    {"WX_APP__LIST", "1", "this is an array in the file"},
    {"WX_APP__NUMBER__X", "1", "expected a name of the form SECTION__KEY or SECTION__NAME__KEY"},
};

static const char under_variables[] = "[runtime]\nworker_threads = 2\n[channels.\"my-orders\"]\nbuffer_size = 1\n"
                                      "[app]\nnumber = 1\nlist = [1]\n";

static void good_variables_override_if_the_host_allows_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        setenv(variables[i].name, variables[i].value, 1);
        weft_config *cfg = PARSED(under_variables); /* without leave they are not looked at */
        weft_config_destroy(cfg);
        const int error = weft_config_parse(&cfg, under_variables, strlen(under_variables),
                                            WEFT_CONFIG_OPTIONS(.environment = "", .variables = "WX_"));
        if (variables[i].detail) {
            char detail[400], *text = detail + snprintf(detail, sizeof detail, "weft_config_parse: %s: ", variables[i].name);
            assert_int_equal(error, WEFT_EINVAL);
            assert_memory_equal(weft_error_detail(), detail, (size_t)(text - detail));
            assert_non_null(strstr(weft_error_detail(), variables[i].detail));
        } else {
            assert_int_equal(error, 0);
            weft_config_destroy(cfg);
        }
        unsetenv(variables[i].name);
    }
}

/* A variable is written like a value in the file, not like a number of the user's language. */
static void good_variables_have_a_point_in_any_locale(void **state)
{
    (void)state;
    weft_channel_options o = {.size = sizeof o, .capacity = 1};
    double rate = 0;
    comma_begin();
    setenv("WX_CHANNELS__NEW__DEGRADED_AT", "0.5", 1);
    setenv("WX_APP__RATE", "0.25", 1);
    weft_config *cfg = parsed("[channels.new]\ncritical_at = 0.875\n[app]\nrate = 1.5\n",
                              WEFT_CONFIG_OPTIONS(.environment = "", .variables = "WX_"));
    assert_int_equal(weft_config_channel(cfg, "new", &o), 1);
    assert_true(o.degraded_at == 0.5 && o.critical_at == 0.875);
    assert_int_equal(weft_config_number(cfg, "app.rate", &rate), 1);
    assert_true(rate == 0.25);
    weft_config_destroy(cfg);
    setenv("WX_CHANNELS__NEW__DEGRADED_AT", "0,5", 1);
    assert_int_equal(weft_config_parse(&cfg, "", 0, WEFT_CONFIG_OPTIONS(.environment = "", .variables = "WX_")), WEFT_EINVAL);
    unsetenv("WX_CHANNELS__NEW__DEGRADED_AT");
    unsetenv("WX_APP__RATE");
    comma_end();
}

static void good_variables_reach_the_options(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        setenv(variables[i].name, variables[i].value, 1);
    weft_config *cfg = parsed(under_variables, WEFT_CONFIG_OPTIONS(.environment = "", .variables = "WX_"));
    for (int i = 0; i < 8; i++)
        unsetenv(variables[i].name);
    weft_runtime_options r = {.size = sizeof r};
    weft_channel_options o = {.size = sizeof o, .capacity = 1};
    int64_t number = 0;
    const char *word = NULL;
    assert_int_equal(weft_config_runtime(cfg, "callbacks", &r), 1);
    assert_int_equal(r.worker_threads, 7);
    assert_true(r.tracing);
    assert_int_equal(weft_config_runtime(cfg, NULL, &r), 0);
    assert_int_equal(r.worker_threads, 5);
    assert_int_equal(weft_config_channel(cfg, "my-orders", &o), 1);
    assert_int_equal(o.capacity, 77);
    assert_int_equal(weft_config_channel(cfg, "new", &o), 1);
    assert_int_equal(o.overflow, WEFT_DROP_OLDEST);
    assert_true(o.degraded_at == 0.5);
    assert_int_equal(weft_config_integer(cfg, "app.number", &number), 1);
    assert_int_equal(number, 12);
    assert_int_equal(weft_config_text(cfg, "app.fresh.word", &word), 1);
    assert_string_equal(word, "12");
    assert_int_equal(weft_config_integer(cfg, "app.fresh.word", &number), WEFT_EINVAL);
    assert_string_equal(weft_error_detail(),
                        "weft_config_integer: WX_APP__FRESH__WORD: app.fresh.word: expected an integer, found the string '12'");
    weft_config_destroy(cfg);
}

static int count_names(void *context, const char *name)
{
    strcat(context, name);
    strcat(context, " ");
    return strcmp(name, "stop") ? 0 : 7;
}

static void good_values_are_found_by_their_keys(void **state)
{
    (void)state;
    weft_config *cfg = PARSED("[monitor]\nmetrics_prefix = 'tasker'\n"
                              "[app]\nyes = true\nwhole = -3\npart = 0.5\nword = 'w'\n'with.dot' = 1\n'' = 2\nwhen = 1979-05-27\n"
                              "zero = \"a\\u0000b\"\nlist = ['a', ['b', 'c'], {d = 4}]\nz.stop = 1\nz.a = 1\nz.z = 1\n");
    bool flag = false;
    int64_t whole = 0;
    double part = 0;
    const char *word = NULL;
    char names[200] = "";
    assert_int_equal(weft_config_flag(cfg, "app.yes", &flag), 1);
    assert_true(flag);
    assert_int_equal(weft_config_integer(cfg, "app.whole", &whole), 1);
    assert_int_equal(whole, -3);
    assert_int_equal(weft_config_number(cfg, "app.part", &part), 1);
    assert_true(part == 0.5);
    assert_int_equal(weft_config_number(cfg, "app.whole", &part), 1);
    assert_true(part == -3);
    assert_int_equal(weft_config_text(cfg, "app.word", &word), 1);
    assert_string_equal(word, "w");
    assert_int_equal(weft_config_text(cfg, "monitor.metrics_prefix", &word), 1);
    assert_string_equal(word, "tasker");
    assert_int_equal(weft_config_integer(cfg, "app.\"with.dot\"", &whole), 1);
    assert_int_equal(weft_config_integer(cfg, "app.\"\"", &whole), 1);
    assert_int_equal(weft_config_text(cfg, "app.list.1.1", &word), 1);
    assert_string_equal(word, "c");
    assert_int_equal(weft_config_integer(cfg, "app.list.2.d", &whole), 1);
    assert_int_equal(weft_config_integer(cfg, "app.list.3", &whole), 0);
    assert_int_equal(weft_config_integer(cfg, "app.list.x", &whole), 0);
    assert_int_equal(weft_config_integer(cfg, "app.nothing", &whole), 0);
    assert_int_equal(weft_config_integer(cfg, "nothing.at.all", &whole), 0);
    assert_int_equal(weft_config_visit(cfg, "app.z", count_names, names), 7);
    assert_string_equal(names, "a stop ");
    names[0] = '\0';
    assert_int_equal(weft_config_visit(cfg, "", count_names, names), 0);
    assert_int_equal(weft_config_visit(cfg, "app.list", count_names, names), 0);
    assert_int_equal(weft_config_visit(cfg, "app.none", count_names, names), 0);
    assert_string_equal(names, "app monitor 0 1 2 ");
#define OTHER(call, text)                                                                                              \
    assert_int_equal(call, WEFT_EINVAL);                                                                               \
    assert_string_equal(weft_error_detail(), text)
    OTHER(weft_config_flag(cfg, "app.word", &flag), "weft_config_flag: configuration:7:8: app.word: expected true or false, found the string 'w'");
    OTHER(weft_config_integer(cfg, "app.part", &whole), "weft_config_integer: configuration:6:8: app.part: expected an integer, found 0.5");
    OTHER(weft_config_number(cfg, "app.when", &part), "weft_config_number: configuration:10:8: app.when: expected a number, found a date or time");
    OTHER(weft_config_text(cfg, "app.list", &word), "weft_config_text: configuration:12:8: app.list: expected a string without zero bytes, found an array");
    OTHER(weft_config_text(cfg, "app.zero", &word), "weft_config_text: configuration:11:8: app.zero: expected a string without zero bytes, found the string 'a?b'");
    OTHER(weft_config_text(cfg, "app", &word), "weft_config_text: configuration:3:1: app: expected a string without zero bytes, found a table");
    OTHER(weft_config_visit(cfg, "app.word", count_names, names), "weft_config_visit: configuration:7:8: app.word: expected a table or an array, found the string 'w'");
    OTHER(weft_config_text(cfg, "app..word", &word), "weft_config_text: 'app..word' is no key: give parts with dots between them");
    OTHER(weft_config_text(cfg, "app.", &word), "weft_config_text: 'app.' is no key: give parts with dots between them");
    OTHER(weft_config_text(cfg, ".app", &word), "weft_config_text: '.app' is no key: give parts with dots between them");
    OTHER(weft_config_text(cfg, "\"app", &word), "weft_config_text: '\"app' is no key: give parts with dots between them");
    OTHER(weft_config_text(cfg, "", &word), "weft_config_text: '' is no key: give parts with dots between them");
#undef OTHER
    weft_config_destroy(cfg);
}

static void note_problem(void *context, const weft_config_problem *problem)
{
    char *at = (char *)context + strlen(context);
    sprintf(at, "%d %u:%u %s\n", problem->kind, problem->line, problem->column, problem->key);
}

static void good_keys_that_nobody_reads_are_told(void **state)
{
    (void)state;
    weft_config *cfg = PARSED("[runtime]\nworker_threads = 2\n[runtime.callbaks]\nworker_threads = 3\n"
                              "[channels.orders]\nbuffer_size = 4\n[channels.ordrs]\nbuffer_size = 4\n[app]\nused = 1\nunused = 2\n"
                              "[env.x.app]\nother = 1\n[monitor]\ninterval_ms = 5\nmetrics_prefix = 'a'\n");
    char told[400] = "";
    assert_int_equal(weft_config_unread(cfg, note_problem, told), 4);
    assert_string_equal(told, "1 1:2 runtime\n1 5:2 channels\n1 9:2 app\n1 14:2 monitor\n");
    weft_runtime_options r = {.size = sizeof r};
    weft_channel_options o = {.size = sizeof o};
    int64_t number;
    weft_config_runtime(cfg, "callbacks", &r);
    weft_config_channel(cfg, "orders", &o);
    weft_config_integer(cfg, "app.used", &number);
    told[0] = '\0';
    assert_int_equal(weft_config_unread(cfg, note_problem, told), 4);
    assert_string_equal(told, "1 3:10 runtime.callbaks\n1 7:11 channels.ordrs\n1 11:1 app.unused\n1 16:1 monitor.metrics_prefix\n");
    weft_config_destroy(cfg);
}

static char folder[] = "/tmp/weft-config-XXXXXX";

static const char *written(const char *name, const char *text, size_t length)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
    return path;
}

static void good_file_is_read_up_to_the_limit(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    char *big = malloc(WEFT_CONFIG_SIZE_MAX + 1), expected[300];
    assert_non_null(big);
    memset(big, '\n', WEFT_CONFIG_SIZE_MAX + 1);
    memcpy(big, "[app]\na=1\n", 10);
    weft_config *cfg = NULL;
    assert_int_equal(weft_config_load(&cfg, written("full.toml", big, WEFT_CONFIG_SIZE_MAX), NULL), 0);
    weft_config_destroy(cfg);
    cfg = NULL;
    const char *path = written("over.toml", big, WEFT_CONFIG_SIZE_MAX + 1);
    assert_int_equal(weft_config_load(&cfg, path, NULL), WEFT_ERANGE);
    snprintf(expected, sizeof expected, "weft_config_load: %s has more than 1048576 bytes, the most that is read", path);
    assert_string_equal(weft_error_detail(), expected);
    assert_int_equal(truncate(path, 100000000), 0); /* 100 MB: read as far as the limit, and no further */
    assert_int_equal(weft_config_load(&cfg, path, NULL), WEFT_ERANGE);
    assert_int_equal(weft_config_parse(&cfg, big, WEFT_CONFIG_SIZE_MAX + 1, NULL), WEFT_ERANGE);
    assert_int_equal(weft_config_load(&cfg, "/dev/zero", NULL), WEFT_ERANGE);
    assert_int_equal(weft_config_load(&cfg, folder, NULL), -EISDIR);
    assert_int_equal(weft_config_load(&cfg, "/nowhere/at/all", NULL), WEFT_ENOENT);
    assert_string_equal(weft_error_detail(), "weft_config_load: cannot read /nowhere/at/all: No such file or directory");
    assert_int_equal(weft_config_load(&cfg, "/dev/null", NULL), 0); /* nothing is a configuration, too */
    weft_config_destroy(cfg);
    free(big);
    unlink(written("full.toml", "", 0));
    unlink(written("over.toml", "", 0));
    rmdir(folder);
}

static void good_arguments_are_asked_for(void **state)
{
    (void)state;
    weft_config *cfg = NULL;
    weft_runtime_options r = {.size = sizeof r};
    weft_channel_options o = {.size = sizeof o, .capacity = 1};
    weft_runtime *rt = NULL;
    int64_t n;
    const weft_config_options small = {.size = 8}, nameless = {.size = sizeof nameless, .variables = ""};
#define REFUSED(call, name)                                                                                            \
    assert_int_equal(call, WEFT_EINVAL);                                                                               \
    assert_memory_equal(weft_error_detail(), name ": ", sizeof name ": " - 1)
    REFUSED(weft_config_load(NULL, "x", NULL), "weft_config_load");
    REFUSED(weft_config_load(&cfg, NULL, NULL), "weft_config_load");
    REFUSED(weft_config_load(&cfg, "/dev/null", &small), "weft_config_load");
    REFUSED(weft_config_load(&cfg, "/dev/null", &nameless), "weft_config_load");
    REFUSED(weft_config_parse(NULL, "", 0, NULL), "weft_config_parse");
    REFUSED(weft_config_parse(&cfg, NULL, 0, NULL), "weft_config_parse");
    REFUSED(weft_config_parse(&cfg, "", 0, &small), "weft_config_parse");
    cfg = PARSED("[monitor]\ncritical_at = 0.85\n");
    REFUSED(weft_config_runtime(NULL, "a", &r), "weft_config_runtime");
    REFUSED(weft_config_runtime(cfg, "a", NULL), "weft_config_runtime");
    REFUSED(weft_config_runtime(cfg, "a", &(weft_runtime_options){.size = 1}), "weft_config_runtime");
    REFUSED(weft_config_runtime_create(NULL, "a", &r, &rt), "weft_config_runtime_create");
    REFUSED(weft_config_channel(NULL, "a", &o), "weft_config_channel");
    REFUSED(weft_config_channel(cfg, NULL, &o), "weft_config_channel");
    REFUSED(weft_config_channel(cfg, "a", NULL), "weft_config_channel");
    REFUSED(weft_config_channel(cfg, "a", &(weft_channel_options){.size = 1}), "weft_config_channel");
    REFUSED(weft_config_channel(cfg, "a", &(weft_channel_options){.size = sizeof o}), "weft_config_channel");
    REFUSED(weft_config_channel(cfg, "a", &(weft_channel_options){.size = sizeof o, .capacity = 1, .degraded_at = 0.9}), "weft_config_channel");
    REFUSED(weft_config_flag(NULL, "a", (bool *)&n), "weft_config_flag");
    REFUSED(weft_config_integer(cfg, NULL, &n), "weft_config_integer");
    REFUSED(weft_config_number(cfg, "a", NULL), "weft_config_number");
    REFUSED(weft_config_text(cfg, NULL, NULL), "weft_config_text");
    REFUSED(weft_config_visit(cfg, "a", NULL, NULL), "weft_config_visit");
    REFUSED(weft_config_visit(cfg, NULL, count_names, NULL), "weft_config_visit");
    REFUSED(weft_config_visit(NULL, "a", count_names, NULL), "weft_config_visit");
    REFUSED(weft_config_unread(NULL, note_problem, NULL), "weft_config_unread");
    REFUSED(weft_config_unread(cfg, NULL, NULL), "weft_config_unread");
#undef REFUSED
    weft_config_destroy(cfg);
    weft_config_destroy(NULL);
}

static void good_runtime_and_channel_are_created(void **state)
{
    (void)state;
    weft_config *cfg = PARSED("[runtime.orders]\nworker_threads = 3\n[channels.incoming]\nbuffer_size = 9\ndegraded_at = 0.4\n");
    weft_runtime *rt = NULL;
    assert_int_equal(weft_config_runtime_create(cfg, "orders", NULL, &rt), 0);
    assert_string_equal(weft_runtime_name(rt), "orders");
    assert_int_equal(weft_runtime_workers(rt), 3);
    weft_channel_options o = {.size = sizeof o};
    weft_sender tx;
    weft_receiver rx;
    assert_int_equal(weft_config_channel(cfg, "incoming", &o), 1);
    weft_config *copy = cfg; /* texts stay until the configuration goes, and the channel copies them */
    assert_int_equal(weft_channel_create(rt, &o, sizeof(int), &tx, &rx), 0);
    weft_config_destroy(copy);
    weft_channel_stats stats = {.size = sizeof stats};
    assert_int_equal(weft_sender_stats(&tx, &stats), 0);
    assert_string_equal(stats.name, "incoming");
    assert_int_equal(stats.capacity, 9);
    weft_sender_close(&tx);
    weft_receiver_close(&rx);
    assert_int_equal(weft_runtime_destroy(rt), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_runtime_keys_reach_their_members),
        cmocka_unit_test(good_channel_keys_reach_their_members),
        cmocka_unit_test(good_diag_keys_reach_their_members),
        cmocka_unit_test(good_otlp_keys_reach_their_members),
        cmocka_unit_test(good_sections_lie_over_each_other),
        cmocka_unit_test(good_environment_is_the_hosts_or_the_variables),
        cmocka_unit_test(good_variables_override_if_the_host_allows_them),
        cmocka_unit_test(good_variables_have_a_point_in_any_locale),
        cmocka_unit_test(good_variables_reach_the_options),
        cmocka_unit_test(good_values_are_found_by_their_keys),
        cmocka_unit_test(good_keys_that_nobody_reads_are_told),
        cmocka_unit_test(good_file_is_read_up_to_the_limit),
        cmocka_unit_test(good_arguments_are_asked_for),
        cmocka_unit_test(good_runtime_and_channel_are_created),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
