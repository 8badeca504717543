/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_twin.c - two servers that have the same number: see twin.h.
 *
 * One that says that it lives elsewhere than we think is another one at once.
 * Nothing can be done about it here, but the operator is told whom to look at.
 */
#include "daemon/clock.h"
#include "daemon/log.h"
#include "election/mesh_part.h"

/* It names no address, or one that we would dial. */
static bool
is_at_home(const struct peer *p, const struct hello *h)
{
    char host[CONF_ADDRESS_MAX];
    int32_t port;

    if (!hello_address(h->address, host, sizeof host, &port))
        return true;
    for (uint32_t i = 0; i < p->dial.place_count; i++)
        if (port == p->dial.place[i].port &&
            conf_is_same_host(host, p->dial.place[i].host))
            return true;
    return false;
}

void
mesh_suspect_twin(struct peer *p, const struct hello *h, int fd)
{
    if (!twin_comes(&p->twin, !is_at_home(p, h), clock_mono_ms()))
        return;
    log_error("election: there seem to be two servers with the number %lld: "
              "it is connected, and connects anew from %s, where it calls "
              "itself \"%.*s\"; we have it at %s:%d; look at the myid of both",
              (long long)p->link.peer, mesh_name(fd),
              h->address.size < 0 ? 0 : (int)h->address.size,
              (const char *)h->address.data, p->dial.place[0].host,
              (int)p->dial.place[0].port);
}
