/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role.h - what differs between a server of its own, a leader, a learner.
 *
 * The replication process holds one role at a time and asks it; the rest of
 * the pipeline (take, prepare, publish, apply) does not know which it is.
 * Pure.
 */
#ifndef NET_ROLE_H
#define NET_ROLE_H

#include "daemon/shm.h"

/* What is known of how far transactions got. */
struct role_acks {
    ring_pos_t published; /* whole in the ring here */
    ring_pos_t durable;   /* on this server's disk */
};

struct role {
    enum server_role kind;
    const char *name;
    bool orders; /* prepares requests and gives zxids */
    /* Up to where transactions can no longer be lost or reordered. */
    ring_pos_t (*committed)(const struct role_acks *acks);
};

extern const struct role role_standalone; /* standalone.c */

#endif
