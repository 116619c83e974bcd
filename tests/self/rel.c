/* SPDX-License-Identifier: MIT */
/* The lines of figures: their form, the file that keeps them, and sizes by the environment. */
#include "lib/rel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/stress.h"

static void line_is_kept_with_its_time(void **state)
{
    (void)state;
    char path[] = "/tmp/weft-rel-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    setenv("WEFT_REL_HISTORY", path, 1);
    assert_true(rel_line("X1", 1000000, 512.5, true, UINT64_MAX));
    assert_false(rel_line("X2", 0.25, 0, false, 1));
    unsetenv("WEFT_REL_HISTORY");
    char text[300] = {0};
    assert_true(read(file, text, sizeof text - 1) > 0);
    close(file);
    unlink(path);
    const char *first = strchr(text, ' ');
    assert_non_null(first);
    assert_int_equal(first - text, strlen("2024-01-01T00:00:00Z"));
    assert_memory_equal(first, " REL X1 1000000 512.5 PASS 18446744073709551615\n", 48);
    assert_non_null(strstr(first, " REL X2 0.25 0 FAIL 1\n"));
}

static void size_comes_from_the_environment(void **state)
{
    (void)state;
    unsetenv("WEFT_REL_PERCENT");
    unsetenv("WEFT_REL_SECONDS");
    assert_int_equal(rel_size(1000, 50000), stress_scale(1000));
    assert_int_equal(rel_seconds(3), 3);
    assert_false(rel_is_long());
    setenv("WEFT_REL_PERCENT", "200", 1);
    setenv("WEFT_REL_SECONDS", "600", 1);
    assert_int_equal(rel_size(1000, 50000), 100000);
    assert_true(rel_is_long());
    assert_int_equal(rel_size(1, 0), 1);
    assert_int_equal(rel_seconds(3), 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_is_kept_with_its_time),
        cmocka_unit_test(size_comes_from_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
