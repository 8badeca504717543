/* SPDX-License-Identifier: Apache-2.0 */
/* forward.c - see forward.h.  Pure. */
#include "net/zab/forward.h"

#include "daemon/check.h"
#include "daemon/hash.h"
#include "daemon/shm.h"
#include "daemon/zk.h"
#include "net/wire/qpacket.h"

_Static_assert((int)FORWARD_BYTES / 3 > (int)QPACKET_DATA_MAX,
               "whatever may wait can be sent again");

/* What a request can wait for. */
enum {
    WORD = 1, /* a transaction, or what REVALIDATE asked: while it is to come
                 the request is in a bucket */
    SYNC = 2,
    AGAIN = 4, /* to be asked again: no answer that comes is for it */
    ANYTHING = WORD | SYNC | AGAIN,
};

static uint32_t
bucket_of(session_id_t session, int32_t xid)
{
    uint64_t h = ((uint64_t)session ^ (uint64_t)(uint32_t)xid << 20) * HASH_ODD;

    return (uint32_t)(h >> 40) % FORWARD_BUCKETS;
}

static const struct forward_place *
place_of(const struct forward *f, uint64_t n)
{
    return &f->place[n % FORWARD_PLACES];
}

static const struct req *
request_of(const struct forward *f, const struct forward_place *p)
{
    return (const struct req *)(const void *)&f->bytes[p->at % FORWARD_BYTES];
}

void
forward_clear(struct forward *f)
{
    memset(f->bucket, 0, sizeof f->bucket);
    f->oldest = f->newest = f->sync_at = f->byte_end = 0;
}

/* --- keeping ------------------------------------------------------------- */

/* Where `size` bytes in a row begin. */
static uint64_t
begin_of(const struct forward *f, uint32_t size)
{
    uint64_t at = f->byte_end, left = FORWARD_BYTES - at % FORWARD_BYTES;

    return size <= left ? at : at + left;
}

bool
forward_has_room(const struct forward *f, const struct req *req, bool is_again)
{
    uint64_t end = begin_of(f, req->size) + req->size;
    uint64_t most = is_again ? FORWARD_BYTES : FORWARD_NEW_BYTES;
    uint64_t places = is_again ? FORWARD_PLACES : FORWARD_PLACES - 1;

    if (f->oldest == f->newest)
        return req->size <= FORWARD_BYTES;
    return f->newest - f->oldest < places &&
           end - place_of(f, f->oldest)->at <= most;
}

/* An observer sends the SYNC behind its REVALIDATE itself, if it does. */
static uint8_t
owed_to(const struct req *req, uint32_t worker)
{
    if (req->kind == REQ_SYNC)
        return SYNC;
    return req->kind == REQ_SESSION_RESUME && worker < CLIENTS_MAX ? WORD | SYNC
                                                                   : WORD;
}

static void
link_place(struct forward *f, struct forward_place *p)
{
    uint32_t *bucket = &f->bucket[bucket_of(p->session, p->xid)];

    p->next = *bucket;
    *bucket = (uint32_t)(p - f->place) + 1;
}

void
forward_keep(struct forward *f, const struct req *req, uint32_t worker,
             session_id_t session)
{
    struct forward_place *p = &f->place[f->newest % FORWARD_PLACES];

    if (f->oldest == f->newest)
        f->byte_end = 0; /* touch the same memory again */
    *p = (struct forward_place){
        .session = session,
        .xid = req->xid,
        .kind = req->kind,
        .worker = (uint16_t)worker,
        .owed = owed_to(req, worker),
        .at = begin_of(f, req->size),
    };
    memcpy(&f->bytes[p->at % FORWARD_BYTES], req, req->size);
    f->byte_end = p->at + req->size;
    if (p->owed & WORD)
        link_place(f, p);
    f->newest++;
}

/* --- taking -------------------------------------------------------------- */

static void
unlink_place(struct forward *f, const struct forward_place *p)
{
    uint32_t *link = &f->bucket[bucket_of(p->session, p->xid)];
    uint32_t own = (uint32_t)(p - f->place) + 1;

    while (*link != own) {
        check(*link != 0);
        link = &f->place[*link - 1].next;
    }
    *link = p->next;
}

/* These answers are there, or do not come any more. */
static const struct req *
take(struct forward *f, struct forward_place *p, uint8_t answers,
     struct origin *o)
{
    const struct req *req = request_of(f, p);

    if (p->owed & answers & WORD)
        unlink_place(f, p);
    p->owed &= (uint8_t)~answers;
    *o = (struct origin){p->worker, req->life, req->conn};
    while (f->oldest != f->newest && place_of(f, f->oldest)->owed == 0)
        f->oldest++;
    return req;
}

void
forward_forget(struct forward *f, uint32_t worker)
{
    struct origin o;

    for (uint64_t n = f->oldest; n != f->newest; n++) {
        struct forward_place *p = &f->place[n % FORWARD_PLACES];

        if (p->owed != 0 && p->worker >= worker)
            take(f, p, ANYTHING, &o);
    }
}

/*
 * A client may number its requests anew when it comes back, and what it asked
 * at another server may be done behind that: a transaction of another type is
 * no answer to what it asks now.
 */
static bool
answers(int32_t type, const struct forward_place *p, int32_t op)
{
    if (p->kind != REQ_WRITE && p->kind != REQ_SESSION_OPEN)
        return false;
    return type == ZK_OP_ERROR || type == op ||
           (zk_is_create(type) && zk_is_create(op));
}

/* The oldest that fits is the last in its bucket. */
const struct req *
forward_take(struct forward *f, session_id_t session, int32_t cxid,
             int32_t txn_type, struct origin *o)
{
    struct forward_place *found = NULL;

    for (uint32_t i = f->bucket[bucket_of(session, cxid)]; i;
         i = f->place[i - 1].next) {
        struct forward_place *p = &f->place[i - 1];

        if (p->session == session && p->xid == cxid &&
            answers(txn_type, p, request_of(f, p)->op))
            found = p;
    }
    return found ? take(f, found, WORD, o) : NULL;
}

static struct forward_place *
asked_about(struct forward *f, session_id_t session)
{
    struct forward_place *found = NULL;

    for (uint32_t i = f->bucket[bucket_of(session, 0)]; i;
         i = f->place[i - 1].next)
        if (f->place[i - 1].session == session &&
            f->place[i - 1].kind == REQ_SESSION_RESUME)
            found = &f->place[i - 1];
    return found;
}

const struct req *
forward_take_session(struct forward *f, session_id_t session, bool is_valid,
                     struct origin *o)
{
    struct forward_place *p = asked_about(f, session);
    const struct req *req = p ? take(f, p, WORD, o) : NULL;

    if (!p || p->owed == 0)
        return req;
    if (is_valid)
        return NULL;
    p->worker = RING_NOBODY; /* the SYNC comes all the same */
    return req;
}

/* Ahead of the leader's word on a session it lets nobody in yet. */
static const struct req *
take_sync(struct forward *f, struct forward_place *p, struct origin *o)
{
    const struct req *req = take(f, p, SYNC, o);

    if (p->owed != 0)
        o->worker = RING_NOBODY;
    return req;
}

const struct req *
forward_take_sync(struct forward *f, struct origin *o)
{
    if (f->sync_at < f->oldest)
        f->sync_at = f->oldest;
    for (; f->sync_at != f->newest; f->sync_at++) {
        struct forward_place *p = &f->place[f->sync_at % FORWARD_PLACES];

        if (p->owed & SYNC)
            return take_sync(f, p, o);
    }
    return NULL;
}

/* --- sending again ------------------------------------------------------- */

/* Two may be alike: nothing but its turn says which an answer is for. */
uint64_t
forward_ask_again(struct forward *f)
{
    forward_forget(f, RING_NOBODY); /* who was refused */
    memset(f->bucket, 0, sizeof f->bucket);
    for (uint64_t n = f->oldest; n != f->newest; n++) {
        struct forward_place *p = &f->place[n % FORWARD_PLACES];

        if (p->owed != 0)
            p->owed = AGAIN;
    }
    return f->newest;
}

void
forward_turn(struct forward *f, uint64_t end)
{
    while (f->oldest != f->newest && f->oldest < end) {
        const struct forward_place *p = place_of(f, f->oldest);
        const struct req *req = request_of(f, p);

        check(forward_has_room(f, req, true));
        forward_keep(f, req, p->worker, p->session);
        forward_drop(f);
    }
}

const struct req *
forward_oldest(const struct forward *f, uint64_t end, struct origin *o)
{
    const struct forward_place *p = place_of(f, f->oldest);
    const struct req *req;

    if (f->oldest == f->newest || f->oldest >= end)
        return NULL;
    req = request_of(f, p);
    *o = (struct origin){p->worker, req->life, req->conn};
    return req;
}

void
forward_drop(struct forward *f)
{
    struct origin o;

    take(f, &f->place[f->oldest % FORWARD_PLACES], ANYTHING, &o);
}
