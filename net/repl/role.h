/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role.h - what differs between a server of its own, a leader, a learner.
 *
 * The replication process holds one role at a time; the rest of the pipeline
 * (take, publish, apply) does not know which it is.  repl_role.c changes it.
 */
#ifndef NET_REPL_ROLE_H
#define NET_REPL_ROLE_H

#include "daemon/shm.h"

struct repl;

struct role {
    const char *name;
    bool orders;   /* prepares requests and gives out zxids */
    bool is_alone; /* its own quorum: what is durable here is committed */
    /* A client's request; false: not now. */
    bool (*take)(struct repl *r, const struct req *req, const struct origin *o);
    /* Once a turn, before what is committed is applied: hear the log, step
       the core, raise r->commit_zxid.  May change the role. */
    void (*turn)(struct repl *r);
    /* The connections of this role are closed; nothing of it stays. */
    void (*end)(struct repl *r);
};

extern const struct role role_standalone; /* repl_role.c */
extern const struct role role_looking;    /* repl_role.c */
extern const struct role role_leading;    /* repl_lead.c */
extern const struct role role_learning;   /* repl_learn.c */

#endif
