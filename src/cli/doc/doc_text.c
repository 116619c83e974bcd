/* SPDX-License-Identifier: MIT */
/* A document for a terminal, and as Markdown. A cell that is longer than a table may be wide is cut there. */
#include <string.h>

#include "cli/doc/doc.h"
#include "cli/table.h"
#include "cli/text.h"

enum { DOC_WIDTH = 118 };

/* Words, wrapped; each line begins with `indent` blanks. */
static void doc_wrap(const char *text, int indent, FILE *out)
{
    size_t column = 0;
    while (*text) {
        const size_t length = strcspn(text, " ");
        char word[1024];
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        const size_t width = text_width(word);
        if (column && column + 1 + width > (size_t)(DOC_WIDTH - indent)) {
            fputc('\n', out);
            column = 0;
        }
        if (column)
            fputc(' ', out);
        else
            fprintf(out, "%*s", indent, "");
        fwrite(text, 1, length, out);
        column += width + (column > 0);
        text += length + (text[length] == ' ');
    }
    fputc('\n', out);
}

static size_t doc_shown(const struct doc *doc, const struct doc_block *block)
{
    const size_t rows = block->cell_count / block->column_count;
    return rows < doc->rows ? rows : doc->rows;
}

/* It has rows, and columns for readers. */
static bool doc_is_shown(const struct doc_block *block)
{
    bool titles = false;
    for (size_t i = 0; i < block->column_count; i++)
        titles |= block->columns[i].title != NULL;
    return titles && block->cell_count;
}

static void doc_text_table(const struct doc *doc, const struct doc_block *block, FILE *out)
{
    char heads[DOC_COLUMNS_MAX][64];
    const char *names[DOC_COLUMNS_MAX + 1] = {NULL};
    size_t columns[DOC_COLUMNS_MAX], count = 0;
    for (size_t i = 0; i < block->column_count; i++) {
        if (!block->columns[i].title)
            continue;
        const bool left = block->columns[i].kind == DOC_TEXT || block->columns[i].kind == DOC_SHAPE;
        snprintf(heads[count], sizeof heads[count], "%s%s", left ? "" : ">", block->columns[i].title);
        names[count] = heads[count];
        columns[count++] = i;
    }
    struct table table;
    if (!doc_is_shown(block))
        return;
    table_init(&table, names);
    const size_t rows = block->cell_count / block->column_count, shown = doc_shown(doc, block);
    char cell[1024];
    for (size_t row = 0; row < shown; row++)
        for (size_t i = 0; i < count; i++)
            table_cell(&table, "%s",
                       doc_cell_text(&block->cells[row * block->column_count + columns[i]],
                                     block->columns[columns[i]].kind, cell, sizeof cell));
    table_print(&table, out);
    table_fini(&table);
    if (shown < rows)
        fprintf(out, "  … and %zu more: --all\n", rows - shown);
}

static void doc_text_chart(const struct doc_block *block, FILE *out)
{
    char spark[4 * DOC_CHART_POINTS + 1], top[64];
    fprintf(out, "  %s, from %s to %s\n", block->text, block->x_from, block->x_to);
    for (size_t i = 0; i < block->line_count; i++) {
        double max = 0;
        for (size_t k = 0; k < block->lines[i].count; k++)
            max = block->lines[i].values[k] > max ? block->lines[i].values[k] : max;
        const struct doc_cell peak = {.number = max};
        fprintf(out, "    %-10s %s  at most %s\n", block->lines[i].name,
                doc_spark(block->lines[i].values, block->lines[i].count, spark, sizeof spark),
                doc_cell_text(&peak, block->y_kind, top, sizeof top));
    }
}

void doc_print_text(const struct doc *doc, FILE *out)
{
    for (size_t i = 0; i < doc->count; i++)
        if (doc->blocks[i].what == DOC_ALARM) {
            doc_wrap(doc->blocks[i].text, 0, out);
            fputc('\n', out);
        }
    fprintf(out, "%s\n", doc->title);
    for (size_t i = 0; i < doc->count; i++) {
        const struct doc_block *block = &doc->blocks[i];
        switch (block->what) {
        case DOC_SECTION:
            fprintf(out, "\n%s\n", block->text);
            break;
        case DOC_NOTE:
            doc_wrap(block->text, 2, out);
            break;
        case DOC_TABLE:
            if (i && doc->blocks[i - 1].what == DOC_TABLE && doc_is_shown(block))
                fputc('\n', out);
            doc_text_table(doc, block, out);
            break;
        case DOC_CHART:
            doc_text_chart(block, out);
            break;
        case DOC_ALARM:
            break;
        }
    }
}

/* ---- Markdown ---- */

static void doc_markdown_escape(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (strchr("\\|*_<>[]`", *text))
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void doc_markdown_table(const struct doc *doc, const struct doc_block *block, FILE *out)
{
    const size_t rows = block->cell_count / block->column_count, shown = doc_shown(doc, block);
    if (!doc_is_shown(block))
        return;
    fputs("\n|", out);
    for (size_t i = 0; i < block->column_count; i++)
        if (block->columns[i].title)
            fprintf(out, " %s |", block->columns[i].title);
    fputs("\n|", out);
    for (size_t i = 0; i < block->column_count; i++)
        if (block->columns[i].title)
            fputs(block->columns[i].kind == DOC_TEXT || block->columns[i].kind == DOC_SHAPE ? " --- |" : " ---: |",
                  out);
    fputc('\n', out);
    char cell[1024];
    for (size_t row = 0; row < shown; row++) {
        fputc('|', out);
        for (size_t i = 0; i < block->column_count; i++) {
            if (!block->columns[i].title)
                continue;
            fputc(' ', out);
            doc_markdown_escape(
                doc_cell_text(&block->cells[row * block->column_count + i], block->columns[i].kind, cell, sizeof cell),
                out);
            fputs(" |", out);
        }
        fputc('\n', out);
    }
    if (shown < rows)
        fprintf(out, "\n… and %zu more: --all\n", rows - shown);
}

void doc_print_markdown(const struct doc *doc, FILE *out)
{
    fputs("# ", out);
    doc_markdown_escape(doc->title, out);
    fputc('\n', out);
    for (size_t i = 0; i < doc->count; i++)
        if (doc->blocks[i].what == DOC_ALARM) {
            fputs("\n> **", out);
            doc_markdown_escape(doc->blocks[i].text, out);
            fputs("**\n", out);
        }
    for (size_t i = 0; i < doc->count; i++) {
        const struct doc_block *block = &doc->blocks[i];
        switch (block->what) {
        case DOC_SECTION:
            fprintf(out, "\n## %s\n", block->text);
            break;
        case DOC_NOTE:
            fputc('\n', out);
            doc_markdown_escape(block->text, out);
            fputc('\n', out);
            break;
        case DOC_TABLE:
            doc_markdown_table(doc, block, out);
            break;
        case DOC_CHART:
            fputs("\n```text\n", out);
            doc_text_chart(block, out);
            fputs("```\n", out);
            break;
        case DOC_ALARM:
            break;
        }
    }
}
