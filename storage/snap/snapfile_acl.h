/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_acl.h - the ACL lists of a snapshot and their numbers, both ways.
 *
 * For storage/ only.  No I/O; allocates.  All zero is an empty table.
 */
#ifndef STORAGE_SNAP_SNAPFILE_ACL_H
#define STORAGE_SNAP_SNAPFILE_ACL_H

#include "daemon/types.h"

struct snap_acl {
    int64_t id;    /* the number that the snapshot gives it */
    uint8_t *list; /* owned; NULL: slot is free */
    int32_t size;
};

static inline struct bytes
snap_acl_list(const struct snap_acl *a)
{
    return (struct bytes){a->list, a->size};
}

/* Reading: number to list. */
struct snap_acl_map {
    struct snap_acl *slot; /* hash table */
    size_t slots;          /* a power of two, or 0 */
    size_t count;
};

/* Copies `list`.  0, -ENOMEM, or -EEXIST: there is one of that number. */
int snap_acl_map_put(struct snap_acl_map *map, int64_t id, struct bytes list);

/* Size -1 if there is none of that number.  Borrowed until put again. */
struct bytes snap_acl_map_get(const struct snap_acl_map *map, int64_t id);
void snap_acl_map_free(struct snap_acl_map *map);

/* Writing: list to number, from 1. */
struct snap_acl_set {
    struct snap_acl *list; /* by number, from 1 */
    size_t count, room;
    uint32_t *slot; /* hash table of numbers, 0 free */
    size_t slots;   /* a power of two, or 0 */
};

/*
 * The number of `list`, which is copied when it is new; -1 is
 * world:anyone:31, which needs no place in the table.  0: no memory.
 */
int64_t snap_acl_set_add(struct snap_acl_set *set, struct bytes list);
void snap_acl_set_free(struct snap_acl_set *set);

#endif
