/* SPDX-License-Identifier: MIT */
/*
 * babeltrace-plugin-weft.so: component classes for graphs of anybody's. sink.weft.report prints what `weft trace
 * report` does, sink.weft.export writes what `weft trace export` does, of whatever messages come: of a recording on
 * disk, of ctf.lttng-live, behind a trimmer or a muxer. All methods are called by the thread that runs the graph.
 *
 * A graph that is stopped (Ctrl-C, which is how one ends a live session) never tells its sinks that the messages have
 * ended: what came until then is written when the component goes.
 */
#include <stdlib.h>

#include "cli/memory.h"
#include "cli/plugin/parameters.h"
#include "cli/plugin/sink.h"

/* With the macro of babeltrace2 the sentence would begin with a folder of whoever built this. */
#define PLUGIN_FAIL(component, ...)                                                                                    \
    bt_current_thread_error_append_cause_from_component(bt_self_component_sink_as_self_component(component),           \
                                                        "weft/src/cli/plugin/plugin.c", __LINE__, __VA_ARGS__)

static struct sink *plugin_sink(bt_self_component_sink *self)
{
    return bt_self_component_get_data(bt_self_component_sink_as_self_component(self));
}

/* ---- parameters ---- */

#define PLUGIN_PAGE(name)                                                                                              \
    static void plugin_##name(const struct view *view, struct doc *doc)                                                \
    {                                                                                                                  \
        page_recording(view, doc);                                                                                     \
        page_##name(view, doc);                                                                                        \
    }
PLUGIN_PAGE(tasks)
PLUGIN_PAGE(channels)
PLUGIN_PAGE(workers)
PLUGIN_PAGE(wakes)
PLUGIN_PAGE(latency)
PLUGIN_PAGE(lints)

static void plugin_report(struct sink *sink, struct parameters *parameters, const char **out_output)
{
    static const char *const formats[] = {"text", "markdown", "json", "html", NULL};
    static void (*const prints[])(const struct doc *, FILE *) = {doc_print_text, doc_print_markdown, doc_print_json,
                                                                 doc_print_html};
    static const char *const names[] = {"report", "tasks", "channels", "workers", "wakes", "latency", "lints", NULL};
    static void (*const pages[])(const struct view *, struct doc *) = {
        page_report, plugin_tasks, plugin_channels, plugin_workers, plugin_wakes, plugin_latency, plugin_lints};
    enum { ROWS = 25 };
    sink->print = prints[parameters_word(parameters, "format", formats)];
    sink->page = pages[parameters_word(parameters, "page", names)];
    sink->rows = parameters_flag(parameters, "all") ? SIZE_MAX : ROWS;
    const char *output = parameters_text(parameters, "output");
    *out_output = output ? output : "-";
    parameters_end(parameters, "format, page, all, output");
}

static void plugin_export(struct sink *sink, struct parameters *parameters, struct export_wish *wish)
{
    static const char *const weights[] = {"busy", "wait", NULL};
    sink->exports = true;
    wish->perfetto = parameters_text(parameters, "perfetto");
    wish->timeline = parameters_text(parameters, "timeline");
    wish->folded = parameters_text(parameters, "folded");
    wish->csv = parameters_text(parameters, "csv");
    wish->waits = parameters_word(parameters, "weight", weights) == 1;
    parameters_end(parameters, "perfetto, timeline, folded, weight, csv");
    if (!wish->perfetto && !wish->timeline && !wish->folded && !wish->csv)
        parameters_refuse(parameters, "into which form? perfetto, timeline and folded take a file, csv a folder");
}

/* ---- methods ---- */

static bt_component_class_initialize_method_status plugin_begin(bt_self_component_sink *self, const bt_value *map,
                                                                bool exports)
{
    struct parameters parameters = {.map = map};
    struct export_wish wish = {0};
    const char *output = NULL;
    struct sink *sink = memory_zeroed(1, sizeof *sink);
    bt_self_component_set_data(bt_self_component_sink_as_self_component(self), sink);
    if (exports)
        plugin_export(sink, &parameters, &wish);
    else
        plugin_report(sink, &parameters, &output);
    const bool failed = parameters.failed || sink_begin(sink, &wish, output);
    if (!failed && !bt_self_component_sink_add_input_port(self, "in", NULL, NULL))
        return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
    if (failed)
        PLUGIN_FAIL(self, "%s", parameters.failed ? parameters.text : sink->text);
    sink_end(sink);
    free(sink); /* the component is not finalized */
    return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
}

static bt_component_class_initialize_method_status report_begin(bt_self_component_sink *self,
                                                                bt_self_component_sink_configuration *configuration,
                                                                const bt_value *map, void *data)
{
    (void)configuration;
    (void)data;
    return plugin_begin(self, map, false);
}

static bt_component_class_initialize_method_status export_begin(bt_self_component_sink *self,
                                                                bt_self_component_sink_configuration *configuration,
                                                                const bt_value *map, void *data)
{
    (void)configuration;
    (void)data;
    return plugin_begin(self, map, true);
}

static bt_component_class_sink_graph_is_configured_method_status plugin_configured(bt_self_component_sink *self)
{
    bt_self_component_port_input *in = bt_self_component_sink_borrow_input_port_by_index(self, 0);
    return (bt_component_class_sink_graph_is_configured_method_status)bt_message_iterator_create_from_sink_component(
        self, in, &plugin_sink(self)->iterator); /* both enums are babeltrace2's own numbers */
}

static bt_component_class_sink_consume_method_status plugin_ended(bt_self_component_sink *self)
{
    struct sink *sink = plugin_sink(self);
    if (!sink_write(sink, false))
        return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_END;
    PLUGIN_FAIL(self, "%s", sink->text);
    return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
}

static bt_component_class_sink_consume_method_status plugin_consume(bt_self_component_sink *self)
{
    struct sink *sink = plugin_sink(self);
    bt_message_array_const messages;
    uint64_t count;
    int failed = 0;
    const bt_message_iterator_next_status status = bt_message_iterator_next(sink->iterator, &messages, &count);
    if (status == BT_MESSAGE_ITERATOR_NEXT_STATUS_END)
        return plugin_ended(self);
    if (status != BT_MESSAGE_ITERATOR_NEXT_STATUS_OK)
        return (bt_component_class_sink_consume_method_status)status; /* try again, or an error */
    for (uint64_t i = 0; i < count; i++) {
        failed = failed ? failed : sink_take(sink, messages[i]);
        bt_message_put_ref(messages[i]);
    }
    if (!failed)
        return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK;
    PLUGIN_FAIL(self, "%s", sink->text);
    return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
}

static void plugin_end(bt_self_component_sink *self)
{
    struct sink *sink = plugin_sink(self);
    if (sink->analysis.model.events && sink_write(sink, true))
        fprintf(stderr, "weft: %s\n", sink->text); /* nobody takes a cause any more */
    sink_end(sink);
    free(sink);
}

#pragma GCC visibility push(default) /* what babeltrace2 looks for */
BT_PLUGIN_MODULE() /* defines functions: no semicolon */
#pragma GCC visibility pop
BT_PLUGIN(weft);
BT_PLUGIN_DESCRIPTION("What recordings of programs with weft say: tasks, channels, workers");
BT_PLUGIN_LICENSE("MIT");

BT_PLUGIN_SINK_COMPONENT_CLASS(report, plugin_consume);
BT_PLUGIN_SINK_COMPONENT_CLASS_INITIALIZE_METHOD(report, report_begin);
BT_PLUGIN_SINK_COMPONENT_CLASS_GRAPH_IS_CONFIGURED_METHOD(report, plugin_configured);
BT_PLUGIN_SINK_COMPONENT_CLASS_FINALIZE_METHOD(report, plugin_end);
BT_PLUGIN_SINK_COMPONENT_CLASS_DESCRIPTION(report, "Print the report of `weft trace report`.");
BT_PLUGIN_SINK_COMPONENT_CLASS_HELP(
    report, "Parameters:\n"
            "  format  \"text\" (default), \"markdown\", \"json\", \"html\"\n"
            "  page    \"report\" (default: all of it), \"tasks\", \"channels\", \"workers\", \"wakes\", \"latency\", "
            "\"lints\"\n"
            "  output  a file in place of standard output\n"
            "  all     yes: tables are not cut after 25 rows");

BT_PLUGIN_SINK_COMPONENT_CLASS(export, plugin_consume);
BT_PLUGIN_SINK_COMPONENT_CLASS_INITIALIZE_METHOD(export, export_begin);
BT_PLUGIN_SINK_COMPONENT_CLASS_GRAPH_IS_CONFIGURED_METHOD(export, plugin_configured);
BT_PLUGIN_SINK_COMPONENT_CLASS_FINALIZE_METHOD(export, plugin_end);
BT_PLUGIN_SINK_COMPONENT_CLASS_DESCRIPTION(export, "Write what `weft trace export` writes.");
BT_PLUGIN_SINK_COMPONENT_CLASS_HELP(export, "Parameters, at least one of the first four:\n"
                                            "  perfetto  a file: the Trace Event Format\n"
                                            "  timeline  a file: a picture as one HTML page\n"
                                            "  folded    a file: stacks for flame graphs\n"
                                            "  csv       a folder: the tables of the report\n"
                                            "  weight    of the stacks: \"busy\" (default) or \"wait\"");
