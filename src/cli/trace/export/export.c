/* SPDX-License-Identifier: MIT */
/* See export.h. */
#include "cli/trace/export/export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int export_fail(struct export *export, const char *path, int error)
{
    snprintf(export->text, sizeof export->text, "%s: %s", path, strerror(-error));
    return -1;
}

/* A folder is there, or can be made, and a file can be written into it. */
static int export_folder(struct export *export, const char *path)
{
    struct stat there;
    if (mkdir(path, 0777) && errno != EEXIST)
        return export_fail(export, path, -errno);
    if (stat(path, &there))
        return export_fail(export, path, -errno);
    return S_ISDIR(there.st_mode) ? 0 : export_fail(export, path, -ENOTDIR);
}

static int export_open_file(struct export *export, struct outfile *file, const char *path)
{
    const int error = path ? outfile_open(file, path) : 0;
    return error ? export_fail(export, path, error) : 0;
}

int export_open(struct export *export, const struct export_wish *wish)
{
    memset(export, 0, sizeof *export);
    export->wish = *wish;
    folded_init(&export->folded, wish->waits);
    uint32_t takers = 0;
    if (wish->perfetto)
        export->takers[takers++] = perfetto_taker(&export->perfetto);
    if (wish->timeline)
        export->takers[takers++] = timeline_taker(&export->timeline);
    if (wish->folded)
        export->takers[takers++] = folded_taker(&export->folded);
    spans_init(&export->spans, export->takers, takers);
    const bool failed = (wish->csv && export_folder(export, wish->csv)) ||
                        export_open_file(export, &export->perfetto_file, wish->perfetto) ||
                        export_open_file(export, &export->timeline_file, wish->timeline) ||
                        export_open_file(export, &export->folded_file, wish->folded);
    perfetto_init(&export->perfetto, &export->spans, export->perfetto_file.file);
    timeline_init(&export->timeline, &export->spans);
    return failed ? -1 : 0;
}

/* Times of the wish are since the first event. */
static void export_begin(struct export *export, const struct event *event)
{
    export->begun = true;
    if (export->wish.to_s > 0)
        export->spans.to_ns = event->ns + (int64_t)(export->wish.to_s * 1e9);
    if (export->wish.from_s > 0)
        export->spans.from_ns = event->ns + (int64_t)(export->wish.from_s * 1e9);
}

void export_event(struct export *export, struct analysis *analysis, const struct event *event)
{
    const bool ends = event->kind == WEFT_TRACE_task_end || event->kind == WEFT_TRACE_chan_end;
    if (!export->begun)
        export_begin(export, event);
    if (ends) /* what it was is forgotten with it */
        spans_event(&export->spans, analysis, event);
    analysis_event(analysis, event);
    if (!ends)
        spans_event(&export->spans, analysis, event);
}

void export_gap(struct export *export, struct analysis *analysis, const struct event_gap *gap)
{
    spans_gap(&export->spans, analysis, gap);
    analysis_gap(analysis, gap);
}

/* ---- writing ---- */

static int export_commit(struct export *export, struct outfile *file)
{
    char path[EXPORT_TEXT_SIZE - 256];
    snprintf(path, sizeof path, "%s", file->path);
    const int error = outfile_commit(file);
    return error ? export_fail(export, path, error) : 0;
}

/* "tasks-polls.csv"; "channels.csv" of the section that is called like its table. */
static int export_table(struct export *export, const char *section, const struct doc_block *table)
{
    char path[EXPORT_TEXT_SIZE - 256];
    const bool same = !strcmp(section, table->key);
    struct outfile file;
    const int length = snprintf(path, sizeof path, "%s/%s%s%s.csv", export->wish.csv, section, same ? "" : "-",
                                same ? "" : table->key);
    if (length >= (int)sizeof path)
        return export_fail(export, export->wish.csv, -ENAMETOOLONG);
    if (export_open_file(export, &file, path))
        return -1;
    doc_print_csv(table, file.file);
    return export_commit(export, &file);
}

static int export_csv(struct export *export, const struct view *view)
{
    struct doc doc;
    const char *section = "";
    int failed = 0;
    doc_init(&doc, "");
    page_report(view, &doc);
    page_figures(view, &doc);
    for (size_t i = 0; i < doc.count && !failed; i++) {
        if (doc.blocks[i].what == DOC_SECTION)
            section = doc.blocks[i].key;
        else if (doc.blocks[i].what == DOC_TABLE)
            failed = export_table(export, section, &doc.blocks[i]);
    }
    doc_fini(&doc);
    return failed;
}

int export_write(struct export *export, const struct view *view)
{
    const struct model *model = &view->analysis->model;
    spans_finish(&export->spans, view->analysis, model->end_ns);
    if (export->wish.perfetto) {
        perfetto_finish(&export->perfetto, view);
        if (export_commit(export, &export->perfetto_file))
            return -1;
    }
    if (export->wish.timeline) {
        timeline_print(&export->timeline, view, export->timeline_file.file);
        if (export_commit(export, &export->timeline_file))
            return -1;
    }
    if (export->wish.folded) {
        folded_print(&export->folded, view->analysis, export->folded_file.file);
        if (export_commit(export, &export->folded_file))
            return -1;
    }
    return export->wish.csv ? export_csv(export, view) : 0;
}

void export_close(struct export *export)
{
    outfile_abort(&export->perfetto_file);
    outfile_abort(&export->timeline_file);
    outfile_abort(&export->folded_file);
    timeline_fini(&export->timeline);
    perfetto_fini(&export->perfetto);
    folded_fini(&export->folded);
    spans_fini(&export->spans);
}
