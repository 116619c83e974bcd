/* SPDX-License-Identifier: MIT */
/*
 * A graph of babeltrace's: one source ctf.fs per trace, a muxer that puts their messages into the order of time, and a
 * sink of ours at the end. A graph fails in one place, recording_fail(), which takes the innermost of babeltrace's
 * causes.
 */
#include "cli/trace/recording.h"

#include <babeltrace2/babeltrace.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/version.h>

#include "cli/memory.h"
#include "cli/trace/decode.h"
#include "cli/trace/find.h"
#include "cli/trace/mend.h"

struct recording {
    const char *path;
    const struct recording_reader *reader;
    struct recording_facts *facts;
    struct decode decode;
    bool enough;
    const bt_plugin *ctf;
    const bt_plugin *utils;
    bt_graph *graph;
    const bt_component_filter *muxer;
    char *text;
    size_t text_size;
    struct mend *mended; /* traces that were cut off, one each; they are removed at the end */
    size_t mended_count;
    uint64_t until_ns; /* of the traces' clock: from then on events of a cut-off stream are missing; 0: of none */
};

static int recording_fail(struct recording *recording, const char *what)
{
    const bt_error *error = bt_current_thread_take_error();
    const char *cause = NULL;
    if (error && bt_error_get_cause_count(error))
        cause = bt_error_cause_get_message(bt_error_borrow_cause_by_index(error, 0));
    snprintf(recording->text, recording->text_size, "%s: %s%s%s", recording->path, what, cause ? ": " : "",
             cause ? cause : "");
    if (error)
        bt_error_release(error);
    return -1;
}

/* ---- the sink ---- */

/* Of what was cut off nothing is known from here on: whatever is open now, or opens later, may have ended there. */
static void recording_tell_cut(struct recording *recording, const struct event *event)
{
    const struct event_gap gap = {.begin_ns = event->ns, .end_ns = INT64_MAX};
    recording->until_ns = 0;
    if (recording->reader->gap)
        recording->reader->gap(recording->reader->context, &gap);
}

static bool recording_take(struct recording *recording, const bt_message *message)
{
    struct event event;
    struct event_gap gap;
    if (bt_message_get_type(message) == BT_MESSAGE_TYPE_EVENT) {
        if (!decode_event(&recording->decode, message, &event))
            return !recording->decode.other_shape;
        recording->facts->events++;
        if (recording->until_ns && (uint64_t)event.clock_ns > recording->until_ns)
            recording_tell_cut(recording, &event);
        recording->enough = !recording->reader->event(recording->reader->context, &event);
    } else if (recording->reader->gap && decode_gap(message, &gap)) {
        recording->reader->gap(recording->reader->context, &gap);
    }
    return !recording->enough;
}

static bt_graph_simple_sink_component_consume_func_status recording_consume(bt_message_iterator *iterator, void *data)
{
    bt_message_array_const messages;
    uint64_t count;
    switch (bt_message_iterator_next(iterator, &messages, &count)) {
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
        break;
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
        return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END;
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
        return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_AGAIN;
    case BT_MESSAGE_ITERATOR_NEXT_STATUS_MEMORY_ERROR:
        return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_MEMORY_ERROR;
    default:
        return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_ERROR;
    }
    bool more = true;
    for (uint64_t i = 0; i < count; i++) {
        more = more && recording_take(data, messages[i]);
        bt_message_put_ref(messages[i]);
    }
    return more ? BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_OK
                : BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END;
}

/* ---- the graph ---- */

static int recording_connect(struct recording *recording, const bt_component_source *source)
{
    for (uint64_t i = 0; i < bt_component_source_get_output_port_count(source); i++) {
        uint64_t free_input =
            bt_component_filter_get_input_port_count(recording->muxer) - 1; /* it always has one more */
        if (bt_graph_connect_ports(recording->graph, bt_component_source_borrow_output_port_by_index_const(source, i),
                                   bt_component_filter_borrow_input_port_by_index_const(recording->muxer, free_input),
                                   NULL))
            return recording_fail(recording, "cannot join its traces");
    }
    return 0;
}

/* One source for the folders of one trace: traces[0] to traces[count - 1]. */
static int recording_add_source(struct recording *recording, const struct find_trace *traces, size_t count)
{
    const bt_component_class_source *class =
        bt_plugin_borrow_source_component_class_by_name_const(recording->ctf, "fs");
    bt_value *parameters = bt_value_map_create();
    bt_value *inputs = NULL;
    if (!class || !parameters || bt_value_map_insert_empty_array_entry(parameters, "inputs", &inputs))
        return recording_fail(recording, "babeltrace2 has no reader for it");
    for (size_t i = 0; i < count; i++)
        if (bt_value_array_append_string_element(inputs, traces[i].path))
            return recording_fail(recording, "no memory");
    const bt_component_source *source = NULL;
    int failed = bt_graph_add_source_component(recording->graph, class, traces[0].path, parameters,
                                               BT_LOGGING_LEVEL_NONE, &source);
    bt_value_put_ref(parameters);
    return failed ? recording_fail(recording, "is no readable CTF trace") : recording_connect(recording, source);
}

static int recording_add_sources(struct recording *recording, const struct find *find)
{
    static const unsigned char none[FIND_UUID];
    size_t first = 0;
    for (size_t i = 1; i <= find->count; i++) {
        if (i < find->count && memcmp(find->traces[i].uuid, none, FIND_UUID) != 0 &&
            !memcmp(find->traces[i].uuid, find->traces[first].uuid, FIND_UUID))
            continue;
        if (recording_add_source(recording, &find->traces[first], i - first))
            return -1;
        first = i;
    }
    return 0;
}

static int recording_add_muxer(struct recording *recording)
{
    const bt_component_class_filter *class =
        bt_plugin_borrow_filter_component_class_by_name_const(recording->utils, "muxer");
    if (!class ||
        bt_graph_add_filter_component(recording->graph, class, "muxer", NULL, BT_LOGGING_LEVEL_NONE, &recording->muxer))
        return recording_fail(recording, "babeltrace2 has no muxer");
    return 0;
}

static int recording_add_sink(struct recording *recording)
{
    const bt_component_sink *sink = NULL;
    if (bt_graph_add_simple_sink_component(recording->graph, "weft", NULL, recording_consume, NULL, recording, &sink) ||
        bt_graph_connect_ports(recording->graph,
                               bt_component_filter_borrow_output_port_by_index_const(recording->muxer, 0),
                               bt_component_sink_borrow_input_port_by_index_const(sink, 0), NULL))
        return recording_fail(recording, "cannot end the graph");
    return 0;
}

static int recording_find_plugin(struct recording *recording, const char *name, const bt_plugin **out_plugin)
{
    if (bt_plugin_find(name, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, BT_FALSE, out_plugin))
        return recording_fail(recording, "babeltrace2's plugins are not there: install libbabeltrace2-0");
    return 0;
}

static int recording_run(struct recording *recording)
{
    bt_graph_run_status status;
    do
        status = bt_graph_run(recording->graph);
    while (status == BT_GRAPH_RUN_STATUS_AGAIN);
    return status == BT_GRAPH_RUN_STATUS_OK ? 0 : recording_fail(recording, "cannot be read to its end");
}

static int recording_build(struct recording *recording, const struct find *find)
{
    recording->graph = bt_graph_create(0);
    if (!recording->graph)
        return recording_fail(recording, "no memory");
    return recording_add_muxer(recording) || recording_add_sources(recording, find) || recording_add_sink(recording)
               ? -1
               : 0;
}

/* Each folder with a file that was cut off is replaced by a copy that is whole. Whether any was. */
static bool recording_mend(struct recording *recording, struct find *find)
{
    recording->mended = memory_zeroed(find->count, sizeof *recording->mended);
    for (size_t i = 0; i < find->count; i++) {
        struct mend *mend = &recording->mended[recording->mended_count];
        if (mend_trace(mend, find->traces[i].path))
            continue;
        recording->mended_count++;
        free(find->traces[i].path);
        find->traces[i].path = memory_text(mend->folder);
        if (!recording->until_ns || mend->until_ns < recording->until_ns)
            recording->until_ns = mend->until_ns ? mend->until_ns : 1;
    }
    return recording->mended_count > 0;
}

static int recording_build_and_run(struct recording *recording, struct find *find)
{
    if (recording_find_plugin(recording, "ctf", &recording->ctf) ||
        recording_find_plugin(recording, "utils", &recording->utils))
        return -1;
    for (size_t i = 0; i < find->count; i++)
        if (find->traces[i].cut) {
            snprintf(
                recording->text, recording->text_size,
                "%s/metadata ends in the middle of a packet, or is broken: without it nothing of the trace can be read",
                find->traces[i].path);
            return -1;
        }
    int failed = recording_build(recording, find);
    if (failed && recording_mend(recording, find)) {
        bt_graph_put_ref(recording->graph); /* one that failed is good for nothing */
        failed = recording_build(recording, find);
    }
    return failed ? failed : recording_run(recording);
}

/* What was read before it broke off is right: say where it did. */
static void recording_say_cut(struct recording *recording)
{
    size_t files = 0;
    uint64_t lost = 0;
    for (size_t i = 0; i < recording->mended_count; i++) {
        files += recording->mended[i].cut;
        lost += recording->mended[i].lost;
    }
    recording->facts->cut = true;
    if (!files)
        return; /* recording_fail() has said it */
    snprintf(recording->text, recording->text_size,
             "%zu of its stream files (%s) end%s in the middle of a packet, and the last %llu bytes are left out",
             files, recording->mended[0].name, files == 1 ? "s" : "", (unsigned long long)lost);
}

/* Read well, and yet of no use: say why. */
static int recording_judge(struct recording *recording)
{
    if (recording->decode.other_shape) {
        snprintf(
            recording->text, recording->text_size,
            "%s: event weft:%s has other fields than in weft %s (schema %d): read it with the `weft` of the version "
            "that recorded it",
            recording->path, recording->decode.other_shape, WEFT_VERSION, WEFT_TRACE_SCHEMA);
        return -1;
    }
    if (recording->facts->events)
        return 0;
    if (recording->mended_count) {
        snprintf(
            recording->text, recording->text_size,
            "%s: its stream files end in the middle of a packet, and what is whole before that has no event of weft",
            recording->path);
        return -1;
    }
    snprintf(
        recording->text, recording->text_size,
        "%s: no event of weft in it (%llu of others): enable them with `lttng enable-event -u -s SESSION -c CHANNEL "
        "'weft:*'` before `lttng start`, and load the provider into the program with .tracing = true or "
        "LD_PRELOAD=libweft-lttng.so",
        recording->path, (unsigned long long)recording->facts->foreign);
    return -1;
}

int recording_read(const char *path, const struct recording_reader *reader, struct recording_facts *facts, char *text,
                   size_t text_size)
{
    *facts = (struct recording_facts){0};
    struct recording recording = {.path = path, .reader = reader, .facts = facts, .text = text, .text_size = text_size};
    struct find find;
    int error = find_traces(&find, path);
    if (error) {
        snprintf(text, text_size, "%s: %s", path, strerror(error));
        return -1;
    }
    int result = -1;
    if (!find.count)
        snprintf(text, text_size,
                 "%s: no CTF trace in it or below it: give the folder of `lttng create SESSION --output=FOLDER`; if it "
                 "is that, "
                 "no program with events ran while the session was started",
                 path);
    else
        result = recording_build_and_run(&recording, &find);
    facts->traces = find.count;
    facts->foreign = recording.decode.foreign;
    facts->unknown = recording.decode.unknown;
    if ((result || recording.mended_count) && recording.graph && facts->events && !recording.decode.other_shape) {
        recording_say_cut(&recording);
        result = 0;
    }
    if (recording.decode.other_shape || (!result && !recording.enough))
        result = recording_judge(&recording);
    bt_graph_put_ref(recording.graph);
    bt_plugin_put_ref(recording.ctf);
    bt_plugin_put_ref(recording.utils);
    for (size_t i = 0; i < recording.mended_count; i++)
        mend_fini(&recording.mended[i]);
    free(recording.mended);
    decode_fini(&recording.decode);
    find_fini(&find);
    return result;
}
