/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_session.c - which connection of this process serves a session.
 *
 * Linear hashing (Litwin 1980).  One session more than there are buckets, and
 * the next bucket in turn is split: so no connection waits for a table to be
 * made anew, and none stands half empty in each of many processes.
 *
 *      bits of the hash    0   1   2   3   4   5   6   7
 *      bucket, of six      0   1   2   3   4   5   2   3      next: 2 -> 2, 6
 */
#include "net/client/client_session.h"

#include "daemon/check.h"
#include "daemon/hash.h"
#include "daemon/memory.h"

void
client_session_init(struct client_proc *p)
{
    p->session_bucket = memory_reserve(CONNS_MAX * sizeof(uint32_t));
    p->session_buckets = 1;
}

/* The highest bit of a number that is not 0. */
static uint32_t
top_bit(uint32_t n)
{
    return UINT32_C(1) << (31 - __builtin_clz(n));
}

/* Ids count up, those of one process with gaps: so they are mixed. */
static uint32_t
bucket_of(const struct client_proc *p, session_id_t session)
{
    uint64_t mixed = (uint64_t)session * HASH_ODD;
    uint32_t last = p->session_buckets - 1;
    uint32_t bits = last ? 2 * top_bit(last) - 1 : 0;
    uint32_t bucket = (uint32_t)(mixed >> 32) & bits;

    return bucket <= last ? bucket : bucket & bits >> 1;
}

/* One bucket more: what belongs there is in the one that lacks its top bit. */
static void
split(struct client_proc *p)
{
    uint32_t new = p->session_buckets++;
    uint32_t *link = &p->session_bucket[new - top_bit(new)];
    struct client *c;

    while ((c = client_at(p, *link))) {
        if (bucket_of(p, c->session) != new) {
            link = &c->session_next;
            continue;
        }
        *link = c->session_next;
        c->session_next = p->session_bucket[new];
        p->session_bucket[new] = client_place(c) + 1;
    }
}

struct client *
client_of_session(const struct client_proc *p, session_id_t session)
{
    uint32_t next = p->session_bucket[bucket_of(p, session)];
    struct client *c;

    while ((c = client_at(p, next)) && c->session != session)
        next = c->session_next;
    return c;
}

static void
link_session(struct client_proc *p, struct client *c)
{
    uint32_t *bucket;

    if (++p->session_count > p->session_buckets)
        split(p);
    bucket = &p->session_bucket[bucket_of(p, c->session)];
    c->session_next = *bucket;
    *bucket = client_place(c) + 1;
}

void
client_bind_session(struct client_proc *p, struct client *c,
                    session_id_t session, uint32_t slot, int32_t timeout_ms)
{
    struct conn_info *info = client_info(p, c);

    check(c->session == 0);
    c->session = session;
    c->slot = slot;
    link_session(p, c);
    info->session = session;
    info->timeout_ms = timeout_ms;
}

void
client_unbind_session(struct client_proc *p, struct client *c)
{
    uint32_t *link = &p->session_bucket[bucket_of(p, c->session)];

    if (c->session == 0)
        return;
    while (client_at(p, *link) != c)
        link = &client_at(p, *link)->session_next;
    *link = c->session_next;
    c->session = 0;
    p->session_count--;
}

uint32_t
client_find_slot(const struct client_proc *p, session_id_t session)
{
    const struct session *s;
    uint32_t slot = UINT32_MAX;
    uint64_t seq;

    do {
        seq = tree_read_begin(p->tree);
        s = session_find(p->sessions, session);
        slot = s ? session_slot(p->sessions, s) : UINT32_MAX;
    } while (seq != 0 && tree_read_retry(p->tree, seq));
    return slot;
}

void
client_heard(struct client_proc *p, struct client *c)
{
    uint32_t now = shm_heard_at(p->now_ms);

    if (c->slot != UINT32_MAX &&
        atomic_load_explicit(&p->heard[c->slot], memory_order_relaxed) != now)
        atomic_store_explicit(&p->heard[c->slot], now, memory_order_relaxed);
}
