/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply.h - what a client gets: frames, written whole.
 *
 * Each function appends one frame, length included; if it does not fit, `out`
 * turns bad and what was written is to be dropped.  Pure; client processes.
 *
 * Facts: spec/client-protocol.md 1.4, 2.1, 5.3, 7.3.
 */
#ifndef NET_WIRE_REPLY_H
#define NET_WIRE_REPLY_H

#include "daemon/jute.h"
#include "daemon/zk.h"
#include "storage/tree/tree.h"
#include "storage/tree/txn.h"

enum {
    REPLY_BYTES = 4 + ZK_REPLY_HEADER_BYTES, /* a reply without a body */
    REPLY_CONNECT_BYTES = 4 + 37,
    REPLY_RESULT_BYTES = 9 + 4 + ZK_STAT_BYTES, /* in a multi, path apart */
    REPLY_EVENT_BYTES = REPLY_BYTES + 12,       /* path apart */
};

/* Frame length to come and ReplyHeader; hand the result to frame_end. */
size_t reply_begin(struct jute_out *out, int32_t xid, zxid_t zxid, int32_t err);

/* A reply without a body. */
void reply_put(struct jute_out *out, int32_t xid, zxid_t zxid, int32_t err);

/* A watch event. */
void reply_put_event(struct jute_out *out, enum zk_event type,
                     struct bytes path);

/* ConnectResponse; session 0 refuses. */
void reply_put_connect(struct jute_out *out, session_id_t session,
                       int32_t timeout_ms, bool has_read_only,
                       bool is_read_only);

/* MultiHeader, in requests and replies. */
void reply_put_multi_header(struct jute_out *out, int32_t type, bool done,
                            int32_t err);

/*
 * The reply to the write `op` that became `txn` (rewound).  `outcomes` and
 * `ops` (multi only) are as in the ring.
 */
void reply_put_write(struct jute_out *out, int32_t xid, int32_t op,
                     struct txn *txn, const struct outcome *outcomes,
                     const int32_t *ops);

/* Bytes that reply_put_write needs at most. */
size_t reply_write_bytes(const struct txn *txn, uint32_t outcome_count);

#endif
