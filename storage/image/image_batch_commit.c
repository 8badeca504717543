/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_batch_commit.c - a batch becomes one LMDB transaction.
 *
 * Rows are written in key order, so that each page of the tree is touched
 * once and in order; meta comes last.  LMDB syncs data before it syncs the
 * page that makes it visible: a crash leaves the state before or after.
 */
#include "storage/image/image_batch_row.h"

#include <errno.h>
#include <stdlib.h>

/* What a commit works with. */
struct writing {
    struct image_batch *batch;
    MDB_txn *txn;
    MDB_cursor *nodes; /* stands where the last row went: the next is near */
    uint64_t digest;
};

/*
 * A row on its way to its place: `head` is the eight bytes of its path behind
 * what all paths have in common.  They mostly settle the order of two rows
 * without a look at the rows, which lie all over the batch.
 */
struct place {
    uint64_t head;
    struct batch_row *row;
};

static int
key_order(const void *a, const void *b)
{
    const struct place *p = a, *q = b;

    if (p->head != q->head)
        return p->head < q->head ? -1 : 1;
    return bytes_order(p->row->path, q->row->path);
}

/* How many bytes, of `size` at most, two paths begin with alike. */
static size_t
common_size(struct bytes a, struct bytes b, size_t size)
{
    size_t least = (size_t)(a.size < b.size ? a.size : b.size), i = 0;

    if (size > least)
        size = least;
    while (i < size && a.data[i] == b.data[i])
        i++;
    return i;
}

/* Zeros behind a path's end: a longer path comes after it. */
static uint64_t
head_of(struct bytes path, size_t skip)
{
    size_t left = (size_t)path.size - skip;
    uint8_t head[8] = {0};

    memcpy(head, path.data + skip, left < sizeof head ? left : sizeof head);
    return load_be64(head);
}

/* The rows that LMDB must hear of, in order; NULL without memory. */
static struct place *
sorted_rows(const struct image_batch *b, size_t *count)
{
    struct place *places = malloc((b->row_count + 1) * sizeof *places);
    size_t n = 0, common = SIZE_MAX;

    if (!places)
        return NULL;
    for (struct batch_row *row = b->rows; row; row = row->list_next)
        if (row->is_dirty && (row->is_there || row->was_there)) {
            places[n++].row = row;
            common = common_size(row->path, places[0].row->path, common);
        }
    for (size_t i = 0; i < n; i++)
        places[i].head = head_of(places[i].row->path, common);
    qsort(places, n, sizeof *places, key_order);
    *count = n;
    return places;
}

/* Write or delete the node's row. */
static int
write_node(struct writing *w, struct batch_row *row,
           const struct image_key *key)
{
    const struct image *im = w->batch->image;
    MDB_dbi table = key->is_long ? im->longs : im->nodes;
    MDB_val name = {key->size, (void *)(uintptr_t)key->data}, value;
    int rc;

    if (!row->is_there)
        return mdb_del(w->txn, table, &name, NULL);
    row->now.path = key->is_long ? row->path : BYTES_NULL;
    value = (MDB_val){image_row_size(&row->now), NULL};
    rc = key->is_long ? mdb_put(w->txn, table, &name, &value, MDB_RESERVE)
                      : mdb_cursor_put(w->nodes, &name, &value, MDB_RESERVE);
    if (rc == 0)
        image_row_put(value.mv_data, value.mv_size, &row->now);
    row->now.path = BYTES_NULL;
    return rc;
}

/* Keep the index of owners in step. */
static int
write_owner(struct writing *w, const struct batch_row *row,
            const struct image_key *key)
{
    MDB_dbi table = w->batch->image->ephemerals;
    int64_t was = row->was_there ? row->owner_was : 0;
    int64_t is = row->is_there ? row->now.stat.owner : 0;
    uint8_t bytes[IMAGE_OWNED_KEY_MAX];
    MDB_val name = {0, bytes}, nothing = {0, bytes};
    int rc = 0;

    if (was == is)
        return 0;
    if (image_is_owned(was)) {
        name.mv_size = image_owned_key(bytes, was, key);
        rc = mdb_del(w->txn, table, &name, NULL);
    }
    if (rc == 0 && image_is_owned(is)) {
        name.mv_size = image_owned_key(bytes, is, key);
        rc = mdb_put(w->txn, table, &name, &nothing, 0);
    }
    return rc;
}

static int
write_row(struct writing *w, struct batch_row *row)
{
    struct image_key key;
    int rc;

    image_key_of(&key, row->path, w->batch->image->meta.seed);
    rc = write_node(w, row, &key);
    if (rc == 0)
        rc = write_owner(w, row, &key);
    if (row->was_there)
        w->digest -= row->digest_was;
    if (row->is_there)
        w->digest += image_row_digest(row->path, &row->now);
    return rc;
}

static int
write_session(struct writing *w, const struct batch_session *s)
{
    MDB_dbi table = w->batch->image->sessions;
    uint8_t id[8], timeout[4];
    MDB_val key = {sizeof id, id}, value = {sizeof timeout, timeout};
    int rc;

    store_be64(id, (uint64_t)s->id);
    store_be32(timeout, (uint32_t)s->timeout_ms);
    if (s->is_there) { /* ids grow, as a rule: then pages are filled */
        rc = mdb_put(w->txn, table, &key, &value, MDB_APPEND);
        return rc == MDB_KEYEXIST ? mdb_put(w->txn, table, &key, &value, 0)
                                  : rc;
    }
    rc = mdb_del(w->txn, table, &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
write_all(struct writing *w, const struct place *places, size_t count)
{
    int rc = mdb_cursor_open(w->txn, w->batch->image->nodes, &w->nodes);

    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = write_row(w, places[i].row);
    for (struct batch_session *s = w->batch->sessions; rc == 0 && s;
         s = s->list_next)
        if (s->is_dirty)
            rc = write_session(w, s);
    return rc;
}

/* All of it as one transaction of LMDB's, which leads to `meta`. */
static int
write_txn(struct writing *w, const struct place *places, size_t count,
          struct image_meta *meta)
{
    struct image *im = w->batch->image;
    int rc = mdb_txn_begin(im->env, NULL, 0, &w->txn);

    if (rc != 0)
        return rc;
    rc = write_all(w, places, count);
    meta->digest = w->digest;
    if (rc == 0)
        rc = image_put_meta(im, w->txn, meta);
    if (rc == 0)
        return mdb_txn_commit(w->txn);
    mdb_txn_abort(w->txn);
    return rc;
}

int
image_batch_commit(struct image_batch *b, zxid_t zxid)
{
    struct writing w = {.batch = b, .digest = b->image->meta.digest};
    struct image_meta meta = b->image->meta;
    size_t count;
    struct place *places = sorted_rows(b, &count);
    int rc;

    if (!places)
        return -ENOMEM;
    image_make_room(b->image, 2 * b->bytes);
    meta.zxid = zxid;
    rc = write_txn(&w, places, count, &meta);
    free(places);
    if (rc != 0)
        return image_rc(rc);
    b->image->meta = meta;
    b->zxid = zxid;
    b->digest = meta.digest;
    batch_reset(b);
    return 0;
}

bool
image_batch_agrees(const struct image_batch *b)
{
    return !b->has_leader_digest || b->leader_digest == b->digest;
}
