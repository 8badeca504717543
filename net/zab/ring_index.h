/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_index.h - where transactions lie in the transaction ring.
 *
 * A ring's entries stay readable behind the slowest cursor, until they are
 * written over or their memory is given back.  A sample of them, one in every
 * 1024th of the ring, is enough to find any; whoever reads on keeps a cursor
 * and needs no search.  In private memory of the ring's producer.  Pure.
 */
#ifndef NET_ZAB_RING_INDEX_H
#define NET_ZAB_RING_INDEX_H

#include "daemon/txring.h"

enum { RING_INDEX_PARTS = 1024, RING_INDEX_ROOM = 2 * RING_INDEX_PARTS };

struct ring_index {
    const struct txring *ring; /* borrowed */
    ring_pos_t reach;          /* memory below this may have been written */
    ring_pos_t low;            /* nothing below this is there any more */
    uint64_t taken, dropped;   /* samples; number n lies at n % ROOM */
    zxid_t last;               /* noted, or what came before the first */
    struct {
        zxid_t after;          /* what lies behind this transaction */
        ring_pos_t pos;        /* begins here */
    } sample[RING_INDEX_ROOM]; /* oldest first, both grow */
};

/* One reader's place. */
struct ring_cursor {
    bool is_set;
    zxid_t after;   /* what lies behind this is wanted */
    ring_pos_t pos; /* and is not before this */
    zxid_t found;   /* the entry at `pos` is this transaction; 0: not known */
};

/* The history so far ends with `last`; what follows begins at `head`. */
void ring_index_init(struct ring_index *x, const struct txring *ring,
                     ring_pos_t head, zxid_t last);

static inline void
ring_index_reach(struct ring_index *x, ring_pos_t end)
{
    if (x->reach < end)
        x->reach = end;
}

/* The RING_TXN entry at `pos` was appended. */
void ring_index_note(struct ring_index *x, zxid_t zxid, ring_pos_t pos);

/* All behind `zxid` is void. */
void ring_index_cut(struct ring_index *x, zxid_t zxid);

/* Memory below `kept` was given back: forget what lies there. */
void ring_index_trim(struct ring_index *x, ring_pos_t kept);

/* Whether what follows `after` can be read from the ring. */
bool ring_index_has(const struct ring_index *x, zxid_t after);

/*
 * The first transaction behind `after`, below `published`, borrowed from the
 * ring.  1; 0: there is none yet; -ESTALE: the ring does not go back so far.
 * After ring_index_trim.
 */
int ring_index_next(const struct ring_index *x, struct ring_cursor *c,
                    zxid_t after, ring_pos_t published,
                    const struct ring_entry **entry);

#endif
