/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner_identity.c - of which ensemble a leader is, and are we: see
 * storage/log/identity.h.
 *
 *      LEADER_INFO   ours, if it is foreign: then we leave
 *      the plan      that of this term: to disk with currentEpoch
 *      a PING        it is confirmed
 *
 * An Apache leader says nothing of it: what we know stays, and it is followed.
 *
 * Pure; part of the learner core.
 */
#include "net/zab/learner_part.h"

/*
 * Its history is none of ours, and neither may replace the other.  Nothing is
 * promised: a foreign epoch would lock us out of our own ensemble.
 */
bool
learner_leave_foreign(struct learner *l, const struct identity *theirs,
                      struct learner_out *out)
{
    if (!identity_is_foreign(theirs, &l->conf.identity))
        return false;
    learner_give_up(l, "the leader is of another ensemble", out);
    return true;
}

struct identity
learner_new_identity(const struct learner *l)
{
    struct identity id = l->theirs;

    if (l->conf.identity.is_confirmed || id.id == 0)
        return (struct identity){0};
    id.epoch = l->epoch;
    return id;
}

bool
learner_take_identity(struct learner *l)
{
    struct identity id = learner_new_identity(l);

    if (id.id == 0)
        return false;
    l->conf.identity = id;
    return true;
}

void
learner_hear_confirmed(struct learner *l, struct bytes data,
                       struct learner_out *out)
{
    struct signature signature;

    if (!signature_get(data, &signature) || !signature.identity.is_confirmed ||
        learner_leave_foreign(l, &signature.identity, out))
        return;
    l->theirs = signature.identity;
    if (learner_take_identity(l))
        learner_add(out, LEARNER_KEEP_IDENTITY)->identity = l->conf.identity;
}
