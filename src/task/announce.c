/* SPDX-License-Identifier: MIT */
#include "task/announce.h"

#include "registry/slab.h"

_Atomic uint32_t weft__announce_generation = 1;

/* Sites are plain static objects of the host, so their mark is touched by builtins. Two threads may both define a site
 * in the same moment; a reader takes the second for the same. */
static void announce_site(struct weft__env *env, weft_site *site, uint32_t bytes)
{
    const uint32_t generation = weft__load_relaxed(&weft__announce_generation) % UINT16_MAX + 1, known = weft__site_known(site);
    if ((known & UINT16_MAX) == generation)
        return;
    __atomic_store_n(&site->weft__known, (known & ~(uint32_t)UINT16_MAX) | generation, __ATOMIC_RELAXED);
    weft__emit_site_def(env->number, (uint64_t)(uintptr_t)site, site->name ? site->name : "",
                        site->function ? site->function : "", site->file ? site->file : "", site->line, bytes);
}

void weft__announce_spawn(struct weft__env *env, weft__task *task)
{
    const uint64_t id = weft__task_id(task);
    weft_site *site = weft__load_relaxed(&task->site);
    const struct weft__task_extra *extra = weft__load_relaxed(&task->extra);
    if (weft__trace_wants(WEFT_TRACE_site_def))
        announce_site(env, site, (uint32_t)weft__slot_size(task));
    if (extra && (extra->name_length > 0 || extra->category != 0))
        WEFT__TRACE(env->number, task_name, id, extra->category, extra->name_length > 0 ? extra->name : site->name);
    WEFT__TRACE(env->number, task_spawn, id, weft__load_relaxed(&task->parent), (uint64_t)(uintptr_t)site,
                weft__self_number());
}

void weft__announce_live(struct weft__env *env, const weft_task_info *info)
{
    weft_site *site = (weft_site *)(uintptr_t)info->site;
    if (weft__trace_wants(WEFT_TRACE_site_def))
        announce_site(env, site, info->bytes);
    WEFT__TRACE(env->number, task_name, info->task.id, info->category, info->name);
    WEFT__TRACE(env->number, statedump_task, info->task.id, info->parent, (uint64_t)(uintptr_t)site,
                (uint8_t)info->state, info->polls);
}
