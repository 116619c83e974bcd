/* SPDX-License-Identifier: MIT */
/* See toml.h. Header-only and without exceptions of toml++'s own; what the C++ library throws is no memory, and ends here. */
#include "addons/config/toml.h"

#include <cstdio>
#include <new>
#include <string_view>
#include <weft/error.h>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES 32 /* WEFT_CONFIG_DEPTH_MAX; scan.c looks at dotted keys */
#include <toml++/toml.h>

namespace
{

struct sink
{
    weft__toml_add_fn *add;
    void *context;

    bool table(const toml::table &from, void *parent) const;
    bool array(const toml::array &from, void *parent) const;
    bool node(const toml::node &from, weft__toml_item &item, void *parent) const;
};

weft__toml_place place(const toml::source_position &at) { return {at.line, at.column}; }

bool sink::table(const toml::table &from, void *parent) const
{
    for (auto &&[key, value] : from) {
        weft__toml_item item{};
        const std::string_view name = key.str();
        item.key = name.data();
        item.key_length = name.size();
        item.key_at = place(key.source().begin);
        if (!node(value, item, parent))
            return false;
    }
    return true;
}

bool sink::array(const toml::array &from, void *parent) const
{
    for (const toml::node &value : from) {
        weft__toml_item item{};
        item.key_at = place(value.source().begin);
        if (!node(value, item, parent))
            return false;
    }
    return true;
}

bool sink::node(const toml::node &from, weft__toml_item &item, void *parent) const
{
    item.value_at = place(from.source().begin);
    switch (from.type()) {
    case toml::node_type::table:
        item.type = WEFT__TOML_TABLE;
        break;
    case toml::node_type::array:
        item.type = WEFT__TOML_ARRAY;
        break;
    case toml::node_type::string: {
        const std::string &text = from.as_string()->get();
        item.type = WEFT__TOML_TEXT;
        item.text = text.data();
        item.text_length = text.size();
        break;
    }
    case toml::node_type::integer:
        item.type = WEFT__TOML_INTEGER;
        item.integer = from.as_integer()->get();
        break;
    case toml::node_type::floating_point:
        item.type = WEFT__TOML_NUMBER;
        item.number = from.as_floating_point()->get();
        break;
    case toml::node_type::boolean:
        item.type = WEFT__TOML_FLAG;
        item.flag = from.as_boolean()->get();
        break;
    default:
        item.type = WEFT__TOML_TIME;
        break;
    }
    void *const self = add(context, parent, &item);
    if (!self)
        return false;
    if (const toml::table *inner = from.as_table())
        return table(*inner, self);
    if (const toml::array *inner = from.as_array())
        return array(*inner, self);
    return true;
}

} // namespace

int weft__toml_parse(const char *text, size_t length, weft__toml_add_fn *add, void *context,
                     weft__toml_place *out_place, char *out_text, size_t room)
try {
    const toml::parse_result result = toml::parse(std::string_view{text, length});
    if (!result) {
        const std::string_view why = result.error().description();
        *out_place = place(result.error().source().begin);
        std::snprintf(out_text, room, "%.*s", static_cast<int>(why.size()), why.data());
        return WEFT_EINVAL;
    }
    return sink{add, context}.table(result.table(), nullptr) ? 0 : WEFT_ENOMEM;
} catch (...) {
    return WEFT_ENOMEM;
}
