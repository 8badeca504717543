/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - what the files of a client process share.
 *
 *      socket --> client_request --> read? --> client_read ----> socket
 *                      |              behind a write: client_queue
 *                      v                                ^
 *                 request ring --> replication          |
 *                                      |                |
 *      sockets <-- client_deliver <-- transaction ring -+
 *
 * Private to client_*.c.  One thread, one event loop, no lock.
 */
#ifndef NET_CLIENT_CLIENT_H
#define NET_CLIENT_CLIENT_H

#include <ev.h>

#include "daemon/bell.h"
#include "daemon/ring_memory.h"
#include "net/access/acl.h"
#include "net/access/auth.h"
#include "net/admin/client_info.h"
#include "net/client/client_queue.h"
#include "net/wire/conn.h"
#include "net/access/limits.h"
#include "net/wire/request.h"
#include "net/client/watch.h"
#include "storage/tree/tree.h"
#include "storage/tree/txn.h"

enum {
    IDS_INLINE = 54, /* an IPv6 address as ip id fits */
    SESSION_BUCKETS = 1 << 14,
    CLOSING_MS = 5000,            /* to take more of its last answers */
    EVENT_BACKLOG_MAX = 16 << 20, /* unsent bytes of events, then closed */
    LONG_MS = 10,                 /* of a turn: then others have theirs */
};

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
    uint64_t address;              /* limits_address */
    uint32_t id;                   /* place and number, see watch.h */
    uint32_t slot;                 /* of the session; UINT32_MAX: none */
    uint32_t since_ms;             /* when its state began, low 32 bits */
    uint32_t session_next;         /* same bucket: place + 1 */
    uint32_t list_prev, list_next; /* of its state: place + 1 */
    uint32_t todo_next;            /* place + 1 */
    uint32_t event_bytes;          /* written since all was last sent */
    uint32_t syncs_overtaken;      /* answered; the leader's word will come */
    uint8_t state;                 /* enum client_state */
    uint8_t is_todo;
    uint8_t has_read_only; /* the ConnectRequest had that byte */
    uint8_t is_local;      /* its session is known to this server only */
    uint8_t is_counted;    /* in the address' count */
    uint8_t is_deaf;       /* does not read: to be closed */
    uint8_t ids_inline[IDS_INLINE];
};

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
    _Atomic uint32_t *heard;
    uint32_t worker;
    uint32_t life;     /* ours */
    uint32_t period;   /* of service that we follow; 0: nobody serves */
    bool is_read_only; /* that is one without a leader */
    enum proc_id self;

    struct ev_loop *loop;
    struct bell bell;
    struct conn_home home;
    ev_io accept;
    ev_timer accept_again; /* out of files: look whether that is over */
    struct client_beat beats[CLIENTS_MAX]; /* of all client processes */
    ev_timer tick;
    ev_check wake;
    ev_signal on_stop;
    ev_timer end;
    mono_ms_t ending_since; /* PROC_STOP came; 0: it did not */

    struct conf conf;
    int64_t outstanding_limit; /* this server's share of the global one */
    uint32_t conf_version;
    unsigned acl_flags;

    struct ring_memory ring_memory; /* of our requests */
    ring_pos_t delivered;
    uint64_t ahead;   /* bytes that `applied` may be; 0: any */
    ring_pos_t mark;  /* so it may come up to here; 0: any */
    bool was_full;    /* a slice of events, since the last turn */
    bool is_held;     /* `applied`, for a read */
    size_t told;      /* bytes of events in this slice */
    zxid_t zxid;      /* of the tree at `delivered` */
    mono_ms_t now_ms; /* of this turn */
    int64_t lease_ms; /* the shortest of our connections; 0: none has one */
    bool is_lost;     /* the tree cannot be read: drop everybody */
    bool is_full;     /* memory.limit: no new watches */
    bool must_ring;   /* something was sent to replication */

    struct client *client; /* CONNS_MAX, reserved */
    uint32_t client_end;   /* places ever used */
    uint32_t client_free;  /* place + 1, through todo_next */
    uint32_t client_count;
    uint32_t list[CLIENT_GONE + 1]; /* first of each state, oldest first */
    uint32_t list_last[CLIENT_GONE + 1];
    uint32_t *session_bucket;
    mono_ms_t busy_since_ms;        /* with requests that take long */
    bool is_late;                   /* others should have their turn */
    uint32_t reads;                 /* so many were answered */
    struct client_list todo;        /* have something to do now */
    struct client_list blocked;     /* until replication takes or answers */
    uint64_t blocked_moved;         /* positions when they looked last */
    uint64_t outstanding_of_others; /* at the start of this turn */
    struct watch watch;
    struct watch_totals published; /* as others know them */
    struct token_bucket tokens;
};

static inline struct client *
client_of(struct conn *c)
{
    return (struct client *)(void *)c;
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

static inline void
client_ring(struct client_proc *p)
{
    if (p->must_ring)
        bell_ring(p->shm, PROC_REPLICATION);
    p->must_ring = false;
}

/* --- client_table.c: places, lists, life ---------------------------------- */

/* `seed` is random: clients must not know how their paths are hashed. */
void client_table_init(struct client_proc *p, uint64_t seed);

/* A new connection, or NULL when all places are taken. */
struct client *client_open(struct client_proc *p, int fd,
                           const struct sockaddr *peer);

/* Close now; unsent output is lost. */
void client_drop(struct client_proc *p, struct client *c);

/* Send what is written, then close. */
void client_end(struct client_proc *p, struct client *c);

void client_set_state(struct client_proc *p, struct client *c,
                      enum client_state state);

/* Who has `id` now, or NULL. */
struct client *client_find(const struct client_proc *p, uint32_t id);

struct client *client_of_session(const struct client_proc *p,
                                 session_id_t session);
void client_bind_session(struct client_proc *p, struct client *c,
                         session_id_t session, int32_t timeout_ms);

/* Where replication looks for the last word of a global session. */
uint32_t client_find_slot(const struct client_proc *p, session_id_t session);

/* Make the places of those that are gone free. */
void client_sweep(struct client_proc *p);
void client_drop_all(struct client_proc *p);

/* Tell the other processes how many watches there are. */
void client_publish(struct client_proc *p);

/* Unless it is in a list already. */
void client_list_add(struct client_proc *p, struct client_list *list,
                     struct client *c);
/* The first; there is one. */
struct client *client_list_take(struct client_proc *p,
                                struct client_list *list);
/* All of `more`, which is empty then, behind those of `list`. */
void client_list_join(struct client_proc *p, struct client_list *list,
                      struct client_list *more);

/* The peer as the log names it: "/1.2.3.4:567".  Good until the next call. */
const char *client_name(const struct client_proc *p, const struct client *c);

/* --- client_end.c --------------------------------------------------------- */

void client_end_init(struct client_proc *p);

/* Once a turn: leave if we were told to and everything is answered. */
void client_end_look(struct client_proc *p);

/* --- client_share.c ------------------------------------------------------- */

void client_share_init(struct client_proc *p);

/*
 * The process that should accept the next connection.  Ours also when no
 * process can.
 */
enum proc_id client_share_whose(const struct client_proc *p);

/* A few times a second: note whose loop turns. */
void client_share_tick(struct client_proc *p);

/* --- client_accept.c ------------------------------------------------------ */

void client_accept_init(struct client_proc *p);

/* Once a turn: begin or cease to accept, as client_share_whose says. */
void client_accept_look(struct client_proc *p);

/* Close connections that are too long without a session or closing. */
void client_expire(struct client_proc *p);

/* --- client_lease.c ------------------------------------------------------- */

/* `c` has a session that others know: for how long without their word? */
void client_lease_begin(struct client_proc *p, const struct client *c);

/* A session of this timeout may have ended elsewhere. */
bool client_lease_is_over(const struct client_proc *p, int32_t timeout_ms);

/* As the loop wakes: close the connections of those. */
void client_lease_look(struct client_proc *p);

/* --- client_connect.c: sessions ------------------------------------------- */

/* A ConnectRequest; false: not taken, again when the request ring has room. */
bool client_on_connect(struct client_proc *p, struct client *c,
                       struct bytes frame);
/* Its session is there: answer, and read on. */
void client_accepted(struct client_proc *p, struct client *c,
                     session_id_t session, int32_t timeout_ms);
void client_refused(struct client_proc *p, struct client *c);

/* --- client_local.c ------------------------------------------------------- */

/* Skip what was said to an earlier life of this process. */
void client_local_init(struct client_proc *p);

/* Hear what replication says of local sessions. */
void client_local_hear(struct client_proc *p);

/* closeSession of a local session: nobody else is asked. */
void client_local_close(struct client_proc *p, struct client *c,
                        const struct request *r, uint32_t heard_ms);

/* Its session is global from now on. */
void client_local_upgraded(struct client_proc *p, struct client *c);

/*
 * The leader knows nothing of a session that wants an ephemeral: what its
 * client is told instead.
 */
int32_t client_local_error(const struct client *c, int32_t op, int32_t err);

/* --- client_request.c ----------------------------------------------------- */

/* conn_ops.input */
size_t client_input(struct conn *conn, const uint8_t *data, size_t size);

/* conn_ops.taken */
void client_taken(struct conn *conn);

/* --- client_pump.c -------------------------------------------------------- */

/*
 * Sockets, or those in `todo`, have their turn now.  Reads are answered until
 * LONG_MS are over; then the rest of them is put off.
 */
void client_begin_turn(struct client_proc *p, mono_ms_t now_ms);

/* If this turn has taken too long, `c` has its next one later; else false. */
bool client_put_off(struct client_proc *p, struct client *c);

/* What this process answers by itself, when its turn has come. */
void client_run(struct client_proc *p, struct client *c,
                const struct request *r, struct bytes ids, uint32_t heard_ms);

/* Run what waits in the queue as far as that can be done now. */
void client_pump(struct client_proc *p, struct client *c);

/* The oldest request is answered: take it from the queue, and what follows. */
void client_answered(struct client_proc *p, struct client *c);

/* --- client_ask.c: what replication is asked ------------------------------ */

/*
 * Each is one message; false: none was sent, the request ring is full.  Who
 * has to know that before looks with client_may_ask.
 */
bool client_ask_session(struct client_proc *p, const struct client *c,
                        session_id_t session, int32_t timeout_ms);
bool client_ask_local_close(struct client_proc *p, const struct client *c);
bool client_ask(struct client_proc *p, const struct client *c,
                const struct request *r, struct bytes ids);
bool client_may_ask(struct client_proc *p, uint32_t ids_size,
                    uint32_t body_size);

/* Is `op` replication's to answer? */
bool client_goes_out(const struct client_proc *p, const struct client *c,
                     int32_t op);

/* --- client_auth.c -------------------------------------------------------- */

/* False: not taken, there is no room for the reply. */
bool client_on_auth(struct client_proc *p, struct client *c,
                    const struct request *r);
bool client_on_sasl(struct client_proc *p, struct client *c,
                    const struct request *r);

/* --- client_answer.c ------------------------------------------------------ */

/*
 * An answer that is known already takes its place behind the others.  False:
 * no room, the request is not taken.
 */
bool client_answer(struct client_proc *p, struct client *c,
                   const struct queued *q);

/* The same; then the connection ends, whatever it has sent behind. */
bool client_answer_last(struct client_proc *p, struct client *c,
                        const struct request *r, zxid_t zxid, enum zk_code err);

struct queued client_queued_reply(const struct client_proc *p,
                                  const struct request *r, zxid_t zxid,
                                  enum zk_code err, bool ends);

/* Put a request or an answer behind the others.  False: no room. */
bool client_enqueue(struct client_proc *p, struct client *c,
                    const struct queued *q, const uint8_t *body);

/* Do not read on: a frame found no room.  Who is blocked so looks again. */
void client_no_room(struct client_proc *p, struct client *c,
                    enum conn_pause why);

/* Give the answers at the head that had only to wait for their turn. */
void client_put_due(struct client_proc *p, struct client *c);

/* Write a reply without body at once. */
void client_put_reply(struct client_proc *p, struct client *c, int32_t xid,
                      zxid_t zxid, int32_t err);

/* Count one message sent, which answers no request. */
void client_count_sent(struct client_proc *p, struct client *c);

/* Count one request answered, for statistics. */
void client_count_reply(struct client_proc *p, struct client *c, int32_t op,
                        zxid_t zxid, uint32_t heard_ms);

/* --- client_read.c -------------------------------------------------------- */

/* Answer a read now; it came at `heard_ms`, from somebody with those `ids`. */
void client_read(struct client_proc *p, struct client *c,
                 const struct request *r, struct bytes ids, uint32_t heard_ms);

/* --- client_deliver.c ----------------------------------------------------- */

/*
 * Deliver entries up to what is applied, at most `max_bytes` of the ring or a
 * slice of events.  True: there is more.
 */
bool client_deliver(struct client_proc *p, uint64_t max_bytes);

/* All of it. */
void client_catch_up(struct client_proc *p);

/* --- client_tell.c -------------------------------------------------------- */

/* Tell the events of `t` (rewound), which had these outcomes. */
void client_tell(struct client_proc *p, struct txn *t, const struct outcome *o,
                 uint32_t outcome_count);

/* --- client_pace.c -------------------------------------------------------- */

/* Bytes of events that are told before others have their turn. */
size_t client_pace_slice(const struct client_proc *p);

/* A slice was full: so many bytes of the ring were in it. */
void client_pace_full(struct client_proc *p, uint64_t ring_bytes);

/* Once a turn, with everything on its way. */
void client_pace_turn(struct client_proc *p);

/* A read begins or ceases to need a tree that stands still. */
void client_pace_hold(struct client_proc *p, bool is_held);

/* Replication may apply what it likes. */
void client_pace_end(struct client_proc *p);

/* --- client_life.c: following replication --------------------------------- */

/* Begin to follow if it serves, drop everybody if it is gone. */
void client_follow(struct client_proc *p);

static inline bool
client_is_serving(const struct client_proc *p)
{
    return p->period != 0;
}

/* --- client_four.c -------------------------------------------------------- */

/* Answer a four letter word if `word` is one. */
bool client_four(struct client_proc *p, struct client *c,
                 const uint8_t word[4]);

#endif
