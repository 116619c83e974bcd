/* SPDX-License-Identifier: MIT */
/* `weft trace diff`: two recordings, one after the other; how they are compared is in page/page_diff.c. */
#include <stdio.h>
#include <string.h>

#include "cli/trace/page/page_diff.h"
#include "cli/trace/trace.h"
#include "cli/trace/trace_output.h"

static int diff_option(void *context, int left, char **argv)
{
    (void)left;
    if (strcmp(argv[0], "--fail-on=slower") != 0)
        return 0;
    *(bool *)context = true;
    return 1;
}

/* What makes either doubtful. */
static void diff_alarms(const struct view *view, const char *which, struct doc *doc)
{
    const struct model *model = &view->analysis->model;
    if (model->events_lost || model->packets_lost || model->lost_uncounted)
        doc_alarm(doc, "LOST: %s has gaps; what crosses them is not compared.", which);
    if (view->cut[0])
        doc_alarm(doc, "CUT OFF: %s could not be read to its end: %s.", which, view->cut);
}

static int diff_run(int argc, char **argv)
{
    bool fail_on_slower = false;
    struct output output;
    struct analysis analyses[2];
    struct view views[2];
    struct doc doc;
    int code = output_arguments(&output, &trace_diff, 2, argc, argv, diff_option, &fail_on_slower);
    if (!code)
        code = output_read(output.path, &trace_diff, &analyses[0], &views[0], NULL, NULL);
    if (code)
        return code;
    code = output_read(output.second, &trace_diff, &analyses[1], &views[1], NULL, NULL);
    if (!code) {
        output_begin(&output, &trace_diff, &doc);
        diff_alarms(&views[0], "A", &doc);
        diff_alarms(&views[1], "B", &doc);
        const size_t slower = page_diff(&views[0], &views[1], &doc);
        code = output_write(&output, &doc, &trace_diff);
        if (!code && fail_on_slower && slower)
            code = OUTPUT_FOUND;
        doc_fini(&doc);
        view_fini(&views[1]);
        analysis_fini(&analyses[1]);
    }
    view_fini(&views[0]);
    analysis_fini(&analyses[0]);
    return code;
}

const struct command trace_diff = {
    "diff",
    "A B [--fail-on=slower] " OUTPUT_ARGUMENTS,
    "what is slower or faster in B than in A, and whether that may be chance",
    diff_run,
};
