/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - a client process and its connections.
 *
 *      socket --> client_request --> read? --> client_read ----> socket
 *                      |              behind a write: client_queue
 *                      v                                ^
 *                 request ring --> replication          |
 *                                      |                |
 *      sockets <-- client_deliver <-- transaction ring -+
 *
 *   client_table.h     connections: places, lists, life
 *   client_session.h   whose they are
 *   client_accept.h    they come, and go
 *   client_connect.h   they get sessions
 *   client_lease.h     they may have lost them
 *   client_request.h   what they ask, frame by frame
 *   client_ask.h       what replication is asked
 *   client_read.h      what is looked up in the tree
 *   client_watch.h     what they watch
 *   client_queue.h     requests that wait for their answers
 *   client_answer.h    answers, in the order of the requests
 *   client_deliver.h   what replication has applied
 *
 * Private to client_*.c, as those are.  One thread, one event loop, no lock.
 */
#ifndef NET_CLIENT_CLIENT_H
#define NET_CLIENT_CLIENT_H

#include <ev.h>

#include "daemon/bell.h"
#include "daemon/ring_memory.h"
#include "net/access/auth.h"
#include "net/access/limits.h"
#include "net/admin/conn_info.h"
#include "net/client/client_queue.h"
#include "net/client/lease.h"
#include "net/client/watch.h"
#include "net/wire/conn.h"
#include "storage/tree/session.h"
#include "storage/tree/tree.h"

enum { IDS_INLINE = 56 }; /* bytes: an IPv6 address as ip id takes 53 */

_Static_assert(1 << WATCH_CONN_BITS == CONNS_MAX, "a place fits in an id");

enum client_state {
    CLIENT_FREE,       /* no connection */
    CLIENT_NEW,        /* has not sent its ConnectRequest */
    CLIENT_CONNECTING, /* replication decides about its session */
    CLIENT_OPEN,
    CLIENT_CLOSING, /* last output is on its way */
    CLIENT_GONE,    /* socket closed; its place is free after this turn */
};

struct client {
    struct conn conn; /* first: conn_ops get this */
    session_id_t session;
    struct queue queue;
    struct auth_ids ids;
    uint32_t id;                   /* place and number, see watch.h */
    uint32_t slot;                 /* of the session; UINT32_MAX: none */
    uint32_t since_ms;             /* when its state began, low 32 bits */
    uint32_t session_next;         /* same bucket: place + 1 */
    uint32_t list_prev, list_next; /* of its state: place + 1 */
    uint32_t todo_next;            /* place + 1 */
    uint32_t event_bytes;          /* written since all was last sent */
    uint32_t syncs_overtaken;      /* answered; the leader's word will come */
    uint16_t ip_slot;              /* that counts its address: limits.h */
    uint8_t state;                 /* enum client_state */
    bool is_todo : 1;
    bool has_read_only : 1; /* the ConnectRequest had that byte */
    bool is_local : 1;      /* its session is known to this server only */
    bool is_deaf : 1;       /* does not read: client_drop_later */
    bool has_watched : 1;   /* something, once: watch.h knows it */
    uint8_t ids_inline[IDS_INLINE];
};

_Static_assert(sizeof(struct client) <= 216, "of the 512 that a session has");

/* When the loop of a client process was seen to turn. */
struct client_beat {
    uint64_t count;
    mono_ms_t moved;
};

/* A list of clients through `todo_next`; each is in one at most. */
struct client_list {
    uint32_t first, last; /* place + 1; without a first there is no last */
};

struct client_proc {
    struct shm *shm;
    struct shm_client *own;
    const struct tree *tree;
    const struct session_table *sessions;
    _Atomic uint32_t *heard; /* by slot of a session: when it last spoke */
    enum proc_id self;
    uint32_t worker; /* our number among the client processes */
    uint32_t life;   /* ours */

    struct conf conf;
    uint32_t conf_version;
    unsigned acl_flags;
    int64_t outstanding_limit; /* this server's share of the global one */

    /* the loop */
    struct ev_loop *loop;
    struct bell bell;
    struct conn_home home;
    ev_check wake;
    mono_ms_t now_ms; /* of this turn */
    bool must_ring;   /* something was sent to replication */

    /* client_table.c */
    struct client *client; /* CONNS_MAX, reserved */
    uint32_t client_end;   /* places ever used */
    uint32_t client_free;  /* place + 1, through todo_next */
    uint32_t client_count;
    uint32_t list[CLIENT_GONE + 1]; /* first of each state, oldest first */
    uint32_t list_last[CLIENT_GONE + 1];

    /* client_session.c */
    uint32_t *session_bucket; /* place + 1; CONNS_MAX, reserved */
    uint32_t session_buckets; /* in use, at least one */
    uint32_t session_count;

    /* client_accept.c, client_share.c, client_end.c, client_connect.c */
    ev_io accept;
    ev_timer accept_again; /* out of files: look whether that is over */
    struct client_beat beats[CLIENTS_MAX]; /* of all client processes */
    ev_signal on_stop;
    ev_timer end;
    mono_ms_t ending_since; /* PROC_STOP came; 0: it did not */
    struct token_bucket tokens;

    mono_ms_t no_room_at; /* client_room.c: nobody could give any; 0: never */

    /* client_lease.c */
    struct lease lease;
    int64_t lease_ms; /* the shortest of our connections; 0: none has one */
    ev_timer lease_turn;

    /* client_request.c, client_pump.c */
    struct ring_memory ring_memory; /* of our requests */
    struct client_list todo;        /* have something to do now */
    struct client_list blocked;     /* until replication takes or answers */
    uint64_t blocked_moved;         /* positions when they looked last */
    uint64_t outstanding_of_others; /* at the start of this turn */
    mono_ms_t busy_since_ms;        /* when sockets, or todo, began */
    bool is_late;                   /* others should have their turn */
    uint32_t reads;                 /* answered, ever */

    /* client_watch.c */
    struct watch watch;
    struct watch_totals published; /* as others know them */
    bool is_full;                  /* memory.limit: no new watches */

    /* client_life.c, client_deliver.c */
    uint32_t period;   /* of service that we follow; 0: nobody serves */
    bool is_read_only; /* that is one without a leader */
    bool is_lost;      /* the tree cannot be read: drop everybody */
    ring_pos_t delivered;
    zxid_t zxid; /* of the tree at `delivered` */

    /* client_pace.c */
    uint64_t ahead;  /* bytes that `applied` may be; 0: any */
    ring_pos_t mark; /* so it may come up to here; 0: any */
    bool was_full;   /* a slice of events, since the last turn */
    bool is_held;    /* `applied`, for a read */
    size_t told;     /* bytes of events in this slice */
};

static inline struct client *
client_of(struct conn *c)
{
    return (struct client *)(void *)c;
}

/* As lists name it: place + 1, or 0 for nobody. */
static inline struct client *
client_at(const struct client_proc *p, uint32_t place_plus_1)
{
    return place_plus_1 ? &p->client[place_plus_1 - 1] : NULL;
}

static inline uint32_t
client_place(const struct client *c)
{
    return c->id & (CONNS_MAX - 1);
}

static inline struct conn_info *
client_info(const struct client_proc *p, const struct client *c)
{
    return conn_info_at(p->shm, p->worker, client_place(c));
}

/* The one process of this address space; conn_ops have no argument for it. */
extern struct client_proc client_proc;

/* Replication serves, and we follow it. */
static inline bool
client_is_serving(const struct client_proc *p)
{
    return p->period != 0;
}

#endif
