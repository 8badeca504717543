/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.h - host names become addresses while the loop turns.
 *
 * A numeric address is answered at once.  A name is handed to the C library's
 * own threads (getaddrinfo_a), and the loop is woken when they are done.  Each
 * question is asked anew; but when there is no answer within RESOLVE_KNOWN_MS,
 * or none at all, what the name stood for last is given: an ensemble elects a
 * leader without its name servers.  Election, replication and admin process.
 *
 * ZK: MultipleAddresses.recreateSocketAddresses, which keeps what it has
 *
 * Life: resolver_init once; resolve_init for each place that asks; it stays
 * where it is, for an answer may come long after nobody wants it any more.
 */
#ifndef ELECTION_RESOLVE_H
#define ELECTION_RESOLVE_H

#include <ev.h>
#include <netdb.h>
#include <netinet/in.h>

#include "daemon/conf/conf.h"

enum {
    RESOLVE_KNOWN_MS = 100,    /* half of POLL_ANSWER_MS */
    RESOLVE_KNOWN_MAX = 256,   /* names: four of each member */
    RESOLVE_ADDRESSES_MAX = 8, /* of one name */
    RESOLVES_MAX = 384 +       /* five for each peer of the mesh, and ours */
                   RESOLVE_KNOWN_MAX,
};

/* An answer: 0 and a list that it is lent, or an EAI_ code and NULL. */
typedef void resolve_done_fn(void *arg, int gai_error,
                             const struct addrinfo *list);

struct resolve {
    struct resolver *resolver;
    bool is_busy;   /* the library works on it */
    bool is_wanted; /* somebody waits for the answer */
    resolve_done_fn *done;
    void *arg;
    ev_timer patience;           /* while it is wanted, and known */
    char host[CONF_ADDRESS_MAX]; /* of the question that is asked */
    int32_t port;
    char service[8]; /* the same, for the library */
    struct addrinfo hints;
    struct gaicb question;
};

/* What a name stood for last; ports are those of the question. */
struct resolve_known {
    char host[CONF_ADDRESS_MAX];
    uint32_t count;
    bool is_lost; /* nobody knows it any more: told once */
    struct sockaddr_in6 at[RESOLVE_ADDRESSES_MAX]; /* or a sockaddr_in */
    struct resolve again;                          /* resolver_meet */
};

struct resolver {
    struct ev_loop *loop;
    ev_async answered;
    uint32_t known_count;
    struct resolve_known known[RESOLVE_KNOWN_MAX]; /* for good */
    uint32_t count;
    struct resolve *resolve[RESOLVES_MAX]; /* borrowed */
};

/* Nothing is known yet; `loop` is turned, and `r` stays, for good. */
void resolver_init(struct resolver *r, struct ev_loop *loop);

/* Ask for all members now, to know them when nobody answers any more. */
void resolver_meet(struct resolver *r, const struct conf *conf);

/* `done` gets each answer, perhaps from within resolve_ask. */
void resolve_init(struct resolve *q, struct resolver *r, resolve_done_fn *done,
                  void *arg);

/* Ask for `host` and `port`; an earlier question is forgotten. */
void resolve_ask(struct resolve *q, const char *host, int32_t port,
                 int socktype);

/* The answer is not wanted any more. */
void resolve_forget(struct resolve *q);

#endif
