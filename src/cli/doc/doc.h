/* SPDX-License-Identifier: MIT */
/*
 * A document of sections, sentences, tables and charts, made once and printed as text, Markdown, JSON or HTML. A cell
 * keeps its value and what it is: a duration is "12.3 us" to a reader and 12345 to a program.
 */
#ifndef WEFT_CLI_DOC_DOC_H
#define WEFT_CLI_DOC_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { DOC_COLUMNS_MAX = 24, DOC_POINTS = 48, DOC_LINES_MAX = 6, DOC_CHART_POINTS = 128 };

enum doc_kind {
    DOC_TEXT,
    DOC_COUNT,
    DOC_NS,     /* a duration */
    DOC_SHARE,  /* 0 to 1, printed as per cent */
    DOC_NUMBER, /* any other */
    DOC_SHAPE   /* a few values side by side: over time, or of a histogram */
};

struct doc_column {
    const char *key;   /* in JSON; with its unit, as in "wait_ns" */
    const char *title; /* for readers; a column of no title is for programs only */
    enum doc_kind kind;
};

struct doc_cell {
    bool none; /* not known, or there is none: "-", null */
    char *text;
    double number;
    double *values;
    size_t value_count;
};

struct doc_line {
    char *name;
    double *values; /* below 0: unknown */
    size_t count;
};

struct doc_block {
    enum doc_what { DOC_SECTION, DOC_NOTE, DOC_ALARM, DOC_TABLE, DOC_CHART } what;
    char *key;
    char *text; /* a section's or chart's title; a sentence */
    /* a table */
    struct doc_column columns[DOC_COLUMNS_MAX];
    size_t column_count;
    struct doc_cell *cells;
    size_t cell_count;
    /* a chart */
    bool bars;
    struct doc_line lines[DOC_LINES_MAX];
    size_t line_count;
    char *x_from;
    char *x_to;
    enum doc_kind y_kind;
};

struct doc {
    char *title;
    struct doc_block *blocks;
    size_t count;
    size_t rows; /* of a table at most, in what is printed for readers */
};

void doc_init(struct doc *doc, const char *title);
void doc_fini(struct doc *doc);

void doc_section(struct doc *doc, const char *key, const char *title);
void doc_note(struct doc *doc, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What makes the rest doubtful, or must be seen first: printed in front of everything. */
void doc_alarm(struct doc *doc, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `columns` ends with a key of NULL. Cells follow, row after row. */
void doc_table(struct doc *doc, const char *key, const struct doc_column *columns);
void doc_text(struct doc *doc, const char *text); /* NULL: none; control characters are taken out */
void doc_format(struct doc *doc, const char *format, ...) __attribute__((format(printf, 2, 3)));
void doc_count(struct doc *doc, uint64_t number);
void doc_ns(struct doc *doc, int64_t ns);
void doc_share(struct doc *doc, double share);                       /* below 0: none */
void doc_number(struct doc *doc, double number);                     /* below 0: none */
void doc_shape(struct doc *doc, const double *values, size_t count); /* values below 0: unknown */
void doc_none(struct doc *doc);

/* The rows of the last table. */
size_t doc_rows(const struct doc *doc);

/* A chart: bars, or lines over what reaches from `x_from` to `x_to`; doc_line() adds one. */
void doc_chart(struct doc *doc, const char *key, const char *title, bool bars, enum doc_kind y_kind, const char *x_from,
               const char *x_to);
void doc_line(struct doc *doc, const char *name, const double *values, size_t count);

void doc_print_text(const struct doc *doc, FILE *out);
void doc_print_markdown(const struct doc *doc, FILE *out);
void doc_print_json(const struct doc *doc, FILE *out);
void doc_print_json_line(const struct doc *doc, FILE *out); /* without a line break but at its end */
void doc_print_html(const struct doc *doc, FILE *out);

/* One table as CSV (RFC 4180): its keys are the head, a cell without a value is empty, a shape is values with blanks. */
void doc_print_csv(const struct doc_block *table, FILE *out);

/* The number of a count or a duration as a whole one; the nearest, of what is beyond 64 bits. */
int64_t doc_whole(double number);

/* A cell as a reader sees it. Returns `out`. */
const char *doc_cell_text(const struct doc_cell *cell, enum doc_kind kind, char *out, size_t size);

/* "▁▂▅█": one character per value, relative to the greatest; a blank for what is unknown. Returns `out`. */
const char *doc_spark(const double *values, size_t count, char *out, size_t size);

#endif
