/* SPDX-License-Identifier: Apache-2.0 */
/* admin_leader.c - see admin_leader.h. */
#include "net/admin/admin_leader.h"

#include <stdio.h>

/* The library answered for the name that was asked last. */
static void
on_address(void *arg, int gai, const struct addrinfo *list)
{
    struct admin_leader *l = arg;
    char digits[NI_MAXHOST];

    if (gai != 0 || getnameinfo(list->ai_addr, list->ai_addrlen, digits,
                                sizeof digits, NULL, 0, NI_NUMERICHOST) != 0)
        return;
    pthread_mutex_lock(&l->lock);
    memcpy(l->name, l->asked, sizeof l->name);
    memcpy(l->digits, digits, sizeof digits);
    pthread_mutex_unlock(&l->lock);
}

void
admin_leader_init(struct admin_leader *l, const struct shm *shm,
                  struct ev_loop *loop)
{
    l->shm = shm;
    pthread_mutex_init(&l->lock, NULL);
    resolver_init(&l->resolver, loop);
    resolve_init(&l->resolve, &l->resolver, on_address, l);
}

void
admin_leader_look(struct admin_leader *l)
{
    static struct conf conf; /* large, and the loop's alone */
    sid_t sid = l->shm->replication->ensemble.leader;
    const struct conf_member *m;

    if (sid == l->seen && !atomic_exchange(&l->is_asked, false))
        return;
    l->seen = sid;
    shm_conf(l->shm, &conf);
    m = conf_member_of(&conf, sid);
    if (!m)
        return;
    snprintf(l->asked, sizeof l->asked, "%s", m->host);
    resolve_ask(&l->resolve, l->asked, 0, SOCK_STREAM);
}

void
admin_leader_address(struct admin_leader *l, const struct conf *conf, sid_t sid,
                     char text[NI_MAXHOST])
{
    const struct conf_member *m = conf_member_of(conf, sid);

    snprintf(text, NI_MAXHOST, "%s", m ? m->host : "");
    pthread_mutex_lock(&l->lock);
    if (m && strcmp(m->host, l->name) == 0)
        memcpy(text, l->digits, sizeof l->digits);
    pthread_mutex_unlock(&l->lock);
    atomic_store(&l->is_asked, true);
}
