/* SPDX-License-Identifier: MIT */
/* The table of events as data: names, fields, and where each field lies in a struct event. */
#ifndef WEFT_CLI_TRACE_SCHEMA_H
#define WEFT_CLI_TRACE_SCHEMA_H

#include <stdint.h>

#include "cli/trace/event.h"

enum { SCHEMA_FIELDS_MAX = 6 };

enum schema_type {
    SCHEMA_u8,
    SCHEMA_u16,
    SCHEMA_u32,
    SCHEMA_u64,
    SCHEMA_s32,
    SCHEMA_str,
#undef WEFT_ENUM_BEGIN
#undef WEFT_ENUM_VALUE
#undef WEFT_ENUM_END
#define WEFT_ENUM_BEGIN(name) SCHEMA_##name,
#define WEFT_ENUM_VALUE(name, label, number)
#define WEFT_ENUM_END(name)
#define WEFT_EVENT1(...)
#define WEFT_EVENT2(...)
#define WEFT_EVENT3(...)
#define WEFT_EVENT4(...)
#define WEFT_EVENT5(...)
#define WEFT_EVENT6(...)
#include <weft/trace_events.def>
#undef WEFT_ENUM_BEGIN
#undef WEFT_ENUM_VALUE
#undef WEFT_ENUM_END
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6
};

struct schema_field {
    const char *name;
    enum schema_type type;
    uint32_t offset; /* in struct event */
};

struct schema_event {
    const char *name;
    const char *text;
    uint32_t fields;
    struct schema_field field[SCHEMA_FIELDS_MAX];
};

/* By WEFT_TRACE_<event>. */
extern const struct schema_event schema_events[WEFT_TRACE_EVENTS];

/* The kind of an event by its name without the provider; WEFT_TRACE_EVENTS: unknown. */
uint32_t schema_find(const char *name);

/* "STOLEN" for SCHEMA_poll_source and 3; NULL if it has no such value, or is no enumeration. */
const char *schema_label(enum schema_type type, uint64_t number);

/* Write a field of an event: a number (a negative one converted), or a text. */
void schema_set(struct event *event, const struct schema_field *field, uint64_t number, const char *text);

/* Read it: the number, sign-extended for s32; the text in *out_text for str, which is NULL for others. */
uint64_t schema_get(const struct event *event, const struct schema_field *field, const char **out_text);

#endif
