/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_given.h - a client process to make claims about, without the others.
 *
 * The test is replication: it puts entries into the ring and says what is
 * applied.  Connections are sockets on whose other end nobody reads.
 */
#ifndef TESTS_UNIT_CLIENT_GIVEN_H
#define TESTS_UNIT_CLIENT_GIVEN_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/client/client_table.h"
#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

enum { GIVEN_RING = 1 << 20, GIVEN_REQUESTS = 4096, GIVEN_CLIENTS = 64 };

static struct shm shm;
static struct client_proc p;
static int peer[GIVEN_CLIENTS];

/* It serves alone, and has nobody; what is applied is position 0. */
static inline void
given_process(void)
{
    static const struct conn_ops ops;
    static struct shm_super super = {.client_count = 1};
    static struct shm_replication replication;
    static struct shm_client own;
    static _Atomic uint32_t heard[SESSIONS_MAX];

    if (!shm.ring.base) {
        shm.ring = (struct txring){memory_twice(GIVEN_RING), GIVEN_RING};
        shm.conns[0] = memory_reserved((size_t)CONNS_MAX * CONN_INFO_BYTES);
        shm.super = &super;
        shm.replication = &replication;
        shm.client[0] = &own;
        shm.requests[0] = (struct reqring){
            .base = memory_twice(GIVEN_REQUESTS),
            .size = GIVEN_REQUESTS,
            .tail = &own.requested,
            .taken = &replication.taken[0],
        };
    }
    replication = (struct shm_replication){
        .serving = 1,
        .vouched = MONO_MS_MAX,
    };
    own = (struct shm_client){0};
    p = (struct client_proc){.shm = &shm, .own = &own, .period = 1};
    p.heard = heard;
    p.lease.is_for_ever = true;
    p.conf.memory_limit = 16 << 20;
    p.loop = ev_loop_new(0);
    conn_home_init(&p.home, p.loop, &ops, 64 << 20);
    client_table_init(&p, 1);
}

static inline struct client *
given_client(void)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct client *c;
    int ends[2];

    CU_ASSERT_FATAL(p.client_count < GIVEN_CLIENTS);
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer[p.client_count] = ends[1];
    c = client_open(&p, ends[0], (struct sockaddr *)&from);
    client_set_state(&p, c, CLIENT_OPEN);
    return c;
}

static inline struct bytes
a_connect_request(void)
{
    static uint8_t text[64];
    struct jute_out out = jute_out_of(text, sizeof text);

    jute_put_i32(&out, 0); /* protocol version */
    jute_put_i64(&out, 0); /* seen so far */
    jute_put_i32(&out, 30000);
    jute_put_i64(&out, 0); /* a new session */
    jute_put_i32(&out, -1);
    return (struct bytes){text, (int32_t)jute_out_size(&out)};
}

static inline void
no_process(void)
{
    for (uint32_t i = 0; i < p.client_count; i++)
        close(peer[i]);
    client_drop_all(&p);
    ev_loop_destroy(p.loop);
}

#endif
