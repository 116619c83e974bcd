/* SPDX-License-Identifier: MIT */
#include "io/label.h"

#include <string.h>

#include "base/platform.h"
#include "task/name.h"

struct weft__label *weft__label_of(const char *name, struct weft__label *otherwise)
{
    if (!name)
        return weft__label_ref(otherwise);
    struct weft__label *label = weft__alloc(sizeof *label);
    if (!label)
        return NULL;
    const size_t length = weft__name_fit(name, sizeof label->text - 1);
    memcpy(label->text, name, length);
    label->text[length] = '\0';
    weft__store_relaxed(&label->refs, 1); /* nobody has it yet */
    return label;
}

struct weft__label *weft__label_ref(struct weft__label *label)
{
    if (weft__load_relaxed(&label->refs) != 0) /* it never becomes so, nor does it cease to be: whoever asks has one */
        weft__fetch_add_relaxed(&label->refs, 1);
    return label;
}

void weft__label_unref(struct weft__label *label)
{
    if (weft__load_relaxed(&label->refs) != 0 && weft__fetch_sub_acq_rel(&label->refs, 1) == 1)
        weft__free(label);
}
