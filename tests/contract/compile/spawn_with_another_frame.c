/* SPDX-License-Identifier: MIT */
/* A step that takes the frame of another one. */
/* languages: c c++ */
#include <weft.h>

struct baker {
    weft_frame weft;
    int loaves;
};
struct miller {
    weft_frame weft;
    int sacks;
};

weft_poll baker(weft_context *cx, struct baker *self);
weft_poll miller(weft_context *cx, struct baker *self);
weft_poll plain_function(weft_context *cx, void *frame);

weft_task start(weft_scope *scope);
weft_task start(weft_scope *scope)
{
#ifdef WRONG
    return weft_spawn(scope, miller, .sacks = 3); /* declared over struct baker */
#else
    return weft_spawn(scope, baker, .loaves = 3);
#endif
}
