/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_batch_apply.c - what a transaction does to rows.
 *
 * The same rules as storage/tree_apply.c, on rows instead of shared memory.
 * Everything is tolerant in the way a replay over a fuzzy snapshot needs: a
 * missing node or parent, or one that is there already, is no error.
 * ZK: DataTree.processTxn, createNode, deleteNode, setData, setACL,
 * killSession, setCversionPzxid (spec/quorum-protocol.md 10.3, 10.4)
 */
#include "storage/image_batch.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/check.h"

/* A node is about to be changed. */
static void
dirty(struct batch_row *row)
{
    row->is_dirty = true;
}

/* ZK: only if larger, or replays revert it (spec 14.4.4). */
static void
raise_parent(struct batch_row *parent, int32_t cversion, zxid_t zxid)
{
    struct znode_stat *stat = &parent->now.stat;

    if (cversion == -1)
        cversion = stat->cversion + 1;
    if (cversion <= stat->cversion)
        return;
    stat->cversion = cversion;
    stat->pzxid = zxid;
    dirty(parent);
}

/* Take the row from the list of the session it was made for. */
static void
forget_owner(struct batch_row *row)
{
    if (!row->session_at)
        return;
    *row->session_at = row->session_next;
    if (row->session_next)
        row->session_next->session_at = row->session_at;
    row->session_at = NULL;
}

/* LMDB's index of owners does not know it yet: list it here. */
static int
note_owner(struct image_batch *b, struct batch_row *row)
{
    struct batch_session *s;
    int rc;

    forget_owner(row);
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

/*
 * Take over a node's data: where the last ones were, if they fit.  So a node
 * that is written all the time takes the room of one.
 */
static int
keep_data(struct image_batch *b, struct batch_row *row, struct bytes data)
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

/* Bring the node into being. */
static int
make_node(struct image_batch *b, struct batch_row *row, struct bytes data,
          struct bytes acl, const struct znode_stat *stat)
{
    int rc = keep_data(b, row, data);

    acl = acl_or_world(acl);
    if (rc == 0)
        rc = batch_copy(b, &acl);
    if (rc < 0)
        return rc;
    row->now.acl = acl;
    row->now.stat = *stat;
    row->now.stat.data_size = data.size > 0 ? data.size : 0;
    row->is_there = true;
    dirty(row);
    return 0;
}

/*
 * A fuzzy snapshot has the node already; what its creation did beside must
 * not be lost.  ZK: processTxn raises the parent, for type create only, and
 * 3.9 takes over the ACL.  Ours: both, for every kind of creation, for that
 * is what the history says.
 */
static int
already_there(struct image_batch *b, zxid_t zxid, const struct change *c,
              struct batch_row *row, struct batch_row *parent)
{
    struct bytes acl = acl_or_world(c->acl);

    if (!bytes_equal(row->now.acl, acl)) {
        int rc = batch_copy(b, &acl);

        if (rc < 0)
            return rc;
        row->now.acl = acl;
        dirty(row);
    }
    raise_parent(parent, c->parent_cversion, zxid);
    return 0;
}

static int
apply_create(struct image_batch *b, const struct txn_header *h,
             const struct change *c)
{
    struct znode_stat stat = {
        .czxid = h->zxid,
        .mzxid = h->zxid,
        .pzxid = h->zxid,
        .ctime = h->time,
        .mtime = h->time,
        .owner = c->owner,
    };
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
    raise_parent(parent, c->parent_cversion, h->zxid);
    rc = make_node(b, row, c->data, c->acl, &stat);
    if (rc < 0)
        return rc;
    if (!row->was_there)
        parent->fresh++;
    return note_owner(b, row);
}

/* --- deleting ------------------------------------------------------------ */

static void
remove_node(struct batch_row *row, struct batch_row *parent)
{
    forget_owner(row);
    if (!row->was_there && parent && parent->fresh > 0)
        parent->fresh--;
    row->is_there = false;
    dirty(row);
}

static bool
is_below(struct bytes path, struct bytes above)
{
    return path.size > above.size + 1 && path.data[above.size] == '/' &&
           memcmp(path.data, above.data, (size_t)above.size) == 0;
}

typedef int visit_fn(struct image_batch *b, struct bytes path);

/* Visit the rows of `nodes` below `path` until one says other than 0. */
static int
visit_short_below(struct image_batch *b, struct bytes path, visit_fn *visit)
{
    uint8_t prefix[IMAGE_KEY_MAX + 1];
    MDB_val key = {(size_t)path.size + 1, prefix}, value;
    MDB_cursor *cursor;
    int rc, mdb;

    if (path.size >= IMAGE_KEY_MAX)
        return 0;
    memcpy(prefix, path.data, (size_t)path.size);
    prefix[path.size] = '/';
    rc = image_rc(mdb_cursor_open(b->read, b->image->nodes, &cursor));
    if (rc < 0)
        return rc;
    mdb = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (mdb == 0 && rc == 0) {
        struct bytes found = {key.mv_data, (int32_t)key.mv_size};

        if (!is_below(found, path))
            break;
        rc = visit(b, found);
        mdb = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return rc != 0 || mdb == 0 || mdb == MDB_NOTFOUND ? rc : image_rc(mdb);
}

static int
visit_below(struct image_batch *b, struct bytes path, visit_fn *visit)
{
    struct image_row *rows;
    size_t count;
    int rc = batch_reader(b);

    if (rc == 0)
        rc = visit_short_below(b, path, visit);
    if (rc == 0)
        rc = image_long_rows(b->image, b->read, &rows, &count);
    if (rc != 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (is_below(rows[i].path, path))
            rc = visit(b, rows[i].path);
    free(rows);
    return rc;
}

/* Stops with 1 at a row below that this batch has not deleted. */
static int
is_left(struct image_batch *b, struct bytes path)
{
    const struct batch_row *row = batch_known_row(b, path);

    return !row || row->is_there;
}

static int
delete_below(struct image_batch *b, struct bytes path)
{
    struct batch_row *row;
    int rc = batch_row(b, path, &row);

    if (rc == 0 && row->is_there)
        remove_node(row, NULL); /* all of them are in LMDB */
    return rc;
}

/*
 * A node that goes while it has children: only over a fuzzy snapshot that
 * holds what was made later.  They go with it, for the log makes them again.
 * Rows are looked for in LMDB, so the batch is written first.
 */
static int
delete_orphans(struct image_batch *b, struct bytes path)
{
    struct batch_row *row;
    int rc = batch_row(b, path, &row);

    if (rc < 0 || !row->is_there || (!row->was_there && row->fresh == 0))
        return rc;
    if (row->fresh == 0) {
        rc = visit_below(b, path, is_left);
        if (rc <= 0)
            return rc;
    }
    rc = image_batch_commit(b, b->zxid);
    return rc < 0 ? rc : visit_below(b, path, delete_below);
}

static int
delete_node(struct image_batch *b, zxid_t zxid, struct bytes path)
{
    struct batch_row *parent, *row;
    int rc = batch_row(b, tree_parent_path(path), &parent);

    if (rc < 0 || !parent->is_there)
        return rc;
    if (zxid > parent->now.stat.pzxid) {
        parent->now.stat.pzxid = zxid;
        dirty(parent);
    }
    rc = batch_row(b, path, &row);
    if (rc == 0 && row->is_there)
        remove_node(row, parent);
    return rc;
}

static int
apply_delete(struct image_batch *b, const struct txn_header *h,
             const struct change *c)
{
    int rc = b->is_fuzzy ? delete_orphans(b, c->path) : 0;

    return rc < 0 ? rc : delete_node(b, h->zxid, c->path);
}

/* --- sessions ------------------------------------------------------------ */

/* The path that a row of `ephemerals` names. */
static int
listed_path(struct image_batch *b, const MDB_val *key, struct bytes *path)
{
    const uint8_t *name = (const uint8_t *)key->mv_data + 8;
    MDB_val hash = {key->mv_size - 9, (void *)(uintptr_t)(name + 1)}, value;
    struct image_row row;
    int rc;

    *path = (struct bytes){name + 1, (int32_t)key->mv_size - 9};
    if (*name == 0)
        return 0;
    rc = image_rc(mdb_get(b->read, b->image->longs, &hash, &value));
    if (rc == 0)
        rc = image_row_get(&row, value.mv_data, value.mv_size, true);
    if (rc == 0)
        *path = row.path;
    return rc;
}

/* What LMDB lists for the session and is still its own goes. */
static int
delete_listed(struct image_batch *b, zxid_t zxid, session_id_t session)
{
    uint8_t start[8];
    MDB_val key = {sizeof start, start}, value;
    MDB_cursor *cursor;
    int rc = batch_reader(b), mdb;

    store_be64(start, (uint64_t)session);
    if (rc == 0)
        rc = image_rc(mdb_cursor_open(b->read, b->image->ephemerals, &cursor));
    if (rc < 0)
        return rc;
    mdb = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (mdb == 0 && rc == 0 && key.mv_size > 9 &&
           memcmp(key.mv_data, start, sizeof start) == 0) {
        struct batch_row *row;
        struct bytes path;

        rc = listed_path(b, &key, &path);
        if (rc == 0)
            rc = batch_row(b, path, &row);
        if (rc == 0 && row->is_there && row->now.stat.owner == session)
            rc = delete_node(b, zxid, path);
        mdb = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return rc < 0 || mdb == 0 || mdb == MDB_NOTFOUND ? rc : image_rc(mdb);
}

static int
apply_close_session(struct image_batch *b, const struct txn_header *h)
{
    struct batch_session *s;
    int rc = batch_session(b, h->session, &s);

    while (rc == 0 && s->made) {
        struct batch_row *row = s->made;

        rc = delete_node(b, h->zxid, row->path);
        if (row->is_there)
            remove_node(row, NULL); /* its parent was gone */
    }
    if (rc == 0)
        rc = delete_listed(b, h->zxid, h->session);
    if (rc == 0) {
        s->is_there = false;
        s->is_dirty = true;
    }
    return rc;
}

static int
apply_open_session(struct image_batch *b, const struct txn_header *h,
                   const struct change *c)
{
    return image_batch_put_session(b, h->session, c->timeout_ms);
}

/* --- the rest ------------------------------------------------------------ */

static int
apply_set_data(struct image_batch *b, const struct txn_header *h,
               const struct change *c)
{
    struct batch_row *row;
    int rc = batch_row(b, c->path, &row);

    if (rc == 0 && row->is_there)
        rc = keep_data(b, row, c->data);
    if (rc < 0 || !row->is_there)
        return rc;
    row->now.stat.data_size = c->data.size > 0 ? c->data.size : 0;
    row->now.stat.mtime = h->time;
    row->now.stat.mzxid = h->zxid;
    row->now.stat.version = c->version;
    dirty(row);
    return 0;
}

static int
apply_set_acl(struct image_batch *b, const struct change *c)
{
    struct bytes acl = acl_or_world(c->acl);
    struct batch_row *row;
    int rc = batch_row(b, c->path, &row);

    if (rc == 0 && row->is_there)
        rc = batch_copy(b, &acl);
    if (rc < 0 || !row->is_there)
        return rc;
    row->now.acl = acl;
    row->now.stat.aversion = c->version;
    dirty(row);
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
        return apply_delete(b, h, c);
    case CHANGE_SET_DATA:
        return apply_set_data(b, h, c);
    case CHANGE_SET_ACL:
        return apply_set_acl(b, c);
    case CHANGE_OPEN_SESSION:
        return apply_open_session(b, h, c);
    case CHANGE_CLOSE_SESSION:
        return apply_close_session(b, h);
    }
    never("a kind of change that storage/txn.h does not have");
}

int
image_batch_apply(struct image_batch *b, struct bytes entry)
{
    struct change change;
    struct txn txn;
    int rc = txn_open(&txn, entry);

    if (rc < 0)
        return rc;
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
    struct batch_row *row;
    int rc = batch_row(b, path, &row);

    if (rc == 0)
        rc = make_node(b, row, data, acl, stat);
    return rc < 0 ? rc : note_owner(b, row);
}

int
image_batch_put_session(struct image_batch *b, session_id_t id,
                        int32_t timeout_ms)
{
    struct batch_session *s;
    int rc = batch_session(b, id, &s);

    if (rc < 0)
        return rc;
    s->timeout_ms = timeout_ms;
    s->is_there = s->is_dirty = true;
    return 0;
}
