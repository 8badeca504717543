/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dial.h - connecting to a server, at whichever of its addresses answers.
 *
 * A server line may have several addresses, and a name may stand for several,
 * of which some lead nowhere: another network is down, or knows no IPv6.  So
 * each is tried, in the order in which they are known; the next one is begun
 * when all before it have failed, or after DIAL_NEXT_MS without an answer.
 * The first connection wins.  Names are resolved anew each time, and one that
 * cannot be is not waited for when the others have failed.
 *
 * How long all of it may take is the caller's to say: dial_stop.
 *
 * Life: dial_init once; dial_begin, then `done` once or dial_stop; and again.
 * Election and replication process.  ZK: Learner.connectToLeader, which tries
 * all addresses at once; MultipleAddresses (spec/quorum-protocol.md 1.5)
 */
#ifndef ELECTION_DIAL_H
#define ELECTION_DIAL_H

#include "election/resolve.h"

enum {
    DIAL_NEXT_MS = 200,
    DIAL_TRIES_MAX = 8, /* what the names stand for; of each its share */
    DIAL_PLACES_MAX = CONF_ADDRESSES_MAX + 1, /* and where it says it is */
};

struct dial_place {
    char host[CONF_ADDRESS_MAX];
    int32_t port;
};

struct dial_try {
    struct dial *dial;
    struct sockaddr_storage to;
    socklen_t size;
    ev_io writable;
    int fd; /* -1: not begun, or failed */
};

/*
 * A connected socket, not blocking, which it owns; or -1, and why the last
 * address failed, in words that live for ever.
 */
typedef void dial_done_fn(void *arg, int fd, const char *why);

struct dial {
    struct ev_loop *loop;
    dial_done_fn *done;
    void *arg;
    bool is_on;
    uint32_t place_count, asking; /* questions without an answer */
    uint32_t try_count, next, under_way;
    const char *why; /* the last failure */
    ev_timer begin_next;
    struct dial_place place[DIAL_PLACES_MAX];
    struct resolve question[DIAL_PLACES_MAX];
    struct dial_try try[DIAL_TRIES_MAX];
};

/* `done` gets what comes of it, perhaps from within dial_begin. */
void dial_init(struct dial *d, struct resolver *resolver, dial_done_fn *done,
               void *arg);

/* `place` and `place_count`, at least one, are set. */
void dial_begin(struct dial *d);

/* No longer; `done` is not called.  Harmless when nothing was begun. */
void dial_stop(struct dial *d);

/*
 * The addresses of a member: of its election port, or of its quorum port;
 * `number` other than 0: of that port at the same hosts.
 */
void dial_election_places(struct dial *d, const struct conf_member *m);
void dial_quorum_places(struct dial *d, const struct conf_member *m,
                        int32_t number);

#endif
