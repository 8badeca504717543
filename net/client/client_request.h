/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_request.h - from a connection's bytes to a request that is done.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_REQUEST_H
#define NET_CLIENT_CLIENT_REQUEST_H

#include "net/client/client.h"
#include "net/wire/request.h"

/* conn_ops.input: frames, or a four letter word. */
size_t client_input(struct conn *conn, const uint8_t *data, size_t size);

/* conn_ops.taken: a session lives as long as its client takes answers. */
void client_taken(struct conn *conn);

/* --- client_auth.c -------------------------------------------------------- */

/* False: not taken, for there is no room for the reply. */
bool client_on_auth(struct client_proc *p, struct client *c,
                    const struct request *r);
bool client_on_sasl(struct client_proc *p, struct client *c,
                    const struct request *r);

/* --- client_four.c -------------------------------------------------------- */

/* If `word` is a four letter word: answer it, then close.  Else false. */
bool client_four(struct client_proc *p, struct client *c,
                 const uint8_t word[4]);

/* --- client_pump.c -------------------------------------------------------- */

/*
 * Sockets, or those in `todo`, have their turn now.  When their reads have
 * taken long, the rest of them is put off.
 */
void client_begin_turn(struct client_proc *p, mono_ms_t now_ms);

/* If this turn has taken too long, `c` has its next one later; else false. */
bool client_put_off(struct client_proc *p, struct client *c);

/* What this process answers by itself, when its turn has come. */
void client_run(struct client_proc *p, struct client *c,
                const struct request *r, struct bytes ids, uint32_t heard_ms);

/* Run what waits in the queue as far as that can be done now. */
void client_pump(struct client_proc *p, struct client *c);

/* The oldest request is answered: take it from the queue, and what follows. */
void client_answered(struct client_proc *p, struct client *c);

#endif
