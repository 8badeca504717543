/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_twin.c - two servers that have the same number.
 *
 * A myid that was copied makes two servers take turns in being one.  Each ends
 * the other's connections, and all that anybody sees of it is a peer that
 * comes and goes.  But one that is connected has no reason to connect anew,
 * unless its own end of the connection is gone: once, after its network or its
 * machine was.  A server that does it again and again, or says that it lives
 * elsewhere than we think, is somebody else.
 *
 * Nothing can be done about it here, but the operator is told whom to look at.
 */
#include "daemon/clock.h"
#include "daemon/log.h"
#include "election/mesh_part.h"

enum {
    TWIN_TIMES = 3,         /* that it connects anew */
    TWIN_WITHIN_MS = 60000, /* ... in so long */
    TWIN_AGAIN_MS = 60000,  /* between two lines about one server */
};

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

static bool
is_one_time_too_many(struct peer *p, mono_ms_t now)
{
    if (now - p->anew_ms > TWIN_WITHIN_MS) {
        p->anew_ms = now;
        p->anew_times = 0;
    }
    return ++p->anew_times >= TWIN_TIMES;
}

void
mesh_suspect_twin(struct peer *p, const struct hello *h, int fd)
{
    mono_ms_t now = clock_mono_ms();
    bool is_suspect = is_one_time_too_many(p, now) || !is_at_home(p, h);

    if (!is_suspect || (p->twin_ms != 0 && now - p->twin_ms < TWIN_AGAIN_MS))
        return;
    p->twin_ms = now;
    log_error("election: there seem to be two servers with the number %lld: "
              "it is connected, and connects anew from %s, where it calls "
              "itself \"%.*s\"; we have it at %s:%d; look at the myid of both",
              (long long)p->link.peer, mesh_name(fd),
              h->address.size < 0 ? 0 : (int)h->address.size,
              (const char *)h->address.data, p->dial.place[0].host,
              (int)p->dial.place[0].port);
}
