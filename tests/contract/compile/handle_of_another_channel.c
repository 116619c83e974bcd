/* SPDX-License-Identifier: MIT */
/* The sender of one channel given to the functions of another. */
/* languages: c-warns c++ */
#include <weft.h>

struct apple {
    int weight;
};
struct pear {
    long weight;
};

WEFT_CHANNEL_DEFINE(apples, struct apple)
WEFT_CHANNEL_DEFINE(pears, struct pear)

int send(apples_sender *apple_out, pears_sender *pear_out, struct apple apple);
int send(apples_sender *apple_out, pears_sender *pear_out, struct apple apple)
{
#ifdef WRONG
    (void)apple_out;
    return apples_try_send(pear_out, apple);
#else
    (void)pear_out;
    return apples_try_send(apple_out, apple);
#endif
}
