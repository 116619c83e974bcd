/* SPDX-License-Identifier: MIT */
#include "diag/lib/served.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/child.h"

static unsigned served_threads;

void served_folder(struct served *served)
{
    snprintf(served->folder, sizeof served->folder, "/tmp/weft-diag-XXXXXX");
    assert_non_null(mkdtemp(served->folder));
    snprintf(served->path, sizeof served->path, "%s/weft.sock", served->folder);
}

void served_remove(struct served *served)
{
    unlink(served->path);
    assert_int_equal(rmdir(served->folder), 0);
}

void served_begin(struct served *served, weft_diag_options options)
{
    served_folder(served);
    served_threads = child_count_entries("/proc/self/task");
    options.unix_path = served->path;
    const int result = weft_diag_start(&served->diag, &options);
    if (result < 0)
        fail_msg("weft_diag_start: %s", weft_error_detail());
    assert_string_equal(weft_diag_path(served->diag), served->path);
}

void served_end(struct served *served)
{
    assert_int_equal(weft_diag_stop(served->diag), 0);
    assert_int_equal(access(served->path, F_OK), -1);
    served_remove(served);
    verdict_assert();
}

const json_t *member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!value) {
        char *text = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);
        fail_msg("there is no '%s' in %s", key, text);
    }
    return value;
}

int64_t member_number(const json_t *object, const char *key)
{
    const json_t *value = member(object, key);
    if (!json_is_integer(value))
        fail_msg("'%s' is no number", key);
    return json_integer_value(value);
}

const char *member_text(const json_t *object, const char *key)
{
    const json_t *value = member(object, key);
    if (!json_is_string(value))
        fail_msg("'%s' is no text", key);
    return json_string_value(value);
}

const json_t *element(const json_t *list, const char *key, const char *text)
{
    size_t at;
    json_t *value;
    assert_true(json_is_array(list));
    json_array_foreach(list, at, value) {
        const json_t *found = json_object_get(value, key);
        if (json_is_string(found) && strcmp(json_string_value(found), text) == 0)
            return value;
    }
    return NULL;
}
