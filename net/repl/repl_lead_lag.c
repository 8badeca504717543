/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead_lag.c - which observers fall behind.
 *
 * A follower that cannot keep up owes an ACK, and is dropped after syncLimit.
 * An observer owes nothing: one whose link carries less than is written falls
 * behind for ever, its clients read what is hours old, and nobody is out of
 * step with the protocol.  So it is measured here, and said.
 *
 * The replication process, leading or an observer master.  Ours.
 */
#include <inttypes.h>

#include "daemon/log.h"
#include "net/repl/repl_lead.h"

enum { BEHIND_MS = 10 * 1000, CAUGHT_UP_MS = BEHIND_MS / 2 };

void
lead_lag_look(struct lead_lag *g, zxid_t sent, zxid_t committed, mono_ms_t now)
{
    int64_t ms = g->mark == 0 ? 0 : now - g->since;

    if (sent >= committed) {
        *g = (struct lead_lag){.mark = 0};
        return;
    }
    if (g->mark == 0 || sent >= g->mark)
        *g = (struct lead_lag){.mark = committed, .since = now, .ms = ms};
    else if (ms > g->ms)
        g->ms = ms;
}

/* Within an epoch zxids have no gaps. */
static int64_t
transactions_between(zxid_t a, zxid_t b)
{
    return zxid_epoch(a) == zxid_epoch(b) ? b - a : zxid_counter(b);
}

static void
tell(struct lead_peer *p)
{
    const struct leader *core = &p->lead->core;
    bool is_behind = p->lag.ms > (p->is_behind ? CAUGHT_UP_MS : BEHIND_MS);

    if (is_behind && !p->is_behind)
        log_warn(
            "%s: %s falls behind: for %" PRId64 " s it could not be sent "
            "what is committed, by now %" PRId64 " transactions; more is "
            "written than its link, or its disk, takes",
            p->lead->duty->name, p->name, p->lag.ms / 1000,
            transactions_between(core->peer[p->slot].sent, core->committed));
    else if (!is_behind && p->is_behind)
        log_info("%s: %s has caught up", p->lead->duty->name, p->name);
    p->is_behind = is_behind;
}

void
lead_peers_watch(struct repl_lead *l, mono_ms_t now)
{
    for (uint32_t i = 0; i < l->core.peer_end; i++) {
        const struct leader_peer *core = &l->core.peer[i];
        struct lead_peer *p = &l->peer[i];

        if (!p->is_used || core->stage != PEER_UP_TO_DATE || !core->is_observer)
            continue;
        lead_lag_look(&p->lag, core->sent, l->core.committed, now);
        tell(p);
    }
}
