/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.h - what happens when: one heap of events for the whole world.
 */
#ifndef TESTS_SIM_SCHED_H
#define TESTS_SIM_SCHED_H

#include "tests/sim/bounds.h"

enum event_kind {
    EV_PIPE,      /* p: connection, gen: direction */
    EV_SYN,       /* p: connection */
    EV_DISK,      /* the disk of `node` has synced */
    EV_TOLD,      /* ... and the server hears of it */
    EV_ALARM,     /* of the election */
    EV_TICK,      /* of the role */
    EV_STALL,     /* what found no room in the ring is tried again */
    EV_DIAL,      /* the learner dials again */
    EV_SNAP,      /* p: connection; more of a snapshot may go */
    EV_ALONE,     /* nobody looks at the tree of a learner any more */
    EV_DATAGRAM,  /* p: message of the polling election */
    EV_POLL,      /* its round is over, or begins */
    EV_START,     /* a server starts */
    EV_THAW,      /* a frozen server goes on */
    EV_READER,    /* its client processes go on */
    EV_LET_GO,    /* gen: the hold whose time is over */
    EV_FAULT,     /* gen: number of the fault */
    EV_FAULT_END, /* likewise */
    EV_CLIENT,    /* a client does something */
    EV_QUIET,     /* faults are over */
    EV_LOOK_BACK, /* is the ensemble well now? */
};

struct event {
    usec_t at;
    uint64_t seq;
    uint8_t kind, node;
    uint32_t gen; /* of the node's life or timer: stale ones are dropped */
    void *p;
};

void sched_reset(void);
void sched_after(usec_t delay, enum event_kind kind, int node, uint32_t gen,
                 void *p);
bool sched_next(struct event *e);

#endif
