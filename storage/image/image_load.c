/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_load.c - from the image into the tree.  Replication process, at start.
 *
 * One read transaction, each table once in key order: parents come before
 * children, and siblings follow each other.  Paths too long for that order
 * come last, by length, when all their parents are there.
 */
#include "storage/image/image.h"

#include <errno.h>
#include <stdlib.h>

enum {
    PROGRESS_BYTES = 4 * 1024 * 1024,
    NODE_BYTES = 256, /* that it takes to load one, beside its data */
    ROWS_AHEAD = 16,  /* loading them takes longer than memory to answer */
};

struct load {
    struct image *image;
    MDB_txn *txn;
    struct tree *tree;
    struct session_table *sessions;
    progress_fn *progress;
    void *progress_arg;
    uint64_t done, total;
    uint64_t untold; /* bytes since progress was told */
    struct data_error *e;
};

static int
fail(struct load *l, int rc, const char *what)
{
    const char *remedy =
        rc == -ENOSPC ? "Give the server more memory: raise its memory limit."
                      : image_remedy;

    data_error_set(l->e, l->image->dir, -1, remedy, "loading the image, %s: %s",
                   what, strerror(-rc));
    return rc;
}

static int
load_session(struct load *l, const MDB_val *key, const MDB_val *value)
{
    session_id_t id;
    struct session *s;

    if (key->mv_size != 8 || value->mv_size != 4)
        return fail(l, -EBADMSG, "a session");
    id = (session_id_t)load_be64(key->mv_data);
    if (id == 0)
        return fail(l, -EBADMSG, "a session of nobody");
    s = session_take(l->sessions, id);
    if (!s)
        return fail(l, -ENOSPC, "too many sessions");
    s->timeout_ms = (int32_t)load_be32(value->mv_data);
    s->is_alive = 1;
    return 0;
}

/* Nodes may be small or large; that we live must be seen in either case. */
static void
tell_progress(struct load *l, uint64_t bytes)
{
    l->done++;
    l->untold += NODE_BYTES + bytes;
    if (l->untold < PROGRESS_BYTES || !l->progress)
        return;
    l->progress(l->progress_arg, l->done, l->total);
    l->untold = 0;
}

static int
load_node(struct load *l, struct bytes path, const struct image_row *row)
{
    int rc = tree_load_node(l->tree, path, row->data, row->acl, &row->stat);

    if (rc < 0)
        return fail(l, rc, "a node");
    tell_progress(l, (uint64_t)bytes_size(row->data));
    return 0;
}

static int
load_short(struct load *l, const MDB_val *key, const MDB_val *value)
{
    struct bytes path = {key->mv_data, (int32_t)key->mv_size};
    struct image_row row;

    if (image_row_get(&row, value->mv_data, value->mv_size, false) < 0)
        return fail(l, -EBADMSG, "a node");
    return load_node(l, path, &row);
}

/* --- a table ------------------------------------------------------------- */

/* Rows in key order, the next few of them read ahead; borrowed from l->txn. */
struct rows {
    MDB_cursor *cursor;
    struct {
        MDB_val key, value;
    } row[ROWS_AHEAD];
    uint64_t read, visited;
    int end; /* why no more could be read, or 0 */
};

/* Sessions come before any node, and then tree_load_soon does nothing. */
static void
read_ahead(const struct load *l, struct rows *r)
{
    while (r->end == 0 && r->read < r->visited + ROWS_AHEAD) {
        MDB_val *key = &r->row[r->read % ROWS_AHEAD].key;
        MDB_val *value = &r->row[r->read % ROWS_AHEAD].value;

        r->end = mdb_cursor_get(r->cursor, key, value, MDB_NEXT);
        if (r->end != 0)
            return;
        tree_load_soon(l->tree,
                       (struct bytes){key->mv_data, (int32_t)key->mv_size});
        r->read++;
    }
}

static int
for_each(struct load *l, MDB_dbi table,
         int (*visit)(struct load *, const MDB_val *, const MDB_val *))
{
    struct rows r = {0};
    int rc = mdb_cursor_open(l->txn, table, &r.cursor);

    if (rc != 0)
        return fail(l, image_rc(rc), "a table");
    for (read_ahead(l, &r); rc == 0 && r.visited < r.read; read_ahead(l, &r)) {
        rc = visit(l, &r.row[r.visited % ROWS_AHEAD].key,
                   &r.row[r.visited % ROWS_AHEAD].value);
        r.visited++;
    }
    mdb_cursor_close(r.cursor);
    if (rc == 0 && r.end != MDB_NOTFOUND)
        rc = fail(l, image_rc(r.end), "a table");
    return rc;
}

static int
load_long(struct load *l)
{
    struct image_row *rows;
    size_t count;
    int rc = image_long_rows(l->image, l->txn, &rows, &count);

    if (rc < 0)
        return fail(l, rc, "a table");
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = load_node(l, rows[i].path, &rows[i]);
    free(rows);
    return rc;
}

/* What can be read before the rows: meta, and how many there will be. */
static int
begin(struct load *l)
{
    MDB_stat shorts, longs;
    int rc = image_rc(mdb_txn_begin(l->image->env, NULL, MDB_RDONLY, &l->txn));

    if (rc < 0)
        return fail(l, rc, "its meta data");
    rc = image_get_meta(l->image, l->txn);
    if (rc < 0) {
        mdb_txn_abort(l->txn);
        return fail(l, rc, "its meta data");
    }
    if (mdb_stat(l->txn, l->image->nodes, &shorts) == 0 &&
        mdb_stat(l->txn, l->image->longs, &longs) == 0)
        l->total = shorts.ms_entries + longs.ms_entries;
    return 0;
}

int
image_load(struct image *im, struct tree *tree, struct session_table *sessions,
           progress_fn *progress, void *progress_arg, struct data_error *e)
{
    struct load l = {.image = im,
                     .tree = tree,
                     .sessions = sessions,
                     .progress = progress,
                     .progress_arg = progress_arg,
                     .e = e};
    struct tree_totals totals;
    int rc = begin(&l);

    if (rc < 0)
        return rc;
    tree_load_expect(tree, l.total);
    rc = for_each(&l, im->sessions, load_session);
    if (rc == 0)
        rc = for_each(&l, im->nodes, load_short);
    if (rc == 0)
        rc = load_long(&l);
    mdb_txn_abort(l.txn);
    if (rc < 0)
        return rc;
    tree_load_done(tree, im->meta.zxid);
    tree_totals(tree, &totals);
    if (totals.digest != im->meta.digest)
        return fail(&l, -EBADMSG, "its nodes do not add up to its digest");
    if (progress)
        progress(progress_arg, l.done, l.total);
    return 0;
}
