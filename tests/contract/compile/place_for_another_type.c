/* SPDX-License-Identifier: MIT */
/* A place for a message of another type than the channel's. */
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

int receive(apples_receiver *in, struct apple *apple, struct pear *pear);
int receive(apples_receiver *in, struct apple *apple, struct pear *pear)
{
#ifdef WRONG
    (void)apple;
    return apples_try_recv(in, pear);
#else
    (void)pear;
    return apples_try_recv(in, apple);
#endif
}
