/* SPDX-License-Identifier: MIT */
/*
 * From options and the variables OTEL_* to what is in force. Pure: the environment is a function. What is wrong with a
 * variable has its default, as the specification wants it, and is said in `problems`.
 */
#ifndef WEFT_OTLP_SETTINGS_H
#define WEFT_OTLP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <weft/otlp.h>

enum weft__otlp_signal { WEFT__OTLP_TRACES, WEFT__OTLP_METRICS, WEFT__OTLP_LOGS, WEFT__OTLP_SIGNALS };

enum weft__otlp_sampler { WEFT__OTLP_ALWAYS_ON, WEFT__OTLP_ALWAYS_OFF, WEFT__OTLP_RATIO };

struct weft__otlp_pair {
    char *key;
    char *value;
};

struct weft__otlp_pairs {
    struct weft__otlp_pair *of;
    size_t count;
};

/* Where the things of one kind go. */
struct weft__otlp_target {
    bool on;
    char *url;
    char *shown; /* the same for people: without a name, a password, and what is asked for */
    char *certificate; /* NULL: the system's */
    struct weft__otlp_pairs headers;
    bool gzip; /* bodies are compressed */
    uint32_t timeout_ms;
    uint32_t queue_max;
    uint32_t batch_max;
    uint32_t delay_ms; /* of metrics: the interval */
};

struct weft__otlp_settings {
    bool disabled;
    bool propagates; /* contexts come in and go out */
    weft_otlp_tasks tasks;
    struct weft__otlp_pairs resource; /* service.name is the first */
    struct weft__otlp_target targets[WEFT__OTLP_SIGNALS];
    enum weft__otlp_sampler sampler;
    bool parent_based;
    double ratio;
    uint32_t retry_ms;
    uint32_t retries_max;
    char problems[512];
};

typedef const char *weft__otlp_getenv(const char *name);

/* 0 or WEFT_ENOMEM; free it in any case. */
int weft__otlp_settings_read(struct weft__otlp_settings *settings, const weft_otlp_options *options, weft__otlp_getenv *environment);
void weft__otlp_settings_free(struct weft__otlp_settings *settings);

/*
 * A URL, or what was meant as one, as it may be shown: three stars stand for what is before its '@', and for what is behind its '?'. Returns
 * `out`, cut to its size.
 */
const char *weft__otlp_url_show(const char *url, char *out, size_t size);

/* Add "key=value,key=value", percent-encoded. NULL, or what is wrong with it; then nothing of it is there. */
const char *weft__otlp_pairs_read(struct weft__otlp_pairs *pairs, const char *text);
void weft__otlp_pairs_free(struct weft__otlp_pairs *pairs);

#endif
