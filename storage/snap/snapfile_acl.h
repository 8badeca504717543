/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_acl.h - the ACL lists of a snapshot and their numbers, both ways.
 * Private to storage/snap/ and storage/image/.  No I/O;
 * allocates.
 */
#ifndef STORAGE_SNAP_SNAPFILE_ACL_H
#define STORAGE_SNAP_SNAPFILE_ACL_H

#include "storage/snap/snapfile_decode.h"

/* Reading: number to list.  A later list replaces an earlier one. */
int snap_acl_map_put(struct snap_acl_map *map, int64_t id, struct bytes list);

/* Size -1 if there is none of that number.  Borrowed. */
struct bytes snap_acl_map_get(const struct snap_acl_map *map, int64_t id);
void snap_acl_map_free(struct snap_acl_map *map);

/* Writing: list to number, from 1; -1 is world:anyone:31.  -ENOMEM is 0. */
struct snap_acl_set {
    struct snap_acl *list; /* by number, from 1 */
    size_t count, room;
    uint32_t *slot; /* hash table of numbers, 0 free */
    size_t slots;   /* a power of two, or 0 */
};

int64_t snap_acl_set_add(struct snap_acl_set *set, struct bytes list);
void snap_acl_set_free(struct snap_acl_set *set);

#endif
