/* SPDX-License-Identifier: Apache-2.0 */
/* snapfile_spell.c - see snapfile_spell.h.  ZK: DataTree.serialize */
#include "storage/snap/snapfile_spell.h"

#include "daemon/check.h"
#include "daemon/jute.h"

/* Begins an item; numbers go to `small`. */
static struct jute_out
begin(struct snap_item *item)
{
    item->count = 0;
    return jute_out_of(item->small, sizeof item->small);
}

/* A piece of what was put into `small` since `from`. */
static void
add_small(struct snap_item *item, const struct jute_out *out,
          const uint8_t *from)
{
    check(!out->bad);
    item->piece[item->count++] =
        (struct bytes){from, (int32_t)(out->at - from)};
}

static void
add_borrowed(struct snap_item *item, struct bytes b)
{
    if (b.size > 0)
        item->piece[item->count++] = b;
}

/* A buffer: its length, then its bytes; size -1 is null. */
static void
add_buffer(struct snap_item *item, struct jute_out *out, struct bytes b)
{
    const uint8_t *from = out->at;

    jute_put_i32(out, b.size);
    add_small(item, out, from);
    add_borrowed(item, b);
}

void
snap_spell_count(struct snap_item *item, int32_t count)
{
    struct jute_out out = begin(item);

    jute_put_i32(&out, count);
    add_small(item, &out, item->small);
}

void
snap_spell_session(struct snap_item *item, session_id_t id, int32_t timeout_ms)
{
    struct jute_out out = begin(item);

    jute_put_i64(&out, id);
    jute_put_i32(&out, timeout_ms);
    add_small(item, &out, item->small);
}

void
snap_spell_acl(struct snap_item *item, int64_t id, struct bytes list)
{
    struct jute_out out = begin(item);

    jute_put_i64(&out, id);
    add_small(item, &out, item->small);
    add_borrowed(item, list);
}

void
snap_spell_node(struct snap_item *item, struct bytes path, struct bytes data,
                int64_t acl, const struct znode_stat *stat)
{
    struct jute_out out = begin(item);
    const uint8_t *from;

    add_buffer(item, &out, path.size == 1 ? bytes_of("") : path);
    add_buffer(item, &out, data);
    from = out.at;
    jute_put_i64(&out, acl);
    znode_stat_put_persisted(&out, stat);
    add_small(item, &out, from);
}

void
snap_spell_end(struct snap_item *item)
{
    struct jute_out out = begin(item);

    add_buffer(item, &out, bytes_of("/"));
}
