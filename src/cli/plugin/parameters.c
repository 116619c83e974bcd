/* SPDX-License-Identifier: MIT */
/* See parameters.h. */
#include "cli/plugin/parameters.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void parameters_refuse(struct parameters *parameters, const char *format, ...)
{
    va_list arguments;
    if (parameters->failed)
        return; /* the first is told */
    parameters->failed = true;
    va_start(arguments, format);
    vsnprintf(parameters->text, sizeof parameters->text, format, arguments);
    va_end(arguments);
}

static const bt_value *parameters_value(struct parameters *parameters, const char *key)
{
    const bt_value *value = bt_value_map_borrow_entry_value_const(parameters->map, key);
    parameters->asked += value != NULL;
    return value;
}

const char *parameters_text(struct parameters *parameters, const char *key)
{
    const bt_value *value = parameters_value(parameters, key);
    if (!value)
        return NULL;
    if (bt_value_is_string(value) && bt_value_string_get(value)[0])
        return bt_value_string_get(value);
    parameters_refuse(parameters, "%s takes a text: -p '%s=\"...\"'", key, key);
    return NULL;
}

unsigned parameters_word(struct parameters *parameters, const char *key, const char *const *words)
{
    const char *text = parameters_text(parameters, key);
    char all[PARAMETERS_TEXT / 2] = "";
    for (unsigned i = 0; text && words[i]; i++) {
        if (!strcmp(words[i], text))
            return i;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", words[i]);
    }
    if (text)
        parameters_refuse(parameters, "%s is one of %s, not '%.60s'", key, all, text);
    return 0;
}

bool parameters_flag(struct parameters *parameters, const char *key)
{
    const bt_value *value = parameters_value(parameters, key);
    if (value && bt_value_is_bool(value))
        return bt_value_bool_get(value);
    if (value)
        parameters_refuse(parameters, "%s takes yes or no", key);
    return false;
}

void parameters_end(struct parameters *parameters, const char *known)
{
    if (bt_value_map_get_size(parameters->map) != parameters->asked)
        parameters_refuse(parameters, "there is an unknown parameter: known are %s", known);
}
