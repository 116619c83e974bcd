/* SPDX-License-Identifier: MIT */
#include "notes.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"

char *weft__otlp_text_copy(const char *text)
{
    const size_t length = strnlen(text, WEFT__OTLP_TEXT_MAX);
    char *copy = malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

/* A copy whose key and text are its own; without a key: there was no memory. */
static weft_otlp_attribute note_copy(const weft_otlp_attribute *from)
{
    weft_otlp_attribute to = *from;
    to.key = weft__otlp_text_copy(from->key);
    to.text = to.key && from->kind == 't' ? weft__otlp_text_copy(from->text ? from->text : "") : NULL;
    if (to.key && from->kind == 't' && !to.text) {
        free((char *)(uintptr_t)to.key);
        to.key = NULL;
    }
    return to;
}

static void note_free(weft_otlp_attribute *note)
{
    free((char *)(uintptr_t)note->key);
    free((char *)(uintptr_t)note->text);
}

static bool notes_grow(struct weft__otlp_notes *notes)
{
    if (notes->count < notes->room)
        return true;
    const uint32_t room = notes->room ? 2 * notes->room : 8;
    weft_otlp_attribute *more = notes->count < WEFT__OTLP_NOTES_MAX ? realloc(notes->of, room * sizeof *more) : NULL;
    if (!more)
        return false;
    notes->of = more;
    notes->room = room;
    return true;
}

void weft__otlp_notes_put(struct weft__otlp_notes *notes, const weft_otlp_attribute *attribute)
{
    weft_otlp_attribute copy = {0};
    if (attribute->key && *attribute->key)
        copy = note_copy(attribute);
    for (uint32_t i = 0; copy.key && i < notes->count; i++)
        if (strcmp(notes->of[i].key, copy.key) == 0) {
            note_free(&notes->of[i]);
            notes->of[i] = copy;
            return;
        }
    if (!copy.key || !notes_grow(notes)) {
        note_free(&copy);
        notes->dropped++;
        return;
    }
    notes->of[notes->count++] = copy;
}

void weft__otlp_notes_put_all(struct weft__otlp_notes *notes, const weft_otlp_attribute *attributes, size_t count)
{
    for (size_t i = 0; attributes && i < count; i++)
        weft__otlp_notes_put(notes, &attributes[i]);
}

void weft__otlp_notes_free(struct weft__otlp_notes *notes)
{
    for (uint32_t i = 0; i < notes->count; i++)
        note_free(&notes->of[i]);
    free(notes->of);
    *notes = (struct weft__otlp_notes){0};
}

struct weft__otlp_shared *weft__otlp_shared_new(const char *text)
{
    const size_t length = text ? strlen(text) : 0;
    struct weft__otlp_shared *shared = length > 0 ? malloc(sizeof *shared + length + 1) : NULL;
    if (shared) {
        weft__store_relaxed(&shared->refs, 1);
        memcpy(shared->text, text, length + 1);
    }
    return shared;
}

struct weft__otlp_shared *weft__otlp_shared_ref(struct weft__otlp_shared *shared)
{
    if (shared)
        weft__fetch_add_relaxed(&shared->refs, 1); /* there is one already */
    return shared;
}

void weft__otlp_shared_unref(struct weft__otlp_shared *shared)
{
    if (shared && weft__fetch_sub_acq_rel(&shared->refs, 1) == 1) /* OS-R1 OS-A1: after all that others read */
        free(shared);
}
