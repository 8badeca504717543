/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txring.h - the transaction ring, the spine of the server.
 *
 * One producer (replication), many consumers, each with a cursor of its own
 * in its own shared memory.  The ring's memory is mapped twice in a row, so
 * an entry is always contiguous, wherever it lies.  An entry below
 * `published` is whole and its payload never changes; its outcomes are
 * written when it is applied and are whole below `applied`.
 *
 * An entry is a header, the payload and the outcomes:
 *
 *      0  struct ring_entry               64 bytes
 *     64  payload                         payload_size bytes: TxnHeader, body
 *         (padding to 8)                  and digest, as in log and PROPOSAL
 *         struct outcome[outcome_count]   filled by the tree when applied
 *         int32_t reply_op[outcome_count] multi only: the client's operations
 *         (padding to 64)
 *
 * Not every entry is a transaction: what a client process must hear at its
 * place among the transactions (RING_RESUMED, ...) travels the same way,
 * without payload.  The log process skips those.
 */
#ifndef DAEMON_TXRING_H
#define DAEMON_TXRING_H

#include "daemon/types.h"

enum ring_kind {
    RING_TXN = 1, /* a transaction; with an origin, also a reply */
    RING_REFUSED, /* a reply without a transaction: err, zxid as it stands */
    RING_RESUMED, /* answer to a resume: err 0 or ZK_SESSION_EXPIRED; every
                     process drops an older connection of that session */
    RING_DROP,    /* close the connection without a reply: session moved */
    RING_SYNCED,  /* a sync has reached the leader and come back */
    RING_VOID,    /* was a transaction; a new leader cut it off */
};

enum {
    RING_NOBODY = 0xffff,
    RING_ALIGN = 64,
    RING_OUTCOME_BYTES = 88, /* of storage/tree/tree.h's struct outcome */
};

/* A connection of a client process, and that process's incarnation. */
struct origin {
    uint16_t worker; /* RING_NOBODY: not a client of this server */
    uint32_t life;
    uint32_t conn;
};

struct ring_entry {
    uint32_t size; /* to the next entry, a multiple of RING_ALIGN */
    uint16_t kind; /* enum ring_kind */
    uint16_t worker;
    uint32_t life;
    uint32_t conn;
    zxid_t zxid;
    session_id_t session;
    int32_t xid;        /* as the client numbered its request */
    int32_t op;         /* as the client asked: enum zk_op */
    int32_t err;        /* RING_TXN: 0; a failed request's is in its outcome */
    int32_t timeout_ms; /* session opened or resumed: as negotiated */
    uint32_t payload_size;
    uint32_t outcome_count;
    uint64_t reserved;
};

_Static_assert(sizeof(struct ring_entry) == 64, "an entry's header");

/* Of an entry that is no transaction. */
enum { RING_WORD_BYTES = sizeof(struct ring_entry) };

/* A view of the ring; the same bytes twice at `base`. */
struct txring {
    uint8_t *base;
    uint64_t size; /* a power of two */
};

static inline struct ring_entry *
txring_at(const struct txring *ring, ring_pos_t pos)
{
    return (struct ring_entry *)(void *)(ring->base + (pos & (ring->size - 1)));
}

static inline struct bytes
ring_payload(const struct ring_entry *e)
{
    return (struct bytes){(const uint8_t *)(e + 1), (int32_t)e->payload_size};
}

/* What the tree answered, `outcome_count` of them: see storage/tree/tree.h. */
static inline void *
ring_outcomes(const struct ring_entry *e)
{
    return (uint8_t *)(uintptr_t)(e + 1) + ALIGN_UP(e->payload_size, 8u);
}

/* Behind them, of a multi: how the client named each operation. */
static inline int32_t *
ring_reply_ops(const struct ring_entry *e)
{
    uint8_t *outcomes = ring_outcomes(e);

    return (int32_t *)(void *)(outcomes +
                               (size_t)e->outcome_count * RING_OUTCOME_BYTES);
}

/*
 * Bytes an entry takes with all its parts.  In an entry 32 bits hold them, but
 * what a leader sends may be of more parts than there is room for.
 */
static inline uint64_t
ring_entry_size(uint32_t payload_size, uint32_t outcome_count, bool has_ops)
{
    uint64_t each = RING_OUTCOME_BYTES + (has_ops ? sizeof(int32_t) : 0);
    uint64_t size = sizeof(struct ring_entry) +
                    ALIGN_UP((uint64_t)payload_size, 8u) + outcome_count * each;

    return ALIGN_UP(size, (uint64_t)RING_ALIGN);
}

#endif
