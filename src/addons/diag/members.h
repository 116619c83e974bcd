/* SPDX-License-Identifier: MIT */
/*
 * The object of a task as weft_task_dump_one() writes it, into the document that is answered. Of JSON it reads what <weft/dump.h> shows:
 * objects, lists, texts, whole numbers, true and false, without spaces.
 *
 * Not by json_loadb(): when memory ends while jansson 2.14 reads a text, it leaves bytes of it out without a word, perhaps the closing
 * quote, and then reads and writes beyond its end (https://github.com/akheron/jansson/issues/362).
 */
#ifndef WEFT_DIAG_MEMBERS_H
#define WEFT_DIAG_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

struct weft__diag_json;

/* Its members become those of the open object. False: no memory, or it is no such text; the document is of no use then. */
bool weft__diag_members(struct weft__diag_json *json, const char *text, size_t length);

#endif
