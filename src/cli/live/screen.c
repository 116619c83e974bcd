/* SPDX-License-Identifier: MIT */
/* See screen.h. */
#define NCURSES_WIDECHAR 1
#include "cli/live/screen.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static attr_t attributes[STYLE_KEY + 1];

static void screen_styles(void)
{
    const bool colours = has_colors() && !getenv("NO_COLOR");
    static const struct { short pair, colour; } pairs[] = {{1, COLOR_GREEN}, {2, COLOR_YELLOW}, {3, COLOR_RED}, {4, COLOR_CYAN}};
    if (colours) {
        start_color();
        use_default_colors();
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
            init_pair(pairs[i].pair, pairs[i].colour, -1);
    }
    attributes[STYLE_DIM] = A_DIM;
    attributes[STYLE_HEAD] = A_BOLD | A_UNDERLINE;
    attributes[STYLE_CHOSEN] = A_REVERSE;
    attributes[STYLE_GOOD] = colours ? COLOR_PAIR(1) : A_NORMAL;
    attributes[STYLE_WARN] = colours ? COLOR_PAIR(2) : A_BOLD; /* without colours what is wrong still stands out */
    attributes[STYLE_BAD] = colours ? COLOR_PAIR(3) | A_BOLD : A_BOLD | A_STANDOUT;
    attributes[STYLE_KEY] = colours ? COLOR_PAIR(4) : A_BOLD;
}

bool screen_begin(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !newterm(NULL, stdout, stdin))
        return false;
    set_escdelay(50);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    curs_set(0);
    screen_styles();
    return true;
}

void screen_end(void)
{
    endwin();
}

void screen_size(int *rows, int *columns)
{
    getmaxyx(stdscr, *rows, *columns);
}

void screen_show(const struct grid *grid)
{
    erase();
    for (int row = 0; row < grid->rows; row++) {
        move(row, 0);
        for (int column = 0; column < grid->columns; column++) {
            const struct grid_cell *cell = &grid->cells[row * grid->columns + column];
            attrset(attributes[cell->style]);
            addstr(cell->text);
        }
    }
    attrset(A_NORMAL);
    refresh();
}

int screen_key(int wait_ms)
{
    timeout(wait_ms);
    const int key = getch();
    switch (key) {
    case ERR: return KEY_NONE;
    case KEY_UP: return KEY_IS_UP;
    case KEY_DOWN: return KEY_IS_DOWN;
    case KEY_PPAGE: return KEY_IS_PAGE_UP;
    case KEY_NPAGE: return KEY_IS_PAGE_DOWN;
    case KEY_HOME: return KEY_IS_FIRST;
    case KEY_END: return KEY_IS_LAST;
    case KEY_ENTER:
    case '\r':
    case '\n': return KEY_IS_ENTER;
    case 27: return KEY_IS_BACK;
    case KEY_BACKSPACE:
    case 127:
    case '\b': return KEY_IS_RUBOUT;
    case KEY_RESIZE: return KEY_IS_RESIZE;
    default: return key;
    }
}
