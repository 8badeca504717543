/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qlink.h - a connection of the quorum port, packet by packet.
 *
 * What leader and learner shells share: reading a packet out of what came,
 * writing one, and how such a socket is set up.  The replication process.
 */
#ifndef NET_WIRE_QLINK_H
#define NET_WIRE_QLINK_H

#include "net/wire/conn.h"
#include "net/wire/qpacket.h"

/*
 * The packet at the front of `data`: its size; 0: more must come; -EBADMSG:
 * it can be none, or is larger than `data_max` lets it be (qpacket_get).
 */
int64_t qlink_get(const uint8_t *data, size_t size, uint32_t data_max,
                  struct qpacket *p);

/*
 * Append one.  A stream that lacks a packet is of no use: without memory for it
 * the connection is broken (conn_ops), and the result false.
 */
bool qlink_put_packet(struct conn *c, const struct qpacket *p);
bool qlink_put(struct conn *c, int32_t type, zxid_t zxid, struct bytes data,
               struct bytes authinfo);

/* No delay, and keep-alive: a peer that vanished is noticed. */
void qlink_tune(int fd);

/*
 * How long ago the peer's kernel has last acknowledged something of ours, or
 * -1: that cannot be known.  It does so while the peer itself stands still.
 */
int64_t qlink_silence_ms(int fd);

/*
 * How many segments with data have come from the peer, those included that
 * cannot be read yet because one before them was lost.  It wraps; 0 for ever:
 * that cannot be known.
 */
uint32_t qlink_segments(int fd);

/* Bytes that have come from the peer, read or not; 0: that cannot be known. */
uint64_t qlink_received(int fd);

#endif
