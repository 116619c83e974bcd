/* SPDX-License-Identifier: MIT */
#include "lib/comma.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/verdict.h"

/* A category as glibc's localedef writes it: a magic number, how many values, where each begins, and the values. */
static const struct {
    uint32_t magic, count, at[6];
    char decimal_point[2], thousands_sep[1], grouping[1];
    uint32_t decimal_point_wide, thousands_sep_wide;
    char codeset[16];
} comma_numeric = {0x20031115 ^ LC_NUMERIC, 6, {32, 34, 35, 36, 40, 44}, ",", "", "", ',', 0, "ANSI_X3.4-1968"};

static char comma_folder[64], comma_locale[80], comma_file[96];

void comma_begin(void)
{
    snprintf(comma_folder, sizeof comma_folder, "/tmp/weft-comma-XXXXXX");
    assert_non_null(mkdtemp(comma_folder));
    snprintf(comma_locale, sizeof comma_locale, "%s/comma", comma_folder);
    snprintf(comma_file, sizeof comma_file, "%s/LC_NUMERIC", comma_locale);
    assert_int_equal(mkdir(comma_locale, 0700), 0);
    FILE *out = fopen(comma_file, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(&comma_numeric, sizeof comma_numeric, 1, out), 1);
    assert_int_equal(fclose(out), 0);
    setenv("LOCPATH", comma_folder, 1);
    assert_non_null(setlocale(LC_NUMERIC, "comma"));
    char half[8];
    snprintf(half, sizeof half, "%.1f", 0.5);
    assert_string_equal(half, "0,5");
}

void comma_end(void)
{
    setlocale(LC_NUMERIC, "C");
    unsetenv("LOCPATH");
    assert_int_equal(unlink(comma_file) | rmdir(comma_locale) | rmdir(comma_folder), 0);
}
