/* SPDX-License-Identifier: MIT */
/* A file that is there whole or not at all. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/outfile.h"

static char folder[] = "/tmp/weft-outfile-XXXXXX";

static int outfile_setup(void **state)
{
    (void)state;
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int outfile_teardown(void **state)
{
    (void)state;
    (void)unlink("a");
    (void)unlink("a.part");
    return chdir("/") || rmdir(folder);
}

static void write_file(const char *path, const char *text)
{
    struct outfile out;
    assert_int_equal(outfile_open(&out, path), 0);
    fputs(text, out.file);
    assert_int_equal(outfile_commit(&out), 0);
}

static void assert_content(const char *path, const char *text)
{
    char have[64] = "";
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    have[fread(have, 1, sizeof have - 1, in)] = '\0';
    fclose(in);
    assert_string_equal(have, text);
}

static void file_has_its_name_when_it_is_whole(void **state)
{
    (void)state;
    struct outfile out;
    assert_int_equal(outfile_open(&out, "a"), 0);
    fputs("one", out.file);
    assert_int_equal(access("a", F_OK), -1);
    assert_int_equal(outfile_commit(&out), 0);
    assert_content("a", "one");
    assert_int_equal(access("a.part", F_OK), -1);
    outfile_abort(&out); /* of one that is ended: nothing */
}

static void abort_leaves_what_was_there(void **state)
{
    (void)state;
    struct outfile out;
    write_file("a", "before");
    assert_int_equal(outfile_open(&out, "a"), 0);
    fputs("half", out.file);
    outfile_abort(&out);
    assert_content("a", "before");
    assert_int_equal(access("a.part", F_OK), -1);
    write_file("a", "after");
    assert_content("a", "after");
}

static void place_that_cannot_be_written_is_told_at_once(void **state)
{
    (void)state;
    struct outfile out;
    assert_int_equal(outfile_open(&out, "nowhere/a"), -ENOENT);
    outfile_abort(&out);
}

static void full_device_is_told_at_the_end(void **state)
{
    (void)state;
    struct outfile out;
    assert_int_equal(outfile_open(&out, "/dev/full"), 0);
    fputs("more than it takes", out.file);
    assert_int_equal(outfile_commit(&out), -ENOSPC);
}

static void write_that_failed_before_the_end_is_told(void **state)
{
    (void)state;
    struct outfile out;
    assert_int_equal(outfile_open(&out, "/dev/full"), 0);
    fputs("more than it takes", out.file);
    assert_int_equal(fflush(out.file), EOF);
    errno = 0;
    assert_int_equal(outfile_commit(&out), -ENOSPC); /* though there is nothing left to write */
}

static void name_that_is_a_folder_by_then_is_told(void **state)
{
    (void)state;
    struct outfile out;
    assert_int_equal(outfile_open(&out, "a"), 0);
    assert_int_equal(mkdir("a", 0700), 0);
    assert_int_equal(outfile_commit(&out), -EISDIR);
    assert_int_equal(access("a.part", F_OK), -1);
    assert_int_equal(rmdir("a"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, outfile_setup, outfile_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_has_its_name_when_it_is_whole),           TEST(abort_leaves_what_was_there),
        TEST(place_that_cannot_be_written_is_told_at_once), TEST(full_device_is_told_at_the_end),
        TEST(write_that_failed_before_the_end_is_told),
        TEST(name_that_is_a_folder_by_then_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
