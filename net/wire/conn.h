/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn.h - a stream connection: the one place where bytes come and go.
 *
 *      socket -> [input: borrowed while a message is in parts] -> input()
 *      socket <- [output: borrowed while the socket is full]   <- conn_out
 *
 * An idle connection has no buffer.  One read(2) and one write(2) serve all
 * messages that are there: input() is handed everything that came and says
 * how much it took.  What it leaves takes memory as it comes, whatever length
 * it begins with: a peer's word costs nothing.  Output waits for
 * conn_flush_dirty, which runs after every event of a socket, and whenever the
 * process calls it.
 *
 * Marks: above CONN_OUT_HIGH bytes of unsent output the connection is not
 * read any more (CONN_PAUSE_OUTPUT) until it has fallen below CONN_OUT_LOW.
 * Whoever adds output that nobody asked for (events) looks at conn_unsent.
 *
 * Client and peer ports; each process has one conn_home.  TLS will live in
 * conn_recv and conn_send of conn.c.
 */
#ifndef NET_WIRE_CONN_H
#define NET_WIRE_CONN_H

#include <ev.h>

#include "daemon/jute.h"
#include "net/wire/conn_buf.h"

enum {
    CONN_SCRATCH = 256 * 1024, /* what one read(2) can bring */
    CONN_OUT_HIGH = 1024 * 1024,
    CONN_OUT_LOW = 256 * 1024,
};

/* Why a connection is not read; bits. */
enum conn_pause {
    CONN_PAUSE_OUTPUT = 1,  /* the peer does not read its answers */
    CONN_PAUSE_WAITING = 2, /* an answer, or its turn, has to come first */
    CONN_PAUSE_QUEUE = 4,   /* its own queue is full */
    CONN_PAUSE_GLOBAL = 8,  /* the server has too much to do */
    CONN_PAUSE_END = 16,    /* nothing it says counts any more */
};

struct conn;

struct conn_ops {
    /*
     * Take messages from `data`; returns how many bytes were taken.  Stops
     * after conn_pause.
     */
    size_t (*input)(struct conn *c, const uint8_t *data, size_t size);
    /* The other side is gone, or the socket failed: close it. */
    void (*broken)(struct conn *c, int error); /* 0: end of stream */
    /* All output is sent.  NULL: nobody asks. */
    void (*drained)(struct conn *c);
    /*
     * Output is about to be sent, and home->ends: does the connection end
     * behind it?  Then the end of the stream goes with the last of it, and no
     * more is written.
     */
    bool (*is_last)(struct conn *c);
    /*
     * Some of it is, while the connection is not read: the only sign of life
     * that can be seen.  NULL: nobody asks.
     */
    void (*taken)(struct conn *c);
    /*
     * `c` needs a buffer, and all are in use: take some from another one, by
     * conn_surrender.  False: there is none to take from.  NULL: there never
     * is.
     */
    bool (*make_room)(struct conn *c);
};

struct conn_home {
    struct ev_loop *loop;
    const struct conn_ops *ops;
    struct buf_pool pool;
    struct conn *dirty; /* list through `next_dirty` */
    uint8_t *scratch;   /* CONN_SCRATCH bytes */
    bool ends;          /* is_last is asked */
};

struct conn {
    ev_io io; /* its `data` is the home: an idle connection is small */
    struct buf *in, *out;
    struct conn *next_dirty;
    uint8_t pauses; /* enum conn_pause */
    bool is_dirty;
    bool is_open;
    bool is_fed;  /* input() is running */
    bool is_last; /* what is written is the last of it */
};

/* Memory is taken here, once; `out_max` bounds all buffers together. */
void conn_home_init(struct conn_home *home, struct ev_loop *loop,
                    const struct conn_ops *ops, size_t out_max);

/* Take over a nonblocking socket.  `c` stays the caller's memory. */
void conn_open(struct conn *c, struct conn_home *home, int fd);

/*
 * Close the socket and give the buffers back; harmless twice.  While is_dirty
 * it stays listed, until the next conn_flush_dirty: not to be opened before.
 */
void conn_close(struct conn *c);

/*
 * Before conn_close, when all is sent: say so, and take what is still there
 * to read, or the kernel would answer it with a reset that may overtake our
 * last bytes.
 */
void conn_hush(struct conn *c);

/*
 * Give its buffers back at once, with what is in them.  It is neither read nor
 * written any more, but the caller's to close, soon.
 */
void conn_surrender(struct conn *c);

/* The bytes that would be given back. */
size_t conn_holds(const struct conn *c);

static inline int
conn_fd(const struct conn *c)
{
    return c->io.fd;
}

void conn_pause(struct conn *c, enum conn_pause why);

/*
 * No longer for this reason; input that waited is handed out at once, unless
 * input() is running for `c`, which goes on by itself.
 */
void conn_resume(struct conn *c, enum conn_pause why);

/*
 * Where to write output: `out` gets at least `room` bytes, conn_out_end
 * takes what was written (or, if `out` is bad, nothing).  False: no memory.
 * Between the two nothing else may be written to this connection.
 */
bool conn_out(struct conn *c, size_t room, struct jute_out *out);
void conn_out_end(struct conn *c, const struct jute_out *out);

static inline size_t
conn_unsent(const struct conn *c)
{
    return buf_used(c->out);
}

/* Whoever has it cannot go on with it: `broken` is called with `error`. */
void conn_break(struct conn *c, int error);

/*
 * Send what can be sent of what was written, on all connections of `home`.  Any
 * of them may be broken, taken, drained or, as it is read again, have input()
 * called: also from within the input() of another one, which may be fed from
 * `scratch`.
 */
void conn_flush_dirty(struct conn_home *home);

#endif
