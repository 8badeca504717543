/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - what goes wrong, and when: see faults.def and fault.c.
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_FAULT_H
#define TESTS_SIM_FAULT_H

#include "tests/sim/bounds.h"

#define FAULT(id, name, whom, begin, end) FAULT_##id,
enum fault_kind {
#include "tests/sim/faults.def"
    FAULT_KINDS,
};
#undef FAULT

/* Moments at which a server may be made to crash. */
#define MOMENT(id, name) MOMENT_##id,
enum moment {
#include "tests/sim/faults.def"
    MOMENTS,
};
#undef MOMENT

struct fault {
    enum fault_kind kind;
    usec_t at, lasts;
    uint8_t who, other; /* servers */
    uint32_t mask;      /* one side, a bit each; how far a clock jumps */
    enum moment moment; /* of an AT */
    uint32_t nth;       /* ... which time of it; how many a purge leaves */
    bool is_off;        /* left out while a failure is being shrunk */
    bool is_on;
};

struct server;

/* A row of faults.def. */
struct fault_row {
    const char *name;
    bool is_leaders; /* strikes who leads, or nobody */
    void (*begin)(const struct fault *f, struct server *s); /* or NULL */
    void (*end)(const struct fault *f, struct server *s);   /* or NULL */
};

extern const struct fault_row fault_row[FAULT_KINDS];

/* Between the servers of this side and the others: one cause more, or less. */
void fault_block(uint32_t side, bool is_blocked);

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
