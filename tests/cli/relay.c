/* SPDX-License-Identifier: MIT */
/* Where a live session is: by its name, by an address, and what is neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/trace/follow/relay.h"

static struct relay relay;
static char text[1024];

static void session_alone_is_of_this_machine(void **state)
{
    (void)state;
    char name[RELAY_HOST] = "", url[RELAY_URL];
    gethostname(name, sizeof name - 1);
    snprintf(url, sizeof url, "net://localhost/host/%s/weft", name);
    assert_int_equal(relay_parse(&relay, "weft", text, sizeof text), 0);
    assert_string_equal(relay.url, url);
    assert_string_equal(relay.host, "localhost");
    assert_string_equal(relay.port, "5344");
    assert_string_equal(relay.session, "weft");
}

static void address_is_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *port, *session;
    } cases[] = {
        {"net://there/host/name/s", "there", "5344", "s"},
        {"net://there:17/host/name/session-2", "there", "17", "session-2"},
        {"net4://10.0.0.1:17/host/name/s", "10.0.0.1", "17", "s"},
        {"net6://[::1]:17/host/name/s", "::1", "17", "s"},
        {"net6://[::1]/host/name/s", "::1", "5344", "s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(relay_parse(&relay, cases[i].url, text, sizeof text), 0);
        assert_string_equal(relay.url, cases[i].url);
        assert_string_equal(relay.host, cases[i].host);
        assert_string_equal(relay.port, cases[i].port);
        assert_string_equal(relay.session, cases[i].session);
    }
}

static void what_is_no_address_is_told(void **state)
{
    (void)state;
    char endless[2000];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    const char *const none[] = {"",
                                endless,
                                "net://there",
                                "net://there/",
                                "net://there/host/name",
                                "net://there/host/name/",
                                "net://there/host//s",
                                "net://there/host/name/s/more",
                                "net://there/somewhere/name/s",
                                "net:///host/name/s",
                                "net://there:/host/name/s",
                                "net://there:12345678901234567/host/name/s",
                                "net6://[::1/host/name/s",
                                "net6://[::1]17/host/name/s"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        if (!relay_parse(&relay, none[i], text, sizeof text))
            fail_msg("'%s' was taken", none[i]);
        assert_non_null(strstr(text, "is no live session"));
    }
}

static void nobody_there_is_told(void **state)
{
    (void)state;
    assert_int_equal(relay_parse(&relay, "net://127.0.0.1:1/host/name/s", text, sizeof text), 0);
    assert_int_equal(relay_check(&relay, text, sizeof text), -1);
    assert_non_null(strstr(text, "no relay daemon answers at 127.0.0.1, port 1 (Connection refused)"));
    assert_non_null(strstr(text, "lttng create s --live"));
    assert_int_equal(relay_parse(&relay, "net://127.0.0.1:nonsense/host/name/s", text, sizeof text), 0);
    assert_int_equal(relay_check(&relay, text, sizeof text), -1);
    assert_non_null(strstr(text, "port nonsense ("));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_alone_is_of_this_machine),
        cmocka_unit_test(address_is_taken_apart),
        cmocka_unit_test(what_is_no_address_is_told),
        cmocka_unit_test(nobody_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
