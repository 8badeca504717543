/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward.h - requests that went to the leader and have not come back.
 *
 * A learner sends its clients' requests to the leader and knows the answer
 * when it comes back: a write as the transaction with its session and cxid, a
 * session as REVALIDATE with its id, a sync as SYNC, in order.  Nearly always
 * that is the oldest one sent.
 *
 * A client that comes back may number its requests anew, and then nothing but
 * the order tells what it asks here from what it asked elsewhere.  So behind
 * REVALIDATE goes a SYNC, and the client is let in when both are answered: what
 * the leader took of its session before it moved has come before that, and what
 * it did not take it refuses.  Who is refused itself need not wait.
 *
 *      place[]   oldest .. newest      a ring, answered ones are skipped
 *      bucket[]  (session, xid) -> place -> place
 *      bytes[]   the requests, in the order of the places
 *
 * They are kept whole: when a leader is lost, what it did not take into its
 * history goes to the next one (repl_serve.c).
 *
 * Pure; memory is given, zero.  The replication process, learning.
 * ZK: CommitProcessor, LearnerZooKeeperServer (spec/quorum-protocol.md 5.2)
 */
#ifndef NET_ZAB_FORWARD_H
#define NET_ZAB_FORWARD_H

#include "daemon/reqring.h"
#include "daemon/txring.h"

/*
 * What waits may all be sent again, one after the other, and each is kept at
 * both ends meanwhile.  It takes FORWARD_NEW_BYTES, or it is one request; that
 * is as long as a packet (QPACKET_DATA_MAX, 2^28), and may have to leave a gap
 * before the end of the bytes, shorter than itself: 3 * 2^28 in all.
 */
enum {
    FORWARD_PLACES = 1 << 15,
    FORWARD_BUCKETS = 1 << 12, /* 16 KB: others' transactions look here, too */
    FORWARD_BYTES = 1 << 30,   /* only what is in use is touched */
    FORWARD_NEW_BYTES = 1 << 27,
};

struct forward_place {
    session_id_t session; /* as it was sent: of an open one, the new one */
    int32_t xid;
    uint16_t kind;   /* enum req_kind */
    uint16_t worker; /* who asked; from CLIENTS_MAX on it is an observer's
                        connection: repl_master.c; RING_NOBODY: was refused */
    uint32_t next;   /* in the bucket: place + 1 */
    uint8_t owed;    /* answers that are to come; 0: it is answered */
    uint64_t at; /* of the request, counted from the first since it was empty */
};

struct forward {
    uint64_t oldest, newest; /* count places ever used */
    uint64_t sync_at;        /* no sync before this place waits */
    uint64_t byte_end;
    struct forward_place place[FORWARD_PLACES];
    uint32_t bucket[FORWARD_BUCKETS]; /* place + 1 */
    _Alignas(8) uint8_t bytes[FORWARD_BYTES];
};

/* Nothing is on its way. */
void forward_clear(struct forward *f);

/* Nobody waits for what came from `worker` or one above it. */
void forward_forget(struct forward *f, uint32_t worker);

/*
 * Whether one more can be kept.  New requests leave room, and a place, for what
 * is sent again (`is_again`), one after the other.
 */
bool forward_has_room(const struct forward *f, const struct req *req,
                      bool is_again);

/* Keep a copy; there is room. */
void forward_keep(struct forward *f, const struct req *req, uint32_t worker,
                  session_id_t session);

/*
 * An answer came: the request it is for, and who asked; it waits no longer.
 * NULL: nobody of ours.  Good until the next forward_keep.
 */
const struct req *forward_take(struct forward *f, session_id_t session,
                               int32_t cxid, int32_t txn_type,
                               struct origin *o);

/*
 * The same for REVALIDATE.  NULL, too, when a client of ours may have its
 * session, and waits for the SYNC now.
 */
const struct req *forward_take_session(struct forward *f, session_id_t session,
                                       bool is_valid, struct origin *o);

/*
 * The same for a SYNC: of a REQ_SYNC, or of a REQ_SESSION_RESUME that may go
 * on; RING_NOBODY asked if that was refused.
 */
const struct req *forward_take_sync(struct forward *f, struct origin *o);

static inline uint64_t
forward_waiting(const struct forward *f)
{
    return f->newest - f->oldest;
}

/*
 * Another leads: what waits was asked of the last one, and no answer is for it
 * before it is kept again; who was refused waits no more.  Returns the place
 * where that ends.
 */
uint64_t forward_ask_again(struct forward *f);

/*
 * The oldest that waits, if its place is before `end`; NULL if there is none.
 * forward_drop takes it out; it stays readable until then.
 */
const struct req *forward_oldest(const struct forward *f, uint64_t end,
                                 struct origin *o);
void forward_drop(struct forward *f);

/*
 * This leader is lost, too, and what waits before `end` was not asked of it
 * yet: that goes behind what was, as it was asked.
 */
void forward_turn(struct forward *f, uint64_t end);

#endif
