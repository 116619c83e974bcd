/* SPDX-License-Identifier: MIT */
/* See schema.h: three more stampings of <weft/trace_events.def>. */
#include "cli/trace/schema.h"

#include <stddef.h>
#include <string.h>

#define FIELD(e, t, n)                                                                                                 \
    {                                                                                                                  \
#n, SCHEMA_##t, offsetof(struct event, e.n)                                                                    \
    }

const struct schema_event schema_events[WEFT_TRACE_EVENTS] = {
#define WEFT_EVENT1(e, l, x, t1, n1)                 {#e, x, 1, {FIELD(e, t1, n1)}},
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2)         {#e, x, 2, {FIELD(e, t1, n1), FIELD(e, t2, n2)}},
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3) {#e, x, 3, {FIELD(e, t1, n1), FIELD(e, t2, n2), FIELD(e, t3, n3)}},
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4)                                                           \
    {#e, x, 4, {FIELD(e, t1, n1), FIELD(e, t2, n2), FIELD(e, t3, n3), FIELD(e, t4, n4)}},
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    {#e, x, 5, {FIELD(e, t1, n1), FIELD(e, t2, n2), FIELD(e, t3, n3), FIELD(e, t4, n4), FIELD(e, t5, n5)}},
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    {#e,                                                                                                               \
     x,                                                                                                                \
     6,                                                                                                                \
     {FIELD(e, t1, n1), FIELD(e, t2, n2), FIELD(e, t3, n3), FIELD(e, t4, n4), FIELD(e, t5, n5), FIELD(e, t6, n6)}},
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6
};

static const struct schema_value {
    enum schema_type type;
    uint32_t number;
    const char *label;
} schema_values[] = {
#undef WEFT_ENUM_BEGIN
#undef WEFT_ENUM_VALUE
#undef WEFT_ENUM_END
#define WEFT_ENUM_BEGIN(name)
#define WEFT_ENUM_VALUE(name, label, number) {SCHEMA_##name, (number), #label},
#define WEFT_ENUM_END(name)
#define WEFT_EVENT1(...)
#define WEFT_EVENT2(...)
#define WEFT_EVENT3(...)
#define WEFT_EVENT4(...)
#define WEFT_EVENT5(...)
#define WEFT_EVENT6(...)
#include <weft/trace_events.def>
};

uint32_t schema_find(const char *name)
{
    uint32_t kind = 0;
    while (kind < WEFT_TRACE_EVENTS && strcmp(schema_events[kind].name, name) != 0)
        kind++;
    return kind;
}

const char *schema_label(enum schema_type type, uint64_t number)
{
    for (size_t i = 0; i < sizeof schema_values / sizeof *schema_values; i++)
        if (schema_values[i].type == type && schema_values[i].number == number)
            return schema_values[i].label;
    return NULL;
}

void schema_set(struct event *event, const struct schema_field *field, uint64_t number, const char *text)
{
    void *at = (char *)event + field->offset;
    switch (field->type) {
    case SCHEMA_u16:
        *(uint16_t *)at = (uint16_t)number;
        break;
    case SCHEMA_u32:
        *(uint32_t *)at = (uint32_t)number;
        break;
    case SCHEMA_u64:
        *(uint64_t *)at = number;
        break;
    case SCHEMA_s32:
        *(int32_t *)at = (int32_t)(int64_t)number;
        break;
    case SCHEMA_str:
        *(const char **)at = text;
        break;
    default: /* u8, and every enumeration */
        *(uint8_t *)at = (uint8_t)number;
        break;
    }
}

uint64_t schema_get(const struct event *event, const struct schema_field *field, const char **out_text)
{
    const void *at = (const char *)event + field->offset;
    *out_text = NULL;
    switch (field->type) {
    case SCHEMA_u16:
        return *(const uint16_t *)at;
    case SCHEMA_u32:
        return *(const uint32_t *)at;
    case SCHEMA_u64:
        return *(const uint64_t *)at;
    case SCHEMA_s32:
        return (uint64_t)(int64_t) * (const int32_t *)at;
    case SCHEMA_str:
        *out_text = *(const char *const *)at;
        return 0;
    default:
        return *(const uint8_t *)at;
    }
}
