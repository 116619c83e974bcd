/* SPDX-License-Identifier: MIT */
/* See table.h. */
#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>

#include "cli/memory.h"
#include "cli/text.h"

void table_init(struct table *table, const char *const *names)
{
    *table = (struct table){0};
    while (names[table->columns]) {
        table->right[table->columns] = names[table->columns][0] == '>';
        table->columns++;
    }
    for (size_t i = 0; i < table->columns; i++)
        table_cell(table, "%s", names[i] + table->right[i]);
}

void table_fini(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
}

void table_cell(struct table *table, const char *format, ...)
{
    char cell[TABLE_CELL_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cell, sizeof cell, format, arguments);
    va_end(arguments);
    if ((table->count & (table->count - 1)) == 0) /* room is a power of two */
        table->cells = memory_resize(table->cells, table->count ? 2 * table->count : 1, sizeof *table->cells);
    size_t column = table->count % table->columns, width = text_width(cell);
    table->cells[table->count++] = memory_text(cell);
    if (width > table->width[column])
        table->width[column] = width;
}

void table_print(const struct table *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        bool last = column + 1 == table->columns;
        int blanks = (int)(table->width[column] - text_width(table->cells[i]));
        fputs("  ", out);
        if (table->right[column])
            fprintf(out, "%*s%s", blanks, "", table->cells[i]);
        else
            fprintf(out, "%s%*s", table->cells[i], last ? 0 : blanks, "");
        if (last)
            fputc('\n', out);
    }
}
