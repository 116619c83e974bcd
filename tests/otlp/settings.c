/* SPDX-License-Identifier: MIT */
/* What options and OTEL_* come to; what is wrong has its default, and is said. */
#include "lib/comma.h"
#include "lib/world.h"

#include "addons/otlp/settings.h"

enum { VARIABLES_MAX = 16 };

/* The environment of a test: name, value, name, value, … */
static const char *variables[2 * VARIABLES_MAX];

static const char *variable(const char *name)
{
    for (int i = 0; i < VARIABLES_MAX && variables[2 * i]; i++)
        if (strcmp(variables[2 * i], name) == 0)
            return variables[2 * i + 1];
    return NULL;
}

static struct weft__otlp_settings read_options(weft_otlp_options options)
{
    struct weft__otlp_settings settings;
    options.size = sizeof options;
    assert_int_equal(weft__otlp_settings_read(&settings, &options, variable), 0);
    return settings;
}

#define READ(options, ...)                                                                                             \
    (memset(variables, 0, sizeof variables),                                                                           \
     memcpy(variables, (const char *[]){NULL, ##__VA_ARGS__} + 1, sizeof((const char *[]){NULL, ##__VA_ARGS__}) - sizeof(char *)), \
     read_options((weft_otlp_options)options))
#define NOTHING {.size = 0}

static const char *resource(const struct weft__otlp_settings *settings, const char *key)
{
    for (size_t i = 0; i < settings->resource.count; i++)
        if (strcmp(settings->resource.of[i].key, key) == 0)
            return settings->resource.of[i].value;
    return "";
}

static void settings_have_the_defaults_of_the_specification(void **state)
{
    (void)state;
    struct weft__otlp_settings s = READ(NOTHING);
    assert_string_equal(s.problems, "");
    assert_false(s.disabled);
    assert_true(s.propagates);
    assert_true(s.targets[WEFT__OTLP_TRACES].on);
    assert_true(s.targets[WEFT__OTLP_METRICS].on);
    assert_false(s.targets[WEFT__OTLP_LOGS].on);
    assert_string_equal(s.targets[WEFT__OTLP_TRACES].url, "http://localhost:4318/v1/traces");
    assert_string_equal(s.targets[WEFT__OTLP_METRICS].url, "http://localhost:4318/v1/metrics");
    assert_string_equal(s.targets[WEFT__OTLP_LOGS].url, "http://localhost:4318/v1/logs");
    assert_int_equal(s.targets[WEFT__OTLP_TRACES].timeout_ms, 10000);
    assert_int_equal(s.targets[WEFT__OTLP_TRACES].queue_max, 2048);
    assert_int_equal(s.targets[WEFT__OTLP_TRACES].batch_max, 512);
    assert_int_equal(s.targets[WEFT__OTLP_TRACES].delay_ms, 5000);
    assert_int_equal(s.targets[WEFT__OTLP_METRICS].delay_ms, 60000);
    assert_int_equal(s.targets[WEFT__OTLP_LOGS].delay_ms, 1000);
    assert_int_equal(s.sampler, WEFT__OTLP_ALWAYS_ON);
    assert_true(s.parent_based);
    assert_memory_equal(resource(&s, "service.name"), "unknown_service:", 16);
    weft__otlp_settings_free(&s);
}

static void settings_come_from_the_environment(void **state)
{
    (void)state;
    struct weft__otlp_settings s =
        READ(NOTHING, "OTEL_SERVICE_NAME", "orders", "OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=prod, a%20b=c%2Cd,service.name=no",
             "OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318/base/", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m:1/x",
             "OTEL_EXPORTER_OTLP_HEADERS", "api-key=s%3Dcret,x=1", "OTEL_EXPORTER_OTLP_LOGS_HEADERS", "l=2", "OTEL_EXPORTER_OTLP_TIMEOUT",
             "77", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "78", "OTEL_BSP_MAX_QUEUE_SIZE", "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "20",
             "OTEL_METRIC_EXPORT_INTERVAL", "5", "OTEL_LOGS_ENABLED", "TRUE", "OTEL_TRACES_SAMPLER", "traceidratio",
             "OTEL_TRACES_SAMPLER_ARG", "0.25", "OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem");
    assert_string_equal(s.problems, "");
    assert_string_equal(resource(&s, "service.name"), "orders");
    assert_string_equal(resource(&s, "deployment.environment"), "prod");
    assert_string_equal(resource(&s, "a b"), "c,d");
    assert_string_equal(s.targets[WEFT__OTLP_TRACES].url, "https://collector:4318/base/v1/traces");
    assert_string_equal(s.targets[WEFT__OTLP_METRICS].url, "http://m:1/x");
    assert_int_equal(s.targets[WEFT__OTLP_TRACES].headers.count, 2);
    assert_string_equal(s.targets[WEFT__OTLP_TRACES].headers.of[0].value, "s=cret");
    assert_int_equal(s.targets[WEFT__OTLP_LOGS].headers.count, 1);
    assert_string_equal(s.targets[WEFT__OTLP_LOGS].headers.of[0].key, "l");
    assert_int_equal(s.targets[WEFT__OTLP_METRICS].timeout_ms, 77);
    assert_int_equal(s.targets[WEFT__OTLP_TRACES].timeout_ms, 78);
    assert_int_equal(s.targets[WEFT__OTLP_TRACES].queue_max, 10);
    assert_int_equal(s.targets[WEFT__OTLP_TRACES].batch_max, 10); /* not more than can wait */
    assert_int_equal(s.targets[WEFT__OTLP_METRICS].delay_ms, 5);
    assert_true(s.targets[WEFT__OTLP_LOGS].on);
    assert_int_equal(s.sampler, WEFT__OTLP_RATIO);
    assert_false(s.parent_based);
    assert_true(s.ratio > 0.2499 && s.ratio < 0.2501);
    assert_string_equal(s.targets[WEFT__OTLP_LOGS].certificate, "/ca.pem");
    weft__otlp_settings_free(&s);
}

static void settings_of_options_and_environment_go_as_the_options_say(void **state)
{
    (void)state;
#define BOTH(use) {.environment = use, .service_name = "mine", .endpoint = "http://mine:1", .batch_max = 3, .sampler = "always_off"}
    static const char *const names[] = {"mine", "theirs", "mine"}, *const urls[] = {"http://mine:1/v1/traces", "http://theirs:2/v1/traces",
                                                                                    "http://mine:1/v1/traces"};
    static const uint32_t batches[] = {3, 4, 3}, delays[] = {9, 9, 5000};
    for (int use = 0; use < 3; use++) {
        struct weft__otlp_settings s =
            READ(BOTH((weft_otlp_environment_use)use), "OTEL_SERVICE_NAME", "theirs", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://theirs:2",
                 "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4", "OTEL_BSP_SCHEDULE_DELAY", "9", "OTEL_TRACES_SAMPLER", "always_on");
        assert_string_equal(resource(&s, "service.name"), names[use]);
        assert_string_equal(s.targets[WEFT__OTLP_TRACES].url, urls[use]);
        assert_int_equal(s.targets[WEFT__OTLP_TRACES].batch_max, batches[use]);
        assert_int_equal(s.targets[WEFT__OTLP_TRACES].delay_ms, delays[use]);
        assert_int_equal(s.sampler, use == WEFT_OTLP_ENVIRONMENT_OVERRIDES ? WEFT__OTLP_ALWAYS_ON : WEFT__OTLP_ALWAYS_OFF);
        weft__otlp_settings_free(&s);
    }
}

static void settings_that_are_wrong_are_told_and_have_their_default(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *told;
    } cases[] = {
        {"OTEL_BSP_SCHEDULE_DELAY", "soon", "OTEL_BSP_SCHEDULE_DELAY=soon: a whole number"},
        {"OTEL_BSP_SCHEDULE_DELAY", "-1", "a whole number"},
        {"OTEL_BSP_SCHEDULE_DELAY", "99999999999999999999", "a whole number"},
        {"OTEL_BSP_SCHEDULE_DELAY", "12x", "a whole number"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "begins with http"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "begins with http"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a b", "begins with http"},
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://x", "begins with http"},
        {"OTEL_EXPORTER_OTLP_HEADERS", "novalue", "has no '='"},
        {"OTEL_EXPORTER_OTLP_HEADERS", "a=%zz", "hexadecimal"},
        {"OTEL_EXPORTER_OTLP_HEADERS", "a=x%0d%0aevil: 1", "line break"},
        {"OTEL_EXPORTER_OTLP_HEADERS", "a=%00", "hexadecimal"},
        {"OTEL_RESOURCE_ATTRIBUTES", "=x", "key is empty"},
        {"OTEL_TRACES_SAMPLER", "jaeger_remote", "sampler 'jaeger_remote'"},
        {"OTEL_PROPAGATORS", "b3", "OTEL_PROPAGATORS=b3"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/json"},
        {"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "compression 'zstd' of OTEL_EXPORTER_OTLP_COMPRESSION: gzip or none"},
        {"OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "br", "compression 'br' of OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: gzip or none"},
        {"OTEL_SDK_DISABLED", "1", "true or false"},
        {"OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft__otlp_settings s = READ(NOTHING, cases[i].name, cases[i].value);
        if (!strstr(s.problems, cases[i].told))
            print_error("%s=%s: '%s'\n", cases[i].name, cases[i].value, s.problems);
        assert_non_null(strstr(s.problems, cases[i].told));
        assert_string_equal(s.targets[WEFT__OTLP_TRACES].url, "http://localhost:4318/v1/traces");
        assert_int_equal(s.targets[WEFT__OTLP_TRACES].headers.count, 0);
        assert_int_equal(s.targets[WEFT__OTLP_TRACES].delay_ms, 5000);
        assert_int_equal(s.resource.count, 1);
        assert_int_equal(s.sampler, WEFT__OTLP_ALWAYS_ON);
        assert_true(s.propagates);
        assert_false(s.disabled);
        weft__otlp_settings_free(&s);
    }
    struct weft__otlp_settings s = READ(NOTHING, "OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG", "1.5");
    assert_non_null(strstr(s.problems, "0 to 1"));
    assert_true(s.ratio == 1);
    weft__otlp_settings_free(&s);
}

/* Cut to what there is room for it would be another address. */
static void settings_send_nothing_to_half_an_address(void **state)
{
    (void)state;
    char endpoint[4096] = "http://collector/";
    memset(endpoint + strlen(endpoint), 'a', 2100);
    struct weft__otlp_settings s = READ(NOTHING, "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    assert_string_equal(s.problems, "endpoint of OTEL_EXPORTER_OTLP_ENDPOINT: longer than 2048 bytes");
    assert_string_equal(s.targets[WEFT__OTLP_TRACES].url, "http://localhost:4318/v1/traces");
    assert_string_equal(s.targets[WEFT__OTLP_LOGS].url, "http://localhost:4318/v1/logs");
    weft__otlp_settings_free(&s);
}

static void settings_have_a_point_in_any_locale(void **state)
{
    (void)state;
    comma_begin();
    struct weft__otlp_settings s = READ(NOTHING, "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0.25");
    assert_string_equal(s.problems, "");
    assert_true(s.ratio == 0.25);
    weft__otlp_settings_free(&s);
    s = READ(NOTHING, "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0,25");
    assert_non_null(strstr(s.problems, "0 to 1"));
    weft__otlp_settings_free(&s);
    comma_end();
}

static void settings_say_what_is_compressed(void **state)
{
    (void)state;
    struct weft__otlp_settings s = READ(NOTHING, "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none");
    assert_string_equal(s.problems, "");
    assert_true(s.targets[WEFT__OTLP_TRACES].gzip);
    assert_false(s.targets[WEFT__OTLP_METRICS].gzip);
    assert_true(s.targets[WEFT__OTLP_LOGS].gzip);
    weft__otlp_settings_free(&s);
}

static void settings_switch_things_off(void **state)
{
    (void)state;
    struct weft__otlp_settings s = READ(NOTHING, "OTEL_SDK_DISABLED", "true", "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none",
                                        "OTEL_PROPAGATORS", "none", "OTEL_SERVICE_NAME", "");
    assert_string_equal(s.problems, "");
    assert_true(s.disabled);
    assert_false(s.targets[WEFT__OTLP_TRACES].on);
    assert_false(s.targets[WEFT__OTLP_METRICS].on);
    assert_false(s.propagates);
    assert_memory_equal(resource(&s, "service.name"), "unknown_service:", 16); /* an empty variable is none */
    weft__otlp_settings_free(&s);
    s = READ(NOTHING, "OTEL_PROPAGATORS", "tracecontext,baggage");
    assert_string_equal(s.problems, "");
    assert_true(s.propagates);
    weft__otlp_settings_free(&s);
}

/* However much is wrong, what is said of it ends. */
static void settings_tell_of_many_problems_as_far_as_there_is_room(void **state)
{
    (void)state;
    struct weft__otlp_settings s =
        READ(NOTHING, "OTEL_BSP_SCHEDULE_DELAY", "x", "OTEL_BSP_MAX_QUEUE_SIZE", "x", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "x",
             "OTEL_METRIC_EXPORT_INTERVAL", "x", "OTEL_BLRP_SCHEDULE_DELAY", "x", "OTEL_BLRP_MAX_QUEUE_SIZE", "x",
             "OTEL_EXPORTER_OTLP_TIMEOUT", "x", "OTEL_EXPORTER_OTLP_ENDPOINT", "x", "OTEL_TRACES_SAMPLER", "x", "OTEL_PROPAGATORS", "x");
    assert_true(strlen(s.problems) > 300 && strlen(s.problems) < sizeof s.problems);
    assert_non_null(strstr(s.problems, "; "));
    weft__otlp_settings_free(&s);
}

static void settings_show_no_password(void **state)
{
    (void)state;
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"http://localhost:4318/v1/traces", "http://localhost:4318/v1/traces"},
        {"https://user:word@host:4318/v1/traces", "https://***@host:4318/v1/traces"},
        {"https://user:w@o/r@d@host", "https://***@host"},
        {"https://host/v1?api-key=word", "https://host/v1?***"},
        {"https://host?a=b@c", "https://host?***"},
        {"https://host/v1#word", "https://host/v1"},
        {"user:word@host:4318", "***@host:4318"}, /* what was meant as one */
        {"ftp://user:word@host", "ftp://***@host"},
        {"://", "://"},
        {"", ""},
    };
    char out[64], few[8];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(weft__otlp_url_show(cases[i].url, out, sizeof out), cases[i].shown);
    assert_string_equal(weft__otlp_url_show("https://user:word@host", few, sizeof few), "https:/");
    struct weft__otlp_settings s = READ(NOTHING, "OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:word@host", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
                                        "user:word@host");
    assert_string_equal(s.targets[WEFT__OTLP_TRACES].url, "https://user:word@host/v1/traces");
    assert_string_equal(s.targets[WEFT__OTLP_TRACES].shown, "https://***@host/v1/traces");
    assert_null(strstr(s.problems, "word"));
    assert_non_null(strstr(s.problems, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=***@host: "));
    weft__otlp_settings_free(&s);
    s = READ(NOTHING, "OTEL_EXPORTER_OTLP_ENDPOINT", "user:word@host");
    assert_null(strstr(s.problems, "word"));
    assert_non_null(strstr(s.problems, "endpoint '***@host' of"));
    weft__otlp_settings_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_have_the_defaults_of_the_specification),
        cmocka_unit_test(settings_come_from_the_environment),
        cmocka_unit_test(settings_of_options_and_environment_go_as_the_options_say),
        cmocka_unit_test(settings_that_are_wrong_are_told_and_have_their_default),
        cmocka_unit_test(settings_send_nothing_to_half_an_address),
        cmocka_unit_test(settings_show_no_password),
        cmocka_unit_test(settings_have_a_point_in_any_locale),
        cmocka_unit_test(settings_say_what_is_compressed),
        cmocka_unit_test(settings_switch_things_off),
        cmocka_unit_test(settings_tell_of_many_problems_as_far_as_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
