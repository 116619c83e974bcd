/* SPDX-License-Identifier: MIT */
/*
 * See graph.h. One source ctf.fs per trace, a muxer that puts their messages into the order of time, and a sink of ours
 * at the end. A graph fails in one place, graph_fail(), which takes the innermost of babeltrace's causes.
 */
#include "cli/trace/graph.h"

#include <babeltrace2/babeltrace.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/trace/decode.h"
#include "cli/trace/schema.h"
#include "cli/trace/wire.h"

enum { GRAPH_TICK_NS = 100 * 1000 * 1000 };

struct graph {
    const char *path;
    struct apart *apart;
    struct decode decode;
    struct wire_end end;
    const bt_plugin *ctf;
    const bt_plugin *utils;
    bt_graph *graph;
    const bt_component_filter *muxer;
};

static int graph_fail(struct graph *graph, const char *what)
{
    const bt_error *error = bt_current_thread_take_error();
    const char *cause = NULL;
    if (error && bt_error_get_cause_count(error))
        cause = bt_error_cause_get_message(bt_error_borrow_cause_by_index(error, 0));
    snprintf(graph->end.text, sizeof graph->end.text, "%s: %s%s%s", graph->path, what, cause ? ": " : "",
             cause ? cause : "");
    if (error)
        bt_error_release(error);
    return -1;
}

/* ---- the sink ---- */

static bool graph_take(struct graph *graph, const bt_message *message)
{
    struct event event;
    struct event_gap gap;
    if (bt_message_get_type(message) == BT_MESSAGE_TYPE_EVENT) {
        if (!decode_event(&graph->decode, message, &event))
            return !graph->decode.other_shape;
        wire_say_event(graph->apart, &event);
    } else if (decode_gap(message, &gap)) {
        wire_say_gap(graph->apart, &gap);
    }
    return true;
}

static bt_graph_simple_sink_component_consume_func_status graph_consume(bt_message_iterator *iterator, void *data)
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
    apart_alive(((struct graph *)data)->apart);
    bool more = true;
    for (uint64_t i = 0; i < count; i++) {
        more = more && graph_take(data, messages[i]);
        bt_message_put_ref(messages[i]);
    }
    return more ? BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_OK
                : BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END;
}

/* ---- the graph ---- */

static int graph_connect(struct graph *graph, const bt_component_source *source)
{
    for (uint64_t i = 0; i < bt_component_source_get_output_port_count(source); i++) {
        uint64_t free_input = bt_component_filter_get_input_port_count(graph->muxer) - 1; /* it always has one more */
        if (bt_graph_connect_ports(graph->graph, bt_component_source_borrow_output_port_by_index_const(source, i),
                                   bt_component_filter_borrow_input_port_by_index_const(graph->muxer, free_input),
                                   NULL))
            return graph_fail(graph, "cannot join its traces");
    }
    return 0;
}

/* A source of this class with its parameters, which it takes over. */
static int graph_add_source(struct graph *graph, const char *name, const char *called, bt_value *parameters)
{
    const bt_component_source *source = NULL;
    const bt_component_class_source *class = bt_plugin_borrow_source_component_class_by_name_const(graph->ctf, name);
    if (!class)
        return graph_fail(graph, "babeltrace2 has no reader for it");
    const int failed =
        bt_graph_add_source_component(graph->graph, class, called, parameters, BT_LOGGING_LEVEL_NONE, &source);
    bt_value_put_ref(parameters);
    return failed ? graph_fail(graph, "is no readable CTF trace") : graph_connect(graph, source);
}

/* One for the folders of one trace: traces[0] to traces[count - 1]. */
static int graph_add_trace(struct graph *graph, const struct find_trace *traces, size_t count)
{
    bt_value *parameters = bt_value_map_create();
    bt_value *inputs = NULL;
    if (!parameters || bt_value_map_insert_empty_array_entry(parameters, "inputs", &inputs))
        return graph_fail(graph, "no memory");
    for (size_t i = 0; i < count; i++)
        if (bt_value_array_append_string_element(inputs, traces[i].path))
            return graph_fail(graph, "no memory");
    return graph_add_source(graph, "fs", traces[0].path, parameters);
}

/* A session that runs. It ends with the session, and fails if there is none: nobody waits for a name that is mistyped.
 */
static int graph_add_session(struct graph *graph)
{
    bt_value *parameters = bt_value_map_create();
    bt_value *inputs = NULL;
    if (!parameters || bt_value_map_insert_empty_array_entry(parameters, "inputs", &inputs) ||
        bt_value_array_append_string_element(inputs, graph->path) ||
        bt_value_map_insert_string_entry(parameters, "session-not-found-action", "fail"))
        return graph_fail(graph, "no memory");
    return graph_add_source(graph, "lttng-live", graph->path, parameters);
}

static int graph_add_sources(struct graph *graph, const struct find *find)
{
    static const unsigned char none[FIND_UUID];
    size_t first = 0;
    if (!find)
        return graph_add_session(graph);
    for (size_t i = 1; i <= find->count; i++) {
        if (i < find->count && memcmp(find->traces[i].uuid, none, FIND_UUID) != 0 &&
            !memcmp(find->traces[i].uuid, find->traces[first].uuid, FIND_UUID))
            continue;
        if (graph_add_trace(graph, &find->traces[first], i - first))
            return -1;
        first = i;
    }
    return 0;
}

static int graph_add_muxer(struct graph *graph)
{
    const bt_component_class_filter *class =
        bt_plugin_borrow_filter_component_class_by_name_const(graph->utils, "muxer");
    if (!class ||
        bt_graph_add_filter_component(graph->graph, class, "muxer", NULL, BT_LOGGING_LEVEL_NONE, &graph->muxer))
        return graph_fail(graph, "babeltrace2 has no muxer");
    return 0;
}

static int graph_add_sink(struct graph *graph)
{
    const bt_component_sink *sink = NULL;
    if (bt_graph_add_simple_sink_component(graph->graph, "weft", NULL, graph_consume, NULL, graph, &sink) ||
        bt_graph_connect_ports(graph->graph, bt_component_filter_borrow_output_port_by_index_const(graph->muxer, 0),
                               bt_component_sink_borrow_input_port_by_index_const(sink, 0), NULL))
        return graph_fail(graph, "cannot end the graph");
    return 0;
}

static int graph_find_plugin(struct graph *graph, const char *name, const bt_plugin **out_plugin)
{
    if (bt_plugin_find(name, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, BT_FALSE, out_plugin))
        return graph_fail(graph, "babeltrace2's plugins are not there: install libbabeltrace2-0");
    return 0;
}

static int64_t graph_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int graph_run(struct graph *graph)
{
    static const struct timespec tick = {0, GRAPH_TICK_NS};
    bt_graph_run_status status;
    int64_t looked_ns = graph_now_ns();
    while ((status = bt_graph_run(graph->graph)) == BT_GRAPH_RUN_STATUS_AGAIN) { /* only a session that runs says so */
        wire_say_tick(graph->apart, looked_ns);
        looked_ns = graph_now_ns();
        nanosleep(&tick, NULL); /* babeltrace has no other way to wait for a relay daemon */
    }
    return status == BT_GRAPH_RUN_STATUS_OK ? 0 : graph_fail(graph, "cannot be read to its end");
}

static int graph_build(struct graph *graph, const struct find *find)
{
    graph->graph = bt_graph_create(0);
    if (!graph->graph)
        return graph_fail(graph, "no memory");
    return graph_add_muxer(graph) || graph_add_sources(graph, find) || graph_add_sink(graph) ? -1 : 0;
}

void graph_read(void *context, struct apart *apart)
{
    const struct graph_request *request = context;
    struct graph graph = {.path = request->path, .apart = apart};
    graph.end.result = graph_find_plugin(&graph, "ctf", &graph.ctf) ||
                               graph_find_plugin(&graph, "utils", &graph.utils) || graph_build(&graph, request->find) ||
                               graph_run(&graph)
                           ? -1
                           : 0;
    graph.end.foreign = graph.decode.foreign;
    graph.end.unknown = graph.decode.unknown;
    graph.end.other_shape = graph.decode.other_shape ? 1 + schema_find(graph.decode.other_shape) : 0;
    wire_say_end(apart, &graph.end); /* and the process ends: nothing is given back that could go wrong on the way */
}
