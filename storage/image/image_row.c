/* SPDX-License-Identifier: Apache-2.0 */
/* image_row.c - see image_row.h. */
#include "storage/image/image_row.h"

#include <errno.h>

#include "daemon/check.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    HASH_BYTES = 16, /* the key of a long path */
    ROW_WORLD = 1,
    ROW_NULL_DATA = 2,
    ROW_FIXED_BYTES = 1 + ZK_STAT_PERSISTED_BYTES,
};

void
image_key_of(struct image_key *key, struct bytes path, uint64_t seed)
{
    XXH128_hash_t hash;

    key->is_long = image_path_is_long(path);
    if (!key->is_long) {
        key->size = (uint16_t)path.size;
        memcpy(key->data, path.data, (size_t)path.size);
        return;
    }
    hash = XXH3_128bits_withSeed(path.data, (size_t)path.size, seed);
    key->size = HASH_BYTES;
    store_be64(key->data, hash.high64);
    store_be64(key->data + 8, hash.low64);
}

size_t
image_owned_key(uint8_t out[IMAGE_OWNED_KEY_MAX], int64_t owner,
                const struct image_key *key)
{
    store_be64(out, (uint64_t)owner);
    out[8] = key->is_long;
    memcpy(out + 9, key->data, key->size);
    return 9u + key->size;
}

bool
image_is_owned(int64_t owner)
{
    return owner != 0 && owner != ZK_OWNER_CONTAINER;
}

static bool
is_world(struct bytes acl)
{
    return bytes_equal(acl, acl_open_to_all);
}

size_t
image_row_size(const struct image_row *row)
{
    size_t size = ROW_FIXED_BYTES;

    if (row->path.size >= 0)
        size += 4 + (size_t)row->path.size;
    if (!is_world(row->acl))
        size += 4 + (size_t)row->acl.size;
    return size + (size_t)bytes_size(row->data);
}

void
image_row_put(uint8_t *value, size_t size, const struct image_row *row)
{
    struct jute_out out = jute_out_of(value + 1, size - 1);
    bool has_world = is_world(row->acl);

    value[0] = (uint8_t)((has_world ? ROW_WORLD : 0) |
                         (row->data.size < 0 ? ROW_NULL_DATA : 0));
    znode_stat_put_persisted(&out, &row->stat);
    if (row->path.size >= 0)
        jute_put_bytes(&out, row->path);
    if (!has_world)
        jute_put_bytes(&out, row->acl);
    if (row->data.size > 0)
        jute_put_raw(&out, row->data.data, (size_t)row->data.size);
    check(!out.bad && out.at == out.end);
}

int
image_row_get(struct image_row *row, const void *value, size_t size,
              bool is_long)
{
    struct jute_in in = jute_in_of(value, size);
    const uint8_t *flags = jute_take(&in, 1);

    if (size < ROW_FIXED_BYTES)
        return -EBADMSG;
    *row = (struct image_row){.path = BYTES_NULL, .acl = acl_open_to_all};
    znode_stat_get_persisted(&in, &row->stat);
    if (is_long)
        row->path = jute_get_bytes(&in);
    if (!(*flags & ROW_WORLD))
        row->acl = jute_get_bytes(&in);
    if (in.bad || row->acl.size < 4 || (is_long && row->path.size < 1) ||
        jute_in_left(&in) > INT32_MAX)
        return -EBADMSG;
    row->data = (struct bytes){in.at, (int32_t)jute_in_left(&in)};
    row->stat.data_size = row->data.size;
    if (*flags & ROW_NULL_DATA)
        row->data = BYTES_NULL;
    return 0;
}

uint64_t
image_row_digest(struct bytes path, const struct image_row *row)
{
    return path_is_digested(path)
               ? znode_digest(znode_path_crc(path, row->data), &row->stat)
               : 0;
}
