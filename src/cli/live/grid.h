/* SPDX-License-Identifier: MIT */
/* What is to be seen on a terminal, as a grid of characters and styles: made without a terminal, so that tests can read it. */
#ifndef WEFT_CLI_LIVE_GRID_H
#define WEFT_CLI_LIVE_GRID_H

#include <stddef.h>

enum grid_style { STYLE_PLAIN, STYLE_DIM, STYLE_HEAD, STYLE_CHOSEN, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_KEY };

struct grid_cell {
    char text[8]; /* one character as UTF-8; "" behind one that is two columns wide */
    unsigned char style;
};

struct grid {
    int rows, columns;
    struct grid_cell *cells;
};

void grid_init(struct grid *grid, int rows, int columns);
void grid_fini(struct grid *grid);
void grid_clear(struct grid *grid);

/*
 * Write at most `width` columns of a text; what is cut ends with '~'. Control characters, and what is no text in the
 * locale of the terminal, become '?'. Returns the column behind it.
 */
int grid_put(struct grid *grid, int row, int column, int width, enum grid_style style, const char *text);
int grid_put_right(struct grid *grid, int row, int column, int width, enum grid_style style, const char *text);
int grid_print(struct grid *grid, int row, int column, enum grid_style style, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A whole row in a style. */
void grid_style_row(struct grid *grid, int row, enum grid_style style);

#endif
