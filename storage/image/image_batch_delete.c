/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_batch_delete.c - rows that go: deletions, and what a session leaves.
 *
 * Most of it is for images that came from a fuzzy snapshot, which may hold
 * children of the future below a node that goes now.
 * ZK: DataTree.deleteNode, killSession (spec/quorum-protocol.md 10.3, 10.4)
 */
#include "storage/image/image_batch_row.h"

#include <stdlib.h>

enum { PROGRESS_EVERY = 16384 }; /* rows */

void
batch_forget_owner(struct batch_row *row)
{
    if (!row->session_at)
        return;
    *row->session_at = row->session_next;
    if (row->session_next)
        row->session_next->session_at = row->session_at;
    row->session_at = NULL;
}

static void
remove_node(struct batch_row *row, struct batch_row *parent)
{
    batch_forget_owner(row);
    if (!row->was_there && parent && parent->fresh > 0)
        parent->fresh--;
    row->is_there = false;
    row->is_dirty = true;
}

bool
batch_is_below(struct bytes path, struct bytes above)
{
    return path.size > above.size + 1 && path.data[above.size] == '/' &&
           memcmp(path.data, above.data, (size_t)above.size) == 0;
}

/* Visit the rows of `nodes` below `path` until one says other than 0. */
static int
visit_short_below(struct image_batch *b, struct bytes path,
                  batch_visit_fn *visit, void *arg)
{
    uint8_t prefix[IMAGE_KEY_MAX + 1];
    MDB_val key = {(size_t)path.size + 1, prefix}, value;
    MDB_cursor *cursor;
    uint64_t seen = 0;
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
        struct image_row row;

        if (found.size <= path.size ||
            memcmp(found.data, prefix, (size_t)path.size + 1) != 0)
            break;
        rc = image_row_get(&row, value.mv_data, value.mv_size, false);
        if (rc == 0 && batch_is_below(found, path)) /* "/" is not below "" */
            rc = visit(b, found, &row, arg);
        if (++seen % PROGRESS_EVERY == 0 && b->progress)
            b->progress(b->progress_arg, 1, 1); /* a sign of life */
        mdb = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return rc != 0 || mdb == 0 || mdb == MDB_NOTFOUND ? rc : image_rc(mdb);
}

static int
path_order(const void *a, const void *b)
{
    const struct image_row *x = a, *y = b;

    return bytes_order(x->path, y->path);
}

/*
 * The rows of `long` in order of their paths.  Their keys are hashes, so none
 * of them says what is below a node: they are read once for a batch, or each of
 * thousands of deletions would read them all.
 */
static int
have_longs(struct image_batch *b)
{
    int rc;

    if (b->has_longs)
        return 0;
    rc = image_long_rows(b->image, b->read, &b->longs, &b->long_count);
    if (rc < 0)
        return rc;
    if (b->long_count > 1)
        qsort(b->longs, b->long_count, sizeof *b->longs, path_order);
    b->has_longs = true;
    return 0;
}

/* Does it come before all that is below `path`? */
static bool
is_before_below(struct bytes row, struct bytes path)
{
    int order = memcmp(row.data, path.data,
                       (size_t)(row.size < path.size ? row.size : path.size));

    if (order != 0)
        return order < 0;
    return row.size <= path.size || row.data[path.size] < '/';
}

/* The place of the first row that does not. */
static size_t
first_below(const struct image_batch *b, struct bytes path)
{
    size_t low = 0, high = b->long_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (is_before_below(b->longs[middle].path, path))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int
visit_long_below(struct image_batch *b, struct bytes path,
                 batch_visit_fn *visit, void *arg)
{
    int rc = have_longs(b);

    for (size_t i = first_below(b, path); rc == 0 && i < b->long_count; i++) {
        if (!batch_is_below(b->longs[i].path, path))
            break;
        rc = visit(b, b->longs[i].path, &b->longs[i], arg);
    }
    return rc;
}

int
batch_visit_below(struct image_batch *b, struct bytes path,
                  batch_visit_fn *visit, void *arg)
{
    int rc = batch_reader(b);

    if (rc == 0)
        rc = visit_short_below(b, path, visit, arg);
    return rc == 0 ? visit_long_below(b, path, visit, arg) : rc;
}

/* Stops with 1 at a row below that this batch has not deleted. */
static int
is_left(struct image_batch *b, struct bytes path, const struct image_row *was,
        void *arg)
{
    const struct batch_row *row = batch_known_row(b, path);

    (void)was, (void)arg;
    return !row || row->is_there;
}

static int
delete_below(struct image_batch *b, struct bytes path,
             const struct image_row *was, void *arg)
{
    struct batch_row *row;
    int rc = batch_row(b, path, &row);

    (void)was, (void)arg;
    if (rc == 0 && row->is_there)
        remove_node(row, NULL); /* all of them are in LMDB */
    return rc;
}

/*
 * A node that goes while it has children, which happens only over a fuzzy
 * snapshot that holds what was made later.  They go with it, for the log makes
 * them again.  Rows are looked for in LMDB, so the batch is written first.
 */
static int
delete_orphans(struct image_batch *b, struct bytes path)
{
    struct batch_row *row;
    int rc = batch_row(b, path, &row);

    if (rc < 0 || !row->is_there || (!row->was_there && row->fresh == 0))
        return rc;
    if (row->fresh == 0) {
        rc = batch_visit_below(b, path, is_left, NULL);
        if (rc <= 0)
            return rc;
    }
    rc = image_batch_commit(b, b->zxid);
    return rc < 0 ? rc : batch_visit_below(b, path, delete_below, NULL);
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
        parent->is_dirty = true;
    }
    rc = batch_row(b, path, &row);
    if (rc < 0 || !row->is_there)
        return rc;
    remove_node(row, parent);
    return batch_limits_gone(b, path);
}

int
batch_delete(struct image_batch *b, const struct txn_header *h,
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

/* Whatever LMDB lists for the session and is still its own goes. */
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

/* What LMDB lists for the session, and what this batch has made for it. */
static int
delete_owned(struct image_batch *b, zxid_t zxid, struct batch_session *s)
{
    int rc = 0;

    while (rc == 0 && s->made) {
        struct batch_row *row = s->made;

        rc = delete_node(b, zxid, row->path);
        if (row->is_there)
            remove_node(row, NULL); /* its parent was gone */
    }
    return rc < 0 ? rc : delete_listed(b, zxid, s->id);
}

/* What reads like a container or a TTL in an owner field owns nothing. */
int
batch_close_session(struct image_batch *b, const struct txn_header *h)
{
    struct batch_session *s;
    int rc = batch_session(b, h->session, &s);

    if (rc == 0 && znode_is_ephemeral(h->session))
        rc = delete_owned(b, h->zxid, s);
    if (rc < 0)
        return rc;
    s->is_there = false;
    s->is_dirty = true;
    return 0;
}
