/* SPDX-License-Identifier: MIT */
/* A document for programs: an object per section, in it its sentences, its tables as arrays of rows, its charts. */
#include "cli/doc/doc.h"
#include "cli/json.h"

static void doc_json_values(struct json *json, const char *key, const double *values, size_t count)
{
    json_open(json, key, '[');
    for (size_t i = 0; i < count; i++)
        json_ratio(json, NULL, values[i]);
    json_close(json, ']');
}

static void doc_json_cell(struct json *json, const struct doc_column *column, const struct doc_cell *cell)
{
    if (cell->none) {
        json_text(json, column->key, NULL);
        return;
    }
    switch (column->kind) {
    case DOC_TEXT:
        json_text(json, column->key, cell->text ? cell->text : "");
        break;
    case DOC_COUNT:
    case DOC_NS:
        json_integer(json, column->key, doc_whole(cell->number));
        break;
    case DOC_SHARE:
    case DOC_NUMBER:
        json_ratio(json, column->key, cell->number);
        break;
    case DOC_SHAPE:
        doc_json_values(json, column->key, cell->values, cell->value_count);
        break;
    }
}

static void doc_json_table(struct json *json, const struct doc_block *block)
{
    json_open(json, block->key, '[');
    for (size_t at = 0; at < block->cell_count; at += block->column_count) {
        json_open(json, NULL, '{');
        for (size_t i = 0; i < block->column_count; i++)
            doc_json_cell(json, &block->columns[i], &block->cells[at + i]);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void doc_json_chart(struct json *json, const struct doc_block *block)
{
    json_open(json, block->key, '{');
    json_text(json, "title", block->text);
    json_text(json, "from", block->x_from);
    json_text(json, "to", block->x_to);
    json_open(json, "lines", '[');
    for (size_t i = 0; i < block->line_count; i++) {
        json_open(json, NULL, '{');
        json_text(json, "name", block->lines[i].name);
        doc_json_values(json, "values", block->lines[i].values, block->lines[i].count);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void doc_json_section(struct json *json, const struct doc *doc, size_t at)
{
    size_t end = at + 1;
    while (end < doc->count && doc->blocks[end].what != DOC_SECTION)
        end++;
    json_open(json, doc->blocks[at].key, '{');
    json_open(json, "notes", '[');
    for (size_t i = at; i < end; i++)
        if (doc->blocks[i].what == DOC_NOTE)
            json_text(json, NULL, doc->blocks[i].text);
    json_close(json, ']');
    for (size_t i = at; i < end; i++) {
        if (doc->blocks[i].what == DOC_TABLE)
            doc_json_table(json, &doc->blocks[i]);
        else if (doc->blocks[i].what == DOC_CHART)
            doc_json_chart(json, &doc->blocks[i]);
    }
    json_close(json, '}');
}

static void doc_json(const struct doc *doc, struct json json)
{
    json_open(&json, NULL, '{');
    json_text(&json, "title", doc->title);
    json_open(&json, "alarms", '[');
    for (size_t i = 0; i < doc->count; i++)
        if (doc->blocks[i].what == DOC_ALARM)
            json_text(&json, NULL, doc->blocks[i].text);
    json_close(&json, ']');
    for (size_t i = 0; i < doc->count; i++)
        if (doc->blocks[i].what == DOC_SECTION)
            doc_json_section(&json, doc, i);
    json_close(&json, '}');
}

void doc_print_json(const struct doc *doc, FILE *out)
{
    doc_json(doc, (struct json){.out = out});
}

void doc_print_json_line(const struct doc *doc, FILE *out)
{
    doc_json(doc, (struct json){.out = out, .line_from = 1});
}
