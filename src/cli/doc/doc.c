/* SPDX-License-Identifier: MIT */
/* See doc.h: putting a document together. */
#include "cli/doc/doc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/text.h"

enum { DOC_TEXT_SIZE = 4096 };

void doc_init(struct doc *doc, const char *title)
{
    *doc = (struct doc){.title = memory_text(title), .rows = SIZE_MAX};
}

static void doc_block_fini(struct doc_block *block)
{
    for (size_t i = 0; i < block->cell_count; i++) {
        free(block->cells[i].text);
        free(block->cells[i].values);
    }
    for (size_t i = 0; i < block->line_count; i++) {
        free(block->lines[i].name);
        free(block->lines[i].values);
    }
    free(block->cells);
    free(block->x_from);
    free(block->x_to);
    free(block->key);
    free(block->text);
}

void doc_fini(struct doc *doc)
{
    for (size_t i = 0; i < doc->count; i++)
        doc_block_fini(&doc->blocks[i]);
    free(doc->blocks);
    free(doc->title);
}

static struct doc_block *doc_add(struct doc *doc, enum doc_what what, const char *key, const char *text)
{
    if ((doc->count & (doc->count - 1)) == 0) /* room is a power of two */
        doc->blocks = memory_resize(doc->blocks, doc->count ? 2 * doc->count : 1, sizeof *doc->blocks);
    struct doc_block *block = &doc->blocks[doc->count++];
    *block = (struct doc_block){.what = what, .key = memory_text(key), .text = memory_text(text)};
    return block;
}

static void doc_say(struct doc *doc, enum doc_what what, const char *format, va_list arguments)
{
    char text[DOC_TEXT_SIZE], clean[DOC_TEXT_SIZE];
    vsnprintf(text, sizeof text, format, arguments);
    doc_add(doc, what, NULL, text_clean(clean, sizeof clean, text));
}

void doc_section(struct doc *doc, const char *key, const char *title)
{
    doc_add(doc, DOC_SECTION, key, title);
}

void doc_note(struct doc *doc, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    doc_say(doc, DOC_NOTE, format, arguments);
    va_end(arguments);
}

void doc_alarm(struct doc *doc, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    doc_say(doc, DOC_ALARM, format, arguments);
    va_end(arguments);
}

/* ---- tables ---- */

void doc_table(struct doc *doc, const char *key, const struct doc_column *columns)
{
    struct doc_block *block = doc_add(doc, DOC_TABLE, key, NULL);
    while (columns[block->column_count].key && block->column_count < DOC_COLUMNS_MAX) {
        block->columns[block->column_count] = columns[block->column_count];
        block->column_count++;
    }
}

static struct doc_block *doc_last(struct doc *doc)
{
    return &doc->blocks[doc->count - 1];
}

static struct doc_cell *doc_cell(struct doc *doc)
{
    struct doc_block *block = doc_last(doc);
    if ((block->cell_count & (block->cell_count - 1)) == 0)
        block->cells = memory_resize(block->cells, block->cell_count ? 2 * block->cell_count : 1, sizeof *block->cells);
    struct doc_cell *cell = &block->cells[block->cell_count++];
    *cell = (struct doc_cell){0};
    return cell;
}

void doc_none(struct doc *doc)
{
    doc_cell(doc)->none = true;
}

void doc_text(struct doc *doc, const char *text)
{
    char clean[DOC_TEXT_SIZE];
    if (text)
        doc_cell(doc)->text = memory_text(text_clean(clean, sizeof clean, text));
    else
        doc_none(doc);
}

void doc_format(struct doc *doc, const char *format, ...)
{
    char text[DOC_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    doc_text(doc, text);
}

void doc_count(struct doc *doc, uint64_t number)
{
    doc_cell(doc)->number = (double)number;
}

void doc_ns(struct doc *doc, int64_t ns)
{
    doc_cell(doc)->number = (double)ns;
}

void doc_number(struct doc *doc, double number)
{
    struct doc_cell *cell = doc_cell(doc);
    cell->number = number;
    cell->none = number < 0;
}

void doc_share(struct doc *doc, double share)
{
    doc_number(doc, share);
}

static double *doc_values(const double *values, size_t count)
{
    double *copy = memory_zeroed(count, sizeof *copy);
    memcpy(copy, values, count * sizeof *copy);
    return copy;
}

void doc_shape(struct doc *doc, const double *values, size_t count)
{
    struct doc_cell *cell = doc_cell(doc);
    cell->values = doc_values(values, count);
    cell->value_count = count;
}

size_t doc_rows(const struct doc *doc)
{
    const struct doc_block *block = &doc->blocks[doc->count - 1];
    return block->what == DOC_TABLE ? block->cell_count / block->column_count : 0;
}

/* ---- charts ---- */

void doc_chart(struct doc *doc, const char *key, const char *title, bool bars, enum doc_kind y_kind, const char *x_from,
               const char *x_to)
{
    struct doc_block *block = doc_add(doc, DOC_CHART, key, title);
    block->bars = bars;
    block->y_kind = y_kind;
    block->x_from = memory_text(x_from);
    block->x_to = memory_text(x_to);
}

void doc_line(struct doc *doc, const char *name, const double *values, size_t count)
{
    struct doc_block *block = doc_last(doc);
    if (block->line_count == DOC_LINES_MAX)
        return;
    char clean[256];
    block->lines[block->line_count++] = (struct doc_line){
        .name = memory_text(text_clean(clean, sizeof clean, name)),
        .values = doc_values(values, count),
        .count = count,
    };
}

/* ---- for readers ---- */

const char *doc_spark(const double *values, size_t count, char *out, size_t size)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double max = 0;
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        max = values[i] > max ? values[i] : max;
    for (size_t i = 0; i < count && used + 4 < size; i++) {
        if (values[i] < 0) {
            out[used++] = ' ';
            continue;
        }
        const size_t level = max > 0 ? (size_t)(values[i] / max * 7 + 0.5) : 0;
        memcpy(out + used, bars[level > 7 ? 7 : level], 3);
        used += 3;
    }
    out[used] = '\0';
    return out;
}

int64_t doc_whole(double number)
{
    const double beyond = 9223372036854775808.0; /* 2^63, which INT64_MAX becomes as a double */
    return number >= beyond ? INT64_MAX : number < -beyond ? INT64_MIN : (int64_t)number;
}

static void doc_number_text(double number, char *out, size_t size)
{
    if (number >= 100 || number == (double)(int64_t)number)
        snprintf(out, size, "%.0f", number);
    else
        snprintf(out, size, "%.*f", number >= 10 ? 1 : 2, number);
}

const char *doc_cell_text(const struct doc_cell *cell, enum doc_kind kind, char *out, size_t size)
{
    char duration[TEXT_DURATION_SIZE];
    if (cell->none) {
        snprintf(out, size, "-");
        return out;
    }
    switch (kind) {
    case DOC_TEXT:
        snprintf(out, size, "%s", cell->text ? cell->text : "");
        break;
    case DOC_COUNT:
        snprintf(out, size, "%.0f", cell->number);
        break;
    case DOC_NS:
        snprintf(out, size, "%s", cell->number ? text_duration(duration, doc_whole(cell->number)) : "0");
        break;
    case DOC_SHARE:
        snprintf(out, size, cell->number && cell->number < 0.0995 ? "%.1f%%" : "%.0f%%", cell->number * 100);
        break;
    case DOC_NUMBER:
        doc_number_text(cell->number, out, size);
        break;
    case DOC_SHAPE:
        doc_spark(cell->values, cell->value_count, out, size);
        break;
    }
    return out;
}
