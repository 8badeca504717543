/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elect_proc.h - the election process.
 *
 *   elect_main.c   what replication asks, what it is answered
 *   elect_pulse.c  whether those for whom we speak are alive
 *   elect_fast.c   fast leader election: elect.c and the mesh
 *   elect_poll.c   the polling election: poll.c and datagrams
 *
 * Private to those four.
 * One of the two elections runs, as electionAlg says, for all of a life.
 */
#ifndef ELECTION_ELECT_PROC_H
#define ELECTION_ELECT_PROC_H

#include "daemon/bell.h"
#include "election/elect.h"
#include "election/mesh.h"
#include "election/poll.h"

struct elect_proc;

struct election {
    /*
     * Begin, in the state that `outcome` tells of; NULL: none was decided
     * yet.  Until then nobody hears of us: an answer would be worth nothing.
     */
    void (*open)(struct elect_proc *p, const struct vote *outcome);
    /* Look for a leader; ends in elect_proc_decided. */
    void (*look)(struct elect_proc *p, zxid_t zxid, int64_t epoch);
    /* The leader decided upon leads us now, in `epoch`. */
    void (*established)(struct elect_proc *p, int64_t epoch);
    /* The role that was decided is over; we will look in a moment. */
    void (*over)(struct elect_proc *p);
    /* Neither lead nor look: nobody is told anything before the next look. */
    void (*leave)(struct elect_proc *p);
    /* The role that we left stands after all. */
    void (*back)(struct elect_proc *p);
    /* Take no part yet, but hear whether our number is taken; NULL: cannot. */
    void (*knock)(struct elect_proc *p);
    /* In each turn of the loop, before it sleeps. */
    void (*turn)(struct elect_proc *p);
};

extern const struct election election_fast, election_poll;

struct elect_fast {
    struct elect core;
    struct mesh mesh;
    ev_timer alarm;
};

struct elect_poll {
    struct poll core;
    enum server_state state; /* LOOKING, or what was decided */
    bool is_asking;          /* answers are waited for */
    bool is_silent;          /* see leave */
    int64_t pause_ms;        /* before the next round */
    ev_timer timer;          /* end of a round, or of the pause behind it */
    struct resolver resolver;
    struct port port;           /* where we are asked */
    ev_io asking_v4, asking_v6; /* where we ask from, of each family */
    struct resolve member[QUORUM_MEMBERS_MAX];
};

struct elect_proc {
    struct shm *shm;
    struct ev_loop *loop;
    struct bell bell;
    struct conf conf;
    uint32_t conf_version;
    struct quorum quorum;
    struct bytes config; /* the members, as notes carry them */
    const struct election *election;
    bool is_open;
    bool is_over;         /* the role of the last outcome */
    bool leads;           /* the outcome was ourselves, and stands */
    uint64_t asked;       /* number of the look at hand */
    mono_ms_t asked_ms;   /* ... and when */
    uint64_t established; /* number of the look whose leader leads us */
    ev_timer delay;       /* before we look: of an observer, or a twin */
    bool must_knock;      /* ... that has to ask before it does */

    /* elect_pulse.c */
    uint32_t life;      /* of the replication process that asked */
    int pidfd;          /* of that; -1: none */
    ev_io replication;  /* it ended */
    mono_ms_t pulse_at; /* our last look at it */
    uint64_t beats;     /* of its loop, as last seen to change */
    mono_ms_t beats_at;
    bool is_hung;
    bool is_failed; /* our log: nobody is told anything any more */

    struct elect_fast fast;
    struct elect_poll poll;
    char config_text[CONFIG_TEXT_MAX];
};

/*
 * Look whether our role is over; before anybody is answered.  Replication
 * says so before peers can know: a server that asks us because of that is not
 * told that we still have it.
 */
void elect_proc_see_over(struct elect_proc *p);

/* Nothing is decided yet in the look at hand. */
static inline bool
elect_is_looking(const struct elect_proc *p)
{
    return p->asked != atomic_load(&p->shm->election->decided);
}

/* The ensemble that we are of for good; 0: not known yet. */
uint64_t elect_proc_ensemble(const struct elect_proc *p);

/* Server `sid` said of which ensemble it is, or nothing (0): for operators. */
void elect_proc_met(struct elect_proc *p, sid_t sid, uint64_t ensemble);

/*
 * Another server has our number, says who has it: take no part for a while,
 * unless we had a leader before.  We would be counted in its place.
 */
void elect_proc_taken(struct elect_proc *p);

/* `v` is the outcome of the look that is going on: tell replication. */
void elect_proc_decided(struct elect_proc *p, const struct vote *v,
                        const char *why);

/* --- elect_pulse.c -------------------------------------------------------- */

/* With every beat of our loop: is replication alive? */
void elect_pulse_beat(void *proc);

/* The replication process that asked is gone: we neither lead nor look. */
void elect_pulse_leave(struct elect_proc *p);

/* The replication process that runs now is the one that asks. */
void elect_pulse_meet(struct elect_proc *p);

/* Once a turn: is it another by now, has the log failed? */
void elect_pulse_replication(struct elect_proc *p);
void elect_pulse_log(struct elect_proc *p);

#endif
