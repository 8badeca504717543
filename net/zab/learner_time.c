/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner_time.c - how long the leader may be silent.
 *
 * Two silences are counted.  Of its words: nothing could be read.  Of its
 * signs: nothing came at all.  They differ where packets are lost: TCP hands
 * out nothing behind a gap, and to fill it takes a round trip, or several when
 * the second try is lost as well, or the timers of the kernel, 200 ms and twice
 * as long each time.  With pings every 100 ms one packet in fifty, at 200 ms to
 * and fro, is a gap of 600 ms every few seconds; the pings behind it come all
 * the while.
 *
 * So who is to be dead early must be without a sign, as a leader that froze
 * is: nobody writes, and its kernel only acknowledges.
 *
 * Pure; the replication process.
 */
#include "net/zab/learner_part.h"

void
learner_link_lives(struct learner *l, mono_ms_t now)
{
    l->signs = (struct learner_silence){.since = now};
}

void
learner_stirs(struct learner *l, mono_ms_t now)
{
    l->words = (struct learner_silence){.since = now};
    learner_link_lives(l, now);
}

/*
 * How long it may be without a word; 0: it is waiting for us, not we for it.
 * ZK: the read timeout of the socket, initLimit until NEWLEADER is
 * acknowledged, then syncLimit (6.3).
 */
static int64_t
word_limit_ms(const struct learner *l)
{
    switch (l->state) {
    case LEARNER_DISCOVERY:
    case LEARNER_AWAITING:
    case LEARNER_SNAPPING:
    case LEARNER_SYNCING:
        return (int64_t)l->conf.init_ticks * l->conf.tick_ms;
    case LEARNER_SEALED:
    case LEARNER_BROADCAST:
        return (int64_t)l->conf.sync_ticks * l->conf.tick_ms;
    default:
        return 0;
    }
}

/* How long without a sign; 0: that does not matter.  Ours: between zabds. */
static int64_t
sign_limit_ms(const struct learner *l)
{
    int32_t both = l->is_leader_zabd ? l->leader_flags & l->conf.flags : 0;

    if (l->state != LEARNER_SEALED && l->state != LEARNER_BROADCAST)
        return 0;
    return both & LEARNER_QUICK ? l->conf.silence_ms : 0;
}

/* It grew since the last tick; is it too long now? */
static bool
grows_over(struct learner_silence *s, mono_ms_t ticked, mono_ms_t now,
           int64_t limit)
{
    int64_t passed = now - (ticked > s->since ? ticked : s->since);

    if (limit == 0 || passed <= 0)
        return false;
    s->ms += passed < limit / 4 ? passed : limit / 4;
    return s->ms >= limit;
}

void
learner_tick(struct learner *l, mono_ms_t now, struct learner_out *out)
{
    bool is_mute = grows_over(&l->words, l->ticked, now, word_limit_ms(l));
    bool is_dead = grows_over(&l->signs, l->ticked, now, sign_limit_ms(l));

    l->ticked = now;
    if (!is_mute && !is_dead)
        return;
    l->is_silent = true;
    learner_give_up(l, "the leader is silent", out);
}
