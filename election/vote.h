/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vote.h - a vote, the order of votes, and the bytes of a notification.
 *
 * Pure.  ZK: Vote, FastLeaderElection.Notification, buildMsg
 */
#ifndef ELECTION_VOTE_H
#define ELECTION_VOTE_H

#include "daemon/jute.h"
#include "election/quorum.h"

/* As on the wire.  ZK: QuorumPeer.ServerState */
enum server_state {
    SERVER_LOOKING,
    SERVER_FOLLOWING,
    SERVER_LEADING,
    SERVER_OBSERVING,
};

/* What an observer votes: nobody, in every field. */
#define VOTE_NOBODY INT64_MIN

struct vote {
    sid_t from; /* who said so; the connection knows, not the message */
    enum server_state state; /* of the one who said so */
    sid_t leader;
    zxid_t zxid;       /* the proposed leader's last logged zxid */
    int64_t round;     /* ZooKeeper: electionEpoch, logicalclock */
    int64_t epoch;     /* the proposed leader's currentEpoch: peerEpoch */
    int32_t version;   /* of the message: 2; 0 where not compared */
    uint64_t ensemble; /* id of the one that `from` is of for good; 0: it does
                          not know, or is Apache's */
};

/* What server `me` is under `leader`, which may be itself; never LOOKING. */
enum server_state vote_role(const struct quorum *q, sid_t me, sid_t leader);

/*
 * Whether `a` is a better choice than `b`: epoch, then zxid, then sid; never
 * one whose leader has no weight.  ZK: totalOrderPredicate
 */
bool vote_beats(const struct quorum *q, const struct vote *a,
                const struct vote *b);

/*
 * Whether two votes are for the same outcome.  While one of them is still
 * looking all fields count; between settled servers zxid and round may
 * differ.  ZK: Vote.equals
 */
bool vote_agrees(const struct vote *a, const struct vote *b);

enum {
    NOTE_CONFIG_MAX = 80 * 1024, /* CONFIG_TEXT_MAX fits */
    NOTE_ZABD = 0x7a616264,
    NOTE_ENSEMBLE_BYTES = 12,
    NOTE_BYTES_MAX = 44 + NOTE_CONFIG_MAX + NOTE_ENSEMBLE_BYTES,
};

/*
 * Write the payload of a notification, without its length.  Ours: behind the
 * config, where nobody else reads, "zabd" and the ensemble's id, if there is
 * one.
 */
void note_put(struct jute_out *out, const struct vote *v, struct bytes config);

/* That alone, also behind an answer of the polling election; 0: none. */
void ensemble_put(struct jute_out *out, uint64_t ensemble);
uint64_t ensemble_get(struct jute_in *in);

/*
 * Whether two servers must have nothing to do with each other: both know for
 * good of which ensemble they are.
 */
static inline bool
ensemble_is_foreign(uint64_t a, uint64_t b)
{
    return a != 0 && b != 0 && a != b;
}

/*
 * Read one.  `v->from` is left to the caller; `config` is borrowed and null
 * when the sender is too old to send one.  0, or -EBADMSG: drop it.
 * ZK: FastLeaderElection.Messenger.WorkerReceiver
 */
int note_get(struct bytes payload, struct vote *v, struct bytes *config);

#endif
