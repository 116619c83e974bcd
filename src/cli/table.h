/* SPDX-License-Identifier: MIT */
/* A table on a terminal: cells first, then the columns are as wide as they have to be. */
#ifndef WEFT_CLI_TABLE_H
#define WEFT_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 16, TABLE_CELL_SIZE = 192 };

struct table {
    size_t columns;
    bool right[TABLE_COLUMNS_MAX];
    size_t width[TABLE_COLUMNS_MAX];
    char **cells; /* row after row, the first is the head */
    size_t count;
};

/* The columns' names, ended by NULL; one that begins with '>' is of numbers, aligned to the right. */
void table_init(struct table *table, const char *const *names);
void table_fini(struct table *table);

/* The next cell of the row; a row that is full begins the next. */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

void table_print(const struct table *table, FILE *out);

#endif
