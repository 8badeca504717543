/* SPDX-License-Identifier: Apache-2.0 */
/*
 * op.h - what clients ask, as records of the client protocol; see op.c.
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_OP_H
#define TESTS_SIM_OP_H

#include "tests/sim/wire.h"

struct op { /* what a client asked, once */
    uint8_t client;
    int32_t type; /* enum zk_op; multi holds a set and a create */
    session_id_t session;
    uint32_t conn; /* number of the connection it was asked on */
    int32_t xid;
    char path[32];
    int32_t version, flags;
    uint64_t data;
    bool has_watch;
    char other[32];         /* of a multi: the second operation's path */
    usec_t asked, answered; /* answered 0: never */
    zxid_t zxid_asked;      /* newest write answered to anybody by then */
    struct msg_answer answer;
    uint32_t ended;      /* order of what its client saw; 0: never */
    bool is_asked_again; /* of another leader, by a server that held it */
    bool is_done;        /* judge.c: its transaction was met */
    bool is_turned_away;
};

bool op_is_read(const struct op *o);

/* The record of the request, in `memory`. */
struct bytes op_body(const struct op *o, void *memory, size_t size);

/*
 * A client that numbers its requests anew at each connection: its servers know
 * them by the last byte of an xid, which is that number, and the others make
 * it one of a kind, for judge.c.
 */
int32_t op_xid(int32_t of_session, uint32_t of_connection);
int32_t op_number(int32_t xid);

/* The xid of what was asked under this number on this connection. */
int32_t op_xid_of(uint32_t conn, int32_t number);

/* The number that a node's data is; 0 for anything else. */
uint64_t op_data_in(struct bytes data);

/* The one that a session asked under this number is asked again. */
void op_asked_again(session_id_t session, int32_t xid);

/* In words. */
const char *op_name(const struct op *o);

#endif
