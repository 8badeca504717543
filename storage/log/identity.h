/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.h - which ensemble a server belongs to.
 *
 * The zabds of an ensemble agree on a random number, its id, so that a server
 * with the data of another ensemble is recognised before it does harm: epochs
 * and zxids do not tell.  What a server knows is one line in
 * <dataDir>/version-2/ensembleId, replaced atomically and durably:
 *
 *      2f6c1e0a9b53d874 7 confirmed
 *      id               epoch in which it was taken over
 *
 * They agree by Paxos, with epochs for ballots: a leader takes the id of
 * the latest epoch among its own and those of a quorum that promises to follow
 * it, or a new one where there is none; a learner takes it over together
 * with currentEpoch, before it acknowledges NEW_LEADER.  Once a quorum of
 * zabds has done so, no later leader can choose another one: it is confirmed.
 * Until then it is only a proposal, and is replaced without a word.
 *
 * Apache's servers have no id and pass none on, so where they are a majority
 * an id stays a proposal.  A confirmed one is never replaced.
 *
 * Replication and log process; the file blocks on the disk.
 */
#ifndef STORAGE_LOG_IDENTITY_H
#define STORAGE_LOG_IDENTITY_H

#include "storage/datafile.h"

#define IDENTITY_FILE "ensembleId"

struct identity {
    uint64_t id;   /* 0: none yet */
    int64_t epoch; /* in which it was taken over */
    bool is_confirmed;
};

/* Two servers that must have nothing to do with each other. */
static inline bool
identity_is_foreign(const struct identity *a, const struct identity *b)
{
    return a->is_confirmed && b->is_confirmed && a->id != b->id;
}

/* Which of two stands: what is confirmed, then what is of a later epoch. */
static inline bool
identity_beats(const struct identity *a, const struct identity *b)
{
    if (a->id == 0 || b->id == 0)
        return a->id != 0 && b->id == 0;
    if (a->is_confirmed != b->is_confirmed)
        return a->is_confirmed;
    return a->epoch > b->epoch;
}

/* From and to shared memory, while no other process works on it. */
struct shm_identity;
struct identity identity_shared(const struct shm_identity *s);
void identity_share(struct shm_identity *s, const struct identity *id);

/* What `dir` (<dataDir>/version-2) says; id 0 without a file.  0 or -errno. */
int identity_load(struct identity *id, const char *dir, struct data_error *e);

/* 0: it is durable; -errno: unchanged, or durable all the same. */
int identity_store(const char *dir, const struct identity *id);

#endif
