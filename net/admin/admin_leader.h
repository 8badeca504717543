/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_leader.h - the leader's address, for whoever asks over HTTP.
 *
 * A name server may take its time, and one thread answers all of HTTP.  So the
 * loop of the process looks the name up when another leads, or somebody has
 * asked, and HTTP tells what was found last.  Admin process only.
 *
 * Life: admin_leader_init once; it is never freed.
 */
#ifndef NET_ADMIN_ADMIN_LEADER_H
#define NET_ADMIN_ADMIN_LEADER_H

#include <pthread.h>
#include <stdatomic.h>

#include "daemon/shm.h"
#include "election/resolve.h"

struct admin_leader {
    const struct shm *shm;
    struct resolver resolver;
    struct resolve resolve;
    sid_t seen; /* who led at the last look */
    char asked[CONF_ADDRESS_MAX];
    _Atomic bool is_asked; /* for its address, since then */
    pthread_mutex_t lock;  /* of what is below */
    char name[CONF_ADDRESS_MAX];
    char digits[NI_MAXHOST]; /* what the name stood for */
};

void admin_leader_init(struct admin_leader *l, const struct shm *shm,
                       struct ev_loop *loop);

/* A few times a second, in the loop. */
void admin_leader_look(struct admin_leader *l);

/*
 * Any thread: how to show the address of member `sid`: as digits if they are
 * known, else the name that it is configured with; "": there is no such member.
 */
void admin_leader_address(struct admin_leader *l, const struct conf *conf,
                          sid_t sid, char text[NI_MAXHOST]);

#endif
