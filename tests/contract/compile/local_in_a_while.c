/* SPDX-License-Identifier: MIT */
/* A local that one turn of a loop leaves to the next, over an await. */
/* languages: c c++ */
#include <weft.h>

struct step {
    weft_frame weft;
    int kept;
};

weft_poll step(weft_context *cx, struct step *self);
weft_poll step(weft_context *cx, struct step *self)
{
    WEFT_BEGIN(cx, self);
#ifdef WRONG
    int turns;
    turns = 0;
    while (turns < 3) {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        turns++;
    }
#else
    self->kept = 0;
    while (self->kept < 3) {
        WEFT_AWAIT(self->weft.rc, weft_yield(cx));
        self->kept++;
    }
#endif
    WEFT_END(0);
}
