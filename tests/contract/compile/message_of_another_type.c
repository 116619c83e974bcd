/* SPDX-License-Identifier: MIT */
/* A message of another type than the channel's. */
/* languages: c c++ */
#include <weft.h>

struct apple {
    int weight;
};
struct pear {
    long weight;
};

WEFT_CHANNEL_DEFINE(apples, struct apple)
WEFT_CHANNEL_DEFINE(pears, struct pear)

int send(apples_sender *out, struct apple apple, struct pear pear);
int send(apples_sender *out, struct apple apple, struct pear pear)
{
#ifdef WRONG
    (void)apple;
    return apples_try_send(out, pear);
#else
    (void)pear;
    return apples_try_send(out, apple);
#endif
}
