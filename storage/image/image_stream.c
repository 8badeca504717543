/* SPDX-License-Identifier: Apache-2.0 */
/* image_stream.c - see image_stream.h. */
#include "storage/image/image_stream.h"

#include <errno.h>
#include <stdlib.h>

void
image_stream_close(struct image_stream *s)
{
    if (s->cursor)
        mdb_cursor_close(s->cursor);
    if (s->txn)
        mdb_txn_abort(s->txn);
    free(s->longs);
    snap_acl_set_free(&s->acls);
    *s = (struct image_stream){.part = STREAM_DONE};
}

/* How many rows both passes will see. */
static int
count_rows(struct image_stream *s)
{
    MDB_stat nodes;
    int rc = image_rc(mdb_stat(s->txn, s->image->nodes, &nodes));

    if (rc == 0)
        s->total = 2 * (nodes.ms_entries + s->long_count);
    return rc;
}

int
image_stream_open(struct image_stream *s, struct image *im)
{
    int rc;

    *s = (struct image_stream){.image = im};
    rc = image_rc(mdb_txn_begin(im->env, NULL, MDB_RDONLY, &s->txn));
    if (rc == 0)
        rc = image_get_meta(im, s->txn);
    if (rc == 0)
        rc = image_long_rows(im, s->txn, &s->longs, &s->long_count);
    if (rc == 0)
        rc = count_rows(s);
    s->zxid = im->meta.zxid;
    s->digest = im->meta.digest;
    if (rc < 0)
        image_stream_close(s);
    return rc;
}

/* The next row of `table`, in key order: 1; 0 behind the last; -errno. */
static int
next_row(struct image_stream *s, MDB_dbi table, MDB_val *key, MDB_val *value)
{
    int rc = 0;

    if (!s->cursor)
        rc = mdb_cursor_open(s->txn, table, &s->cursor);
    if (rc == 0)
        rc = mdb_cursor_get(s->cursor, key, value, MDB_NEXT);
    if (rc == 0)
        return 1;
    return rc == MDB_NOTFOUND ? 0 : image_rc(rc);
}

static int
go_on(struct image_stream *s, enum image_stream_part part)
{
    if (s->cursor)
        mdb_cursor_close(s->cursor);
    s->cursor = NULL;
    s->long_at = 0;
    s->part = part;
    return 1;
}

/* The next node: first `nodes` in key order, then `long` by length. */
static int
next_node(struct image_stream *s, struct bytes *path, struct image_row *row)
{
    MDB_val key, value;
    int rc = next_row(s, s->image->nodes, &key, &value);

    if (rc == 1) {
        *path = (struct bytes){key.mv_data, (int32_t)key.mv_size};
        rc = image_row_get(row, value.mv_data, value.mv_size, false);
        return rc < 0 ? rc : 1;
    }
    if (rc < 0 || s->long_at == s->long_count)
        return rc;
    *row = s->longs[s->long_at++];
    *path = row->path;
    return 1;
}

/* Both passes end here; after the first, the digests have to add up. */
static int
end_pass(struct image_stream *s, enum image_stream_part next)
{
    if (s->part == STREAM_COLLECT && s->sum != s->digest)
        return -EBADMSG;
    return go_on(s, next);
}

/* A row's turn: its ACL in the first pass, all of it in the second. */
static int
take_node(struct image_stream *s, enum image_stream_part next)
{
    struct image_row row;
    struct bytes path;
    int rc = next_node(s, &path, &row);
    int64_t acl;

    if (rc != 1)
        return rc < 0 ? rc : end_pass(s, next);
    acl = snap_acl_set_add(&s->acls, row.acl);
    if (acl == 0)
        return -ENOMEM;
    if (s->part == STREAM_COLLECT)
        s->sum += image_row_digest(path, &row);
    else
        snap_spell_node(&s->item, path, row.data, acl, &row.stat);
    s->done++;
    return 1;
}

static int
count_sessions(struct image_stream *s)
{
    MDB_stat stat;
    int rc = image_rc(mdb_stat(s->txn, s->image->sessions, &stat));

    if (rc < 0)
        return rc;
    snap_spell_count(&s->item, (int32_t)stat.ms_entries);
    return go_on(s, STREAM_SESSIONS);
}

static int
take_session(struct image_stream *s)
{
    MDB_val key, value;
    int rc = next_row(s, s->image->sessions, &key, &value);

    if (rc != 1)
        return rc < 0 ? rc : go_on(s, STREAM_ACL_COUNT);
    if (key.mv_size != 8 || value.mv_size != 4)
        return -EBADMSG;
    snap_spell_session(&s->item, (session_id_t)load_be64(key.mv_data),
                       (int32_t)load_be32(value.mv_data));
    return 1;
}

static int
take_acl(struct image_stream *s)
{
    const struct snap_acl *a;

    if (s->acl_at == s->acls.count)
        return go_on(s, STREAM_NODES);
    a = &s->acls.list[s->acl_at++];
    snap_spell_acl(&s->item, a->id, snap_acl_list(a));
    return 1;
}

/* Have the next item, which may be none; 1, or 0 behind the last. */
static int
next_item(struct image_stream *s)
{
    s->piece = s->item.count = 0;
    switch (s->part) {
    case STREAM_COLLECT:
        return take_node(s, STREAM_SESSION_COUNT);
    case STREAM_SESSION_COUNT:
        return count_sessions(s);
    case STREAM_SESSIONS:
        return take_session(s);
    case STREAM_ACL_COUNT:
        snap_spell_count(&s->item, (int32_t)s->acls.count);
        return go_on(s, STREAM_ACLS);
    case STREAM_ACLS:
        return take_acl(s);
    case STREAM_NODES:
        return take_node(s, STREAM_DONE);
    case STREAM_DONE:
        break;
    }
    return 0;
}

int
image_stream_next(struct image_stream *s, struct bytes *piece)
{
    int rc = s->piece < s->item.count ? 1 : next_item(s);

    if (rc == 1)
        *piece = s->piece < s->item.count ? s->item.piece[s->piece++]
                                          : (struct bytes){NULL, 0};
    return rc;
}
