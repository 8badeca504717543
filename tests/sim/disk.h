/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.h - the disk of a server; see disk.c.  Private to tests/sim.
 */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include "storage/log/identity.h"
#include "tests/sim/bounds.h"

enum disk_kind {
    DISK_APPEND,
    DISK_ACCEPTED,
    DISK_CURRENT,
    DISK_IDENTITY,
    DISK_TRUNCATE,
    DISK_REBASE,
};

struct disk_op {
    enum disk_kind kind;
    uint32_t id;              /* APPEND: transaction */
    int64_t epoch;            /* ACCEPTED, CURRENT */
    struct identity identity; /* CURRENT, IDENTITY; id 0: stays */
    zxid_t zxid;              /* TRUNCATE */
    const uint32_t *ids;      /* REBASE */
    uint32_t count;           /* REBASE */
    uint32_t term;            /* of the role that ordered it */
};

/* What survives, and what is on its way there. */
struct disk {
    int64_t accepted, current;
    struct identity identity;
    uint32_t log[LOG_MAX]; /* ids */
    uint32_t count, base;  /* below base only the image has them */
    uint32_t image;        /* it has so many, all committed */
    struct disk_op op[DISK_OPS_MAX];
    uint32_t told, done, batch, tail; /* positions in op */
    uint32_t orders;                  /* not appends, not told */
    uint32_t gen;
    bool is_busy;
    usec_t slow_until;
    usec_t fails_for; /* the next sync fails, and it takes so long until
                         somebody has seen to it; 0: it does not */
    bool has_failed;
};

struct server;

/* Nothing was ever written to it. */
void disk_init(struct disk *d);

/*
 * The server, which is down, gets a new one, with db.autocreate=false; and
 * whether it has not been given all yet that is acknowledged.
 */
void disk_lose(struct server *s);
bool disk_is_to_be_filled(const struct disk *d);

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
