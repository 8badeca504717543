/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model.h - the nodes that an ensemble should have; see model.c.  Private to
 * tests/sim.
 */
#ifndef TESTS_SIM_MODEL_H
#define TESTS_SIM_MODEL_H

#include "tests/sim/op.h"

/* A path that was a node at some time. */
struct model_node {
    char path[32];
    bool exists;
    int32_t parent; /* -1: the root */
    int32_t version, creations, children;
    uint64_t data;
    session_id_t owner;
    int32_t next; /* with this hash */
};

/* What a request comes to. */
struct model_result {
    int32_t err;     /* enum zk_code; else: */
    char made[32];   /* the path of a create, "" */
    int32_t version; /* of a set, 0 */
};

/* There is the root, and nothing has happened. */
void model_clear(void);

/* This request is done now, as the transaction `zxid`. */
struct model_result model_do(const struct op *o, zxid_t zxid);

/* The session is over: so are the nodes that it owns. */
void model_end_session(session_id_t session, zxid_t zxid);

/* The node of this path; NULL: there is none now. */
const struct model_node *model_find(const char *path);

/* The first change of `path` behind `zxid`, or 0. */
zxid_t model_change_after(const char *path, zxid_t zxid);

#endif
