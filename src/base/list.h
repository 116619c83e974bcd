/* SPDX-License-Identifier: MIT */
/* Intrusive doubly linked rings. A link that is in none points to nothing (next is NULL). */
#ifndef WEFT_BASE_LIST_H
#define WEFT_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weft__link {
    struct weft__link *next;
    struct weft__link *prev;
};

#define weft__container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void weft__list_init(struct weft__link *head) { head->next = head->prev = head; }
static inline bool weft__list_empty(const struct weft__link *head) { return head->next == head; }
static inline bool weft__link_in_list(const struct weft__link *link) { return link->next != NULL; }

static inline void weft__list_push_back(struct weft__link *head, struct weft__link *link)
{
    link->next = head;
    link->prev = head->prev;
    head->prev->next = link;
    head->prev = link;
}

static inline void weft__list_remove(struct weft__link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = NULL;
}

static inline struct weft__link *weft__list_pop_front(struct weft__link *head)
{
    struct weft__link *first = head->next;
    if (first == head)
        return NULL;
    weft__list_remove(first);
    return first;
}

/* A ring without a head, whose owner points to the last of it: one word in the owner in place of two. NULL: nobody is in it. */
static inline struct weft__link *weft__ring_first(const struct weft__link *last) { return last ? last->next : NULL; }
static inline struct weft__link *weft__ring_next(const struct weft__link *last, const struct weft__link *link)
{
    return link == last ? NULL : link->next;
}
static inline uint32_t weft__ring_length(const struct weft__link *last)
{
    uint32_t length = 0;
    for (const struct weft__link *link = weft__ring_first(last); link; link = weft__ring_next(last, link))
        length++;
    return length;
}

static inline void weft__ring_push_back(struct weft__link **last, struct weft__link *link)
{
    if (!*last)
        *last = link->next = link;
    link->next = (*last)->next;
    link->prev = *last;
    link->next->prev = link;
    (*last)->next = link;
    *last = link;
}

static inline void weft__ring_remove(struct weft__link **last, struct weft__link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    if (*last == link)
        *last = link->prev == link ? NULL : link->prev;
    link->next = link->prev = NULL;
}

#endif
