/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - clients, what they ask and what they see; see client.c.
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include "tests/sim/op.h"

enum { OPS_MAX = 8192, WATCHES_MAX = 8192 };

struct watch_seen { /* one watch of one client, as it saw it */
    uint8_t client;
    char path[32];
    zxid_t set;           /* zxid of the read that set it */
    uint32_t born;        /* order of what its client saw */
    uint32_t fired, lost; /* likewise; 0: not */
    zxid_t fired_zxid;
};

struct client {
    struct conn *conn;
    int server;
    session_id_t session;
    int32_t timeout_ms;
    bool is_connected;
    zxid_t seen;
    int32_t xid;
    uint32_t number; /* of the last request, on this connection */
    uint32_t gen;
    uint32_t queue[4]; /* operations without an answer */
    uint32_t first, last;
    uint32_t order;        /* of what this client sees */
    uint32_t watches_from; /* older ones in sim.watch are over */
    usec_t last_sent;
    uint32_t probe; /* the write after the faults */
    bool is_probed;
};

struct event;

void clients_init(void);
void client_event(struct client *c, const struct event *e);
void client_receives(struct client *c, struct conn *conn, const struct msg *m);

/* The faults are over: one more write each, then rest. */
void clients_wind_up(void);

/* That write was answered, everywhere. */
bool clients_are_done(void);

/* One of them has it. */
bool clients_have(session_id_t session);

#endif
