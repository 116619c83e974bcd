/* SPDX-License-Identifier: MIT */
/* See meeting.h. */
#include "cli/trace/analysis/meeting.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

void places_fini(struct places *places)
{
    struct place *place;
    for (size_t at = 0; (place = map_next(&places->by_hash, &at));)
        while (place) {
            struct place *next = place->same_hash;
            histogram_fini(&place->waited);
            histogram_fini(&place->held);
            free(place->name);
            free(place);
            place = next;
        }
    map_fini(&places->by_hash);
    map_fini(&places->objects);
}

static const char places_rest[] = "(more names)";

static struct place *places_need(struct places *places, uint64_t process, uint8_t kind, uint32_t permits,
                                 const char *name)
{
    uint64_t hash = (UINT64_C(0xcbf29ce484222325) ^ permits ^ (uint64_t)kind << 32 ^ process << 40);
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    struct place *first = map_get(&places->by_hash, hash), *place = first;
    while (place && (place->process != process || place->kind != kind || place->permits != permits ||
                     strcmp(place->name, name) != 0))
        place = place->same_hash;
    if (place)
        return place;
    if (places->count >= PLACES_MAX && name != places_rest)
        return places_need(places, process, kind, 0, places_rest);
    place = memory_zeroed(1, sizeof *place);
    place->process = process;
    place->kind = kind;
    place->permits = permits;
    place->name = memory_text(name);
    place->same_hash = first;
    map_put(&places->by_hash, hash, place);
    places->count++;
    return place;
}

void places_open(struct places *places, uint64_t process, const struct event *event)
{
    if (map_get(&places->objects, event->sync_open.object))
        return; /* announced again */
    struct place *place =
        places_need(places, process, event->sync_open.kind, event->sync_open.permits, event->sync_open.name);
    place->objects++;
    map_put(&places->objects, event->sync_open.object, place);
}

void places_end(struct places *places, uint64_t object)
{
    map_remove(&places->objects, object);
}

struct place *places_find(const struct places *places, uint64_t object)
{
    return map_get(&places->objects, object);
}
