/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_lease.c - connections whose session may have ended elsewhere.
 *
 * A server that is cut off goes on for a while: a leader until it misses its
 * quorum, a follower until it misses its leader, which with Apache takes
 * syncLimit.  Meanwhile nobody who counts sessions hears of ours, and ends
 * them, and what they own may be another's.  Their clients must know before.
 *
 *      |<-------------- timeout: then it ends elsewhere ----------->|
 *      client's last word            vouched: then they heard of us last
 *      |<--- a third at most --->|<----------- two thirds ---------->|
 *
 * Each client says a word in a third of its timeout, so what was heard of it
 * last is so old, at most, when we are heard of last; and nobody ends a session
 * earlier who takes over (leader_vouch.c).  Two thirds behind that its
 * connection goes.  It is what a client itself does with a silent server.
 *
 * Touches go from follower to leader twice a tick, and what they brought is
 * known half a tick later: sessions shorter than two ticks, the least that may
 * be asked for unless minSessionTimeout says less, have the lease of those.
 *
 * This is asked as the loop wakes, before any socket has its turn: who stood
 * still longer than a lease does not answer first.
 *
 * Ours; Apache's wait for syncLimit, whatever the timeouts.
 */
#include "net/client/client_lease.h"

#include <inttypes.h>

#include "daemon/log.h"
#include "net/client/client_table.h"

enum { LEAST_TICKS = 2 };

static int64_t
lease_ms(const struct client_proc *p, int32_t timeout_ms)
{
    int32_t least = LEAST_TICKS * p->conf.tick_time_ms;

    return (int64_t)(timeout_ms > least ? timeout_ms : least) * 2 / 3;
}

/* So long nobody is known to have heard of us; negative where nobody need. */
static int64_t
unheard_ms(const struct client_proc *p)
{
    return p->now_ms - atomic_load_explicit(&p->shm->replication->vouched,
                                            memory_order_acquire);
}

static void
note(struct client_proc *p, int64_t ms)
{
    if (p->lease_ms == 0 || ms < p->lease_ms)
        p->lease_ms = ms;
}

void
client_lease_begin(struct client_proc *p, const struct client *c)
{
    note(p, lease_ms(p, client_info(p, c)->timeout_ms));
}

bool
client_lease_is_over(const struct client_proc *p, int32_t timeout_ms)
{
    return unheard_ms(p) > lease_ms(p, timeout_ms);
}

/* True: it stays. */
static bool
keep(struct client_proc *p, struct client *c)
{
    int32_t timeout_ms = client_info(p, c)->timeout_ms;

    if (c->is_local)
        return true;
    if (client_lease_is_over(p, timeout_ms)) {
        client_drop(p, c);
        return false;
    }
    client_lease_begin(p, c);
    return true;
}

void
client_lease_look(struct client_proc *p)
{
    int64_t unheard = unheard_ms(p);
    uint32_t gone = 0;

    if (p->lease_ms == 0 || unheard <= p->lease_ms)
        return;
    p->lease_ms = 0; /* of those that stay */
    for (uint32_t next = p->list[CLIENT_OPEN]; next;) {
        struct client *c = &p->client[next - 1];

        next = c->list_next;
        gone += !keep(p, c);
    }
    if (gone > 0)
        log_warn("%u connections closed: for %" PRId64 " ms nobody is known "
                 "to have heard of their sessions",
                 gone, unheard);
}
