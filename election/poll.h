/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll.h - the polling election ("basic paxos", electionAlg=0), pure.
 *
 * A looking server asks every voter, itself included, for its vote, with an
 * id of its own choice, checks each answer against that id, records who
 * proposes whom with which zxid, and takes the largest as its next vote; never
 * one that has less than itself.  It is decided when one candidate has more
 * than half of the votes; else it asks again.  A candidate is who was heard,
 * proposes itself and has weight; a vote for anybody else is none.  Between
 * zabd servers only.
 *
 * Life: poll_init; then poll_begin, poll_hear for each answer, poll_end, until
 * poll_end says that it is decided.  It owns nothing.
 *
 * ZK: LeaderElection.lookForLeader of 3.4 (spec/quorum-protocol.md 3)
 */
#ifndef ELECTION_POLL_H
#define ELECTION_POLL_H

#include "election/tally.h"

enum {
    POLL_REQUEST_BYTES = 4,
    POLL_ANSWER_BYTES = 28, /* ours: and the ensemble's id, if there is one */
    POLL_ANSWER_BYTES_MAX = POLL_ANSWER_BYTES + NOTE_ENSEMBLE_BYTES,
    POLL_ANSWER_MS = 200, /* an answer is waited for so long */
    POLL_AGAIN_MS = 1000, /* and so long between rounds at most */
};

struct poll_answer {
    int32_t xid;  /* of the request, echoed */
    sid_t id;     /* who answers */
    sid_t leader; /* whom it votes for or follows */
    zxid_t zxid;
    uint64_t ensemble; /* that it is of for good; 0: it does not know */
};

struct poll {
    const struct quorum *quorum; /* borrowed: outlives us */
    sid_t me;
    uint64_t ensemble;    /* ours, known for good; else 0 */
    quorum_set_t foreign; /* voters that said they are of another one; they do
                            not count, nor does a vote for them */
    int32_t xid;          /* of this round */
    struct vote self;     /* our own candidacy */
    struct vote mine;     /* what we answer to others while looking */
    struct tally tally;   /* of this round */
};

/*
 * What a server stands for election with: its last logged zxid; or, when its
 * currentEpoch is another one, the beginning of that, or the end if it has
 * more: transactions of an epoch come before the epoch is taken over.
 *
 * Ours: the original knew no epochs on disk.  A server that has taken over an
 * epoch in which nothing was logged yet is ahead of one that has not, and
 * refuses it as a leader: by the zxid alone the same server would be elected
 * for ever.
 */
zxid_t poll_candidacy(zxid_t last, int64_t current);

/*
 * Begin an election with our candidacy; -1: we must not vote, and are for
 * nobody.
 */
void poll_init(struct poll *p, const struct quorum *q, sid_t me, zxid_t zxid);

/* Of which ensemble we are for good; before poll_hear. */
void poll_know(struct poll *p, uint64_t ensemble);

/* Begin a round; requests carry `xid`, which nobody else chose. */
void poll_begin(struct poll *p, int32_t xid);

/* An answer came; those of other rounds and of strangers are dropped. */
void poll_hear(struct poll *p, const struct poll_answer *answer);

/* Every voter that counts has answered: the round may end early. */
bool poll_heard_all(const struct poll *p);

/* One has more than half of the votes, whatever else comes: so it may now. */
bool poll_is_won(const struct poll *p);

/* The round is over.  True: p->mine.leader is elected. */
bool poll_end(struct poll *p);

/* POLL_ANSWER_BYTES_MAX are room enough. */
void poll_put_answer(struct jute_out *out, const struct poll_answer *answer);

/* Apache sends eight more bytes that mean nothing.  0 or -EBADMSG. */
int poll_get_answer(struct bytes datagram, struct poll_answer *answer);

#endif
