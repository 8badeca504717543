/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_history.h - the server's own past, for a leader to give to learners.
 *
 * Answers `struct history` from three places, the cheapest first:
 *
 *   ring      what the transaction ring still holds (ring_index.h)
 *   log       older transactions, from the log files; a reader per slot
 *   image     a whole snapshot, when the log is gone or costs more
 *
 * A transaction that the ring gave up is in the log files, because the log
 * process's cursor bounds the ring; so going from log to ring, and from the
 * ring back to the log when a learner is slow, leaves no gap.
 *
 * Nothing here takes long: a call reads at most HISTORY_STEP_BYTES of a log
 * file or HISTORY_STEP_ROWS of the image, then says "ask again".
 *
 * Private to repl_*.c, replication process.  Which calls are whose:
 *
 *   the tree is loaded   repl_history_new, once
 *   the tree is another  repl_history_begin: a leader's snapshot has replaced
 *                        everything
 *   every role           repl_history_reach before the ring is written,
 *                        repl_history_note for each RING_TXN appended,
 *                        repl_history_cut after a TRUNC
 *   the leader           repl_history_of for leader_init,
 *                        repl_history_begin_term; with a connection in `slot`:
 *                        repl_history_expect before ACK_EPOCH goes to the
 *                        core, the snap calls while it says is_snapshot,
 *                        repl_history_leave when it is gone;
 *                        repl_history_is_reading after each pump
 *
 * ZK: ZKDatabase.getCommittedLog, getProposalsFromTxnLog, LearnerHandler
 *     (spec/quorum-protocol.md 4.6, 4.7, 14.3)
 */
#ifndef NET_REPL_REPL_HISTORY_H
#define NET_REPL_REPL_HISTORY_H

#include "net/repl/repl.h"
#include "net/zab/history.h"
#include "net/zab/leader.h"
#include "net/zab/ring_index.h"
#include "net/zab/zxid_runs.h"
#include "storage/datadir.h"
#include "storage/image/image_stream.h"
#include "storage/log/txlog_reader.h"

enum {
    HISTORY_SLOTS = LEADER_PEERS_MAX,
    HISTORY_STEP_BYTES = 512 * 1024, /* of a log file, in one call: 0.5 ms */
    HISTORY_STEP_ROWS = 1000,        /* of the image: 0.3 ms */
};

/* Reading log files for one learner. */
struct history_log {
    bool is_open;
    bool is_found;   /* `txn` with `zxid` is the first behind `after` */
    zxid_t after;    /* where the reader stands */
    zxid_t previous; /* of the record before: `after` or older; 0: none seen */
    zxid_t zxid;
    struct bytes txn;
    struct txlog_reader reader;
};

struct history_slot {
    struct ring_cursor ring;
    struct history_log log;
    zxid_t last;                /* of the learner, as plan was told */
    struct image_stream stream; /* of a snapshot; .image NULL: none */
    struct bytes piece;         /* of the stream, what did not fit before */
    bool is_tail;               /* `piece` is the last one */
    void *packer;               /* ZSTD_CCtx, or NULL: plain */
};

struct repl_history {
    const struct repl *repl; /* borrowed */
    struct datadir dirs;
    struct zxid_runs runs;   /* the history's end, as far back as is known */
    struct ring_index index; /* of the part that the ring holds */
    zxid_t distrust; /* the log could not be read on from here, this term */
    bool is_reading;
    struct image image; /* open while somebody snaps */
    uint32_t snapping;  /* how many */
    struct history_slot slot[HISTORY_SLOTS];
};

/* One for the process, begun with r->last; NULL without memory. */
struct repl_history *repl_history_new(const struct repl *r);

/* For the tests. */
void repl_history_free(struct repl_history *h);

/*
 * All of our history ends with `last` and is on disk; what follows will be
 * noted.  Slots become empty.
 */
void repl_history_begin(struct repl_history *h, zxid_t last);

/*
 * The ring's memory below `end` is going to be written, whether an entry
 * comes of it or not: what lay there a ring's size ago is no more.
 */
static inline void
repl_history_reach(struct repl_history *h, ring_pos_t end)
{
    ring_index_reach(&h->index, end);
}

/*
 * The RING_TXN entry at `pos` was appended; zxids only grow.  Cheap.  What
 * the ring gave back is forgotten first, or `pos` would be found by way of it.
 */
static inline void
repl_history_note(struct repl_history *h, zxid_t zxid, ring_pos_t pos)
{
    zxid_runs_add(&h->runs, zxid);
    ring_index_trim(&h->index, h->repl->ring_memory.kept);
    ring_index_note(&h->index, zxid, pos);
}

/* All behind `zxid` is cut off, in the log and (as RING_VOID) in the ring. */
void repl_history_cut(struct repl_history *h, zxid_t zxid);

/*
 * A term begins: what could not be read from the log in an earlier one is
 * tried again.  Before a quorum has our history no snapshot has its end, and
 * who did not believe the log would never lead.
 */
void repl_history_begin_term(struct repl_history *h);

/*
 * What the leader core asks.  `next` never fails because a learner is slow;
 * it does, -errno, when a log file is gone or damaged: the learner comes
 * again and gets a snapshot then.
 */
struct history repl_history_of(struct repl_history *h);

/*
 * A learner in `slot` will claim `last`: whether plan can answer without
 * reading much.  False: keep its ACK_EPOCH and ask again at the next turn.
 * Unless this was asked, plan reads for as long as it takes.
 */
bool repl_history_expect(struct repl_history *h, uint32_t slot, zxid_t last);

/*
 * Whether, since the last call, somebody was told to ask again because there is
 * more to read: at the next turn of the loop.
 */
bool repl_history_is_reading(struct repl_history *h);

/* The connection in `slot` is gone, whatever was going on. */
void repl_history_leave(struct repl_history *h, uint32_t slot);

/* --- repl_history_snap.c ------------------------------------------------- */

/*
 * Begin a snapshot for the learner in `slot`, exact at `zxid`, which is the
 * SNAP packet's and leader_snapped's.  `flags` are the learner's: with
 * LEARNER_ZSTD the payload is one zstd frame.  -EAGAIN: the image is too far
 * behind for the log to go on from it, or being replaced; it was told to
 * hurry, ask again in a while (tens of ms).  Other -errno: close the learner.
 */
int repl_history_snap_begin(struct repl_history *h, uint32_t slot,
                            int32_t flags, zxid_t *zxid);

/*
 * Up to `room` bytes of the payload, from sessions to "BenWasHere".  How many
 * were written, which may be none: go on in the next turn of the loop, so
 * that writes need not wait (repl_history_is_reading); -errno: close the
 * learner.  `is_end`: that was all, nothing is held any more.
 */
int64_t repl_history_snap_read(struct repl_history *h, uint32_t slot,
                               uint8_t *buffer, size_t room, bool *is_end);

/* End it early, or after its end; harmless if there is none. */
void repl_history_snap_close(struct repl_history *h, uint32_t slot);

/* --- repl_history_log.c: for the other two ------------------------------- */

/*
 * One step towards the first transaction of the log behind `after`: 1, it is
 * in `l`; 0: the log ends before; -EAGAIN: there is more to read; other
 * -errno: what is there cannot be used.
 */
int history_log_find(struct repl_history *h, struct history_log *l,
                     zxid_t after);
void history_log_close(struct history_log *l);

/* What was found is not what comes next: says so, -ENODATA. */
int history_log_gap(const struct repl_history *h, struct history_log *l);

/* Whether the log files reach back to what follows `after`. */
bool history_log_has(const struct repl_history *h, zxid_t after);

/* What must be read to go on behind `after`, in bytes. */
uint64_t history_log_bytes(const struct repl_history *h, zxid_t after);

/* Whether ring or log can go on behind `after`. */
bool history_goes_on(struct repl_history *h, zxid_t after);

#endif
