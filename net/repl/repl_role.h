/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_role.h - what differs between a server of its own, a leader, a learner.
 *
 * The replication process holds one role at a time; the rest of the pipeline
 * (take, publish, apply) does not know which it is.  Private to repl_*.c.
 */
#ifndef NET_REPL_REPL_ROLE_H
#define NET_REPL_REPL_ROLE_H

#include "net/repl/repl.h"

struct role {
    const char *name;
    bool is_alone; /* its own quorum: what is durable here is committed */
    /* A client's request; false: not now. */
    bool (*take)(struct repl *r, const struct req *req, const struct origin *o);
    /* Once a turn, before what is committed is applied: hear the log, step
       the core, raise r->apply_to.  May change the role. */
    void (*turn)(struct repl *r);
    /* The connections of this role are closed; nothing of it stays. */
    void (*end)(struct repl *r);
};

/*
 * The first one may only not have applied yet what is committed here; the
 * second has lost it.
 */
enum { AHEAD_TIMES = 2 };

extern const struct role role_standalone; /* repl_role.c */
extern const struct role role_looking;    /* repl_role.c */
extern const struct role role_leading;    /* repl_lead.c */
extern const struct role role_learning;   /* repl_learn.c */

/* Take the first role; once, when all is loaded and the loop is there. */
void repl_role_start(struct repl *r);

/*
 * The role is over: look for a leader.  `why` is for the log.  In the end
 * repl_lead or repl_learn comes of it.
 */
void repl_look(struct repl *r, const char *why);

/* The role is ours, says the election: repl_lead.c, repl_learn.c. */
void repl_lead(struct repl *r);
void repl_learn(struct repl *r, sid_t leader);

/* Tell the election process that its choice leads in `epoch`. */
void repl_established(struct repl *r, int64_t epoch);

/* The tree misses nothing before `epoch`: clients of its leader may come. */
void repl_reached(struct repl *r, int64_t epoch);

#endif
