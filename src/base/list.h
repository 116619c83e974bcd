/* SPDX-License-Identifier: MIT */
/* An intrusive doubly linked ring. A link that is in no list points to nothing (next is NULL). */
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
static inline uint32_t weft__list_length(const struct weft__link *head)
{
    uint32_t length = 0;
    for (const struct weft__link *link = head->next; link != head; link = link->next)
        length++;
    return length;
}
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

#endif
