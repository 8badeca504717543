/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.h - clients that are connected to a server: as net/client/.
 *
 *   attach.c          what they ask and are answered
 *   attach_session.c  their sessions: opened, resumed, asked for again
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_ATTACH_H
#define TESTS_SIM_ATTACH_H

#include "tests/sim/server.h"

/* --- attach.c ------------------------------------------------------------- */

void attach_receives(struct server *s, struct conn *c, const struct msg *m);
void attach_drop_all(struct server *s);

/* All that we gave out as leader is decided: so are the syncs behind it. */
void attach_settle_syncs(struct server *s);

/*
 * A transaction was applied here, which was asked on connection `asker`, or 0;
 * outcome of its first change.
 */
void attach_applied(struct server *s, uint32_t id, uint32_t asker,
                    const struct outcome *out, uint32_t outcomes);
void attach_synced(struct server *s);
void attach_go_on(struct server *s);

/* Before it does anything: connections whose lease is over go. */
void attach_wakes(struct server *s);
bool attach_lease_is_over(const struct server *s, int32_t timeout_ms);
void attach_touches(struct server *s, const struct attached *a);
void attach_drop(struct server *s, struct attached *a);
void attach_answer(struct server *s, struct attached *a,
                   struct msg_answer what);
zxid_t attach_applied_zxid(const struct server *s);

/* Who asked, if it is still connected. */
struct attached *attach_asker(struct server *s, const struct origin *o);

/* Behind what a sync that is asked now comes back. */
zxid_t attach_sync_mark(const struct server *s);

/* --- attach_session.c ----------------------------------------------------- */

void attach_connect(struct server *s, struct attached *a,
                    const struct msg_ask *ask);
void attach_connected(struct server *s, struct attached *a);
session_id_t attach_session_id(struct server *s);
void attach_revalidated(struct server *s, session_id_t session, bool is_valid);
void attach_resumed(struct server *s, const struct origin *o, bool is_valid);

/* What the last leader was asked goes to this one, or into our own log. */
bool attach_asks_again(struct server *s, const struct req *req,
                       const struct origin *o); /* false: not now */

#endif
