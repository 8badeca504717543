/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner_vouch.c - until when the leader is known to have heard of our
 * sessions.
 *
 * The leader counts the time of all sessions, and hears of ours through us
 * alone: with our answers to its PINGs, twice a tick.  To a leader that is new
 * the first one names all of them, for it has given each the timeout that its
 * createSession had, and some have another one by now.
 *
 * A leader that is zabd pings often; touches go as often as with Apache, whose
 * pings come each half a tick, and may come a moment early.
 *
 *      told         told         told
 *      timed ------ (long) ----> a PING comes: it had what we told it then
 *
 * As long as nothing of ours reaches it, TCP brings us nothing new of it; not
 * for much longer than the first packet that is sent again, 200 ms and more.
 * What waited, while we stood still or read on slowly, came before it is read:
 * of a PING we only know that it came behind `has_read`, when all was read that
 * had come.  Where nothing waits, that is not long ago.
 *
 * Pure; part of the learner core.
 *
 * ZK: Learner.ping, LearnerSessionTracker (spec/quorum-protocol.md 6.2)
 */
#include "net/zab/learner_part.h"

enum { READ_MS = 300 };

/* What was told at `when` has come to a leader who sent what we read now. */
static bool
has_come(const struct learner *l, mono_ms_t when, mono_ms_t now)
{
    int64_t least = l->conf.tick_ms / 3;

    return now - when >= least && l->has_read > when &&
           l->has_read - when >= least - READ_MS;
}

static void
look_back(struct learner *l, mono_ms_t now, struct learner_out *out)
{
    if (l->timed == 0 || !has_come(l, l->timed, now))
        return;
    learner_add(out, LEARNER_VOUCHED)->when = l->timed;
    l->timed = l->told > l->timed ? l->told : 0;
}

void
learner_hear_ping(struct learner *l, zxid_t zxid, mono_ms_t now,
                  struct learner_out *out)
{
    struct learner_act *a;

    look_back(l, now, out);
    a = learner_add(out, LEARNER_PONG);
    a->zxid = zxid;
    a->is_first = l->told == 0 && l->epoch != l->conf.served;
    a->tells = l->told == 0 || now - l->told >= l->conf.tick_ms / 3;
    if (!a->tells)
        return;
    l->told = now;
    if (l->timed == 0)
        l->timed = now;
}

void
learner_has_read(struct learner *l, mono_ms_t came)
{
    l->has_read = came;
}
