/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_batch_quota.c - statistics of quotas that stand still.
 *
 * Where there are limits beside it, zookeeper_stats is counted anew at each
 * start (quota_rebuild), so the image need not keep it up to date.  Without
 * limits it stays as it was counted when it was made, or when the limits went:
 * the same on every server and after a restart, because the image counts then
 * as the tree does.
 *
 * Both are rare, and all nodes below a path are visited, in LMDB and in what
 * the batch made of it. ZK: DataTree.createNode, deleteNode, updateQuotaForPath
 */
#include "storage/image/image_batch_row.h"

#include <errno.h>
#include <stdlib.h>

#include "storage/tree/quota_text.h"

static void
count_node(struct quota_text *now, const struct image_row *row)
{
    now->count++;
    now->bytes += row->stat.data_size;
}

/* One that LMDB has and the batch has not looked at. */
static int
count_untouched(struct image_batch *b, struct bytes path,
                const struct image_row *row, void *arg)
{
    if (!batch_known_row(b, path))
        count_node(arg, row);
    return 0;
}

/* The node at `top` and all below it. */
static int
count_at(struct image_batch *b, struct bytes top, struct quota_text *now)
{
    struct batch_row *row;
    int rc = batch_row(b, top.size > 0 ? top : bytes_of("/"), &row);

    *now = (struct quota_text){0, 0, -1, -1};
    if (rc < 0 || !row->is_there)
        return rc;
    count_node(now, &row->now);
    for (row = b->rows; row; row = row->list_next)
        if (row->is_there && batch_is_below(row->path, top))
            count_node(now, &row->now);
    return batch_visit_below(b, top, count_untouched, now);
}

static int
stand_still(struct image_batch *b, struct batch_row *stats, struct bytes top)
{
    char text[QUOTA_TEXT_MAX];
    struct quota_text now;
    size_t size;
    int rc = count_at(b, top, &now);

    if (rc < 0)
        return rc;
    size = quota_print(&now, text);
    rc = batch_keep_data(b, stats,
                         (struct bytes){(uint8_t *)text, (int32_t)size});
    stats->now.stat.data_size = (int32_t)size;
    stats->is_dirty = true;
    return rc;
}

/* The node of that name beside `path`, there or not. */
static int
beside(struct image_batch *b, struct bytes path, const char *name,
       struct batch_row **row)
{
    size_t above = (size_t)tree_parent_path(path).size + 1;
    struct bytes other = {NULL, (int32_t)(above + strlen(name))};
    uint8_t *text = malloc((size_t)other.size);
    int rc;

    if (!text)
        return -ENOMEM;
    memcpy(text, path.data, above); /* with the slash */
    memcpy(text + above, name, strlen(name));
    other.data = text;
    rc = batch_row(b, other, row);
    free(text);
    return rc;
}

int
batch_stats_made(struct image_batch *b, struct batch_row *stats)
{
    struct batch_row *limits;
    struct bytes top;
    int rc;

    if (quota_node_of(stats->path, &top) != QUOTA_STATS)
        return 0;
    rc = beside(b, stats->path, QUOTA_LIMITS_NAME, &limits);
    return rc < 0 || limits->is_there ? rc : stand_still(b, stats, top);
}

int
batch_limits_gone(struct image_batch *b, struct bytes limits)
{
    struct batch_row *stats;
    struct bytes top;
    int rc;

    if (quota_node_of(limits, &top) != QUOTA_LIMITS)
        return 0;
    rc = beside(b, limits, QUOTA_STATS_NAME, &stats);
    return rc < 0 || !stats->is_there ? rc : stand_still(b, stats, top);
}
