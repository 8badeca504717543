/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim.h - one simulated ensemble, from one seed.
 *
 * Private to tests/sim.  The world is one struct; time is microseconds of
 * its own; whatever happens is an event taken from one heap, and a step is
 * one event.  Servers, links, disks, clients and faults draw their numbers
 * from generators that the seed feeds, so a seed replays exactly, with or
 * without the trace.
 *
 *      faults ---> links, disks, clocks, lives
 *                        |
 *      clients <--> servers: elect|poll, leader|learner, prep, tree, sessions
 *                        |
 *                     claims (claims.c) after each act, judge.c at the end
 *
 * A broken claim leaves the run through sim_broken and does not come back.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <setjmp.h>

#include "daemon/check.h"
#include "tests/sim/client.h"
#include "tests/sim/plan.h"
#include "tests/sim/rng.h"
#include "tests/sim/sched.h"
#include "tests/sim/server.h"

/* --- what is known of it -------------------------------------------------- */

struct txn_known {
    zxid_t zxid;
    struct bytes bytes;
    uint64_t digest; /* of the tree behind it; 0: nobody has applied it */
    bool is_digested;
};

/* A term of leadership that a quorum promised itself to. */
struct term_known {
    int64_t epoch;
    int node;
    bool is_established;
    uint32_t initial; /* transactions of the history it began with */
    uint32_t *log;    /* these, and what it proposed */
    uint32_t count, room;
};

/* --- the world ------------------------------------------------------------ */

struct sim {
    uint64_t seed;
    struct plan_of_run plan;
    struct rng rng;       /* of everything but the faults */
    struct rng fault_rng; /* of their schedule */
    usec_t now;
    uint64_t step, step_max;
    bool is_quiet; /* faults are over */
    bool is_well;  /* and everybody agrees: the run is over */
    usec_t quiet_since;
    struct quorum quorum;
    uint32_t servers;
    struct server server[SERVERS_MAX];
    struct client client[CLIENTS_MAX];
    uint8_t is_blocked[NODES_MAX][NODES_MAX]; /* by how many faults */
    usec_t blocked_at[NODES_MAX][NODES_MAX];  /* since then */
    struct fault fault[FAULTS_MAX];
    uint32_t faults;

    struct txn_known txn[LOG_MAX];
    uint32_t txns;
    uint32_t foreign_txns;       /* the first so many are of another ensemble */
    uint32_t committed[LOG_MAX]; /* the one sequence that is delivered */
    uint32_t committed_count;
    session_id_t ended[LOG_MAX]; /* sessions that nobody was heard of */
    uint32_t ended_count;
    struct term_known term[EPOCHS_MAX];
    uint32_t terms;
    uint8_t promise[SERVERS_MAX][EPOCHS_MAX]; /* node + 1; 0: to nobody */
    struct op op[OPS_MAX];
    uint32_t ops;
    struct watch_seen watch[WATCHES_MAX];
    uint32_t watches;
    zxid_t newest_answered; /* of a write, to any client */

    uint8_t *memory; /* bytes of this run */
    size_t used;

    jmp_buf leave;
    char invariant[64], broken[512];
    bool is_tracing, is_loud;
    bool is_full; /* a bound was reached: the run ends without a claim */
};

extern struct sim sim;

/* Bytes that live as long as the run. */
void *sim_memory(size_t size);

/* The claim `invariant` does not hold. */
_Noreturn void sim_broken(const char *invariant, const char *text, ...)
    __attribute__((format(printf, 2, 3)));
#define claim(invariant, fact, ...)                                            \
    ((fact) ? (void)0 : sim_broken(invariant, __VA_ARGS__))

/* The run has used up what a run may use; it ends, nothing is claimed. */
_Noreturn void sim_full(void);

void trace_line(const char *text, ...) __attribute__((format(printf, 1, 2)));
#define TRACE(...)                                                             \
    do {                                                                       \
        if (sim.is_tracing)                                                    \
            trace_line(__VA_ARGS__);                                           \
    } while (0)
void trace_reset(void);
void trace_print(void);

static inline bool
is_server(int node)
{
    return node < SERVERS_MAX;
}

static inline bool
is_frozen(const struct server *s)
{
    return s->thaw > sim.now;
}

static inline zxid_t
zxid_of(uint32_t id)
{
    return sim.txn[id].zxid;
}

/* The zxid of the last of `count` transactions of a log. */
static inline zxid_t
last_of(const uint32_t *log, uint32_t count)
{
    return count ? zxid_of(log[count - 1]) : 0;
}

#endif
