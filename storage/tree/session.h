/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - the session table in shared memory.
 *
 * The replication process is the only writer.  A session has a slot for its
 * life; slots are reused after it.  Client processes look sessions up under the
 * tree's sequence lock (they come and go inside tree batches only), and note in
 * their own part when they last heard from one: shm->heard[w][slot].
 *
 * Pure: memory is given, reserved and zero.
 * ZK: ZKDatabase.sessionsWithTimeouts, SessionTrackerImpl
 */
#ifndef STORAGE_TREE_SESSION_H
#define STORAGE_TREE_SESSION_H

#include "daemon/hash.h"
#include "daemon/txring.h"
#include "daemon/zk.h"

enum { SESSIONS_MAX = 1 << 20 };

struct session {
    session_id_t id;     /* 0: slot is free */
    int32_t timeout_ms;  /* as negotiated last; touches use it */
    uint32_t ephemerals; /* tree_ref_t of the first, 0 none; tree_*.c */
    uint32_t ephemeral_count;
    uint16_t worker;        /* client process that serves it now */
    uint8_t is_closing : 1; /* a closeSession is on its way */
    uint8_t has_left : 1;   /* its last request went to another server */
    uint8_t has_bucket : 1; /* net/prep/expiry.c, and what begins so */
    uint8_t is_alive;       /* false: old data knows it as an owner only */
    uint32_t life;          /* that process's incarnation */
    uint32_t conn;          /* its connection */
    uint32_t hash_next;     /* slot + 1 of the next with this hash */
    uint32_t bucket;        /* its number there */
    uint32_t bucket_next, bucket_prev; /* slot + 1 */
};

_Static_assert(sizeof(struct session) == 48, "of the 512 that a session has");

struct session_table;

/*
 * The hash of an id in a table of sessions.  Ids count up from a server's
 * number and clock, so those of one start fill neighbouring buckets, and few
 * sessions touch few pages; the next start begins somewhere else, and who
 * chooses ids himself, as a learner may, does not know where.
 */
static inline uint32_t
session_hash(uint64_t seed, session_id_t id)
{
    uint64_t start = (uint64_t)id >> 16;

    return (uint32_t)id + (uint32_t)hash_mix(start ^ seed, HASH_ODD);
}

size_t session_table_bytes(void);

/* Lay a table into `size` bytes, session_table_bytes at least. */
struct session_table *session_table_init(void *memory, size_t size);

/* Forget all sessions; writer only. */
void session_table_clear(struct session_table *table);

/* Find by id; NULL if there is none.  Readers: bounded, may be torn. */
struct session *session_find(const struct session_table *table,
                             session_id_t id);

/* The slot for `id`, new if there is none; NULL when all are taken. */
struct session *session_take(struct session_table *table, session_id_t id);

/* Free the slot.  Its ephemerals must be gone. */
void session_give(struct session_table *table, struct session *s);

/* The connection that it belongs to now. */
static inline void
session_set_owner(struct session *s, const struct origin *o)
{
    s->worker = o->worker;
    s->life = o->life;
    s->conn = o->conn;
}

static inline struct origin
session_owner(const struct session *s)
{
    return (struct origin){s->worker, s->life, s->conn};
}

static inline bool
session_is_owner(const struct session *s, const struct origin *o)
{
    return s->worker == o->worker && s->life == o->life && s->conn == o->conn;
}

/* The number of its slot, and the other way round. */
uint32_t session_slot(const struct session_table *table,
                      const struct session *s);
struct session *session_at(const struct session_table *table, uint32_t slot);

/* Slots in use, those of owners that are no sessions among them. */
uint32_t session_count(const struct session_table *table);

/* One past the highest slot ever used: the bound of a walk over slots. */
uint32_t session_slot_end(const struct session_table *table);

/*
 * The password that goes with a session id.
 * ZK: ZooKeeperServer.generatePasswd (java.util.Random)
 */
void session_password(session_id_t id, uint8_t password[ZK_PASSWORD_BYTES]);

#endif
