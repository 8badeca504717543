/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The election process.  Forked by the supervisor of a server that is a
 * member of an ensemble, it owns the election port and the mesh of members
 * (or, with electionAlg=0, the datagrams of the quorum port).  It learns from
 * shm->replication->look when to look for a leader, stores the outcome in
 * shm->election and rings replication's bell.  Nothing on disk.  PROC_STOP ends
 * it.  If it dies, the role stands: the supervisor forks another, which finds
 * in shared memory what was decided, rejoins the mesh and answers others.  It
 * falls silent when replication or the log fails (elect_pulse.c).
 */
#include "election/elect_proc.h"

#include <stdlib.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "daemon/timer.h"

/* Of a server whose number is another's: out of sight, then at the door. */
enum { STAY_OUT_MS = 10 * 1000, KNOCK_MS = 15 * 1000 };

void
elect_proc_decided(struct elect_proc *p, const struct vote *v, const char *why)
{
    static const char *const role[] = {
        [SERVER_LOOKING] = "looking for",
        [SERVER_FOLLOWING] = "following",
        [SERVER_LEADING] = "leading as",
        [SERVER_OBSERVING] = "observing",
    };
    struct shm_election *e = p->shm->election;
    mono_ms_t after_ms = clock_mono_ms() - p->asked_ms;

    atomic_store(&e->is_kept_out, false);
    atomic_store(&e->leader, v->leader);
    atomic_store(&e->zxid, v->zxid);
    atomic_store(&e->round, v->round);
    atomic_store(&e->epoch, v->epoch);
    atomic_store(&e->life, p->life);
    atomic_store(&e->last_election_ms, (uint64_t)after_ms);
    atomic_fetch_add(&e->all_elections_ms, (uint64_t)after_ms);
    atomic_fetch_add(&e->elections, 1);
    atomic_store_explicit(&e->decided, p->asked, memory_order_release);
    bell_ring(p->shm, PROC_REPLICATION);
    p->leads = v->state == SERVER_LEADING;
    log_info("election: round %lld: %s %lld: %s epoch=%lld zxid=0x%llx "
             "after_ms=%lld",
             (long long)v->round, role[v->state], (long long)v->leader, why,
             (long long)v->epoch, (unsigned long long)v->zxid,
             (long long)after_ms);
}

/* --- servers of another ensemble ----------------------------------------- */

/* Confirmed, it does not change any more. */
uint64_t
elect_proc_ensemble(const struct elect_proc *p)
{
    const struct shm_identity *known = &p->shm->log->identity;

    return atomic_load(&known->is_confirmed) ? atomic_load(&known->id) : 0;
}

static void
tell_operator(const struct elect_proc *p, sid_t sid, uint64_t theirs)
{
    log_error("election: server %lld is of another ensemble: its id is "
              "%016llx, ours is %016llx, and neither takes anything from the "
              "other. Stop the one that does not belong here and move its "
              "directory version-2 away (ours is in %s): it then takes "
              "everything from the leader. If its data do belong here, remove "
              "only the file version-2/ensembleId there",
              (long long)sid, (unsigned long long)theirs,
              (unsigned long long)elect_proc_ensemble(p), p->conf.data_dir);
}

void
elect_proc_met(struct elect_proc *p, sid_t sid, uint64_t ensemble)
{
    struct shm_election *e = p->shm->election;
    int i = quorum_index(&p->quorum, sid);
    quorum_set_t bit = i < 0 ? 0 : (quorum_set_t)1 << i;
    bool was_foreign = (atomic_load(&e->foreign) & bit) != 0;
    bool is_foreign = ensemble_is_foreign(ensemble, elect_proc_ensemble(p));

    if (bit == 0 || is_foreign == was_foreign)
        return;
    atomic_fetch_xor(&e->foreign, bit);
    if (is_foreign)
        tell_operator(p, sid, ensemble);
    else
        log_info("election: server %lld is no longer of another ensemble",
                 (long long)sid);
}

/* --- what replication asks ------------------------------------------------ */

static void
begin_look(struct elect_proc *p)
{
    const struct shm_look *look = &p->shm->replication->look;

    if (!p->is_open)
        p->election->open(p, NULL);
    p->is_open = true;
    p->election->look(p, atomic_load(&look->zxid), atomic_load(&look->epoch));
}

static void
on_delay(struct ev_loop *loop, ev_timer *w, int events)
{
    struct elect_proc *p = w->data;

    (void)loop, (void)events;
    if (!p->must_knock || !p->election->knock) {
        begin_look(p);
        return;
    }
    p->must_knock = false;
    p->election->knock(p);
    timer_ring_in(p->loop, &p->delay, KNOCK_MS);
}

/*
 * Another server has our number, and was here first.  Not all twins come back
 * at once, and who does gives way while it knocks: for a restart the other one
 * takes less.
 */
static void
stay_out(struct elect_proc *p)
{
    int64_t ms = (int64_t)(STAY_OUT_MS * (1 + drand48()));

    log_warn("election: not taking part for %lld s: another server has our "
             "number",
             (long long)(ms + KNOCK_MS) / 1000);
    atomic_store(&p->shm->election->is_kept_out, true);
    if (p->is_open) {
        p->election->over(p);
        p->election->leave(p);
    }
    p->must_knock = true;
    timer_ring_in(p->loop, &p->delay, ms);
}

/* Who had a leader was here first, whatever one of its peers thinks. */
void
elect_proc_taken(struct elect_proc *p)
{
    if (elect_is_looking(p) &&
        atomic_load(&p->shm->replication->look.established) == 0)
        stay_out(p);
}

/*
 * Observers that lost their leader do not all come back at once.
 * ZK: Observer.waitForObserverElectionDelay
 */
static int64_t
delay_ms(const struct elect_proc *p)
{
    bool is_first = atomic_load(&p->shm->election->decided) == 0;

    if (quorum_votes(&p->quorum, p->conf.my_sid) || is_first)
        return 0;
    return (int64_t)(drand48() * p->conf.observer_election_delay_ms);
}

static void
see_look(struct elect_proc *p)
{
    const struct shm_look *look = &p->shm->replication->look;
    uint64_t number = atomic_load_explicit(&look->number, memory_order_acquire);
    int64_t delay;

    if (number == p->asked || p->is_failed)
        return;
    p->asked = number;
    p->asked_ms = clock_mono_ms();
    p->leads = p->is_over = p->is_hung = p->must_knock = false;
    elect_pulse_meet(p);
    if (atomic_load(&look->is_taken)) {
        stay_out(p);
        return;
    }
    delay = delay_ms(p);
    ev_timer_stop(p->loop, &p->delay);
    if (delay == 0)
        begin_look(p);
    else
        timer_ring_in(p->loop, &p->delay, delay);
}

void
elect_proc_see_over(struct elect_proc *p)
{
    const struct shm_look *look = &p->shm->replication->look;

    if (p->is_over || !p->is_open || elect_is_looking(p) ||
        atomic_load(&look->ended) != p->asked)
        return;
    p->is_over = true;
    p->leads = false;
    p->election->over(p);
}

static void
see_established(struct elect_proc *p)
{
    const struct shm_look *look = &p->shm->replication->look;
    uint64_t number =
        atomic_load_explicit(&look->established, memory_order_acquire);

    if (number == p->established || number != p->asked ||
        number != atomic_load(&p->shm->election->decided) || p->is_over)
        return;
    p->established = number;
    p->election->established(p, atomic_load(&look->established_epoch));
}

/* A reload; who the members are stays as it is. */
static void
follow_conf(struct elect_proc *p)
{
    if (shm_has_new_conf(p->shm, p->conf_version))
        p->conf_version = shm_conf(p->shm, &p->conf);
}

/* Everything that others ask comes through here. */
static bool
work(void *arg)
{
    struct elect_proc *p = arg;

    follow_conf(p);
    elect_pulse_log(p);
    see_look(p);
    elect_pulse_replication(p);
    elect_proc_see_over(p);
    see_established(p);
    if (p->is_open)
        p->election->turn(p);
    return false;
}

/*
 * What the process before us decided stands, unless the replication process
 * that asked for it is gone; or it was the last before the look that goes on.
 */
static void
take_over(struct elect_proc *p)
{
    const struct shm_election *e = p->shm->election;
    struct vote outcome = {
        .from = p->conf.my_sid,
        .leader = atomic_load(&e->leader),
        .zxid = atomic_load(&e->zxid),
        .round = atomic_load(&e->round),
        .epoch = atomic_load(&e->epoch),
    };

    p->asked = atomic_load(&e->decided);
    if (p->asked == 0)
        return; /* the first life, or nothing was decided in it */
    elect_pulse_meet(p);
    p->leads = outcome.leader == p->conf.my_sid;
    p->election->open(p, &outcome);
    p->is_open = true;
    if (p->leads && p->life != atomic_load(&e->life))
        elect_pulse_leave(p);
    else
        log_info("election: round %lld: our leader is still %lld",
                 (long long)outcome.round, (long long)outcome.leader);
}

static void
shell_open(struct elect_proc *p, struct shm *shm)
{
    p->shm = shm;
    p->conf_version = shm_conf(shm, &p->conf);
    quorum_of_conf(&p->conf, &p->quorum);
    p->config = (struct bytes){
        (const uint8_t *)p->config_text,
        (int32_t)config_text(&p->conf, 0, p->config_text,
                             sizeof p->config_text),
    };
    p->election = p->conf.election_alg == 0 ? &election_poll : &election_fast;
    p->loop = ev_loop_new(EVFLAG_AUTO);
    if (!p->loop)
        fatal(EXIT_UNEXPECTED, "election: no event loop can be had");
    srand48((long)clock_mono_us() ^ (long)p->conf.my_sid << 20);
    ev_timer_init(&p->delay, on_delay, 0, 0);
    p->delay.data = p;
    p->pidfd = -1;
    take_over(p);
    bell_attach(&p->bell, p->loop, shm, PROC_ELECTION, work, p);
    bell_on_beat(&p->bell, elect_pulse_beat);
}

noreturn void
elect_main(struct shm *shm)
{
    static struct elect_proc proc; /* its buffers are too large for a stack */

    shell_open(&proc, shm);
    proc_ready(PROC_ELECTION, shm);
    ev_run(proc.loop, 0);
    never("the election process's loop ends");
}
