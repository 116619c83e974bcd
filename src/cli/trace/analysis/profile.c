/* SPDX-License-Identifier: MIT */
/* See profile.h. */
#include "cli/trace/analysis/profile.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/trace/duration.h"

void profile_free(struct profile *profile)
{
    histogram_fini(&profile->polls);
    histogram_fini(&profile->waits);
    histogram_fini(&profile->births);
    histogram_fini(&profile->lives);
    free(profile->name);
    free(profile);
}

void profiles_fini(struct profiles *profiles)
{
    for (uint32_t i = 0; i < profiles->count; i++)
        profile_free(profiles->list[i]);
    free(profiles->list);
    map_fini(&profiles->by_hash);
}

static uint64_t profile_hash(uint64_t process, uint64_t site, const char *name, uint32_t category)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ site ^ (uint64_t)category << 32;
    hash = (hash ^ process) * UINT64_C(0x100000001b3);
    for (; name && *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}

static bool profile_is(const struct profile *profile, uint64_t process, uint64_t site, const char *name,
                       uint32_t category)
{
    return profile->process == process && profile->site == site && profile->category == category &&
           !profile->name == !name && (!name || !strcmp(profile->name, name));
}

struct profile *profiles_need(struct profiles *profiles, uint64_t process, uint64_t site, const char *name,
                              uint32_t category)
{
    const uint64_t hash = profile_hash(process, site, name, category);
    struct profile *first = map_get(&profiles->by_hash, hash), *profile = first;
    while (profile && !profile_is(profile, process, site, name, category))
        profile = profile->same_hash;
    if (profile)
        return profile;
    if (name && profiles->named >= PROFILES_NAMES_MAX) {
        profiles->folded++;
        return profiles_need(profiles, process, site, NULL, category);
    }
    profile = profile_private();
    profile->process = process;
    profile->site = site;
    profile->name = memory_text(name);
    profile->category = category;
    profile->same_hash = first;
    map_put(&profiles->by_hash, hash, profile);
    if ((profiles->count & (profiles->count - 1)) == 0) /* room is a power of two */
        profiles->list =
            memory_resize(profiles->list, profiles->count ? 2 * (size_t)profiles->count : 1, sizeof(struct profile *));
    profiles->list[profiles->count++] = profile;
    profile->number = profiles->count;
    profiles->named += name != NULL;
    return profile;
}

struct profile *profiles_at(const struct profiles *profiles, uint32_t number)
{
    return number && number <= profiles->count ? profiles->list[number - 1] : NULL;
}

struct profile *profile_private(void)
{
    return memory_zeroed(1, sizeof(struct profile));
}

static void profile_worse(struct culprit *into, const struct culprit *from)
{
    if (from->ns > into->ns)
        *into = *from;
}

void profile_merge(struct profile *into, struct profile *from)
{
    into->tasks += from->tasks;
    into->before += from->before;
    into->failed += from->failed;
    for (int i = 0; i < 5; i++)
        into->cancelled[i] += from->cancelled[i];
    histogram_merge(&into->polls, &from->polls);
    histogram_merge(&into->waits, &from->waits);
    histogram_merge(&into->births, &from->births);
    histogram_merge(&into->lives, &from->lives);
    duration_add(&into->lived_ns, from->lived_ns);
    profile_worse(&into->poll_worst, &from->poll_worst);
    profile_worse(&into->wait_worst, &from->wait_worst);
    for (int i = 0; i < READY_CAUSES; i++)
        into->ready[i] += from->ready[i];
    into->self_wakes += from->self_wakes;
    into->noops += from->noops;
    into->idle_polls += from->idle_polls;
    into->never_waited += from->never_waited;
    if (from->longest_alone_ns > into->longest_alone_ns)
        into->longest_alone_ns = from->longest_alone_ns;
    into->spawns += from->spawns;
    into->sends += from->sends;
    into->receives += from->receives;
    into->send_waits += from->send_waits;
    into->timer_waits += from->timer_waits;
    into->sync_waits += from->sync_waits;
    into->io_waits += from->io_waits;
    into->accepts += from->accepts;
    into->jobs += from->jobs;
    if (from->stream)
        into->stream = from->stream;
    profile_free(from);
}
