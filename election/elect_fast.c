/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elect_fast.c - fast leader election: elect.c thinks, the mesh talks.
 *
 * The election process, with electionAlg=3.
 */
#include "election/elect_proc.h"

#include "daemon/check.h"
#include "daemon/log.h"
#include "daemon/timer.h"

_Static_assert((int)CONFIG_TEXT_MAX <= (int)NOTE_CONFIG_MAX,
               "a note holds all members");

static const char *const state_name[] = {
    [SERVER_LOOKING] = "LOOKING",
    [SERVER_FOLLOWING] = "FOLLOWING",
    [SERVER_LEADING] = "LEADING",
    [SERVER_OBSERVING] = "OBSERVING",
};

static void
log_note(const char *verb, sid_t whom, const struct vote *v, const char *why)
{
    log_debug("election: %s %lld %s leader=%lld zxid=0x%llx round=%lld "
              "epoch=%lld%s%s",
              verb, (long long)whom, state_name[v->state], (long long)v->leader,
              (unsigned long long)v->zxid, (long long)v->round,
              (long long)v->epoch, why ? ": " : "", why ? why : "");
}

static void
perform(struct elect_proc *p, const struct elect_act *a)
{
    switch (a->kind) {
    case ELECT_TELL:
        log_note("tell", a->to, &a->vote, a->why);
        mesh_tell(&p->fast.mesh, a->to, &a->vote);
        return;
    case ELECT_TELL_ALL:
        log_note("tell all but", p->conf.my_sid, &a->vote, a->why);
        mesh_tell_all(&p->fast.mesh, &a->vote);
        return;
    case ELECT_SET_ALARM:
        timer_ring_in(p->loop, &p->fast.alarm, a->ms);
        return;
    case ELECT_DECIDE:
        ev_timer_stop(p->loop, &p->fast.alarm);
        elect_proc_decided(p, &a->vote, a->why);
        return;
    }
    never("an act of no kind");
}

static void
perform_all(struct elect_proc *p, const struct elect_out *out)
{
    for (uint32_t i = 0; i < out->count; i++)
        perform(p, &out->act[i]);
}

/* Before we answer: whoever asks may come to us as a learner at once. */
static void
tell_config_version(struct elect_proc *p)
{
    _Atomic int64_t *known = &p->shm->election->config_version;

    if (p->fast.mesh.config_version > atomic_load(known))
        atomic_store(known, p->fast.mesh.config_version);
}

static void
on_note(void *arg, struct vote *vote)
{
    struct elect_proc *p = arg;
    struct elect_out out = {0};

    tell_config_version(p);
    elect_proc_see_over(p);
    log_note("from", vote->from, vote, NULL);
    elect_know(&p->fast.core, elect_proc_ensemble(p));
    elect_hear(&p->fast.core, vote, &out);
    elect_proc_met(p, vote->from, vote->ensemble);
    perform_all(p, &out);
}

static void
on_alarm(struct ev_loop *loop, ev_timer *w, int events)
{
    struct elect_proc *p = w->data;
    struct elect_out out = {0};

    (void)loop, (void)events;
    elect_alarm(&p->fast.core, &out);
    perform_all(p, &out);
}

/* A foreign server that is gone is no longer reported as one. */
static void
tell_connected(struct elect_proc *p)
{
    quorum_set_t connected = mesh_connected(&p->fast.mesh);

    atomic_store(&p->shm->election->connected, connected);
    atomic_fetch_and(&p->shm->election->foreign, connected);
}

static void
turn(struct elect_proc *p)
{
    struct elect_out out = {0};

    if (mesh_take_refusal(&p->fast.mesh))
        elect_proc_taken(p);
    if (!mesh_take_change(&p->fast.mesh))
        return;
    tell_connected(p);
    elect_reach(&p->fast.core, mesh_may_answer(&p->fast.mesh), &out);
    perform_all(p, &out);
}

static void
open_fast(struct elect_proc *p, const struct vote *outcome)
{
    struct elect_fast *f = &p->fast;
    struct elect_out none = {0};

    elect_init(&f->core, &p->quorum, p->conf.my_sid,
               p->conf.election_max_notification_ms);
    if (outcome)
        elect_restore(&f->core, outcome);
    ev_timer_init(&f->alarm, on_alarm, 0, 0);
    f->alarm.data = p;
    mesh_open(&f->mesh, p->loop, &p->conf, &p->quorum, p->config, on_note, p);
    elect_reach(&f->core, mesh_may_answer(&f->mesh), &none);
    check(none.count == 0);
    tell_connected(p);
}

static void
look(struct elect_proc *p, zxid_t zxid, int64_t epoch)
{
    struct elect_out out = {0};

    p->fast.mesh.is_shy = false;
    mesh_resume(&p->fast.mesh);
    elect_know(&p->fast.core, elect_proc_ensemble(p));
    elect_look(&p->fast.core, zxid, epoch, &out);
    log_info("election: round %lld: looking for a leader epoch=%lld "
             "zxid=0x%llx",
             (long long)p->fast.core.round, (long long)epoch,
             (unsigned long long)zxid);
    perform_all(p, &out);
}

static void
established(struct elect_proc *p, int64_t epoch)
{
    elect_established(&p->fast.core, epoch);
}

static void
over(struct elect_proc *p)
{
    elect_over(&p->fast.core);
}

/*
 * Those who look do not wait for a server that has no connection; a silent
 * one would cost them 200 ms.
 */
static void
leave(struct elect_proc *p)
{
    ev_timer_stop(p->loop, &p->fast.alarm);
    mesh_pause(&p->fast.mesh);
    tell_connected(p);
}

static void
back(struct elect_proc *p)
{
    mesh_resume(&p->fast.mesh);
}

static void
knock(struct elect_proc *p)
{
    p->fast.mesh.is_shy = true;
    mesh_resume(&p->fast.mesh);
}

const struct election election_fast = {
    .open = open_fast,
    .look = look,
    .established = established,
    .over = over,
    .leave = leave,
    .back = back,
    .knock = knock,
    .turn = turn,
};
