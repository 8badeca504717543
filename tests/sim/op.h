/* SPDX-License-Identifier: Apache-2.0 */
/*
 * op.h - what clients ask, as records of the client protocol; see op.c.
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_OP_H
#define TESTS_SIM_OP_H

#include "tests/sim/sim.h"

bool op_is_read(const struct op *o);

/* The record of the request, in `memory`. */
struct bytes op_body(const struct op *o, void *memory, size_t size);

/* The number that a node's data is; 0 for anything else. */
uint64_t op_data_in(struct bytes data);

/* In words. */
const char *op_name(const struct op *o);

#endif
