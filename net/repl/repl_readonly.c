/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_readonly.c - reads without a leader, for those who asked for that.
 *
 *      looking --DELAY--> a period of service, read-only --decided--> role
 *
 * A member that looks for a leader in vain shows clients with the read-only
 * flag the tree as it is; client processes refuse their writes, and their
 * sessions are local.  It is a period of service like others, but nothing
 * enters the ring and nothing is applied while it lasts, so the role that
 * comes finds both as they were.  Clients that were held for a leader are
 * let go before it begins.
 *
 * The replication process.  ZK: QuorumPeer.run, ReadOnlyZooKeeperServer
 * Facts: spec/quorum-protocol.md 8, spec/client-protocol.md 12.
 */
#include "net/repl/repl_serve.h"

#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/repl/repl_role.h"

enum { DELAY_MIN_MS = 2000 };

static mono_ms_t
delay_ms(const struct repl *r)
{
    return r->conf.tick_time_ms > DELAY_MIN_MS ? r->conf.tick_time_ms
                                               : DELAY_MIN_MS;
}

void
repl_readonly_tick(struct repl *r)
{
    if (!r->conf.readonly_mode || r->role != &role_looking ||
        r->service.state == SERVICE_READ_ONLY || r->is_failed ||
        clock_mono_ms() < r->looking.since + delay_ms(r))
        return;
    repl_serve_read_only(r);
    log_warn("replication: no leader for %" PRId64
             " ms: read-only clients are served",
             delay_ms(r));
}

void
repl_readonly_end(struct repl *r)
{
    if (r->service.state != SERVICE_READ_ONLY)
        return;
    repl_end_serving(r);
    log_info("replication: read-only clients are let go");
}
