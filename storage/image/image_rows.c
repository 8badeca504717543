/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_rows.c - the rows of an image: how many, how large, and the long ones.
 */
#include <errno.h>
#include <stdlib.h>

#include "storage/image/image.h"

int
image_count(const struct image *im, uint64_t *nodes, uint64_t *sessions)
{
    MDB_stat n = {0}, l = {0}, s = {0};
    MDB_txn *txn;
    int rc = mdb_txn_begin(im->env, NULL, MDB_RDONLY, &txn);

    if (rc != 0)
        return image_rc(rc);
    rc = mdb_stat(txn, im->nodes, &n);
    if (rc == 0)
        rc = mdb_stat(txn, im->longs, &l);
    if (rc == 0)
        rc = mdb_stat(txn, im->sessions, &s);
    mdb_txn_abort(txn);
    *nodes = n.ms_entries + l.ms_entries;
    *sessions = s.ms_entries;
    return image_rc(rc);
}

static uint64_t
table_bytes(MDB_txn *txn, MDB_dbi table)
{
    MDB_stat s;

    if (mdb_stat(txn, table, &s) != 0)
        return 0;
    return (s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages) *
           (uint64_t)s.ms_psize;
}

uint64_t
image_rows_bytes(const struct image *im)
{
    uint64_t bytes;
    MDB_txn *txn;

    if (mdb_txn_begin(im->env, NULL, MDB_RDONLY, &txn) != 0)
        return 0;
    bytes = table_bytes(txn, im->nodes) + table_bytes(txn, im->longs);
    mdb_txn_abort(txn);
    return bytes;
}

static int
shorter_path(const void *a, const void *b)
{
    const struct image_row *x = a, *y = b;

    return (x->path.size > y->path.size) - (x->path.size < y->path.size);
}

/* All rows behind the cursor, of which the table says to have `max`. */
static int
read_long_rows(MDB_cursor *cursor, struct image_row *rows, size_t max,
               size_t *count)
{
    MDB_val key, value;
    int rc = 0;

    while (rc == 0 && *count < max) {
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        if (rc != 0)
            return rc == MDB_NOTFOUND ? 0 : image_rc(rc);
        rc = image_row_get(&rows[(*count)++], value.mv_data, value.mv_size,
                           true);
    }
    return rc;
}

int
image_long_rows(const struct image *im, MDB_txn *txn, struct image_row **rows,
                size_t *count)
{
    MDB_cursor *cursor;
    MDB_stat stat;
    int rc = image_rc(mdb_stat(txn, im->longs, &stat));

    *rows = NULL;
    *count = 0;
    if (rc < 0 || stat.ms_entries == 0)
        return rc;
    *rows = calloc(stat.ms_entries, sizeof **rows);
    if (!*rows)
        return -ENOMEM;
    rc = image_rc(mdb_cursor_open(txn, im->longs, &cursor));
    if (rc == 0) {
        rc = read_long_rows(cursor, *rows, stat.ms_entries, count);
        mdb_cursor_close(cursor);
    }
    if (rc < 0) {
        free(*rows);
        *rows = NULL;
        *count = 0;
        return rc;
    }
    qsort(*rows, *count, sizeof **rows, shorter_path);
    return 0;
}
