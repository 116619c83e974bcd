/* SPDX-License-Identifier: MIT */
/*
 * See wire.h. A record is the plain struct; the texts of an event stand behind it, and its pointers are offsets until
 * wire_event() has looked at them. Both processes are the same program, so they have the same structs.
 */
#include "cli/trace/wire.h"

#include <stddef.h>
#include <string.h>

#include "cli/trace/schema.h"

enum { TEXT_MAX = 4096 }; /* of a name: a longer one is a broken recording */

_Static_assert(sizeof(struct event) + SCHEMA_FIELDS_MAX * TEXT_MAX <= APART_RECORD_MAX, "an event fits");
_Static_assert(sizeof(struct wire_end) <= APART_RECORD_MAX, "so does the end");

/* The kinds that have a text are few, and nobody should look through the fields of the others. */
#define TEXT(type) (SCHEMA_##type == SCHEMA_str)
static const bool wire_has_text[WEFT_TRACE_EVENTS] = {
#define WEFT_EVENT1(e, l, x, t1, n1)                         TEXT(t1),
#define WEFT_EVENT2(e, l, x, t1, n1, t2, n2)                 TEXT(t1) || TEXT(t2),
#define WEFT_EVENT3(e, l, x, t1, n1, t2, n2, t3, n3)         TEXT(t1) || TEXT(t2) || TEXT(t3),
#define WEFT_EVENT4(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4) TEXT(t1) || TEXT(t2) || TEXT(t3) || TEXT(t4),
#define WEFT_EVENT5(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                                   \
    TEXT(t1) || TEXT(t2) || TEXT(t3) || TEXT(t4) || TEXT(t5),
#define WEFT_EVENT6(e, l, x, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                           \
    TEXT(t1) || TEXT(t2) || TEXT(t3) || TEXT(t4) || TEXT(t5) || TEXT(t6),
#include <weft/trace_events.def>
#undef WEFT_EVENT1
#undef WEFT_EVENT2
#undef WEFT_EVENT3
#undef WEFT_EVENT4
#undef WEFT_EVENT5
#undef WEFT_EVENT6
};

static size_t wire_put_texts(const struct schema_event *row, struct event *to)
{
    size_t bytes = sizeof *to;
    for (uint32_t i = 0; i < row->fields; i++) {
        if (row->field[i].type != SCHEMA_str)
            continue;
        const char *text;
        (void)schema_get(to, &row->field[i], &text);
        const size_t length = text ? strnlen(text, TEXT_MAX - 1) : 0;
        memcpy((char *)to + bytes, text ? text : "", length);
        ((char *)to)[bytes + length] = '\0';
        schema_set(to, &row->field[i], 0, (const char *)(uintptr_t)bytes);
        bytes += length + 1;
    }
    return bytes;
}

void wire_say_event(struct apart *apart, const struct event *event)
{
    const bool texts = wire_has_text[event->kind];
    struct event *to = apart_room(apart, texts ? APART_RECORD_MAX : sizeof *to);
    *to = *event;
    apart_say(apart, WIRE_EVENT, texts ? wire_put_texts(&schema_events[event->kind], to) : sizeof *to);
}

void wire_say_gap(struct apart *apart, const struct event_gap *gap)
{
    *(struct event_gap *)apart_room(apart, sizeof *gap) = *gap;
    apart_say(apart, WIRE_GAP, sizeof *gap);
}

void wire_say_tick(struct apart *apart, int64_t looked_ns)
{
    *(int64_t *)apart_room(apart, sizeof looked_ns) = looked_ns;
    apart_say(apart, WIRE_TICK, sizeof looked_ns);
    apart_flush(apart);
}

void wire_say_end(struct apart *apart, const struct wire_end *end)
{
    *(struct wire_end *)apart_room(apart, sizeof *end) = *end;
    apart_say(apart, WIRE_END, sizeof *end);
}

struct event *wire_event(void *record, size_t bytes)
{
    struct event *event = record;
    if (bytes < sizeof *event || event->kind >= WEFT_TRACE_EVENTS)
        return NULL;
    const struct schema_event *row = &schema_events[event->kind];
    for (uint32_t i = 0; wire_has_text[event->kind] && i < row->fields; i++) {
        if (row->field[i].type != SCHEMA_str)
            continue;
        const char *text;
        (void)schema_get(event, &row->field[i], &text);
        const size_t at = (uintptr_t)text;
        if (at < sizeof *event || at >= bytes || !memchr((char *)record + at, '\0', bytes - at))
            return NULL;
        schema_set(event, &row->field[i], 0, (char *)record + at);
    }
    return event;
}

/* A byte of memory as one of two values: another is none. */
static void wire_flag(void *record, size_t at)
{
    unsigned char *byte = (unsigned char *)record + at;
    *byte = *byte != 0;
}

const struct event_gap *wire_gap(void *record, size_t bytes)
{
    if (bytes < sizeof(struct event_gap))
        return NULL;
    wire_flag(record, offsetof(struct event_gap, packets));
    wire_flag(record, offsetof(struct event_gap, counted));
    return record;
}

const struct wire_end *wire_end(const void *record, size_t bytes)
{
    const struct wire_end *end = record;
    if (bytes < sizeof *end || end->other_shape > WEFT_TRACE_EVENTS || !memchr(end->text, '\0', sizeof end->text))
        return NULL;
    return end;
}
