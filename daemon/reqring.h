/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reqring.h - what a client process asks of replication.
 *
 * One producer (the client process, which owns `tail`), one consumer
 * (replication, whose cursor is shm->replication->taken[w]).  The bytes are
 * mapped twice in a row: a message is always contiguous.  A message below
 * `tail` is whole; a process that dies in the middle of one sent nothing.
 *
 * The other way, shm->words[w] carries what replication says of local sessions
 * (net/prep/local.h): no transaction comes with them, so they have no place in
 * the transaction ring, and must not wait for one.
 */
#ifndef DAEMON_REQRING_H
#define DAEMON_REQRING_H

#include <stdatomic.h>

#include "daemon/types.h"

enum req_kind {
    REQ_SESSION_OPEN = 1, /* timeout_ms, already clamped */
    REQ_SESSION_RESUME,   /* session, timeout_ms; password already checked */
    REQ_WRITE,            /* op, authinfo, body: all that takes a zxid,
                             closeSession included */
    REQ_SYNC,             /* in an ensemble only: path is the body */
    REQ_LOCAL_CLOSE,      /* a local session ends; nobody answers */
};

/* To a client process; all but DROP answer an open or a resume. */
enum word_kind {
    WORD_OPENED = 1, /* session, slot, timeout_ms */
    WORD_RESUMED,    /* the same */
    WORD_REFUSED,    /* there is no such session */
    WORD_DROP,       /* close this connection, without a reply */
};

struct req {
    uint32_t size; /* to the next, a multiple of 8 */
    uint16_t kind; /* enum req_kind, or word_kind */
    uint16_t unused;
    uint32_t life; /* sender's incarnation and connection: its origin */
    uint32_t conn;
    session_id_t session;
    int32_t xid;
    int32_t op;
    int32_t timeout_ms;
    uint32_t auth_size; /* then a vector<Id>, as a REQUEST packet has it */
    uint32_t body_size; /* then the request record */
    union {
        uint32_t period; /* of service, in which it is asked */
        uint32_t slot;   /* words: where shm->heard has the session */
    };
    uint8_t bytes[]; /* auth, then body */
};

struct reqring {
    uint8_t *base;                   /* twice mapped */
    uint64_t size;                   /* a power of two */
    _Atomic ring_pos_t *tail;        /* producer's */
    const _Atomic ring_pos_t *taken; /* consumer's */
};

/*
 * Room for a message of auth_size and body_size, header filled with sizes;
 * NULL when the ring is full (stop reading that client, try again when
 * `taken` has moved).  The consumer sees it when it is sent: reqring_send takes
 * what was reserved last, and nothing else.  Producer only.
 */
struct req *reqring_reserve(struct reqring *ring, uint32_t auth_size,
                            uint32_t body_size);
void reqring_send(struct reqring *ring, const struct req *req);

/*
 * The message at `pos`, or NULL when the producer has sent none.  Its
 * size is checked against the ring: a message that cannot be is -EBADMSG
 * (the producer is broken, and where the next one begins nobody knows).
 * Consumer only.
 */
int reqring_next(const struct reqring *ring, ring_pos_t pos,
                 const struct req **req);

static inline struct bytes
req_auth(const struct req *r)
{
    return (struct bytes){r->bytes, (int32_t)r->auth_size};
}

static inline struct bytes
req_body(const struct req *r)
{
    return (struct bytes){r->bytes + r->auth_size, (int32_t)r->body_size};
}

#endif
