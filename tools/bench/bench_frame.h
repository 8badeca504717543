/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_frame.h - the few frames of the client protocol a generator speaks.
 *
 * A request is begun, gets its record, and is ended:
 *
 *     at = bench_begin(out, xid, ZK_OP_GET_DATA);
 *     bench_put_read(out, path, false);
 *     bench_end(out, at);
 *
 * What did not fit leaves `out` bad, as everywhere with jute.  Pure.
 *
 * Source: spec/client-protocol.md 1.2, 1.4, 2.1, 2.6, 5.
 */
#ifndef TOOLS_BENCH_BENCH_FRAME_H
#define TOOLS_BENCH_BENCH_FRAME_H

#include "daemon/jute.h"

/* The special xids of 2.2. */
enum { BENCH_XID_EVENT = -1, BENCH_XID_PING = -2 };

enum { BENCH_CONNECT_FRAME_BYTES = 4 + 45 };

/* What the server granted. */
struct bench_grant {
    int32_t timeout_ms; /* 0: refused */
    int64_t session_id;
};

struct bench_reply {
    int32_t xid;
    int32_t code; /* enum zk_code */
    zxid_t zxid;
    struct jute_in body;
};

/* Length and header of a request; gives the offset that bench_end wants. */
size_t bench_begin(struct jute_out *out, int32_t xid, int32_t op);

/* Fill in the length of the frame that begins at offset `at`. */
void bench_end(struct jute_out *out, size_t at);

/* A whole frame that asks for a new session. */
void bench_put_connect(struct jute_out *out, int32_t timeout_ms);

/* Records: path and watch, for exists, getData, getChildren. */
void bench_put_read(struct jute_out *out, struct bytes path, bool watch);
void bench_put_set(struct jute_out *out, struct bytes path, struct bytes data);
void bench_put_create(struct jute_out *out, struct bytes path,
                      struct bytes data, int32_t flags);
void bench_put_delete(struct jute_out *out, struct bytes path);

/* Between the records of a multi; op -1 ends it. */
void bench_put_multi_header(struct jute_out *out, int32_t op);

/*
 * The first whole frame of `data`: its body in *frame.  Gives the bytes it
 * occupies, 0 when more must come, -1 for a length no server may send.
 */
int64_t bench_frame_cut(const uint8_t *data, size_t size, struct bytes *frame);

/* False when the frame is too short for a ConnectResponse. */
bool bench_read_grant(struct bytes frame, struct bench_grant *grant);

/* False when the frame is too short for a ReplyHeader. */
bool bench_read_reply(struct bytes frame, struct bench_reply *reply);

/*
 * The code that made a multi fail, 0 if it did not: in a failed one every
 * result is an error, those before the culprit 0, those after it -2.
 */
int32_t bench_multi_code(struct jute_in body);

#endif
