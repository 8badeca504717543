/* SPDX-License-Identifier: Apache-2.0 */
/* image_snapshot.c - see image_snapshot.h. */
#include "storage/image_snapshot.h"

#include <errno.h>
#include <stdlib.h>

static void
let_go(struct image_snapshot *s)
{
    if (s->cursor)
        mdb_cursor_close(s->cursor);
    if (s->txn)
        mdb_txn_abort(s->txn);
    free(s->longs);
    snap_acl_set_free(&s->acls);
    *s = (struct image_snapshot){.writer = {.fd = -1}};
}

void
image_snapshot_abort(struct image_snapshot *s)
{
    if (!s->image)
        return;
    snapfile_writer_abort(&s->writer);
    let_go(s);
}

static int
give_up(struct image_snapshot *s, int rc)
{
    image_snapshot_abort(s);
    return rc;
}

/* How many rows both passes will see. */
static int
count_rows(struct image_snapshot *s)
{
    MDB_stat nodes;
    int rc = image_rc(mdb_stat(s->txn, s->image->nodes, &nodes));

    if (rc == 0)
        s->total = 2 * (nodes.ms_entries + s->long_count);
    return rc;
}

int
image_snapshot_begin(struct image_snapshot *s, struct image *im,
                     const char *dir, enum snap_format format)
{
    int rc;

    *s = (struct image_snapshot){.image = im, .writer = {.fd = -1}};
    rc = image_rc(mdb_txn_begin(im->env, NULL, MDB_RDONLY, &s->txn));
    if (rc == 0)
        rc = image_get_meta(im, s->txn);
    if (rc == 0)
        rc = image_rc(mdb_cursor_open(s->txn, im->nodes, &s->cursor));
    if (rc == 0)
        rc = image_long_rows(im, s->txn, &s->longs, &s->long_count);
    if (rc == 0)
        rc = count_rows(s);
    s->zxid = im->meta.zxid;
    s->digest = im->meta.digest;
    if (rc == 0)
        rc = snapfile_writer_open(&s->writer, dir, s->zxid, format);
    return rc < 0 ? give_up(s, rc) : 0;
}

static int
put_sessions(struct image_snapshot *s)
{
    MDB_val key, value;
    MDB_cursor *cursor;
    MDB_stat stat;
    int rc = image_rc(mdb_stat(s->txn, s->image->sessions, &stat)), mdb;

    if (rc == 0)
        rc = image_rc(mdb_cursor_open(s->txn, s->image->sessions, &cursor));
    if (rc < 0)
        return rc;
    snapfile_put_session_count(&s->writer, (int32_t)stat.ms_entries);
    while ((mdb = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
        snapfile_put_session(&s->writer, (session_id_t)load_be64(key.mv_data),
                             (int32_t)load_be32(value.mv_data));
    mdb_cursor_close(cursor);
    return mdb == MDB_NOTFOUND ? 0 : image_rc(mdb);
}

/* Between the passes: the head of the stream, then the cursor goes back. */
static int
start_writing(struct image_snapshot *s)
{
    int rc = put_sessions(s);

    if (rc < 0)
        return rc;
    snapfile_put_acl_count(&s->writer, (int32_t)s->acls.count);
    for (size_t i = 0; i < s->acls.count; i++) {
        const struct snap_acl *a = &s->acls.list[i];

        snapfile_put_acl(&s->writer, a->id, (struct bytes){a->list, a->size});
    }
    mdb_cursor_close(s->cursor);
    s->cursor = NULL;
    s->is_writing = true;
    return image_rc(mdb_cursor_open(s->txn, s->image->nodes, &s->cursor));
}

/* A row's turn: its ACL in the first pass, all of it in the second. */
static int
take_row(struct image_snapshot *s, struct bytes path,
         const struct image_row *row)
{
    int64_t acl = snap_acl_set_add(&s->acls, row->acl);

    if (acl == 0)
        return -ENOMEM;
    if (s->is_writing)
        snapfile_put_node(&s->writer, path, row->data, acl, &row->stat);
    s->done++;
    return s->writer.failed;
}

/* The next row of `nodes`: 1, 0 behind the last, -errno. */
static int
next_short(struct image_snapshot *s)
{
    MDB_val key, value;
    struct image_row row;
    int mdb = mdb_cursor_get(s->cursor, &key, &value, MDB_NEXT), rc;

    if (mdb != 0)
        return mdb == MDB_NOTFOUND ? 0 : image_rc(mdb);
    rc = image_row_get(&row, value.mv_data, value.mv_size, false);
    if (rc == 0)
        rc = take_row(s, (struct bytes){key.mv_data, (int32_t)key.mv_size},
                      &row);
    return rc < 0 ? rc : 1;
}

static int
all_longs(struct image_snapshot *s)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < s->long_count; i++)
        rc = take_row(s, s->longs[i].path, &s->longs[i]);
    return rc;
}

int
image_snapshot_step(struct image_snapshot *s, size_t rows_max)
{
    int rc = 1;

    for (size_t i = 0; rc == 1 && i < rows_max; i++)
        rc = next_short(s);
    if (rc != 0)
        return rc < 0 ? give_up(s, rc) : 1;
    rc = all_longs(s);
    if (rc == 0 && !s->is_writing) {
        rc = start_writing(s);
        return rc < 0 ? give_up(s, rc) : 1;
    }
    if (rc < 0)
        return give_up(s, rc);
    rc = snapfile_writer_end(&s->writer, s->zxid, s->digest);
    let_go(s);
    return rc;
}
