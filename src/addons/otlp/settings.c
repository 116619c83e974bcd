/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

/* While they are being read. */
struct reading {
    struct weft__otlp_settings *to;
    const weft_otlp_options *o;
    weft__otlp_getenv *environment;
    bool failed; /* for want of memory */
};

static const char *const settings_names[WEFT__OTLP_SIGNALS] = {"TRACES", "METRICS", "LOGS"};
static const char *const settings_paths[WEFT__OTLP_SIGNALS] = {"traces", "metrics", "logs"};

static __attribute__((format(printf, 2, 3))) void settings_problem(struct reading *r, const char *format, ...)
{
    char *end = r->to->problems + strlen(r->to->problems);
    size_t room = sizeof r->to->problems - (size_t)(end - r->to->problems);
    va_list arguments;
    va_start(arguments, format);
    if (end > r->to->problems && room > 2) {
        memcpy(end, "; ", 3);
        end += 2;
        room -= 2;
    }
    vsnprintf(end, room, format, arguments);
    va_end(arguments);
}

static char *settings_copy(struct reading *r, const char *text)
{
    char *copy = strdup(text);
    r->failed |= !copy;
    return copy;
}

/* --- lists of pairs ----------------------------------------------------------------------------------------------- */

void weft__otlp_pairs_free(struct weft__otlp_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->of[i].key);
        free(pairs->of[i].value);
    }
    free(pairs->of);
    *pairs = (struct weft__otlp_pairs){0};
}

static int pair_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The text without spaces around it and with its percent signs resolved; NULL: no memory, or *out_wrong. */
static char *pair_decode(const char *text, size_t length, bool *out_wrong)
{
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    char *out = malloc(length + 1), *to = out;
    for (size_t i = 0; out && i < length; i++) {
        const int high = text[i] == '%' && i + 2 < length ? pair_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? pair_digit(text[i + 2]) : -1;
        if (text[i] == '%' && (low < 0 || (high == 0 && low == 0))) {
            *out_wrong = true;
            free(out);
            return NULL;
        }
        *to++ = low >= 0 ? (char)(high << 4 | low) : text[i];
        i += low >= 0 ? 2 : 0;
    }
    if (out)
        *to = '\0';
    return out;
}

/* Put a pair at the end, or in place of the one with its key. False: no memory; key and value are taken in any case. */
static bool pair_put(struct weft__otlp_pairs *pairs, char *key, char *value)
{
    for (size_t i = 0; key && value && i < pairs->count; i++)
        if (strcmp(pairs->of[i].key, key) == 0) {
            free(pairs->of[i].value);
            free(key);
            pairs->of[i].value = value;
            return true;
        }
    struct weft__otlp_pair *more = key && value ? realloc(pairs->of, (pairs->count + 1) * sizeof *more) : NULL;
    if (!more) {
        free(key);
        free(value);
        return false;
    }
    pairs->of = more;
    more[pairs->count++] = (struct weft__otlp_pair){key, value};
    return true;
}

/* One member of a list; NULL: it is taken. */
static const char *pair_read(struct weft__otlp_pairs *pairs, const char *text, size_t length)
{
    const char *equals = memchr(text, '=', length);
    bool wrong = false;
    if (!equals)
        return "a member has no '='";
    char *key = pair_decode(text, (size_t)(equals - text), &wrong);
    char *value = wrong ? NULL : pair_decode(equals + 1, length - (size_t)(equals - text) - 1, &wrong);
    if (wrong || (key && !*key)) {
        const char *what = wrong ? "a '%' without two hexadecimal digits" : "a key is empty";
        free(key);
        free(value);
        return what;
    }
    return pair_put(pairs, key, value) ? NULL : "no memory";
}

const char *weft__otlp_pairs_read(struct weft__otlp_pairs *pairs, const char *text)
{
    struct weft__otlp_pairs read = {0};
    const char *wrong = NULL;
    while (*text && !wrong) {
        const size_t length = strcspn(text, ",");
        if (strspn(text, " \t") < length)
            wrong = pair_read(&read, text, length);
        text += length + (text[length] == ',');
    }
    for (size_t i = 0; !wrong && i < read.count; i++) {
        char *key = read.of[i].key, *value = read.of[i].value;
        read.of[i] = (struct weft__otlp_pair){0};
        wrong = pair_put(pairs, key, value) ? NULL : "no memory";
    }
    weft__otlp_pairs_free(&read);
    return wrong;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

/* What a variable says; NULL: nothing. An empty one is not set, by the specification. */
static const char *settings_variable(struct reading *r, const char *name)
{
    const char *value = r->o->environment == WEFT_OTLP_ENVIRONMENT_IGNORED || !r->environment ? NULL : r->environment(name);
    return value && *value ? value : NULL;
}

/* Option and variable, whichever goes before; *out_source says where the value is from. */
static const char *settings_text(struct reading *r, const char *option, const char *name, const char **out_source)
{
    const char *variable = settings_variable(r, name);
    const bool first = variable && (!option || r->o->environment == WEFT_OTLP_ENVIRONMENT_OVERRIDES);
    *out_source = first ? name : "the options";
    return first ? variable : option;
}

static bool settings_flag(struct reading *r, bool option, const char *name)
{
    const char *text = settings_variable(r, name);
    if (!text || (option && r->o->environment != WEFT_OTLP_ENVIRONMENT_OVERRIDES))
        return option;
    if (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0)
        settings_problem(r, "%s=%.40s: true or false", name, text);
    return strcasecmp(text, "true") == 0;
}

/* A whole number above 0: option, variable, the next name, default. */
static uint32_t settings_number(struct reading *r, uint32_t option, const char *name, const char *other, uint32_t otherwise)
{
    if (option && r->o->environment != WEFT_OTLP_ENVIRONMENT_OVERRIDES)
        return option;
    const char *text = settings_variable(r, name);
    if (!text && other)
        text = settings_variable(r, name = other);
    if (!text)
        return option ? option : otherwise;
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (*end || errno || value < 1 || value > INT32_MAX) {
        settings_problem(r, "%s=%.40s: a whole number from 1 to %d", name, text, INT32_MAX);
        return option ? option : otherwise;
    }
    return (uint32_t)value;
}

/* --- the parts ---------------------------------------------------------------------------------------------------- */

static void settings_resource(struct reading *r)
{
    const char *source, *text = settings_text(r, r->o->resource_attributes, "OTEL_RESOURCE_ATTRIBUTES", &source);
    struct weft__otlp_pairs *pairs = &r->to->resource;
    char unknown[128];
    snprintf(unknown, sizeof unknown, "unknown_service:%s", program_invocation_short_name);
    r->failed |= !pair_put(pairs, strdup("service.name"), strdup(unknown));
    const char *wrong = text ? weft__otlp_pairs_read(pairs, text) : NULL;
    if (wrong)
        settings_problem(r, "resource attributes of %s: %s", source, wrong);
    const char *name = settings_text(r, r->o->service_name, "OTEL_SERVICE_NAME", &source);
    if (name)
        r->failed |= !pair_put(pairs, strdup("service.name"), strdup(name));
}

const char *weft__otlp_url_show(const char *url, char *out, size_t size)
{
    const char *colon = strstr(url, "://"), *begin = colon ? colon + 3 : url;
    const size_t length = strcspn(begin, "?#");
    const char *at = length > 0 ? memrchr(begin, '@', length) : NULL; /* a word may have '/' and '@' in it: all of it goes */
    const char *shown = at ? at : begin;
    snprintf(out, size, "%.*s%s%.*s%s", (int)(begin - url), url, at ? "***" : "", (int)(begin + length - shown), shown,
             begin[length] == '?' ? "?***" : "");
    return out;
}

static bool settings_is_url(const char *text)
{
    const size_t scheme = strncmp(text, "http://", 7) == 0 ? 7 : strncmp(text, "https://", 8) == 0 ? 8 : 0;
    if (scheme == 0 || text[scheme] == '\0' || text[scheme] == '/')
        return false;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return false;
    return true;
}

static char *settings_url(struct reading *r, int signal)
{
    static const char standard[] = "http://localhost:4318";
    char name[64], url[2048], shown[64];
    snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s_ENDPOINT", settings_names[signal]);
    const char *whole = settings_variable(r, name), *source = name;
    if (whole && (!r->o->endpoint || r->o->environment == WEFT_OTLP_ENVIRONMENT_OVERRIDES)) {
        if (settings_is_url(whole))
            return settings_copy(r, whole);
        settings_problem(r, "%s=%s: a URL that begins with http:// or https://", name, weft__otlp_url_show(whole, shown, sizeof shown));
    }
    const char *base = settings_text(r, r->o->endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT", &source);
    if (base && !settings_is_url(base)) {
        if (signal == 0)
            settings_problem(r, "endpoint '%s' of %s: a URL that begins with http:// or https://",
                             weft__otlp_url_show(base, shown, sizeof shown), source);
        base = NULL;
    }
    base = base ? base : standard;
    const size_t length = strlen(base);
    const int written = snprintf(url, sizeof url, "%.*s/v1/%s", (int)(length - (base[length - 1] == '/')), base, settings_paths[signal]);
    if (written < (int)sizeof url)
        return settings_copy(r, url);
    if (signal == 0)
        settings_problem(r, "endpoint of %s: longer than %zu bytes", source, sizeof url);
    snprintf(url, sizeof url, "%s/v1/%s", standard, settings_paths[signal]); /* the half of an address is another's */
    return settings_copy(r, url);
}

/* A header is sent as it is: nothing in it may end it. */
static bool settings_are_headers(const struct weft__otlp_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strpbrk(pairs->of[i].key, "\r\n: ") || strpbrk(pairs->of[i].value, "\r\n"))
            return false;
    return true;
}

static void settings_headers(struct reading *r, int signal)
{
    char name[64];
    const char *source, *text;
    struct weft__otlp_pairs *pairs = &r->to->targets[signal].headers;
    snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s_HEADERS", settings_names[signal]);
    const bool own = settings_variable(r, name) && (!r->o->headers || r->o->environment == WEFT_OTLP_ENVIRONMENT_OVERRIDES);
    text = settings_text(r, r->o->headers, own ? name : "OTEL_EXPORTER_OTLP_HEADERS", &source);
    const char *wrong = text ? weft__otlp_pairs_read(pairs, text) : NULL;
    if (!wrong && !settings_are_headers(pairs)) {
        wrong = "a line break in a value, or a ':' or a space in a name";
        weft__otlp_pairs_free(pairs);
    }
    if (wrong && (own || signal == 0))
        settings_problem(r, "headers of %s: %s", source, wrong);
}

/* Of a variable that this exporter has only one answer to. */
static void settings_protocol(struct reading *r)
{
    char name[64];
    for (int signal = -1; signal < WEFT__OTLP_SIGNALS; signal++) {
        snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s%sPROTOCOL", signal < 0 ? "" : settings_names[signal], signal < 0 ? "" : "_");
        const char *text = settings_variable(r, name);
        if (text && strcmp(text, "http/json") != 0)
            settings_problem(r, "%s=%.40s: weft speaks http/json, and goes on with it", name, text);
    }
}

static bool settings_gzip(struct reading *r, int signal)
{
    char name[64];
    const char *source;
    snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s_COMPRESSION", settings_names[signal]);
    const char *text = settings_text(r, r->o->compression, settings_variable(r, name) ? name : "OTEL_EXPORTER_OTLP_COMPRESSION", &source);
    const bool gzip = text && strcmp(text, "gzip") == 0;
    if (text && !gzip && strcmp(text, "none") != 0)
        settings_problem(r, "compression '%.40s' of %s: gzip or none", text, source);
    return gzip;
}

static void settings_target(struct reading *r, int signal)
{
    struct weft__otlp_target *target = &r->to->targets[signal];
    const weft_otlp_options *o = r->o;
    char name[64];
    const char *source;
    char shown[256];
    target->url = settings_url(r, signal);
    target->shown = target->url ? settings_copy(r, weft__otlp_url_show(target->url, shown, sizeof shown)) : NULL;
    settings_headers(r, signal);
    target->gzip = settings_gzip(r, signal);
    snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s_CERTIFICATE", settings_names[signal]);
    const char *file = settings_text(r, o->certificate, settings_variable(r, name) ? name : "OTEL_EXPORTER_OTLP_CERTIFICATE", &source);
    target->certificate = file ? settings_copy(r, file) : NULL;
    snprintf(name, sizeof name, "OTEL_EXPORTER_OTLP_%s_TIMEOUT", settings_names[signal]);
    target->timeout_ms = settings_number(r, o->timeout_ms, name, "OTEL_EXPORTER_OTLP_TIMEOUT", 10000);
    snprintf(name, sizeof name, "OTEL_%s_EXPORTER", settings_names[signal]);
    const char *exporter = settings_variable(r, name);
    target->on = !exporter || strcmp(exporter, "none") != 0;
    if (exporter && target->on && strcmp(exporter, "otlp") != 0)
        settings_problem(r, "%s=%.40s: otlp or none", name, exporter);
}

static void settings_batches(struct reading *r)
{
    struct weft__otlp_target *spans = &r->to->targets[WEFT__OTLP_TRACES], *logs = &r->to->targets[WEFT__OTLP_LOGS];
    const weft_otlp_options *o = r->o;
    spans->queue_max = settings_number(r, o->queue_max, "OTEL_BSP_MAX_QUEUE_SIZE", NULL, 2048);
    spans->batch_max = settings_number(r, o->batch_max, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", NULL, 512);
    spans->delay_ms = settings_number(r, o->delay_ms, "OTEL_BSP_SCHEDULE_DELAY", NULL, 5000);
    logs->queue_max = settings_number(r, o->queue_max, "OTEL_BLRP_MAX_QUEUE_SIZE", NULL, 2048);
    logs->batch_max = settings_number(r, o->batch_max, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", NULL, 512);
    logs->delay_ms = settings_number(r, o->delay_ms, "OTEL_BLRP_SCHEDULE_DELAY", NULL, 1000);
    r->to->targets[WEFT__OTLP_METRICS].delay_ms = settings_number(r, o->metrics_ms, "OTEL_METRIC_EXPORT_INTERVAL", NULL, 60000);
    for (int signal = 0; signal < WEFT__OTLP_SIGNALS; signal++) {
        struct weft__otlp_target *target = &r->to->targets[signal];
        if (target->batch_max > target->queue_max)
            target->batch_max = target->queue_max;
    }
}

static void settings_sampler(struct reading *r)
{
    static const struct {
        const char *name;
        enum weft__otlp_sampler sampler;
        bool parent_based;
    } samplers[] = {
        {"parentbased_always_on", WEFT__OTLP_ALWAYS_ON, true},
        {"parentbased_always_off", WEFT__OTLP_ALWAYS_OFF, true},
        {"parentbased_traceidratio", WEFT__OTLP_RATIO, true},
        {"always_on", WEFT__OTLP_ALWAYS_ON, false},
        {"always_off", WEFT__OTLP_ALWAYS_OFF, false},
        {"traceidratio", WEFT__OTLP_RATIO, false},
    };
    const char *source, *text = settings_text(r, r->o->sampler, "OTEL_TRACES_SAMPLER", &source);
    size_t i = 0;
    while (text && i < sizeof samplers / sizeof samplers[0] && strcmp(samplers[i].name, text) != 0)
        i++;
    if (i == sizeof samplers / sizeof samplers[0]) {
        settings_problem(r, "sampler '%.40s' of %s: [parentbased_]always_on, _always_off or _traceidratio", text, source);
        i = 0;
    }
    r->to->sampler = samplers[i].sampler;
    r->to->parent_based = samplers[i].parent_based;
    r->to->ratio = 1;
    text = settings_text(r, r->o->sampler_argument, "OTEL_TRACES_SAMPLER_ARG", &source);
    if (r->to->sampler != WEFT__OTLP_RATIO || !text)
        return;
    char *end;
    const double ratio = weft__number_read(text, &end);
    if (*end || !(ratio >= 0 && ratio <= 1))
        settings_problem(r, "sampler argument '%.40s' of %s: a number from 0 to 1", text, source);
    else
        r->to->ratio = ratio;
}

static void settings_propagators(struct reading *r)
{
    const char *text = settings_variable(r, "OTEL_PROPAGATORS");
    r->to->propagates = true;
    if (!text)
        return;
    bool known = true, context = false, none = false;
    for (const char *at = text; *at;) {
        const size_t length = strcspn(at, ",");
        const bool traces = length == 12 && strncmp(at, "tracecontext", length) == 0;
        const bool off = length == 4 && strncmp(at, "none", length) == 0;
        const bool baggage = length == 7 && strncmp(at, "baggage", length) == 0; /* nothing of weft's to put into it */
        context |= traces;
        none |= off;
        known &= traces || off || baggage;
        at += length + (at[length] == ',');
    }
    if (!known)
        settings_problem(r, "OTEL_PROPAGATORS=%.60s: of these, tracecontext and none are known", text);
    r->to->propagates = !none && (context || !known);
}

int weft__otlp_settings_read(struct weft__otlp_settings *settings, const weft_otlp_options *options, weft__otlp_getenv *environment)
{
    *settings = (struct weft__otlp_settings){.tasks = options->tasks};
    struct reading r = {settings, options, environment, false};
    settings->disabled = settings_flag(&r, false, "OTEL_SDK_DISABLED");
    settings_resource(&r);
    for (int signal = 0; signal < WEFT__OTLP_SIGNALS; signal++)
        settings_target(&r, signal);
    settings->targets[WEFT__OTLP_TRACES].on &= !options->traces_off;
    settings->targets[WEFT__OTLP_METRICS].on &= !options->metrics_off;
    settings->targets[WEFT__OTLP_LOGS].on &= settings_flag(&r, options->logs, "OTEL_LOGS_ENABLED");
    settings_batches(&r);
    settings_sampler(&r);
    settings_propagators(&r);
    settings_protocol(&r);
    settings->retry_ms = options->retry_ms ? options->retry_ms : 1000;
    settings->retries_max = options->retries_max ? options->retries_max : 5;
    return r.failed ? WEFT_ENOMEM : 0;
}

void weft__otlp_settings_free(struct weft__otlp_settings *settings)
{
    for (int signal = 0; signal < WEFT__OTLP_SIGNALS; signal++) {
        struct weft__otlp_target *target = &settings->targets[signal];
        free(target->url);
        free(target->shown);
        free(target->certificate);
        weft__otlp_pairs_free(&target->headers);
    }
    weft__otlp_pairs_free(&settings->resource);
    *settings = (struct weft__otlp_settings){0};
}
