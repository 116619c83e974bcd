/* SPDX-License-Identifier: MIT */
#include "pack.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum { PACK_WINDOW_GZIP = 15 + 16, PACK_MEMORY = 8 }; /* the largest window, with gzip's head; zlib's default */

char *weft__otlp_pack(const char *bytes, size_t length, size_t *out_length)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, PACK_WINDOW_GZIP, PACK_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    const size_t room = deflateBound(&stream, (uLong)length); /* in which it ends in one step */
    char *packed = malloc(room);
    stream.next_in = (Bytef *)(uintptr_t)bytes; /* which zlib only reads */
    stream.avail_in = (uInt)length;
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)room;
    if (packed && deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        free(packed);
        packed = NULL;
    }
    *out_length = room - stream.avail_out;
    deflateEnd(&stream);
    return packed;
}
