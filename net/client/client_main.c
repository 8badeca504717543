/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client process.  Forked by the supervisor, it accepts connections on the
 * listening socket that all client processes share, and owns them: their
 * requests, their watches, their answers.  Writes go to replication through
 * its request ring; it follows the transaction ring with its own cursor, and
 * reads the tree.  It stores to shm->client[w], shm->heard[w], shm->conns[w]
 * and its request ring only.  Nothing on disk.  PROC_STOP ends it when all that
 * it has read is answered (client_end.c).  If it dies, its connections drop,
 * sessions and ephemerals live, the supervisor forks another.
 */
#include "net/client/client.h"

#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "daemon/random.h"
#include "net/access/acl.h"
#include "net/access/byte_set.h"
#include "net/client/client_accept.h"
#include "net/client/client_connect.h"
#include "net/client/client_deliver.h"
#include "net/client/client_lease.h"
#include "net/client/client_request.h"
#include "net/client/client_table.h"
#include "net/client/client_watch.h"

enum {
    TURN_BYTES = 1024 * 1024, /* of the ring before sockets have their turn */
    BUFFERS_MIN = 64 << 20,
};

struct client_proc client_proc;

/* --- a turn --------------------------------------------------------------- */

/* But a request has to fit in the ring, whatever a reload says. */
static void
take_conf(struct client_proc *p)
{
    uint64_t fits =
        p->shm->requests[p->worker].size / REQUEST_RING_HOLDS - SHM_PAGE;

    p->conf_version = shm_conf(p->shm, &p->conf);
    p->acl_flags = acl_flags_of(&p->conf);
    p->outstanding_limit = limits_outstanding(&p->conf, conf_voters(&p->conf));
    if ((uint64_t)p->conf.jute_maxbuffer > fits)
        p->conf.jute_maxbuffer = (int32_t)fits;
}

static void
refresh(struct client_proc *p)
{
    const struct shm *shm = p->shm;

    if (shm_has_new_conf(shm, p->conf_version))
        take_conf(p);
    p->outstanding_of_others = 0;
    for (uint32_t w = 0; w < shm->super->client_count; w++)
        if (w != p->worker)
            p->outstanding_of_others += shm->client[w]->stats.outstanding;
}

/* What found no room is tried again when something has moved. */
static void
retry_blocked(struct client_proc *p)
{
    ring_pos_t moved = p->shm->replication->taken[p->worker] + p->delivered;

    if (!p->blocked.first || moved == p->blocked_moved)
        return;
    p->blocked_moved = moved;
    client_list_join(p, &p->todo, &p->blocked);
}

/* Those that had no turn, for others took long, are first in the next one. */
static void
run_todo(struct client_proc *p)
{
    struct client_list list = p->todo;

    if (!list.first)
        return;
    p->todo.first = 0;
    client_begin_turn(p, clock_mono_ms());
    while (list.first && !p->is_late)
        client_pump(p, client_list_take(p, &list));
    client_list_join(p, &list, &p->todo);
    p->todo = list;
}

static void
ring_replication(struct client_proc *p)
{
    if (p->must_ring)
        bell_ring(p->shm, PROC_REPLICATION);
    p->must_ring = false;
}

/* Everything but sockets: before the loop sleeps, and when we are rung. */
static bool
turn(void *arg)
{
    struct client_proc *p = arg;
    bool watched = client_is_watching(p), more;

    refresh(p);
    client_follow(p);
    more = client_deliver(p, TURN_BYTES);
    client_local_hear(p);
    retry_blocked(p);
    run_todo(p);
    client_watch_publish(p);
    conn_flush_dirty(&p->home);
    client_pace_turn(p);
    client_end_look(p);
    client_accept_look(p);
    client_sweep(p);
    client_lease_rests(p);
    ring_replication(p);
    /* Replication rings watchers for every change, from now on: look again. */
    more |= !watched && client_is_watching(p);
    return more || p->todo.first || p->is_lost;
}

static void
on_wake(struct ev_loop *loop, ev_check *check, int events)
{
    struct client_proc *p = check->data;

    (void)loop, (void)events;
    p->now_ms = clock_mono_ms();
    client_begin_turn(p, p->now_ms);
    client_lease_wakes(p);
}

static void
on_beat(void *arg)
{
    struct client_proc *p = arg;

    client_expire(p);
    client_share_tick(p);
    client_watch_tick(p);
    p->blocked_moved = 0; /* look again, whatever moved */
    ring_memory_look(&p->ring_memory, p->shm->replication->taken[p->worker],
                     p->own->requested);
}

/* --- life ----------------------------------------------------------------- */

/* The last of our output is out: what waited for that goes on. */
static void
on_drained(struct conn *conn)
{
    struct client *c = client_of(conn);

    c->event_bytes = 0;
    if (c->state == CLIENT_CLOSING && !conn->is_last) {
        conn_hush(conn);
        client_drop(&client_proc, c);
    } else if (c->state == CLIENT_OPEN && queue_has_parked(&c->queue)) {
        client_list_add(&client_proc, &client_proc.todo, c);
    }
}

static void
on_broken(struct conn *conn, int error)
{
    struct client *c = client_of(conn);

    if (error == 0 && conn->in)
        log_warn_often("%s: connection ended in the middle of a message",
                       client_name(&client_proc, c));
    client_drop(&client_proc, c);
}

static const struct conn_ops ops = {
    .input = client_input,
    .broken = on_broken,
    .drained = on_drained,
    .taken = client_taken,
    .make_room = client_make_room,
    .is_last = client_end_is_last,
};

static void
lay_out(struct client_proc *p, struct shm *shm, uint32_t worker)
{
    p->shm = shm;
    p->worker = worker;
    p->self = (enum proc_id)(PROC_CLIENT + worker);
    p->own = shm->client[worker];
    p->heard = shm->heard[worker];
    p->tree = shm->tree_arena;
    p->sessions = shm->session_memory;
    p->life = shm->super->life[p->self];
    p->now_ms = clock_mono_ms();
    p->tokens.dice = random_number();
    byte_set_seed(random_number());
    take_conf(p);
    ring_memory_init(&p->ring_memory, shm->requests[worker].base,
                     shm->requests[worker].size, p->own->requested);
    client_table_init(p, random_number());
}

/* Of memory.limit, what the buffers of this process may take. */
static size_t
buffers_max(const struct client_proc *p)
{
    size_t share =
        (size_t)p->conf.memory_limit / 4 / p->shm->super->client_count;

    return share > BUFFERS_MIN ? share : BUFFERS_MIN;
}

static void
start_loop(struct client_proc *p)
{
    p->loop = ev_loop_new(EVFLAG_AUTO);
    if (!p->loop)
        fatal(EXIT_UNEXPECTED, "no event loop");
    conn_home_init(&p->home, p->loop, &ops, buffers_max(p));
    ev_check_init(&p->wake, on_wake);
    ev_set_priority(&p->wake, EV_MAXPRI);
    p->wake.data = p;
    ev_check_start(p->loop, &p->wake);
    bell_attach(&p->bell, p->loop, p->shm, p->self, turn, p);
    bell_on_beat(&p->bell, on_beat);
}

noreturn void
client_main(struct shm *shm, uint32_t worker)
{
    struct client_proc *p = &client_proc;

    lay_out(p, shm, worker);
    start_loop(p);
    client_share_init(p);
    client_accept_init(p);
    client_end_init(p);
    client_local_init(p);
    client_lease_init(p);
    proc_ready(p->self, shm);
    ev_run(p->loop, 0);
    exit(EXIT_SUCCESS);
}
