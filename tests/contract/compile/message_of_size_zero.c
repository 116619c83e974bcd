/* SPDX-License-Identifier: MIT */
/* A channel of messages without bytes. */
/* languages: c */
#include <weft.h>

struct empty {
#ifndef WRONG
    int value;
#endif
};

WEFT_CHANNEL_DEFINE(empties, struct empty)
