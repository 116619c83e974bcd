/* SPDX-License-Identifier: MIT */
/* A table for spreadsheets and data frames: RFC 4180, with its CR LF, and quotes where a text needs them. */
#include <inttypes.h>
#include <string.h>

#include "cli/doc/doc.h"

/*
 * What a spreadsheet would take for a formula, and run: names are anybody's. With a ' in front it is a text to all of them (OWASP). One sign
 * alone is none: '-' stands where there is nothing.
 */
static bool doc_csv_acts(const char *text)
{
    return text[0] && text[1] && strchr("=+-@\t\r", text[0]);
}

static void doc_csv_text(const char *text, FILE *out)
{
    const bool acts = doc_csv_acts(text);
    if (!acts && !text[strcspn(text, "\",\r\n")]) {
        fputs(text, out);
        return;
    }
    fputs(acts ? "\"'" : "\"", out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

/* An unknown value of a shape is NaN, which readers of CSV take for missing. */
static void doc_csv_shape(const struct doc_cell *cell, FILE *out)
{
    for (size_t i = 0; i < cell->value_count; i++) {
        if (i)
            fputc(' ', out);
        if (cell->values[i] < 0)
            fputs("NaN", out);
        else
            fprintf(out, "%.6g", cell->values[i]);
    }
}

static void doc_csv_cell(const struct doc_cell *cell, enum doc_kind kind, FILE *out)
{
    if (cell->none)
        return;
    switch (kind) {
    case DOC_TEXT:
        doc_csv_text(cell->text ? cell->text : "", out);
        break;
    case DOC_COUNT:
    case DOC_NS:
        fprintf(out, "%" PRId64, doc_whole(cell->number));
        break;
    case DOC_SHARE:
    case DOC_NUMBER:
        fprintf(out, "%.6g", cell->number);
        break;
    case DOC_SHAPE:
        doc_csv_shape(cell, out);
        break;
    }
}

void doc_print_csv(const struct doc_block *table, FILE *out)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (i)
            fputc(',', out);
        doc_csv_text(table->columns[i].key, out);
    }
    fputs("\r\n", out);
    for (size_t i = 0; i < table->cell_count; i++) {
        doc_csv_cell(&table->cells[i], table->columns[i % table->column_count].kind, out);
        fputs((i + 1) % table->column_count ? "," : "\r\n", out);
    }
}
