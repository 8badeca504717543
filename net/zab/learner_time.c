/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner_time.c - how long the leader may be silent.  Pure; the replication
 * process.
 */
#include "net/zab/learner_part.h"

void
learner_stirs(struct learner *l, mono_ms_t now)
{
    l->heard = now;
    l->silent_ms = 0;
}

/*
 * How long the leader may be silent; 0: it is waiting for us, not we for it.
 * ZK: the read timeout of the socket, initLimit until NEWLEADER is
 * acknowledged, then syncLimit (6.3).  Ours: silence_ms between zabd servers.
 */
static int64_t
limit_ms(const struct learner *l)
{
    int64_t sync_ms = (int64_t)l->conf.sync_ticks * l->conf.tick_ms;
    int32_t both = l->is_leader_zabd ? l->leader_flags & l->conf.flags : 0;
    bool is_quick = (both & LEARNER_QUICK) && l->conf.silence_ms > 0;

    switch (l->state) {
    case LEARNER_DISCOVERY:
    case LEARNER_AWAITING:
    case LEARNER_SNAPPING:
    case LEARNER_SYNCING:
        return (int64_t)l->conf.init_ticks * l->conf.tick_ms;
    case LEARNER_SEALED:
    case LEARNER_BROADCAST:
        return is_quick && l->conf.silence_ms < sync_ms ? l->conf.silence_ms
                                                        : sync_ms;
    default:
        return 0;
    }
}

void
learner_tick(struct learner *l, mono_ms_t now, struct learner_out *out)
{
    mono_ms_t since = l->ticked > l->heard ? l->ticked : l->heard;
    int64_t limit = limit_ms(l);
    int64_t passed = now - since;

    l->ticked = now;
    if (limit == 0 || passed <= 0)
        return;
    l->silent_ms += passed < limit / 4 ? passed : limit / 4;
    l->is_silent = l->silent_ms >= limit;
    if (l->is_silent)
        learner_give_up(l, out, "the leader is silent");
}
