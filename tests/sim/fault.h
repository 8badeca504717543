/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - what goes wrong, and when: see fault.c.  Private to tests/sim.
 */
#ifndef TESTS_SIM_FAULT_H
#define TESTS_SIM_FAULT_H

#include "tests/sim/sim.h"

/* Draw the schedule; faults that are off stay in it and do nothing. */
void faults_draw(void);
void faults_begin(void);

void fault_begins(uint32_t number);
void fault_ends(uint32_t number);

/* One of these crashes at this moment, at the end of the step. */
void fault_moment(struct server *s, enum moment moment);
void fault_step_ends(void);

/* All of them end, and everybody who is down starts. */
void faults_stop(void);

void fault_text(const struct fault *f, char *text, size_t size);

#endif
