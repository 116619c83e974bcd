/* SPDX-License-Identifier: MIT */
/* See sink.h. */
#include "cli/plugin/sink.h"

#include <string.h>
#include <weft/trace.h>
#include <weft/version.h>

static const char sink_name[] = "the graph";

int sink_begin(struct sink *sink, const struct export_wish *wish, const char *output)
{
    analysis_init(&sink->analysis);
    if (export_open(&sink->export, wish)) {
        memcpy(sink->text, sink->export.text, sizeof sink->text);
        return -1;
    }
    const int error = output ? outfile_open(&sink->file, output) : 0;
    if (error)
        snprintf(sink->text, sizeof sink->text, "%.4000s: %s", output, strerror(-error));
    return error ? -1 : 0;
}

int sink_take(struct sink *sink, const bt_message *message)
{
    struct event event;
    struct event_gap gap;
    if (bt_message_get_type(message) == BT_MESSAGE_TYPE_EVENT) {
        if (decode_event(&sink->decode, message, &event)) {
            moments_take(&sink->moments, &event);
            export_event(&sink->export, &sink->analysis, &event);
        }
    } else if (decode_gap(message, &gap)) {
        export_gap(&sink->export, &sink->analysis, &gap);
    }
    if (!sink->decode.other_shape)
        return 0;
    snprintf(sink->text, sizeof sink->text,
             "event weft:%s has other fields than in weft %s (schema %d): take the component of the version that "
             "recorded it",
             sink->decode.other_shape, WEFT_VERSION, WEFT_TRACE_SCHEMA);
    sink->done = true;
    return -1;
}

static int sink_report(struct sink *sink, const struct view *view)
{
    struct doc doc;
    char path[EXPORT_TEXT_SIZE - 256];
    doc_init(&doc, "report of the graph");
    doc.rows = sink->rows;
    sink->page(view, &doc);
    sink->print(&doc, sink->file.file);
    doc_fini(&doc);
    snprintf(path, sizeof path, "%s", sink->file.path);
    const int error = outfile_commit(&sink->file);
    if (error)
        snprintf(sink->text, sizeof sink->text, "%s: %s", path, strerror(-error));
    return error ? -1 : 0;
}

int sink_write(struct sink *sink, bool cut)
{
    struct view view;
    if (sink->done)
        return 0;
    sink->done = true;
    if (!sink->analysis.model.events) {
        snprintf(sink->text, sizeof sink->text,
                 "no event of weft came through the graph (%llu of others): see docs/guide/recording.md for what to "
                 "record",
                 (unsigned long long)sink->decode.foreign);
        return -1;
    }
    view_init(&view, sink_name, &sink->analysis);
    view.foreign = sink->decode.foreign;
    view.unknown = sink->decode.unknown;
    if (cut)
        snprintf(view.cut, sizeof view.cut, "the graph was stopped");
    int failed = 0;
    if (sink->exports) {
        failed = export_write(&sink->export, &view);
        memcpy(sink->text, sink->export.text, sizeof sink->text);
    } else {
        failed = sink_report(sink, &view);
    }
    view_fini(&view);
    return failed;
}

void sink_end(struct sink *sink)
{
    bt_message_iterator_put_ref(sink->iterator);
    outfile_abort(&sink->file);
    export_close(&sink->export);
    analysis_fini(&sink->analysis);
    decode_fini(&sink->decode);
}
