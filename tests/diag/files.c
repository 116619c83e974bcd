/* SPDX-License-Identifier: MIT */
/* The page as files: where they are, for how long they may be kept, what they may do, and that they ask for no token. */
#include "diag/lib/served.h"

#include <stdio.h>
#include <stdlib.h>

#define TOKEN "0123456789abcdef"

static void get(const char *where, const char *target, const char *headers, struct http_answer *out)
{
    http_get(where, target, headers, out);
    if (out->status != 200)
        fail_msg("GET %s: %d", target, out->status);
}

static void assert_header(const struct http_answer *answer, const char *name, const char *value)
{
    char out[512];
    assert_non_null(http_header(answer, name, out, sizeof out));
    assert_string_equal(out, value);
}

/* The path of a file that the page names: what stands between quotes and ends so. */
static void path_in(const struct http_answer *page, const char *end, char out[128])
{
    const char *at = strstr(page->body, end), *begin = at;
    assert_non_null(at);
    while (*begin != '"')
        begin--;
    snprintf(out, 128, "%.*s%s", (int)(at - begin - 1), begin + 1, end);
}

static void page_may_load_only_what_is_served_here(void **state)
{
    (void)state;
    struct served served;
    struct http_answer page;
    char policy[512];
    SERVED(&served);
    get(served.path, "/", NULL, &page);
    assert_header(&page, "Content-Type", "text/html; charset=utf-8");
    assert_header(&page, "X-Content-Type-Options", "nosniff");
    assert_header(&page, "Referrer-Policy", "no-referrer");
    assert_header(&page, "Cache-Control", "no-cache");
    assert_non_null(http_header(&page, "Content-Security-Policy", policy, sizeof policy));
    static const char *const says[] = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
                                       "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"};
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++)
        assert_non_null(strstr(policy, says[i]));
    assert_null(strstr(policy, "unsafe"));
    assert_null(strstr(page.body, "src=\"http"));
    assert_null(strstr(page.body, "href=\"http"));
    assert_null(strstr(page.body, "@files@"));
    http_free(&page);
    served_end(&served);
}

static void file_is_kept_for_ever_and_the_page_is_not(void **state)
{
    (void)state;
    static const char *const ends[][2] = {{"/main.js", "text/javascript; charset=utf-8"},
                                          {"/page.css", "text/css; charset=utf-8"},
                                          {"/uplot/uPlot.iife.min.js", "text/javascript; charset=utf-8"},
                                          {"/uplot/LICENSE", "text/plain; charset=utf-8"}};
    struct served served;
    struct http_answer page, file;
    char path[128], tag[64], headers[128];
    SERVED(&served);
    get(served.path, "/", NULL, &page);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        path_in(&page, ends[i][0], path);
        get(served.path, path, NULL, &file);
        assert_header(&file, "Content-Type", ends[i][1]);
        assert_header(&file, "Cache-Control", "max-age=31536000, immutable");
        assert_true(strlen(file.body) > 500);
        if (strcmp(ends[i][0], "/uplot/uPlot.iife.min.js") == 0) /* the version of docs/design/dependencies.md */
            assert_non_null(strstr(file.body, "uPlot (v1.6.32)"));
        http_free(&file);
    }
    assert_non_null(http_header(&page, "ETag", tag, sizeof tag));
    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", tag);
    assert_int_equal(http_status(served.path, "/", headers), 304);
    assert_int_equal(http_status(served.path, "/", "If-None-Match: \"another\"\r\n"), 200);
    assert_int_equal(http_status(served.path, "/page/0123456789abcdef/main.js", NULL), 404); /* of another build */
    http_free(&page);
    served_end(&served);
}

/* Every module that one names is there; the names are the same that a browser would make of them. */
static void modules_are_all_there(void **state)
{
    (void)state;
    struct served served;
    struct http_answer page, file, other;
    char path[128], next[256];
    unsigned count = 0;
    SERVED(&served);
    get(served.path, "/", NULL, &page);
    path_in(&page, "/main.js", path);
    get(served.path, path, NULL, &file);
    for (const char *at = file.body; (at = strstr(at, "from './")) != NULL; count++) {
        at += strlen("from './");
        snprintf(next, sizeof next, "%.*s%.*s", (int)(strlen(path) - strlen("main.js")), path, (int)strcspn(at, "'"), at);
        get(served.path, next, NULL, &other);
        http_free(&other);
    }
    assert_true(count >= 10);
    http_free(&file);
    http_free(&page);
    served_end(&served);
}

static void page_needs_no_token_and_its_data_does(void **state)
{
    (void)state;
    struct served served;
    struct http_answer page;
    char port[16], path[128];
    SERVED(&served, .tcp_port = WEFT_DIAG_PORT_ANY, .token = TOKEN);
    snprintf(port, sizeof port, "%d", weft_diag_port(served.diag));
    get(port, "/", NULL, &page);
    path_in(&page, "/main.js", path);
    assert_int_equal(http_status(port, path, NULL), 200);
    assert_int_equal(http_status(port, "/api", NULL), 401);
    assert_int_equal(http_status(port, "/events", NULL), 401);
    assert_int_equal(http_status(port, "/metrics", NULL), 401);
    assert_int_equal(http_status(port, "/page/x/y", NULL), 401);
    assert_int_equal(http_status(port, "/api", "Authorization: Bearer " TOKEN "\r\n"), 200);
    assert_null(strstr(page.text, TOKEN));
    http_free(&page);
    served_end(&served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_may_load_only_what_is_served_here),
        cmocka_unit_test(file_is_kept_for_ever_and_the_page_is_not),
        cmocka_unit_test(modules_are_all_there),
        cmocka_unit_test(page_needs_no_token_and_its_data_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
