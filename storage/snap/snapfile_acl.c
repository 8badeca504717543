/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_acl.c - two small hash tables, open addressing, never above half.
 *
 * ZK: ReferenceCountedACLCache
 */
#include "storage/snap/snapfile_acl.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/hash.h"
#include "storage/tree/znode.h"

enum { SLOTS_FIRST = 64 };

static size_t
hash_id(int64_t id)
{
    return (size_t)((uint64_t)id * HASH_ODD >> 20);
}

/* The slot of `id`, or the free one where it belongs. */
static struct snap_acl *
map_slot(const struct snap_acl_map *map, int64_t id)
{
    size_t at = hash_id(id) & (map->slots - 1);

    while (map->slot[at].list && map->slot[at].id != id)
        at = (at + 1) & (map->slots - 1);
    return &map->slot[at];
}

static int
map_grow(struct snap_acl_map *map)
{
    struct snap_acl_map old = *map;

    map->slots = old.slots ? 2 * old.slots : SLOTS_FIRST;
    map->slot = calloc(map->slots, sizeof *map->slot);
    if (!map->slot) {
        *map = old;
        return -ENOMEM;
    }
    for (size_t i = 0; i < old.slots; i++)
        if (old.slot[i].list)
            *map_slot(map, old.slot[i].id) = old.slot[i];
    free(old.slot);
    return 0;
}

static uint8_t *
copy_of(struct bytes list)
{
    uint8_t *copy = malloc((size_t)list.size);

    if (copy)
        memcpy(copy, list.data, (size_t)list.size);
    return copy;
}

int
snap_acl_map_put(struct snap_acl_map *map, int64_t id, struct bytes list)
{
    struct snap_acl *slot;
    uint8_t *copy;

    if (2 * (map->count + 1) > map->slots && map_grow(map) < 0)
        return -ENOMEM;
    slot = map_slot(map, id);
    if (slot->list)
        return -EEXIST;
    list = acl_or_world(list);
    copy = copy_of(list);
    if (!copy)
        return -ENOMEM;
    map->count++;
    *slot = (struct snap_acl){id, copy, list.size};
    return 0;
}

struct bytes
snap_acl_map_get(const struct snap_acl_map *map, int64_t id)
{
    const struct snap_acl *slot = map->slots ? map_slot(map, id) : NULL;

    return slot && slot->list ? snap_acl_list(slot) : BYTES_NULL;
}

void
snap_acl_map_free(struct snap_acl_map *map)
{
    for (size_t i = 0; i < map->slots; i++)
        free(map->slot[i].list);
    free(map->slot);
    *map = (struct snap_acl_map){0};
}

/* --- the other way ------------------------------------------------------- */

/* Clients choose the lists: the hash is of where the table lies, too. */
static uint32_t *
set_slot(const struct snap_acl_set *set, struct bytes list)
{
    size_t at = hash_bytes(hash_seed_at(set->slot), 0, list) & (set->slots - 1);

    while (set->slot[at] &&
           !bytes_equal(snap_acl_list(&set->list[set->slot[at] - 1]), list))
        at = (at + 1) & (set->slots - 1);
    return &set->slot[at];
}

static int
set_grow(struct snap_acl_set *set)
{
    size_t room = set->room ? 2 * set->room : SLOTS_FIRST;
    struct snap_acl *list = realloc(set->list, room * sizeof *list);
    uint32_t *slot = calloc(2 * room, sizeof *slot);

    if (list)
        set->list = list;
    if (!list || !slot) {
        free(slot);
        return -ENOMEM;
    }
    free(set->slot);
    set->slot = slot;
    set->room = room;
    set->slots = 2 * room;
    for (size_t i = 0; i < set->count; i++)
        *set_slot(set, snap_acl_list(&list[i])) = (uint32_t)i + 1;
    return 0;
}

int64_t
snap_acl_set_add(struct snap_acl_set *set, struct bytes list)
{
    uint32_t *slot;
    uint8_t *copy;

    list = acl_or_world(list);
    if (bytes_equal(list, acl_open_to_all))
        return -1;
    if (set->count == set->room && set_grow(set) < 0)
        return 0;
    slot = set_slot(set, list);
    if (*slot)
        return *slot;
    copy = copy_of(list);
    if (!copy)
        return 0;
    set->list[set->count] =
        (struct snap_acl){(int64_t)set->count + 1, copy, list.size};
    *slot = (uint32_t)++set->count;
    return *slot;
}

void
snap_acl_set_free(struct snap_acl_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->list[i].list);
    free(set->list);
    free(set->slot);
    *set = (struct snap_acl_set){0};
}
