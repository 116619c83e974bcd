/* SPDX-License-Identifier: MIT */
/*
 * What can be asked of an event class is asked once: which row of the table it is, whether its fields are those of the
 * row (then they can be fetched by number), and where the process's number stands: in the context that `lttng
 * add-context -t vpid` adds, or, with buffers per process, in the trace's environment.
 */
#include "cli/trace/decode.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/trace/schema.h"

static const char decode_prefix[] = "weft:";

struct decode_class {
    const bt_event_class *class; /* a reference: its address is of no other while we know it by that */
    enum { CLASS_FOREIGN, CLASS_UNKNOWN, CLASS_OTHER_SHAPE, CLASS_OURS } what;
    uint32_t kind;
    int64_t vpid_at;  /* member of the common context, -1: none */
    uint64_t process; /* then this: of the environment, or 0 */
};

void decode_fini(struct decode *decode)
{
    struct decode_class *class;
    for (size_t at = 0; (class = map_next(&decode->classes, &at));) {
        bt_event_class_put_ref(class->class);
        free(class);
    }
    map_fini(&decode->classes);
}

static bool decode_type_fits(enum schema_type type, bt_field_class_type have)
{
    if (type == SCHEMA_str)
        return have == BT_FIELD_CLASS_TYPE_STRING;
    if (type == SCHEMA_s32)
        return bt_field_class_type_is(have, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER);
    return bt_field_class_type_is(have, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER);
}

static bool decode_shape_fits(const bt_event_class *class, const struct schema_event *row)
{
    const bt_field_class *payload = bt_event_class_borrow_payload_field_class_const(class);
    if (!payload || bt_field_class_structure_get_member_count(payload) != row->fields)
        return false;
    for (uint32_t i = 0; i < row->fields; i++) {
        const bt_field_class_structure_member *member =
            bt_field_class_structure_borrow_member_by_index_const(payload, i);
        const bt_field_class *field = bt_field_class_structure_member_borrow_field_class_const(member);
        if (strcmp(bt_field_class_structure_member_get_name(member), row->field[i].name) != 0 ||
            !decode_type_fits(row->field[i].type, bt_field_class_get_type(field)))
            return false;
    }
    return true;
}

static int64_t decode_vpid_at(const bt_stream_class *stream_class)
{
    const bt_field_class *context = bt_stream_class_borrow_event_common_context_field_class_const(stream_class);
    uint64_t count = context ? bt_field_class_structure_get_member_count(context) : 0;
    for (uint64_t i = 0; i < count; i++) {
        const bt_field_class_structure_member *member =
            bt_field_class_structure_borrow_member_by_index_const(context, i);
        if (!strcmp(bt_field_class_structure_member_get_name(member), "vpid"))
            return (int64_t)i;
    }
    return -1;
}

static uint64_t decode_vpid_of_trace(const bt_event *event)
{
    const bt_trace *trace = bt_stream_borrow_trace_const(bt_event_borrow_stream_const(event));
    const bt_value *vpid = bt_trace_borrow_environment_entry_value_by_name_const(trace, "vpid");
    return vpid && bt_value_is_signed_integer(vpid) ? (uint64_t)bt_value_integer_signed_get(vpid) : 0;
}

static struct decode_class *decode_class_new(struct decode *decode, const bt_event *event)
{
    const bt_event_class *class = bt_event_borrow_class_const(event);
    const char *name = bt_event_class_get_name(class);
    struct decode_class *known = memory_zeroed(1, sizeof *known);
    known->class = class;
    bt_event_class_get_ref(class);
    map_put(&decode->classes, (uintptr_t) class, known);
    if (!name || strncmp(name, decode_prefix, sizeof decode_prefix - 1) != 0) {
        known->what = CLASS_FOREIGN;
        return known;
    }
    known->kind = schema_find(name + sizeof decode_prefix - 1);
    if (known->kind == WEFT_TRACE_EVENTS) {
        known->what = CLASS_UNKNOWN;
        return known;
    }
    if (!decode_shape_fits(class, &schema_events[known->kind])) {
        known->what = CLASS_OTHER_SHAPE;
        decode->other_shape = schema_events[known->kind].name;
        return known;
    }
    known->what = CLASS_OURS;
    known->vpid_at = decode_vpid_at(bt_event_class_borrow_stream_class_const(class));
    known->process = decode_vpid_of_trace(event);
    return known;
}

static uint64_t decode_process(const struct decode_class *class, const bt_event *event)
{
    if (class->vpid_at < 0)
        return class->process;
    const bt_field *context = bt_event_borrow_common_context_field_const(event);
    const bt_field *vpid = bt_field_structure_borrow_member_field_by_index_const(context, (uint64_t) class->vpid_at);
    return bt_field_class_type_is(bt_field_get_class_type(vpid), BT_FIELD_CLASS_TYPE_SIGNED_INTEGER)
               ? (uint64_t)bt_field_integer_signed_get_value(vpid)
               : 0;
}

/* babeltrace 2.0 forgets to empty the text of a field it uses again; the length is right. */
static const char *decode_text(const bt_field *field)
{
    return bt_field_string_get_length(field) ? bt_field_string_get_value(field) : "";
}

static void decode_fields(const struct schema_event *row, const bt_event *from, struct event *event)
{
    const bt_field *payload = bt_event_borrow_payload_field_const(from);
    for (uint32_t i = 0; i < row->fields; i++) {
        const bt_field *field = bt_field_structure_borrow_member_field_by_index_const(payload, i);
        switch (row->field[i].type) {
        case SCHEMA_str:
            schema_set(event, &row->field[i], 0, decode_text(field));
            break;
        case SCHEMA_s32:
            schema_set(event, &row->field[i], (uint64_t)bt_field_integer_signed_get_value(field), NULL);
            break;
        default:
            schema_set(event, &row->field[i], bt_field_integer_unsigned_get_value(field), NULL);
            break;
        }
    }
}

static int64_t decode_ns(const bt_clock_snapshot *snapshot)
{
    int64_t ns = 0; /* what does not fit into 64 bits is no recording of ours */
    if (snapshot)
        (void)bt_clock_snapshot_get_ns_from_origin(snapshot, &ns);
    return ns;
}

bool decode_event(struct decode *decode, const bt_message *message, struct event *event)
{
    const bt_event *from = bt_message_event_borrow_event_const(message);
    struct decode_class *class = map_get(&decode->classes, (uintptr_t)bt_event_borrow_class_const(from));
    if (!class)
        class = decode_class_new(decode, from);
    switch (class->what) {
    case CLASS_FOREIGN:
        decode->foreign++;
        return false;
    case CLASS_UNKNOWN:
        decode->unknown++;
        return false;
    case CLASS_OTHER_SHAPE:
        return false;
    case CLASS_OURS:
        break;
    }
    event->kind = class->kind;
    const bt_clock_snapshot *snapshot = bt_message_event_borrow_default_clock_snapshot_const(message);
    event->ns = decode_ns(snapshot);
    event->clock_ns = snapshot ? (int64_t)bt_clock_snapshot_get_value(snapshot) : 0;
    event->process = decode_process(class, from);
    decode_fields(&schema_events[class->kind], from, event);
    return true;
}

static void decode_discarded_events(const bt_message *message, struct event_gap *gap)
{
    const bt_stream_class *class =
        bt_stream_borrow_class_const(bt_message_discarded_events_borrow_stream_const(message));
    gap->counted = bt_message_discarded_events_get_count(message, &gap->count) == BT_PROPERTY_AVAILABILITY_AVAILABLE;
    if (!bt_stream_class_discarded_events_have_default_clock_snapshots(class))
        return;
    gap->begin_ns = decode_ns(bt_message_discarded_events_borrow_beginning_default_clock_snapshot_const(message));
    gap->end_ns = decode_ns(bt_message_discarded_events_borrow_end_default_clock_snapshot_const(message));
}

static void decode_discarded_packets(const bt_message *message, struct event_gap *gap)
{
    const bt_stream_class *class =
        bt_stream_borrow_class_const(bt_message_discarded_packets_borrow_stream_const(message));
    gap->packets = true;
    gap->counted = bt_message_discarded_packets_get_count(message, &gap->count) == BT_PROPERTY_AVAILABILITY_AVAILABLE;
    if (!bt_stream_class_discarded_packets_have_default_clock_snapshots(class))
        return;
    gap->begin_ns = decode_ns(bt_message_discarded_packets_borrow_beginning_default_clock_snapshot_const(message));
    gap->end_ns = decode_ns(bt_message_discarded_packets_borrow_end_default_clock_snapshot_const(message));
}

bool decode_gap(const bt_message *message, struct event_gap *gap)
{
    *gap = (struct event_gap){.begin_ns = INT64_MIN, .end_ns = INT64_MIN};
    switch (bt_message_get_type(message)) {
    case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
        decode_discarded_events(message, gap);
        return true;
    case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
        decode_discarded_packets(message, gap);
        return true;
    default:
        return false;
    }
}
