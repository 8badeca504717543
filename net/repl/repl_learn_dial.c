/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_dial.c - connecting to the leader.
 *
 * A leader binds its port when it is elected, which may be a moment after we
 * know of it: a refusal is tried again, soon at first and every 100 ms then,
 * for half a second, and five times (as Apache) where it is far away and one
 * refusal takes longer than that.  Each attempt is for all of its addresses
 * (dial.h).
 *
 * An observer with observerMasterPort set looks for a master instead: one
 * voter after the other, in a random order that stays, and after a loss the
 * next one.  The leader is no master, nor is a server that does not follow yet:
 * they refuse.
 *
 * The replication process, learning.
 * ZK: Learner.connectToLeader (spec/quorum-protocol.md 6.4);
 *     QuorumPeer.findLearnerMaster (8)
 */
#include <inttypes.h>
#include <sys/random.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/timer.h"
#include "net/repl/repl_learn.h"

enum {
    PAUSE_MIN_MS = 5,
    PAUSE_MAX_MS = 100,
    PATIENCE_MS = 500,
    FAILURES_MAX = 5,   /* behind PATIENCE_MS */
    FAR_AWAY_MS = 3000, /* but then no machine answers */
};

static const struct conf_member *
leader_of(const struct repl_learn *l)
{
    return conf_member_of(&l->r->conf, l->leader);
}

static bool
wants_master(const struct repl_learn *l)
{
    return l->r->conf.is_observer && l->r->conf.observer_master_port > 0;
}

/* The next that may be a master is whom we dial. */
static void
choose_master(struct repl_learn *l)
{
    if (l->master_count == 0)
        return;
    l->leader = l->master[l->master_next++ % l->master_count];
}

/* It failed once more: is that enough? */
static bool
is_given_up(struct repl_learn *l, mono_ms_t now)
{
    mono_ms_t passed = now - l->dialled_at;

    l->dial_failures++;
    return passed >= PATIENCE_MS &&
           (l->dial_failures >= FAILURES_MAX || passed >= FAR_AWAY_MS ||
            now >= l->answer_until);
}

static void
failed(struct repl_learn *l, const char *what)
{
    const struct dial_place *at = &l->dial.place[0];
    mono_ms_t now = clock_mono_ms();

    dial_stop(&l->dial);
    log_debug("learner: cannot connect to server %" PRId64 " at %s:%" PRId32
              ": %s",
              (int64_t)l->leader, at->host, at->port, what);
    if (is_given_up(l, now)) {
        log_warn("learner: cannot connect to server %" PRId64 " at %s:%" PRId32
                 ": %s",
                 (int64_t)l->leader, at->host, at->port, what);
        l->why = "the leader cannot be reached";
        return;
    }
    choose_master(l);
    timer_ring_in(l->r->loop, &l->dial_again, l->dial_pause_ms);
    l->dial_pause_ms *= 2;
    if (l->dial_pause_ms > PAUSE_MAX_MS)
        l->dial_pause_ms = PAUSE_MAX_MS;
}

static void
on_dialled(void *arg, int fd, const char *why)
{
    struct repl_learn *l = arg;

    if (fd < 0) {
        failed(l, why);
        return;
    }
    qlink_tune(fd);
    learn_connected(l, fd);
}

static void
attempt(struct repl_learn *l)
{
    const struct conf *c = &l->r->conf;

    dial_quorum_places(&l->dial, leader_of(l),
                       wants_master(l) ? c->observer_master_port : 0);
    dial_begin(&l->dial);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    attempt(timer->data);
}

/* The voters in random order. */
static void
list_masters(struct repl_learn *l)
{
    const struct conf *conf = &l->r->conf;
    uint32_t random[CONF_MEMBERS_MAX] = {0};

    if (!wants_master(l))
        return;
    if (getrandom(random, sizeof random, 0) != sizeof random)
        log_warn("learner: no random numbers: masters are asked in order");
    for (uint32_t i = 0; i < conf->member_count; i++) {
        uint32_t at = random[i] % (l->master_count + 1);

        if (conf->member[i].is_observer)
            continue;
        l->master[l->master_count++] = l->master[at];
        l->master[at] = conf->member[i].sid;
    }
}

void
learn_dial_init(struct repl_learn *l)
{
    list_masters(l);
    ev_init(&l->dial_again, on_again);
    l->dial_again.data = l;
    dial_init(&l->dial, &l->r->resolver, on_dialled, l);
}

/* An answer may take as long as the configuration says, a refusal may not. */
void
learn_dial(struct repl_learn *l, mono_ms_t now)
{
    const struct conf *c = &l->r->conf;
    int32_t ticks = c->learner_connect_ticks > 0 ? c->learner_connect_ticks
                                                 : c->init_limit_ticks;

    l->dial_pause_ms = PAUSE_MIN_MS;
    l->dialled_at = now;
    l->dial_failures = 0;
    l->answer_until = now + (mono_ms_t)c->tick_time_ms * ticks;
    choose_master(l);
    if (!leader_of(l)) {
        l->why = "the leader that was elected is no member of ours";
        return;
    }
    attempt(l);
}

void
learn_dial_tick(struct repl_learn *l, mono_ms_t now)
{
    if (l->dial.is_on && now >= l->answer_until)
        failed(l, "no answer");
}

void
learn_dial_stop(struct repl_learn *l)
{
    dial_stop(&l->dial);
    ev_timer_stop(l->r->loop, &l->dial_again);
}
