/* SPDX-License-Identifier: MIT */
/* See grid.h. */
#include "cli/live/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"
#include "cli/memory.h"

void grid_init(struct grid *grid, int rows, int columns)
{
    *grid = (struct grid){rows, columns, memory_zeroed((size_t)rows * (size_t)columns, sizeof *grid->cells)};
    grid_clear(grid);
}

void grid_fini(struct grid *grid)
{
    free(grid->cells);
    *grid = (struct grid){0};
}

void grid_clear(struct grid *grid)
{
    for (int i = 0; i < grid->rows * grid->columns; i++)
        grid->cells[i] = (struct grid_cell){.text = " "};
}

/* The next character of a text, as a cell, and how many columns it takes. Returns its bytes. */
static size_t grid_character(const char *text, struct grid_cell *cell, int *width)
{
    const size_t length = weft__utf8_sequence(text);
    wchar_t wide = L'?';
    mbstate_t state = {0};
    *width = 1;
    cell->text[0] = '?';
    cell->text[1] = '\0';
    if (!length || weft__utf8_is_control(text, length))
        return length ? length : 1;
    if (length > 1) {
        if (mbrtowc(&wide, text, length, &state) != length || (*width = wcwidth(wide)) < 1) {
            *width = 1;
            return length;
        }
    }
    memcpy(cell->text, text, length);
    cell->text[length] = '\0';
    return length;
}

static int grid_width(const char *text)
{
    struct grid_cell cell = {0};
    int total = 0, width;
    while (*text) {
        text += grid_character(text, &cell, &width);
        total += width;
    }
    return total;
}

int grid_put(struct grid *grid, int row, int column, int width, enum grid_style style, const char *text)
{
    int used = 0, step;
    if (row < 0 || row >= grid->rows)
        return column;
    if (column + width > grid->columns)
        width = grid->columns - column;
    const int cut = grid_width(text) > width ? width - 1 : width;
    while (*text && used < width) {
        struct grid_cell cell = {.style = (unsigned char)style};
        text += grid_character(text, &cell, &step);
        struct grid_cell *at = &grid->cells[row * grid->columns + column + used];
        if (used + step > cut) {
            *at = (struct grid_cell){.text = "~", .style = (unsigned char)style};
            return column + used + 1;
        }
        *at = cell;
        if (step == 2)
            at[1] = (struct grid_cell){.text = "", .style = (unsigned char)style};
        used += step;
    }
    return column + used;
}

int grid_put_right(struct grid *grid, int row, int column, int width, enum grid_style style, const char *text)
{
    const int blanks = width - grid_width(text);
    return grid_put(grid, row, column + (blanks > 0 ? blanks : 0), blanks > 0 ? width - blanks : width, style, text);
}

int grid_print(struct grid *grid, int row, int column, enum grid_style style, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return column >= grid->columns ? column : grid_put(grid, row, column, grid->columns - column, style, text);
}

void grid_style_row(struct grid *grid, int row, enum grid_style style)
{
    for (int i = 0; i < grid->columns && row >= 0 && row < grid->rows; i++)
        grid->cells[row * grid->columns + i].style = (unsigned char)style;
}
