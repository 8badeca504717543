/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_row.h - how the image spells a node.  Pure; for image* and tools/.
 *
 * A path of at most 480 bytes is its own key in table `nodes`: LMDB takes
 * 511, and the table `ephemerals` puts a session before it.  A prefix sorts
 * before what it begins, so a parent comes before its children.  A longer
 * path lies in `long` under its hash, whose seed only the image knows, so that
 * nobody can make two collide.
 *
 * The value of a node, numbers big-endian:
 *
 *      0  u8 flags          1: ACL is world:anyone:31   2: data is null
 *      1  StatPersisted     60 bytes
 *     61  u32 size, path    in `long` only
 *         u32 size, ACL     vector<ACL>; not with flag 1
 *         data              the rest
 *
 * A row of `ephemerals` is all key: session, then the node's key after a
 * byte that says which table; no value.
 */
#ifndef STORAGE_IMAGE_IMAGE_ROW_H
#define STORAGE_IMAGE_IMAGE_ROW_H

#include "storage/tree/znode.h"

enum {
    IMAGE_KEY_MAX = 480,
    IMAGE_OWNED_KEY_MAX = 8 + 1 + IMAGE_KEY_MAX,
};

struct image_key {
    bool is_long;
    uint16_t size;
    uint8_t data[IMAGE_KEY_MAX];
};

struct image_row {
    struct bytes path; /* of `long` only; else size -1 */
    struct bytes acl;
    struct bytes data;
    struct znode_stat stat; /* with data_size */
};

void image_key_of(struct image_key *key, struct bytes path, uint64_t seed);

static inline bool
image_path_is_long(struct bytes path)
{
    return path.size > IMAGE_KEY_MAX;
}

/* The key in `ephemerals`; returns its size. */
size_t image_owned_key(uint8_t out[IMAGE_OWNED_KEY_MAX], int64_t owner,
                       const struct image_key *key);

/* Whether a node of this owner has a row in `ephemerals`. */
bool image_is_owned(int64_t owner);

/* The bytes that the value takes; write it there, exactly so many. */
size_t image_row_size(const struct image_row *row);
void image_row_put(uint8_t *value, size_t size, const struct image_row *row);

/* Borrowed from `value`.  0, or -EBADMSG. */
int image_row_get(struct image_row *row, const void *value, size_t size,
                  bool is_long);

/* What the node adds to the tree digest. */
uint64_t image_row_digest(struct bytes path, const struct image_row *row);

#endif
