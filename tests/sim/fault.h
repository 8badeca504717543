/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - what goes wrong, and when: see fault.c.  Private to tests/sim.
 */
#ifndef TESTS_SIM_FAULT_H
#define TESTS_SIM_FAULT_H

#include "tests/sim/bounds.h"

enum fault_kind {
    FAULT_CRASH, /* who: a server */
    FAULT_CRASH_LEADER,
    FAULT_CRASH_ALL,
    FAULT_CRASH_AT, /* at the nth time that `moment` comes anywhere */
    FAULT_BREAK_AT, /* likewise, and its connections break */
    FAULT_FREEZE,
    FAULT_FREEZE_LEADER,
    FAULT_ISOLATE, /* who: from everybody */
    FAULT_ISOLATE_LEADER,
    FAULT_ONE_WAY, /* from who to other */
    FAULT_SPLIT,   /* mask: one side */
    FAULT_BREAK,   /* every connection of who */
    FAULT_SLOW_DISK,
    FAULT_LOG,         /* the log of who fails */
    FAULT_CLOCK,       /* wall clock of who jumps */
    FAULT_RESIGN,      /* the leader is told to stop leading */
    FAULT_ELECTION,    /* the election process of who dies */
    FAULT_REPLICATION, /* the replication process of who dies */
    FAULT_PURGE,       /* old log files of who go */
    FAULT_READER,      /* a client process of who does not read its ring */
    FAULT_KINDS,
};

/* Moments at which a server may be made to crash. */
enum moment {
    MOMENT_STORE_ACCEPTED,
    MOMENT_STORE_CURRENT,
    MOMENT_STORED,
    MOMENT_SEND_ACK_EPOCH,
    MOMENT_SEND_NEW_LEADER,
    MOMENT_SEND_ACK,
    MOMENT_APPEND,
    MOMENT_TRUNCATE,
    MOMENT_SNAP_PIECE,
    MOMENT_REBASE,
    MOMENT_LEAD,
    MOMENT_SERVE,
    MOMENT_COMMIT,
    MOMENT_PROPOSE,
    MOMENTS,
};

struct fault {
    enum fault_kind kind;
    usec_t at, lasts;
    uint8_t who, other;
    uint32_t mask;
    enum moment moment;
    uint32_t nth;
    bool is_off; /* left out while a failure is being shrunk */
    bool is_on;
};

struct server;

/* Draw the schedule; faults that are off stay in it and do nothing. */
void faults_draw(void);
void faults_begin(void);

void fault_begins(uint32_t number);
void fault_ends(uint32_t number);

/* A moment at which one may crash, or be cut off: at the end of the step. */
void fault_moment(struct server *s, enum moment moment);
void fault_step_ends(void);

/* All of them end, and everybody who is down starts. */
void faults_stop(void);

void fault_text(const struct fault *f, char *text, size_t size);

#endif
