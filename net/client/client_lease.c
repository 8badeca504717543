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
 * last is so old, at most, when we are heard of last.  Two thirds behind that
 * its connection goes (lease.c).  It is what a client itself does with a silent
 * server.
 *
 * A session ends by the leader, a timeout behind what that heard of it
 * (learner_vouch.c); or by the next one, a timeout behind the beginning of its
 * term.  That is not before a quorum has left the last one (leader_vouch.c),
 * who may not know it yet, and be ours still: it knows in less than a third of
 * any timeout (leader_silence.c).
 *
 * This is asked as the loop wakes, before any socket has its turn: who stood
 * still longer than a lease does not answer first.
 *
 * Ours; Apache's wait for syncLimit, whatever the timeouts.
 */
#include "net/client/client_lease.h"

#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/client/client_table.h"

enum { TURNS_A_TICK = 8, APART_MIN_MS = 10 };

static int64_t
lasts_ms(const struct client_proc *p, int32_t timeout_ms)
{
    return lease_lasts_ms(timeout_ms, p->conf.tick_time_ms);
}

static void
note(struct client_proc *p, int64_t ms)
{
    if (p->lease_ms == 0 || ms < p->lease_ms)
        p->lease_ms = ms;
}

static void
on_turn(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events; /* the loop turned: it is noted */
}

/*
 * What is known is as old as our last turn.  With short ticks, and leases, the
 * beat of a loop that has nothing to do comes too seldom.
 */
void
client_lease_init(struct client_proc *p)
{
    int32_t apart_ms = p->conf.tick_time_ms / TURNS_A_TICK;

    if (p->conf.member_count == 0 || apart_ms >= BEAT_MS)
        return;
    if (apart_ms < APART_MIN_MS)
        apart_ms = APART_MIN_MS;
    ev_timer_init(&p->lease_turn, on_turn, 0, apart_ms / 1000.);
    ev_timer_again(p->loop, &p->lease_turn);
}

void
client_lease_start(struct client_proc *p)
{
    lease_begin(&p->lease, p->conf.tick_time_ms, clock_asleep_ms(),
                clock_mono_ms());
}

void
client_lease_begin(struct client_proc *p, const struct client *c)
{
    note(p, lasts_ms(p, client_info(p, c)->timeout_ms));
}

bool
client_lease_is_over(const struct client_proc *p, int32_t timeout_ms)
{
    return lease_unheard_ms(&p->lease, p->now_ms) > lasts_ms(p, timeout_ms);
}

bool
client_lease_is_late(const struct client_proc *p, const struct client *c,
                     int32_t timeout_ms)
{
    return !p->lease.is_for_ever &&
           lease_is_late((uint32_t)p->now_ms - c->since_ms, timeout_ms);
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

static void
look(struct client_proc *p)
{
    int64_t unheard = lease_unheard_ms(&p->lease, p->now_ms);
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

void
client_lease_wakes(struct client_proc *p)
{
    lease_wakes(&p->lease,
                atomic_load_explicit(&p->shm->replication->vouched,
                                     memory_order_acquire),
                clock_asleep_ms(), p->now_ms);
    look(p);
}

void
client_lease_rests(struct client_proc *p)
{
    if (lease_wants_turn(&p->lease, p->now_ms))
        lease_rests(&p->lease, p->now_ms, clock_mono_ms());
}
