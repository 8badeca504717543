/* SPDX-License-Identifier: Apache-2.0 */
/* conn.c - see conn.h.  Any process with connections. */
#include "net/wire/conn.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/log.h"
#include "daemon/memory.h"

/* A partial message up to this size is moved in front of the next read. */
enum { MOVED_BYTES = 16 * 1024 };

/* What comes too late is read up to a megabyte. */
enum { HUSH_BYTES = 16 * 1024, HUSH_READS = 64 };

static struct conn_home *
home_of(const struct conn *c)
{
    return c->io.data;
}

/* --- the transport -------------------------------------------------------- */

static ssize_t
conn_recv(struct conn *c, void *data, size_t size)
{
    return recv(c->io.fd, data, size, 0);
}

/* The end of the stream goes with the last bytes, or they are seen first. */
static ssize_t
conn_send(struct conn *c, const void *data, size_t size)
{
    int more = c->is_last ? MSG_MORE : 0;

    return send(c->io.fd, data, size, MSG_NOSIGNAL | more);
}

static void
conn_send_end(struct conn *c)
{
    shutdown(c->io.fd, SHUT_WR);
}

/* --- interest ------------------------------------------------------------- */

static void
set_interest(struct conn *c)
{
    int events =
        (c->pauses ? 0 : EV_READ) | (buf_used(c->out) > 0 ? EV_WRITE : 0);

    if (!c->is_open || (ev_is_active(&c->io) ? c->io.events : 0) == events)
        return;
    ev_io_stop(home_of(c)->loop, &c->io);
    if (events == 0)
        return;
    ev_io_set(&c->io, c->io.fd, events);
    ev_io_start(home_of(c)->loop, &c->io);
    c->io.events = events; /* without libev's own flags, to compare */
}

void
conn_pause(struct conn *c, enum conn_pause why)
{
    c->pauses |= (uint8_t)why;
}

/* --- buffers -------------------------------------------------------------- */

/* What is being handed out stays where it is. */
size_t
conn_holds(const struct conn *c)
{
    return buf_bytes(c->out) + (c->is_fed ? 0 : buf_bytes(c->in));
}

void
conn_surrender(struct conn *c)
{
    conn_pause(c, CONN_PAUSE_END);
    shutdown(c->io.fd, SHUT_RDWR); /* no byte may follow those that are lost */
    buf_give(&home_of(c)->pool, c->out);
    c->out = NULL;
    if (!c->is_fed) {
        buf_give(&home_of(c)->pool, c->in);
        c->in = NULL;
    }
    set_interest(c);
}

/* Room in a buffer of `c`, be it at the cost of others. */
static bool
reserve(struct conn *c, struct buf **b, size_t size)
{
    struct conn_home *home = home_of(c);

    while (!buf_reserve(&home->pool, b, size))
        if (!home->ops->make_room ||
            !buf_is_possible(&home->pool, buf_used(*b) + size) ||
            !home->ops->make_room(c))
            return false;
    return true;
}

/* --- input ---------------------------------------------------------------- */

/* Keep the bytes that input() left, for the rest of the message. */
static bool
keep(struct conn *c, const uint8_t *data, size_t size)
{
    if (!reserve(c, &c->in, size))
        return false;
    memcpy(c->in->data, data, size);
    c->in->start = 0;
    c->in->end = (uint32_t)size;
    return true;
}

static void
out_of_buffers(struct conn *c)
{
    log_warn_often("connection closed: all buffers are in use");
    home_of(c)->ops->broken(c, ENOBUFS);
}

/* Hand out bytes that lie outside the connection's own buffer. */
static void
feed(struct conn *c, const uint8_t *data, size_t size)
{
    size_t taken;

    c->is_fed = true;
    taken = home_of(c)->ops->input(c, data, size);
    c->is_fed = false;
    if (!c->is_open)
        return;
    check(taken <= size);
    if (taken < size && !keep(c, data + taken, size - taken))
        out_of_buffers(c);
}

/* Hand out what the connection's own buffer holds. */
static void
feed_kept(struct conn *c)
{
    struct buf *in = c->in;
    size_t taken;

    c->is_fed = true;
    taken = home_of(c)->ops->input(c, in->data + in->start, buf_used(in));
    c->is_fed = false;
    if (!c->is_open)
        return;
    check(taken <= buf_used(in));
    in->start += (uint32_t)taken;
    if (buf_used(in) == 0) {
        buf_give(&home_of(c)->pool, in);
        c->in = NULL;
    } else {
        buf_trim(&home_of(c)->pool, &c->in);
    }
}

/* How many bytes came; 0: none, or the connection is over. */
static size_t
receive(struct conn *c, uint8_t *at, size_t room)
{
    ssize_t n = conn_recv(c, at, room);

    if (n > 0)
        return (size_t)n;
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        home_of(c)->ops->broken(c, n < 0 ? errno : 0);
    return 0;
}

/* Into the buffer with much of a message, which doubles when it is full. */
static void
read_rest(struct conn *c)
{
    size_t n;

    if (!reserve(c, &c->in, MOVED_BYTES)) {
        out_of_buffers(c);
        return;
    }
    n = receive(c, c->in->data + c->in->end, buf_capacity(c->in) - c->in->end);
    if (n == 0)
        return;
    c->in->end += (uint32_t)n;
    feed_kept(c);
}

/* Into the scratch memory, behind a small rest: one read, many messages. */
static void
read_many(struct conn *c)
{
    struct conn_home *home = home_of(c);
    size_t rest = buf_used(c->in);
    size_t n = receive(c, home->scratch + rest, CONN_SCRATCH - rest);

    if (n == 0)
        return;
    if (c->in) {
        memcpy(home->scratch, c->in->data + c->in->start, rest);
        buf_give(&home->pool, c->in);
        c->in = NULL;
    }
    feed(c, home->scratch, rest + n);
}

static void
on_readable(struct conn *c)
{
    if (buf_used(c->in) > MOVED_BYTES)
        read_rest(c);
    else
        read_many(c);
}

void
conn_resume(struct conn *c, enum conn_pause why)
{
    if (!(c->pauses & why) || !c->is_open)
        return;
    c->pauses &= (uint8_t)~why;
    if (c->pauses)
        return;
    if (c->in && !c->is_fed)
        feed_kept(c);
    set_interest(c);
}

/* --- output --------------------------------------------------------------- */

bool
conn_out(struct conn *c, size_t room, struct jute_out *out)
{
    if (!reserve(c, &c->out, room))
        return false;
    *out = jute_out_of(c->out->data + c->out->end,
                       buf_capacity(c->out) - c->out->end);
    return true;
}

void
conn_out_end(struct conn *c, const struct jute_out *out)
{
    check(out->base == c->out->data + c->out->end);
    if (!out->bad)
        c->out->end += (uint32_t)jute_out_size(out);
    if (!c->is_dirty) {
        c->is_dirty = true;
        c->next_dirty = home_of(c)->dirty;
        home_of(c)->dirty = c;
    }
    if (buf_used(c->out) > CONN_OUT_HIGH)
        conn_pause(c, CONN_PAUSE_OUTPUT);
}

static void
flush(struct conn *c)
{
    struct buf *out = c->out;
    ssize_t n;

    if (!c->is_open || !out)
        return;
    if (home_of(c)->ends && !c->is_last)
        c->is_last = home_of(c)->ops->is_last(c);
    if (buf_used(out) > 0) {
        n = conn_send(c, out->data + out->start, buf_used(out));
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            home_of(c)->ops->broken(c, errno);
            return;
        }
        out->start += n > 0 ? (uint32_t)n : 0;
        if (n > 0 && c->pauses && home_of(c)->ops->taken)
            home_of(c)->ops->taken(c);
    }
    if (buf_used(out) == 0) {
        buf_give(&home_of(c)->pool, out);
        c->out = NULL;
        if (c->is_last)
            conn_send_end(c);
    }
    set_interest(c);
    if (buf_used(c->out) < CONN_OUT_LOW)
        conn_resume(c, CONN_PAUSE_OUTPUT);
    if (c->is_open && !c->out && home_of(c)->ops->drained)
        home_of(c)->ops->drained(c);
}

/* What a flush makes a connection say is flushed in the same call. */
void
conn_flush_dirty(struct conn_home *home)
{
    while (home->dirty) {
        struct conn *c = home->dirty;

        home->dirty = c->next_dirty;
        c->is_dirty = false;
        flush(c);
    }
}

void
conn_break(struct conn *c, int error)
{
    if (c->is_open)
        home_of(c)->ops->broken(c, error);
}

/* --- life ----------------------------------------------------------------- */

static void
on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct conn *c = (struct conn *)(void *)io;

    (void)loop;
    if ((events & EV_WRITE) && c->is_open)
        flush(c);
    if ((events & EV_READ) && c->is_open && !c->pauses)
        on_readable(c);
    conn_flush_dirty(home_of(c));
    set_interest(c);
}

void
conn_home_init(struct conn_home *home, struct ev_loop *loop,
               const struct conn_ops *ops, size_t out_max)
{
    *home = (struct conn_home){.loop = loop, .ops = ops};
    buf_pool_init(&home->pool, out_max);
    home->scratch = memory_reserve(CONN_SCRATCH);
}

void
conn_open(struct conn *c, struct conn_home *home, int fd)
{
    *c = (struct conn){.is_open = true};
    ev_io_init(&c->io, on_io, fd, EV_READ);
    c->io.data = home;
    set_interest(c);
}

void
conn_close(struct conn *c)
{
    if (!c->is_open)
        return;
    c->is_open = false;
    ev_io_stop(home_of(c)->loop, &c->io);
    close(c->io.fd);
    buf_give(&home_of(c)->pool, c->in);
    buf_give(&home_of(c)->pool, c->out);
    c->in = c->out = NULL;
}

/* Not into the scratch memory: another connection may be fed from there. */
void
conn_hush(struct conn *c)
{
    uint8_t nobodys[HUSH_BYTES];

    if (!c->is_open)
        return;
    shutdown(c->io.fd, SHUT_WR);
    for (int i = 0; i < HUSH_READS; i++)
        if (conn_recv(c, nobodys, sizeof nobodys) <= 0)
            break;
}
