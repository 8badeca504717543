/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_answer.h - answers, and the places they wait in for their turn.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_ANSWER_H
#define NET_CLIENT_CLIENT_ANSWER_H

#include "net/client/client.h"
#include "net/wire/request.h"

/*
 * An answer that is known already takes its place behind the others.  False:
 * there is no room, the request is not taken.
 */
bool client_answer(struct client_proc *p, struct client *c,
                   const struct queued *q);

/* The same; then the connection ends, whatever it has sent since. */
bool client_answer_last(struct client_proc *p, struct client *c,
                        const struct request *r, zxid_t zxid, enum zk_code err);

/* The answer to `r`, without body, for client_answer. */
struct queued client_queued_reply(const struct client_proc *p,
                                  const struct request *r, zxid_t zxid,
                                  enum zk_code err);

/* Put a request or an answer behind the others.  False: no room. */
bool client_enqueue(struct client_proc *p, struct client *c,
                    const struct queued *q, const uint8_t *body);

/*
 * A frame found no room: do not read on, for this reason, until replication
 * has moved.
 */
void client_no_room(struct client_proc *p, struct client *c,
                    enum conn_pause why);

/* Give the answers at the head that had only to wait for their turn. */
void client_put_due(struct client_proc *p, struct client *c);

/*
 * Where to write `room` bytes to `c`, as conn_out.  False: there is no buffer
 * for them, and the client is gone.
 */
bool client_out(struct client_proc *p, struct client *c, size_t room,
                struct jute_out *out);

/* Write a reply without body at once.  False: the client is gone. */
bool client_put_reply(struct client_proc *p, struct client *c, int32_t xid,
                      zxid_t zxid, int32_t err);

/* Count one message sent, which answers no request. */
void client_count_sent(struct client_proc *p, struct client *c);

/* Count one request answered, for statistics. */
void client_count_reply(struct client_proc *p, struct client *c, int32_t op,
                        zxid_t zxid, uint32_t heard_ms);

#endif
