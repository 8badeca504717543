/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_serve.h - whether clients are served: struct service.
 *
 * Private to repl_*.c.
 */
#ifndef NET_REPL_REPL_SERVE_H
#define NET_REPL_REPL_SERVE_H

#include "net/repl/repl.h"

/* A role in `epoch` is taken and up to date: clients may come, or go on. */
void repl_serve(struct repl *r, enum server_role kind, int64_t epoch);

/* Looking in vain: clients that are held are let go, read-only ones come. */
void repl_serve_read_only(struct repl *r);

/* A leader, or a quorum, was with us at `when`, or later: shm.h, vouched. */
void repl_vouched(struct repl *r, mono_ms_t when);

/* Nobody is served any more; client processes drop their connections. */
void repl_end_serving(struct repl *r);

/* The role ends, and we followed somebody until `when`, or longer; 0: we led.
 */
void repl_parts(struct repl *r, mono_ms_t when);

/* The role is lost: clients are held for a while, until there is another. */
void repl_hold(struct repl *r);

/* A few times a second: are they held for too long? */
void repl_hold_tick(struct repl *r);

/* Ask this leader what the last one was asked; false: not all of it yet. */
bool repl_ask_again(struct repl *r);

/* No client process looks at the tree: it may be replaced. */
bool repl_is_alone_with_tree(const struct repl *r);

/*
 * No client is served, so a request that is still there is nobody's: to be
 * taken and forgotten.  In a period of service somebody waits for it, even if
 * the role has just given up and this turn will hold its clients.
 */
bool repl_serves_nobody(const struct repl *r);

/* What always holds of the service, checked in every turn. */
void repl_service_check(const struct repl *r);

/* --- repl_readonly.c ------------------------------------------------------ */

/* A few times a second: read-only mode begins when nobody has led for long. */
void repl_readonly_tick(struct repl *r);

/* It ends: the election has decided, or the log has failed. */
void repl_readonly_end(struct repl *r);

#endif
