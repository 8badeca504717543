/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.h - the disk of a server; see disk.c.  Private to tests/sim.
 */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include "tests/sim/sim.h"

/* Behind all that was ordered before; server_told hears when it is durable. */
void disk_order(struct server *s, struct disk_op op);

void disk_synced(struct server *s); /* EV_DISK */
void disk_tell(struct server *s);   /* EV_TOLD */

/*
 * The server is gone: of what was not synced, the first so many are there
 * all the same, the next one is torn and cut off, the rest never was.
 */
void disk_crash(struct server *s);

#endif
