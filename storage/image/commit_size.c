/* SPDX-License-Identifier: Apache-2.0 */
/* commit_size.c - see commit_size.h.  Pure. */
#include "storage/image/commit_size.h"

enum {
    ROWS_FIRST = 1024,
    /*
     * What a disk of 500 MB/s takes in 2 ms, and in 8.  Of 64 MiB nobody's
     * write was answered for 100 ms.
     */
    BYTES_MIN = 1024 * 1024,
    BYTES_MAX = 4 * 1024 * 1024,
    /* Between two commits: less is "all the time", more is not. */
    SHORT_MS = 25,
    LONG_MS = 4 * SHORT_MS,
};

void
commit_size_init(struct commit_size *s)
{
    *s = (struct commit_size){.rows = ROWS_FIRST, .bytes = BYTES_MIN};
}

static uint64_t
bytes_by_pace(uint64_t bytes, int64_t since_last_ms)
{
    if (since_last_ms < SHORT_MS && bytes < BYTES_MAX)
        return bytes * 2;
    if (since_last_ms > LONG_MS && bytes > BYTES_MIN)
        return bytes / 2;
    return bytes;
}

static size_t
between(size_t least, size_t n, size_t most)
{
    return n < least ? least : n > most ? most : n;
}

void
commit_size_learn(struct commit_size *s, const struct commit_facts *c)
{
    uint64_t bytes;

    s->bytes = bytes_by_pace(s->bytes, c->now - s->last);
    s->last = c->now;
    if (c->rows < COMMIT_ROWS_MIN)
        return; /* mostly pages above the rows: says nothing of these */
    bytes = c->tree_bytes <= BYTES_MAX ? BYTES_MAX : s->bytes;
    s->rows = COMMIT_ROWS_MAX;
    if (c->bytes > 0)
        s->rows = between(COMMIT_ROWS_MIN, c->rows * bytes / c->bytes,
                          COMMIT_ROWS_MAX);
}
