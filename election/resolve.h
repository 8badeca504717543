/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.h - host names become addresses while the loop turns.
 *
 * A numeric address is answered at once.  A name is handed to the C library's
 * own threads (getaddrinfo_a), and the loop is woken when they are done.
 * Nothing is remembered: each question is asked anew.  The election process.
 *
 * Life: resolver_init once; resolve_init for each place that asks; it stays
 * where it is, for an answer may come long after nobody wants it any more.
 */
#ifndef ELECTION_RESOLVE_H
#define ELECTION_RESOLVE_H

#include <ev.h>
#include <netdb.h>

#include "daemon/conf/conf.h"

enum { RESOLVES_MAX = 320 }; /* four for each peer of the mesh, and ours */

struct resolve {
    struct resolver *resolver;
    bool is_busy;   /* the library works on it */
    bool is_wanted; /* somebody waits for the answer */
    void (*done)(void *arg, int gai_error, struct addrinfo *list);
    void *arg;
    char host[CONF_ADDRESS_MAX]; /* of the question that is asked */
    char service[8];
    struct addrinfo hints;
    struct gaicb question;
};

struct resolver {
    struct ev_loop *loop;
    ev_async answered;
    uint32_t count;
    struct resolve *resolve[RESOLVES_MAX]; /* borrowed */
};

void resolver_init(struct resolver *r, struct ev_loop *loop);

/*
 * `done` gets each answer: 0 and a list that it owns (freeaddrinfo), or an
 * EAI_ code.  It may be called from within resolve_ask.
 */
void resolve_init(struct resolve *q, struct resolver *r,
                  void (*done)(void *arg, int gai_error, struct addrinfo *list),
                  void *arg);

/* Ask for `host` and `port`; an earlier question is forgotten. */
void resolve_ask(struct resolve *q, const char *host, int32_t port,
                 int socktype);

/* The answer is not wanted any more. */
void resolve_forget(struct resolve *q);

#endif
