/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_batch_apply.c - what a transaction does to rows.
 *
 * The same rules as storage/tree/tree_apply.c (effect.h), on rows instead of
 * shared memory, and as tolerant as a replay over a fuzzy snapshot needs: a
 * missing node or parent, or one that is there already, is no error.
 * What takes nodes away is in image_batch_delete.c.
 * ZK: DataTree.processTxn, createNode, setData, setACL, setCversionPzxid
 * (spec/quorum-protocol.md 10.3, 10.4)
 */
#include "storage/image/image_batch.h"

#include <errno.h>

#include "daemon/check.h"
#include "storage/image/image_batch_row.h"
#include "storage/tree/effect.h"

static void
raise_parent(struct batch_row *parent, const struct change *c, zxid_t zxid)
{
    struct znode_stat *stat = &parent->now.stat;

    if (!effect_counts(c, &stat->cversion))
        return;
    stat->pzxid = zxid;
    parent->is_dirty = true;
}

/* LMDB's index of owners does not know it yet: list it here. */
static int
note_owner(struct image_batch *b, struct batch_row *row)
{
    struct batch_session *s;
    int rc;

    batch_forget_owner(row);
    if (!image_is_owned(row->now.stat.owner))
        return 0;
    rc = batch_session(b, row->now.stat.owner, &s);
    if (rc < 0)
        return rc;
    row->session_next = s->made;
    row->session_at = &s->made;
    if (s->made)
        s->made->session_at = &row->session_next;
    s->made = row;
    return 0;
}

int
batch_keep_data(struct image_batch *b, struct batch_row *row, struct bytes data)
{
    struct bytes copy = {row->room.data, data.size};
    int rc = 0;

    if (data.size > row->room.size) {
        copy.data = data.data;
        rc = batch_copy(b, &copy);
        if (rc == 0)
            row->room = copy;
    } else if (data.size > 0) {
        memcpy((uint8_t *)(uintptr_t)copy.data, data.data, (size_t)data.size);
    }
    row->now.data = data.size > 0 ? copy : data;
    return rc;
}

/* Take over a node's list; the one that nearly all have costs nothing. */
static int
keep_acl(struct image_batch *b, struct batch_row *row, struct bytes acl)
{
    int rc = 0;

    acl = acl_or_world(acl);
    if (bytes_equal(acl, acl_open_to_all))
        acl = acl_open_to_all;
    else
        rc = batch_copy(b, &acl);
    if (rc == 0)
        row->now.acl = acl;
    return rc;
}

/* Bring the node into being. */
static int
make_node(struct image_batch *b, struct batch_row *row, struct bytes data,
          struct bytes acl, const struct znode_stat *stat)
{
    int rc = batch_keep_data(b, row, data);

    if (rc == 0)
        rc = keep_acl(b, row, acl);
    if (rc < 0)
        return rc;
    row->now.stat = *stat;
    row->now.stat.data_size = bytes_size(data);
    row->is_there = true;
    row->is_dirty = true;
    return 0;
}

/*
 * A fuzzy snapshot has the node already; what else its creation did must not
 * be lost: it counts at the parent (effect.h), and its ACL may be one that the
 * snapshot did not have (ZOOKEEPER-4846).
 */
static int
already_there(struct image_batch *b, zxid_t zxid, const struct change *c,
              struct batch_row *row, struct batch_row *parent)
{
    if (!bytes_equal(row->now.acl, acl_or_world(c->acl))) {
        int rc = keep_acl(b, row, c->acl);

        if (rc < 0)
            return rc;
        row->is_dirty = true;
    }
    raise_parent(parent, c, zxid);
    return 0;
}

static int
apply_create(struct image_batch *b, const struct txn_header *h,
             const struct change *c)
{
    struct znode_stat stat = effect_created(h, c);
    struct batch_row *parent, *row;
    int rc = batch_row(b, tree_parent_path(c->path), &parent);

    if (rc < 0 || !parent->is_there)
        return rc;
    rc = b->is_fuzzy ? batch_row(b, c->path, &row)
                     : batch_new_row(b, c->path, &row);
    if (rc < 0)
        return rc;
    if (row->is_there)
        return already_there(b, h->zxid, c, row, parent);
    raise_parent(parent, c, h->zxid);
    rc = make_node(b, row, c->data, c->acl, &stat);
    if (rc < 0)
        return rc;
    if (!row->was_there)
        parent->fresh++;
    rc = batch_stats_made(b, row);
    return rc < 0 ? rc : note_owner(b, row);
}

static int
apply_set_data(struct image_batch *b, const struct txn_header *h,
               const struct change *c)
{
    struct batch_row *row;
    int rc = batch_row(b, c->path, &row);

    if (rc == 0 && row->is_there)
        rc = batch_keep_data(b, row, c->data);
    if (rc < 0 || !row->is_there)
        return rc;
    row->now.stat.data_size = bytes_size(c->data);
    row->now.stat.mtime = h->time;
    row->now.stat.mzxid = h->zxid;
    row->now.stat.version = c->version;
    row->is_dirty = true;
    return 0;
}

static int
apply_set_acl(struct image_batch *b, const struct change *c)
{
    struct batch_row *row;
    int rc = batch_row(b, c->path, &row);

    if (rc == 0 && row->is_there)
        rc = keep_acl(b, row, c->acl);
    if (rc < 0 || !row->is_there)
        return rc;
    row->now.stat.aversion = c->version;
    row->is_dirty = true;
    return 0;
}

static int
apply_change(struct image_batch *b, const struct txn_header *h,
             const struct change *c)
{
    switch (c->kind) {
    case CHANGE_NONE:
        return 0;
    case CHANGE_CREATE:
        return apply_create(b, h, c);
    case CHANGE_DELETE:
        return batch_delete(b, h, c);
    case CHANGE_SET_DATA:
        return apply_set_data(b, h, c);
    case CHANGE_SET_ACL:
        return apply_set_acl(b, c);
    case CHANGE_OPEN_SESSION:
        return image_batch_put_session(b, h->session, c->timeout_ms);
    case CHANGE_CLOSE_SESSION:
        return batch_close_session(b, h);
    }
    never("a kind of change that storage/tree/txn.h does not have");
}

int
image_batch_apply(struct image_batch *b, struct bytes entry)
{
    struct change change;
    struct txn txn;
    int rc = 0;

    if (txn_open(&txn, entry) < 0)
        return -EPROTO;
    check(txn.header.zxid > b->zxid);
    while (rc == 0 && txn_next(&txn, &change))
        rc = apply_change(b, &txn.header, &change);
    if (rc < 0)
        return rc;
    b->zxid = txn.header.zxid;
    b->txns++;
    b->has_leader_digest = txn_has_tree_digest(&txn);
    b->leader_digest = (uint64_t)txn.digest;
    return 0;
}

int
image_batch_put_node(struct image_batch *b, struct bytes path,
                     struct bytes data, struct bytes acl,
                     const struct znode_stat *stat)
{
    struct batch_row *parent, *row;
    int rc = batch_row(b, tree_parent_path(path), &parent);

    if (rc == 0 && !parent->is_there && !bytes_are(path, "/"))
        return -ENOENT;
    if (rc == 0)
        rc = batch_row(b, path, &row);
    if (rc == 0)
        rc = make_node(b, row, data, acl, stat);
    return rc < 0 ? rc : note_owner(b, row);
}

int
image_batch_put_session(struct image_batch *b, session_id_t id,
                        int32_t timeout_ms)
{
    struct batch_session *s;
    int rc;

    if (id == 0)
        return 0; /* nobody: the tree has no such session either */
    rc = batch_session(b, id, &s);
    if (rc < 0)
        return rc;
    s->timeout_ms = timeout_ms;
    s->is_there = s->is_dirty = true;
    return 0;
}
