/* SPDX-License-Identifier: MIT */
/* An initialiser that the frame does not have. */
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
    return weft_spawn(scope, baker, .cakes = 3);
#else
    return weft_spawn(scope, baker, .loaves = 3);
#endif
}
