/* SPDX-License-Identifier: MIT */
/* The terminal: shows a grid of characters, reads keys. screen.c is the door to ncurses: nothing else includes it. */
#ifndef WEFT_CLI_LIVE_SCREEN_H
#define WEFT_CLI_LIVE_SCREEN_H

#include <stdbool.h>

#include "cli/live/grid.h"

/* Keys that are no characters. */
enum screen_key { KEY_NONE = -1, KEY_IS_UP = 0x1000, KEY_IS_DOWN, KEY_IS_PAGE_UP, KEY_IS_PAGE_DOWN, KEY_IS_FIRST, KEY_IS_LAST,
                  KEY_IS_ENTER, KEY_IS_BACK, KEY_IS_RUBOUT, KEY_IS_RESIZE };

bool screen_begin(void); /* false: there is no terminal, or none that can be drawn on */
void screen_end(void);
void screen_size(int *rows, int *columns);
void screen_show(const struct grid *grid);
int screen_key(int wait_ms); /* KEY_NONE: none within the time */

#endif
