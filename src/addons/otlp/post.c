/* SPDX-License-Identifier: MIT */
#include "post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/version.h>

#include "pack.h"

enum { POST_BODY_MAX = 65536 }; /* of an answer; what comes beyond is not kept */

struct post {
    CURL *easy;
    struct curl_slist *headers;
    bool packs;
    char *packed; /* the body that is under way, if it packs */
    char body[POST_BODY_MAX];
    size_t length;
    char error[CURL_ERROR_SIZE];
    bool ended;
    CURLcode code;
};

struct weft__otlp_poster {
    CURLM *multi;
    struct post posts[WEFT__OTLP_SIGNALS];
};

static size_t post_take(char *bytes, size_t size, size_t count, void *context)
{
    struct post *post = context;
    const size_t all = size * count, room = POST_BODY_MAX - post->length, taken = all < room ? all : room;
    memcpy(post->body + post->length, bytes, taken);
    post->length += taken;
    return all;
}

static bool post_add_header(struct post *post, const char *text)
{
    struct curl_slist *longer = curl_slist_append(post->headers, text);
    if (longer)
        post->headers = longer;
    return longer != NULL;
}

static bool post_headers(struct post *post, const struct weft__otlp_target *target)
{
    bool ok = post_add_header(post, "Content-Type: application/json") && post_add_header(post, "Expect:") &&
              (!target->gzip || post_add_header(post, "Content-Encoding: gzip"));
    for (size_t i = 0; ok && i < target->headers.count; i++) {
        const struct weft__otlp_pair *pair = &target->headers.of[i];
        const size_t room = strlen(pair->key) + strlen(pair->value) + 3;
        char *text = malloc(room);
        if (text)
            snprintf(text, room, *pair->value ? "%s: %s" : "%s;", pair->key, pair->value); /* with a ';' it is sent empty */
        ok = text && post_add_header(post, text);
        free(text);
    }
    return ok;
}

static bool post_prepare(struct post *post, const struct weft__otlp_target *target)
{
    post->easy = curl_easy_init();
    post->packs = target->gzip;
    if (!post->easy || !post_headers(post, target))
        return false;
    bool ok = curl_easy_setopt(post->easy, CURLOPT_URL, target->url) == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, post->headers) == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_USERAGENT, "OTel-OTLP-Exporter-weft/" WEFT_VERSION) == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_TIMEOUT_MS, (long)target->timeout_ms) == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_POST, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_WRITEFUNCTION, post_take) == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_WRITEDATA, post) == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_ERRORBUFFER, post->error) == CURLE_OK;
    ok &= curl_easy_setopt(post->easy, CURLOPT_PRIVATE, post) == CURLE_OK;
    if (target->certificate)
        ok &= curl_easy_setopt(post->easy, CURLOPT_CAINFO, target->certificate) == CURLE_OK;
    return ok;
}

struct weft__otlp_poster *weft__otlp_poster_create(const struct weft__otlp_settings *settings)
{
    struct weft__otlp_poster *poster = calloc(1, sizeof *poster);
    if (!poster)
        return NULL;
    poster->multi = curl_multi_init();
    bool ok = poster->multi != NULL;
    for (int signal = 0; ok && signal < WEFT__OTLP_SIGNALS; signal++)
        ok = post_prepare(&poster->posts[signal], &settings->targets[signal]);
    if (ok)
        return poster;
    weft__otlp_poster_destroy(poster);
    return NULL;
}

void weft__otlp_poster_destroy(struct weft__otlp_poster *poster)
{
    for (int signal = 0; poster && signal < WEFT__OTLP_SIGNALS; signal++) {
        struct post *post = &poster->posts[signal];
        if (post->easy) {
            curl_multi_remove_handle(poster->multi, post->easy);
            curl_easy_cleanup(post->easy);
        }
        curl_slist_free_all(post->headers);
        free(post->packed);
    }
    if (poster && poster->multi)
        curl_multi_cleanup(poster->multi);
    free(poster);
}

bool weft__otlp_post(struct weft__otlp_poster *poster, enum weft__otlp_signal signal, const char *body, size_t length)
{
    struct post *post = &poster->posts[signal];
    post->length = 0;
    post->ended = false;
    post->error[0] = '\0';
    free(post->packed);
    post->packed = NULL;
    if (post->packs) {
        post->packed = weft__otlp_pack(body, length, &length);
        body = post->packed;
    }
    return body && curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length) == CURLE_OK &&
           curl_easy_setopt(post->easy, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
           curl_multi_add_handle(poster->multi, post->easy) == CURLM_OK;
}

static void post_collect(struct weft__otlp_poster *poster)
{
    int left;
    for (const CURLMsg *message; (message = curl_multi_info_read(poster->multi, &left));) {
        struct post *post = NULL;
        CURL *easy = message->easy_handle;
        if (message->msg != CURLMSG_DONE || curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&post) != CURLE_OK)
            continue;
        post->ended = true;
        post->code = message->data.result;
        curl_multi_remove_handle(poster->multi, easy); /* the message has gone with it */
    }
}

void weft__otlp_post_turn(struct weft__otlp_poster *poster, int wait_ms)
{
    int running = 0;
    curl_multi_perform(poster->multi, &running);
    post_collect(poster);
    if (running > 0 && wait_ms > 0 && curl_multi_poll(poster->multi, NULL, 0, wait_ms, NULL) == CURLM_OK) {
        curl_multi_perform(poster->multi, &running);
        post_collect(poster);
    }
}

bool weft__otlp_post_answer(struct weft__otlp_poster *poster, enum weft__otlp_signal signal, struct weft__otlp_answer *out)
{
    struct post *post = &poster->posts[signal];
    long status = 0;
    curl_off_t seconds = 0;
    if (!post->ended)
        return false;
    post->ended = false;
    *out = (struct weft__otlp_answer){.body = post->body, .length = post->length};
    if (post->code == CURLE_OK) { /* otherwise it broke off, and what its head said is no answer */
        curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &seconds); /* a date or seconds: from now on */
    }
    out->status = (int)status;
    out->retry_after_ns = seconds > 0 && seconds < 86400 ? (int64_t)seconds * 1000000000 : 0;
    if (post->code != CURLE_OK)
        snprintf(out->error, sizeof out->error, "%s", *post->error ? post->error : curl_easy_strerror(post->code));
    return true;
}
