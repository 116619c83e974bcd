/* SPDX-License-Identifier: MIT */
/*
 * A document as one HTML file that needs nothing else: its style is inside, its charts are SVG, there is no script, and
 * nothing is fetched, so that it can be mailed and kept.
 */
#include "cli/doc/doc.h"

#include <string.h>

static const char doc_style[] =
    ":root{--ink:#1c2430;--soft:#5b6675;--rule:#d9dee5;--page:#fff;--band:#f5f7f9;--a:#2f6fab;--b:#c8553d;--c:#4b8f4b;"
    "--d:#8a5fb0;--e:#b88a1e;--f:#4aa3a3}"
    "@media(prefers-color-scheme:dark){:root{--ink:#dbe2ea;--soft:#93a0b0;--rule:#333c48;--page:#14181d;--band:#1b2127}"
    "}"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1180px;margin:2rem auto;"
    "padding:0 1.2rem}"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.4rem;border-bottom:1px solid var(--rule)}"
    "nav a{margin-right:1rem;color:var(--a);text-decoration:none}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;margin:.6rem 0}"
    "th,td{padding:.2rem .6rem;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}"
    "th{color:var(--soft);font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:"
    "nowrap}"
    "tr:hover td{background:var(--band)}"
    ".alarm{border-left:4px solid var(--b);background:var(--band);padding:.6rem 1rem;font-weight:600}"
    "figure{margin:1rem 0}figcaption{color:var(--soft);font-size:13px}"
    "svg{display:block}svg text{fill:var(--soft);font:11px system-ui,sans-serif}";

static const char *const doc_colours[DOC_LINES_MAX] = {"var(--a)", "var(--b)", "var(--c)",
                                                       "var(--d)", "var(--e)", "var(--f)"};

static void doc_escape(const char *text, FILE *out)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
            break;
        }
}

static double doc_peak(const double *values, size_t count)
{
    double peak = 0;
    for (size_t i = 0; i < count; i++)
        peak = values[i] > peak ? values[i] : peak;
    return peak;
}

/* Bars side by side; what is unknown leaves a hole. */
static void doc_html_bars(const double *values, size_t count, double peak, double x, double y, double width,
                          double height, const char *colour, FILE *out)
{
    const double step = width / (double)(count ? count : 1);
    for (size_t i = 0; i < count; i++) {
        const double tall = peak > 0 && values[i] > 0 ? values[i] / peak * height : 0;
        if (tall > 0)
            fprintf(out, "<rect x='%.1f' y='%.1f' width='%.2f' height='%.1f' fill='%s'/>", x + step * (double)i,
                    y + height - tall, step > 2 ? step - 0.6 : step, tall, colour);
    }
}

static void doc_html_shape(const struct doc_cell *cell, FILE *out)
{
    char spark[4 * DOC_CHART_POINTS + 1];
    fputs("<svg width='150' height='24' role='img' aria-label='", out);
    fputs(doc_spark(cell->values, cell->value_count, spark, sizeof spark), out);
    fputs("'>", out);
    doc_html_bars(cell->values, cell->value_count, doc_peak(cell->values, cell->value_count), 0, 1, 150, 22,
                  doc_colours[0], out);
    fputs("<line x1='0' y1='23.5' x2='150' y2='23.5' stroke='var(--rule)'/></svg>", out);
}

static void doc_html_table(const struct doc_block *block, FILE *out)
{
    bool titles = false;
    for (size_t i = 0; i < block->column_count; i++)
        titles |= block->columns[i].title != NULL;
    if (!titles || !block->cell_count)
        return;
    fputs("<div class=wide><table><tr>", out);
    for (size_t i = 0; i < block->column_count; i++) {
        const struct doc_column *column = &block->columns[i];
        if (!column->title)
            continue;
        fputs(column->kind == DOC_TEXT || column->kind == DOC_SHAPE ? "<th>" : "<th class=n>", out);
        doc_escape(column->title, out);
        fputs("</th>", out);
    }
    fputs("</tr>\n", out);
    char text[4096];
    for (size_t at = 0; at < block->cell_count; at += block->column_count) {
        fputs("<tr>", out);
        for (size_t i = 0; i < block->column_count; i++) {
            const struct doc_column *column = &block->columns[i];
            const struct doc_cell *cell = &block->cells[at + i];
            if (!column->title)
                continue;
            fputs(column->kind == DOC_TEXT || column->kind == DOC_SHAPE ? "<td>" : "<td class=n>", out);
            if (column->kind == DOC_SHAPE && !cell->none)
                doc_html_shape(cell, out);
            else
                doc_escape(doc_cell_text(cell, column->kind, text, sizeof text), out);
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n", out);
}

enum { CHART_WIDTH = 1000, CHART_HEIGHT = 150, CHART_LEFT = 64, CHART_TOP = 8, CHART_BELOW = 20 };

static void doc_html_curve(const struct doc_line *line, double peak, const char *colour, FILE *out)
{
    bool open = false;
    fputs("<path fill='none' stroke-width='1.6' stroke='", out);
    fprintf(out, "%s' d='", colour);
    for (size_t i = 0; i < line->count; i++) {
        if (line->values[i] < 0) {
            open = false;
            continue;
        }
        fprintf(out, "%c%.1f %.1f", open ? 'L' : 'M',
                CHART_LEFT + (double)CHART_WIDTH * ((double)i + 0.5) / (double)line->count,
                CHART_TOP + CHART_HEIGHT * (1 - (peak > 0 ? line->values[i] / peak : 0)));
        open = true;
    }
    fputs("'/>", out);
}

static void doc_html_chart(const struct doc_block *block, FILE *out)
{
    double peak = 0;
    for (size_t i = 0; i < block->line_count; i++) {
        const double one = doc_peak(block->lines[i].values, block->lines[i].count);
        peak = one > peak ? one : peak;
    }
    char top[64];
    const struct doc_cell cell = {.number = peak};
    fprintf(out, "<figure><svg viewBox='0 0 %d %d' width='100%%' role='img'>", CHART_LEFT + CHART_WIDTH + 4,
            CHART_TOP + CHART_HEIGHT + CHART_BELOW);
    fprintf(out, "<line x1='%d' y1='%d' x2='%d' y2='%d' stroke='var(--rule)'/>", CHART_LEFT, CHART_TOP + CHART_HEIGHT,
            CHART_LEFT + CHART_WIDTH, CHART_TOP + CHART_HEIGHT);
    fprintf(out, "<text x='%d' y='%d' text-anchor='end'>", CHART_LEFT - 6, CHART_TOP + 8);
    doc_escape(doc_cell_text(&cell, block->y_kind, top, sizeof top), out);
    fprintf(out, "</text><text x='%d' y='%d' text-anchor='end'>0</text>", CHART_LEFT - 6, CHART_TOP + CHART_HEIGHT);
    fprintf(out, "<text x='%d' y='%d'>", CHART_LEFT, CHART_TOP + CHART_HEIGHT + 14);
    doc_escape(block->x_from, out);
    fprintf(out, "</text><text x='%d' y='%d' text-anchor='end'>", CHART_LEFT + CHART_WIDTH,
            CHART_TOP + CHART_HEIGHT + 14);
    doc_escape(block->x_to, out);
    fputs("</text>", out);
    for (size_t i = 0; i < block->line_count; i++) {
        if (block->bars)
            doc_html_bars(block->lines[i].values, block->lines[i].count, peak, CHART_LEFT, CHART_TOP, CHART_WIDTH,
                          CHART_HEIGHT, doc_colours[i], out);
        else
            doc_html_curve(&block->lines[i], peak, doc_colours[i], out);
    }
    fputs("</svg><figcaption>", out);
    doc_escape(block->text, out);
    for (size_t i = 0; i < block->line_count && block->line_count > 1; i++) {
        fprintf(out, " <span style='color:%s'>■</span> ", doc_colours[i]);
        doc_escape(block->lines[i].name, out);
    }
    fputs("</figcaption></figure>\n", out);
}

static void doc_html_head(const struct doc *doc, FILE *out)
{
    fputs("<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
          "<meta name=viewport content='width=device-width,initial-scale=1'><title>",
          out);
    doc_escape(doc->title, out);
    fprintf(out, "</title><style>%s</style></head><body>\n<h1>", doc_style);
    doc_escape(doc->title, out);
    fputs("</h1>\n", out);
    for (size_t i = 0; i < doc->count; i++)
        if (doc->blocks[i].what == DOC_ALARM) {
            fputs("<p class=alarm>", out);
            doc_escape(doc->blocks[i].text, out);
            fputs("</p>\n", out);
        }
    fputs("<nav>", out);
    for (size_t i = 0; i < doc->count; i++)
        if (doc->blocks[i].what == DOC_SECTION) {
            fprintf(out, "<a href='#%s'>", doc->blocks[i].key);
            doc_escape(doc->blocks[i].text, out);
            fputs("</a>", out);
        }
    fputs("</nav>\n", out);
}

void doc_print_html(const struct doc *doc, FILE *out)
{
    doc_html_head(doc, out);
    for (size_t i = 0; i < doc->count; i++) {
        const struct doc_block *block = &doc->blocks[i];
        switch (block->what) {
        case DOC_SECTION:
            fprintf(out, "<h2 id='%s'>", block->key);
            doc_escape(block->text, out);
            fputs("</h2>\n", out);
            break;
        case DOC_NOTE:
            fputs("<p>", out);
            doc_escape(block->text, out);
            fputs("</p>\n", out);
            break;
        case DOC_TABLE:
            doc_html_table(block, out);
            break;
        case DOC_CHART:
            doc_html_chart(block, out);
            break;
        case DOC_ALARM:
            break;
        }
    }
    fputs("</body></html>\n", out);
}
