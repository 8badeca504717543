/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_info.h - one record per connection, for `stat` and `cons`.
 *
 * In shm->conns[w], at the connection's place in the table of client process
 * w, which alone stores to it, field by field.  Whoever prints reads fields
 * of a moment that may not be the same; `id` is set last and cleared first.
 */
#ifndef NET_ADMIN_CONN_INFO_H
#define NET_ADMIN_CONN_INFO_H

#include "daemon/shm.h"

struct conn_info {
    _Atomic uint32_t id; /* the connection's; 0: there is none */
    uint16_t port;
    uint8_t is_v6;
    uint8_t address[16];
    _Atomic session_id_t session; /* 0: none yet */
    int64_t established_ms;       /* wall clock */
    zxid_t last_zxid;
    mono_ms_t last_response_ms;
    uint64_t received, sent;
    uint64_t latency_total_ms;
    uint32_t latency_count; /* halved when it is full, with the sum */
    uint32_t latency_min_ms, latency_max_ms, latency_last_ms;
    int32_t timeout_ms;
    int32_t last_op; /* enum zk_op; 0: none */
    int32_t last_cxid;
    uint32_t queued;
};

_Static_assert(sizeof(struct conn_info) <= CONN_INFO_BYTES, "shm.c reserves");

static inline struct conn_info *
conn_info_at(const struct shm *shm, uint32_t worker, uint32_t place)
{
    return (struct conn_info *)(void *)((uint8_t *)shm->conns[worker] +
                                        (size_t)place * CONN_INFO_BYTES);
}

/* Whether the connection that asked a client process for something is open. */
static inline bool
conn_is_open(const struct shm *shm, const struct origin *o)
{
    uint32_t life = atomic_load(&shm->super->life[PROC_CLIENT + o->worker]);
    uint32_t place = o->conn & (CONNS_MAX - 1);

    return o->life == life &&
           conn_info_at(shm, o->worker, place)->id == o->conn;
}

#endif
